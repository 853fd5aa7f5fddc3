"""Arrow's compute functions, which exist only at run time, under a name that checkers accept."""

from typing import Any

import numpy as np
import pyarrow
import pyarrow.compute

pc: Any = pyarrow.compute


def pick(table: Any, rows: np.ndarray) -> Any:
    """Keep some rows of a table or column, in their order; ``take`` would copy all of it first.

    Args:
        table: an Arrow table or chunked array.
        rows: ascending places.
    """
    chosen = np.zeros(len(table), bool)
    chosen[rows] = True
    return table.filter(pyarrow.array(chosen))
