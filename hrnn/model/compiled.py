"""What is compiled: loops for float32 on the CPU, beside plain torch for everything else."""

from collections.abc import Callable
from typing import Any

import numba
import torch
from torch import Tensor

# Sums may be reordered, which SIMD code needs; that a number is NaN or infinite has to show.
_SETTINGS: dict[str, Any] = {
    "fastmath": {"reassoc", "contract", "arcp", "nsz"},
    "nogil": True,
    "error_model": "numpy",
}


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function when it is first called; the machine code is kept beside its source."""
    try:
        return numba.njit(function, cache=True, **_SETTINGS)
    except RuntimeError:  # there is no folder to keep it in
        return numba.njit(function, **_SETTINGS)


def runs_compiled(values: Tensor) -> bool:
    """Say whether there is compiled code for values like these."""
    return values.device.type == "cpu" and values.dtype == torch.float32
