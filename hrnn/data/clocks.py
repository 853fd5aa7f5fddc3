"""Date and time of day in two columns, put together."""

import pyarrow as pa

from hrnn.data.arrow import pc
from hrnn.data.sql import BLANKS

_MIDNIGHT = r"[ T]00:00(:00(\.0+)?)?$"
_COMPACT_DATE = r"^(\d{4})(\d{2})(\d{2})(\.0*)?$"
#: Digits without colons, which lose their leading zeros where they were a number: 905 is 9:05.
_DIGITS = (
    (r"^(\d)$", r"00:0\1"),
    (r"^(\d\d)$", r"00:\1"),
    (r"^(\d)(\d\d)$", r"0\1:\2"),
    (r"^(\d\d)(\d\d)$", r"\1:\2"),
    (r"^(\d)(\d\d)(\d\d)$", r"0\1:\2:\3"),
    (r"^(\d\d)(\d\d)(\d\d)$", r"\1:\2:\3"),
)


def join_times(dates: pa.ChunkedArray, clocks: pa.ChunkedArray) -> pa.ChunkedArray:
    """Write one time for each date and time of day.

    Args:
        dates: text, dates without a time, or with 00:00.
        clocks: text, times of day such as 14:05, 2:05:30 pm, or 1405.

    Returns:
        Text, "2024-01-05 14:05"; null where either is blank, so that no half of a time is taken
        for the whole.
    """
    date = pc.replace_substring_regex(pc.utf8_trim(dates, BLANKS), _MIDNIGHT, "")
    date = pc.replace_substring_regex(date, _COMPACT_DATE, r"\1-\2-\3")
    clock = pc.utf8_trim(clocks, BLANKS)
    for digits, written in _DIGITS:
        clock = pc.replace_substring_regex(clock, digits, written)
    joined = pc.binary_join_element_wise(date, clock, " ")
    blank = pc.or_(pc.equal(date, ""), pc.equal(clock, ""))
    return pc.if_else(blank, pa.scalar(None, pa.string()), joined)
