"""Rows that equal an earlier one in every column."""

import numpy as np
import pyarrow as pa

from hrnn.data.arrow import pick
from hrnn.data.sql import connect


def find_copies(table: pa.Table) -> np.ndarray:
    """Return the places of rows that equal an earlier one (int64 array, ascending).

    Args:
        table: the columns ``c0, c1, …`` of a file, and ``line``.
    """
    cells = [name for name in table.column_names if name != "line"]
    with connect() as con:
        con.register("source", table)
        # A hash tells nearly all rows apart; only those that share one are looked at again.
        hashes = con.sql(f"SELECT hash({', '.join(cells)}) AS h FROM source").fetchnumpy()["h"]
        ordered = np.sort(hashes)
        shared = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
        if not len(shared):
            return np.empty(0, np.int64)
        place = np.minimum(np.searchsorted(shared, hashes), len(shared) - 1)
        doubtful = np.flatnonzero(shared[place] == hashes)
        con.register("doubtful", pick(table, doubtful).append_column("place", pa.array(doubtful)))
        found = con.sql(
            f"""SELECT place FROM (SELECT place, row_number() OVER (
                PARTITION BY {", ".join(cells)} ORDER BY place) AS copy FROM doubtful)
            WHERE copy > 1 ORDER BY place"""
        ).fetchnumpy()["place"]
    return np.asarray(found, np.int64)
