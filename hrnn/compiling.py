"""Loops that are compiled when they are first called; free of torch."""

from collections.abc import Callable
from typing import Any

import numba

_SETTINGS: dict[str, Any] = {"nogil": True, "error_model": "numpy"}


def compiled(function: Callable[..., Any], **settings: Any) -> Callable[..., Any]:
    """Compile a function when it is first called; the machine code is kept beside its source.

    Args:
        function: a loop over arrays.
        settings: of numba, besides the usual ones.
    """
    try:
        return numba.njit(function, cache=True, **_SETTINGS, **settings)
    except RuntimeError:  # there is no folder to keep it in
        return numba.njit(function, **_SETTINGS, **settings)
