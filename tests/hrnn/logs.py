"""Small logs for tests, and the few questions that tests ask of what was read."""

import io
from collections.abc import Iterable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from hrnn.data.interactions import Interactions

CASES = Path(__file__).parent.parent / "cases"
HEADER = "user_id,item_id,timestamp"


def csv_log(*rows: str, header: str = HEADER) -> bytes:
    """Write rows under a header, one a line."""
    return "\n".join([header, *rows, ""]).encode()


def timed(*times: str) -> bytes:
    """Write a log of one user whose items i0, i1, … have the given times."""
    return csv_log(*(f'u,i{number},"{time}"' for number, time in enumerate(times)))


def parquet(table: pa.Table | pd.DataFrame) -> bytes:
    """Write a table as the bytes of a Parquet file."""
    sink = io.BytesIO()
    if isinstance(table, pd.DataFrame):
        table.to_parquet(sink)
    else:
        pq.write_table(table, sink)
    return sink.getvalue()


def utc(data: Interactions) -> list[str]:
    """Times in the order of the items i0, i1, … as ISO text without the zone."""
    rows = data.frame().set_index("ITEM_ID").sort_index()
    return [time.tz_localize(None).isoformat() for time in rows["TIMESTAMP"]]


def codes(data: Interactions) -> set[str]:
    """Codes of all warnings."""
    return {one.code for one in data.report.warnings}


def lines_of(data: Interactions, code: str) -> tuple[int, ...]:
    """Lines of the one warning with this code."""
    (found,) = (one for one in data.report.warnings if one.code == code)
    return found.lines


def faults(data: Interactions) -> list[tuple[int, str]]:
    """Line and reason of each rejected row."""
    return [(one.line, one.reason) for one in data.report.rejected]


def per_user(data: Interactions, values: Iterable) -> dict[str, list]:
    """Group one value a row by user."""
    found: dict[str, list] = {}
    for user, value in zip(data.user_ids[data.user_index], values, strict=True):
        found.setdefault(user, []).append(value)
    return found


def items_of(data: Interactions) -> dict[str, list[str]]:
    """Items of each user in the order of the rows."""
    return per_user(data, data.item_ids[data.item_index])
