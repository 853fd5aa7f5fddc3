import math

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hrnn import ConfigError, DataError, read_interactions, segment
from hrnn.data.interactions import Interactions
from hrnn.data.report import ImportReport, RejectedRows
from hrnn.sessions import gaps_minutes
from tests.hrnn.logs import csv_log, per_user


def log(*rows: tuple[str, float, str | None]) -> Interactions:
    """Interactions of user, second and session id, made without reading a file."""
    rows = tuple(sorted(rows, key=lambda row: row[:2]))  # a stable sort: ties keep their order
    table = pa.table(
        {
            "USER_ID": pa.array([row[0] for row in rows]).dictionary_encode(),
            "ITEM_ID": pa.array([f"i{number}" for number in range(len(rows))]).dictionary_encode(),
            "TIMESTAMP": pa.array([round(row[1] * 1e6) for row in rows], pa.timestamp("us", "UTC")),
            "OUTCOME": pa.array([1.0] * len(rows)),
            "SESSION_ID": pa.array([row[2] for row in rows], pa.string()).dictionary_encode(),
        }
    )
    report = ImportReport(
        accepted=len(rows), duplicates=0, rejected=RejectedRows(), warnings=(), columns={}
    )
    return Interactions(table, report)


def timed_log(*seconds: float) -> Interactions:
    return log(*(("u", second, None) for second in seconds))


def plainly(data: Interactions, timeout_us: int, use_ids: bool) -> list[int]:
    """Number of each row's session in its user, by a loop over the rows."""
    found: list[int] = []
    frame = data.frame()
    ids = [one if isinstance(one, str) else None for one in frame["SESSION_ID"]]
    user, known, count, last = None, {}, 0, None
    for row, (owner, time) in enumerate(zip(frame["USER_ID"], data.time_us, strict=True)):
        if owner != user:
            user, known, count, last = owner, {}, 0, None
        session = ids[row] if use_ids else None
        if session is not None:
            if session not in known:
                known[session] = count
                count += 1
            found.append(known[session])
            continue
        if last is None or time - last[0] > timeout_us:
            last = (time, count)
            count += 1
        last = (time, last[1])
        found.append(last[1])
    return found


def test_gap_equal_to_timeout_keeps_one_session():
    assert segment(timed_log(0, 1800)).count == 1


def test_gap_a_microsecond_above_timeout_starts_a_session():
    data = read_interactions(csv_log("u,a,1700000000", "u,b,1700001800.000001"))
    assert segment(data).count == 2


def test_gaps_are_counted_from_the_last_interaction_not_the_first():
    assert segment(timed_log(0, 1700, 3400, 5100)).count == 1


def test_users_never_share_a_session():
    sessions = segment(log(("a", 0, None), ("b", 1, None), ("a", 2, None)))
    assert sessions.per_user.tolist() == [1, 1]
    assert sessions.lengths.tolist() == [2, 1]


def test_fractions_of_a_minute():
    data = timed_log(0, 30, 90)
    assert segment(data, 0.5).count == 2
    assert segment(data, 1 / 60).count == 3
    assert segment(data, np.float64(1)).count == 1


def test_tiny_and_huge_timeouts():
    data = timed_log(0, 0, 1, 10**9)
    assert segment(data, 1e-12).lengths.tolist() == [2, 1, 1]
    assert segment(data, 1e300).lengths.tolist() == [4]


def test_session_ids_win_over_gaps():
    data = log(("u", 0, "s"), ("u", 86_400, "s"), ("u", 86_401, "t"))
    assert segment(data).lengths.tolist() == [2, 1]
    assert segment(data, use_session_ids=False).lengths.tolist() == [1, 2]
    assert segment(data, None).lengths.tolist() == [2, 1]


def test_one_id_under_two_users_is_two_sessions():
    sessions = segment(log(("a", 0, "s"), ("b", 0, "s"), ("b", 1, "s")))
    assert sessions.per_user.tolist() == [1, 1]


def test_interleaved_ids_are_numbered_by_their_first_interaction():
    data = log(("u", 0, "z"), ("u", 1, "a"), ("u", 2, "z"), ("u", 3, "m"), ("u", 4, "a"))
    assert segment(data).in_user.tolist() == [0, 1, 0, 2, 1]


