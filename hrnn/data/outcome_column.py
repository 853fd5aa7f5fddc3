"""A column of outcomes: numbers, true or false, or nothing said."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from hrnn.data.coded import BLANK, Coded
from hrnn.data.sql import connect


@dataclass(frozen=True)
class Outcomes:
    """Outcomes as numbers.

    Attributes:
        value: float64 [rows]; NaN where none was observed, or none can be used.
        unreadable: rows whose text is no number.
        infinite: rows whose number is not finite.
    """

    value: np.ndarray
    unreadable: np.ndarray
    infinite: np.ndarray

    @classmethod
    def of(cls, column: pa.ChunkedArray | None, rows: int) -> "Outcomes":
        """Read a column; without one, every outcome is 1."""
        if column is None:
            none = np.empty(0, np.int64)
            return cls(np.broadcast_to(1.0, rows), none, none)  # takes no memory
        text = Coded.of(column)
        value = np.append(_numbers(text.values), np.nan)[text.code]  # a blank is the last
        said = pa.array(text.values).cast(pa.string()).to_numpy(zero_copy_only=False)
        is_nan = np.array([one.lower() == "nan" for one in said] + [True], bool)[text.code]
        unreadable = np.flatnonzero(np.isnan(value) & ~is_nan & (text.code != BLANK))
        return cls(value, unreadable, np.flatnonzero(np.isinf(value)))


def _numbers(text: pa.Array) -> np.ndarray:
    """Read distinct texts as numbers; NaN where that cannot be done."""
    with connect() as con:
        con.register("source", pa.table({"text": text}))
        read = con.sql(
            """SELECT CAST(CASE lower(text) WHEN 'true' THEN 1.0 WHEN 'false' THEN 0.0
                WHEN 'nan' THEN NULL ELSE TRY_CAST(replace(text, '_', ' ') AS DOUBLE) END
                AS DOUBLE) AS value FROM source"""
        ).to_arrow_table()
    return read["value"].to_numpy().astype(float)
