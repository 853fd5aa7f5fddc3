"""What is read without patterns is what the patterns read, in whatever pieces a column comes."""

from unittest.mock import patch

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hrnn.data import timestamps
from hrnn.data.plain_times import CODES, NOT_READ, PlainTimes, read_plain
from hrnn.data.timestamps import read_times

moments = st.datetimes().flatmap(
    lambda at: st.sampled_from(
        [
            at.isoformat(),
            at.isoformat(" "),
            at.isoformat("T", "seconds"),
            at.isoformat("T", "seconds") + "Z",
            at.isoformat("T", "milliseconds") + "Z",
            at.isoformat(" ", "minutes"),
            at.isoformat(" ", "minutes") + "+00:00",
            at.isoformat("T", "seconds") + "+02:00",
            at.isoformat("T", "hours"),
            at.isoformat("T", "hours") + "Z",
            at.isoformat("T", "hours") + "+00:00",
            at.date().isoformat(),
            f"{at:%d/%m/%Y %H:%M}",
            f"{at:%Y%m%d}",
            f"{at:%Y%m%d%H%M%S}",
        ]
    )
)
epochs = st.integers(-(10**19), 10**19).map(str) | st.integers(10**8, 2 * 10**9).map(
    lambda s: f"{s}000"
)
values = moments | epochs | st.sampled_from(["", " 1700000000", "0x10", "007", "1e9", "x", "17.5"])
columns = st.lists(st.lists(values, min_size=1, max_size=6), min_size=1, max_size=4)


def column_of(pieces: list[list[str]]) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(piece, pa.string()) for piece in pieces])


def read_nothing(text: pa.ChunkedArray, _: str | None) -> PlainTimes:
    nothing = np.full(len(text), NOT_READ, np.uint8)
    return PlainTimes(np.zeros(len(text), np.int64), None, nothing, 0)


@settings(max_examples=150, deadline=None)
@given(pieces=columns, unit=st.sampled_from([None, "s", "ms", "us", "ns"]))
def test_what_is_read_plainly_is_what_the_patterns_read(
    pieces: list[list[str]], unit: str | None
) -> None:
    text = column_of(pieces)
    read = read_times(text, unit)
    with patch.object(timestamps, "read_plain", read_nothing):
        slow = read_times(text, unit)
    rest = (np.zeros(len(text)) if one.rest is None else one.rest for one in (read, slow))
    assert read.readable.tolist() == slow.readable.tolist()
    assert read.us.tolist() == slow.us.tolist()
    np.testing.assert_allclose(*rest, atol=1e-9)
    assert read.how == slow.how
    assert read.odd_units.tolist() == slow.odd_units.tolist()
    assert (read.naive, read.ambiguous, read.day_only) == (
        slow.naive,
        slow.ambiguous,
        slow.day_only,
    )


@pytest.mark.parametrize(
    ("text", "us", "code"),
    [
        ("1700000000", 1_700_000_000_000_000, "s"),
        ("1700000000123", 1_700_000_000_123_000, "ms"),
        ("1700000000123456", 1_700_000_000_123_456, "us"),
        ("1700000000123456789", 1_700_000_000_123_456, "ns"),
        ("-1", -1_000_000, "s"),
        ("1970-01-02", 86_400_000_000, "date"),
        ("1970-01-01T00:00:01Z", 1_000_000, "date"),
        ("1970-01-01 00:00:00.5+00:00", 500_000, "date"),
    ],
)
def test_usual_times_need_no_pattern(text: str, us: int, code: str) -> None:
    read = read_plain(column_of([[text]]), None)
    assert (read.us.tolist(), CODES[read.code[0]]) == ([us], code)
    assert read.naive == (code == "date" and not text.endswith(("Z", "+00:00")))
    assert read.rest is None or read.rest.tolist() == [0.789]


@pytest.mark.parametrize("text", ["20240301", "2024-03-01T12", "0x10", "007", "", "3/4/2024"])
def test_what_may_mean_something_else_is_left_to_the_patterns(text: str) -> None:
    assert read_plain(column_of([[text]]), None).code.tolist() == [NOT_READ]


def test_a_piece_that_cannot_be_read_plainly_leaves_the_others() -> None:
    read = read_plain(column_of([["1700000000"], ["1700000000", "soon"], ["2024-03-01"]]), None)
    assert read.code.tolist() == [CODES.index("s"), NOT_READ, NOT_READ, CODES.index("date")]