def test_rows_without_an_id_are_cut_among_themselves():
    data = log(
        ("u", 0, None), ("u", 60, "s"), ("u", 1500, None), ("u", 1600, "s"), ("u", 4000, None)
    )
    assert segment(data).in_user.tolist() == [0, 1, 0, 1, 2]


def test_frame_has_the_rows_of_the_data_and_their_session():
    data = log(("b", 0, None), ("a", 9000, None), ("a", 0, None))
    frame = segment(data).frame()
    assert frame["SESSION"].tolist() == [0, 1, 0]
    pd.testing.assert_frame_equal(frame.drop(columns="SESSION"), data.frame())


ROW = st.tuples(
    st.sampled_from("abc"), st.integers(0, 12), st.sampled_from([None, None, "s", "t", "v"])
)


@pytest.mark.parametrize("use_ids", [True, False])
@given(st.lists(ROW, min_size=1, max_size=30), st.integers(1, 4))
@settings(max_examples=100, deadline=None)
def test_sessions_equal_those_of_a_plain_loop(use_ids, rows, timeout):
    data = log(*((user, 60 * minute, session) for user, minute, session in rows))
    sessions = segment(data, timeout, use_ids)
    expected = plainly(data, timeout * 60_000_000, use_ids)
    assert sessions.in_user.tolist() == expected
    assert sessions.frame()["SESSION"].tolist() == expected
    in_each = per_user(data, expected)
    assert sessions.per_user.tolist() == [len(set(found)) for found in in_each.values()]
    assert sessions.count == sum(len(set(found)) for found in in_each.values())
    assert sessions.lengths.tolist() == [
        found.count(number) for found in in_each.values() for number in range(max(found) + 1)
    ]
    assert sessions.opens.tolist() == [
        number not in found[:place]
        for found in in_each.values()
        for place, number in enumerate(found)
    ]
    ends = np.append(sessions.first_of_user[1:], sessions.count)
    assert (ends - sessions.first_of_user).tolist() == sessions.per_user.tolist()


@given(st.lists(st.integers(0, 50), min_size=1, max_size=20), st.integers(1, 9), st.integers(1, 9))
@settings(max_examples=40, deadline=None)
def test_a_longer_timeout_never_makes_more_sessions(minutes, one, other):
    data = timed_log(*(60 * minute for minute in minutes))
    short, long = sorted([one, other])
    assert segment(data, long).count <= segment(data, short).count


@pytest.mark.parametrize("timeout", [0, -1, -1e-9, math.nan, math.inf, -math.inf])
def test_timeout_that_is_no_positive_number_is_refused(timeout):
    with pytest.raises(ConfigError, match=r"timeout_minutes=.*: it must be above 0; 30 is usual"):
        segment(timed_log(0), timeout)


def test_no_timeout_without_session_ids_is_refused():
    with pytest.raises(DataError, match=r"needs a SESSION_ID column.*give a timeout in minutes"):
        segment(timed_log(0), None)
    with pytest.raises(DataError, match=r"needs a SESSION_ID column"):
        segment(log(("u", 0, "s")), None, use_session_ids=False)


def test_no_timeout_with_some_ids_missing_says_how_many():
    data = log(("u", 0, "s"), ("u", 1, None), ("v", 2, None))
    with pytest.raises(DataError, match=r"2 interactions have no SESSION_ID.*give a timeout"):
        segment(data, None)


def test_gaps_are_those_inside_users():
    data = log(("a", 0, None), ("b", 30, None), ("a", 90, None), ("a", 90, None))
    assert gaps_minutes(data).tolist() == [1.5, 0.0]


def test_numbers_of_sessions_take_four_bytes():
    sessions = segment(log(("a", 0, "s"), ("a", 9000, None), ("b", 0, None)))
    for found in (sessions.number, sessions.lengths, sessions.first_of_user, sessions.per_user):
        assert found.dtype == np.int32


def test_rows_of_a_slice_are_cut_as_a_log_of_their_own():
    data = log(("a", 0, "s"), ("b", 0, "t"), ("b", 60, "u"), ("b", 120, "t"))
    assert segment(data.of_user("b")).number.tolist() == [0, 1, 0]
    assert segment(data.of_user("b"), use_session_ids=False).lengths.tolist() == [3]


def test_sessions_of_no_interactions():
    none = segment(timed_log(0).of_user("nobody"))
    assert (none.count, none.lengths.tolist(), none.per_user.tolist()) == (0, [], [])
    assert len(none.frame()) == 0
