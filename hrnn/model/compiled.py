"""What is compiled: loops for float32 on the CPU, beside plain torch for everything else."""

from collections.abc import Callable
from typing import Any

import scipy.linalg.cython_blas
import torch
from threadpoolctl import ThreadpoolController
from torch import Tensor

from hrnn import compiling

# Products in compiled code go to scipy's BLAS. They are too small to be shared among threads, which
# would cost twice the time; numpy's and torch's threads are left alone.
assert scipy.linalg.cython_blas
for _library in ThreadpoolController().lib_controllers:
    if _library.user_api == "blas" and "scipy.libs" in _library.filepath:
        _library.set_num_threads(1)

# Sums may be reordered, which SIMD code needs; that a number is NaN or infinite has to show.
_FASTMATH = {"reassoc", "contract", "arcp", "nsz"}


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a loop of the model, see :func:`hrnn.compiling.compiled`."""
    return compiling.compiled(function, fastmath=_FASTMATH)


def runs_compiled(values: Tensor) -> bool:
    """Say whether there is compiled code for values like these."""
    return values.device.type == "cpu" and values.dtype == torch.float32
