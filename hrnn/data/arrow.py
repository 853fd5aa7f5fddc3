"""Arrow's compute functions, which exist only at run time, under a name that checkers accept."""

from typing import Any

import pyarrow.compute

pc: Any = pyarrow.compute
