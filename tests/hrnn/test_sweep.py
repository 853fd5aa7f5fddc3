import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hrnn import ConfigError, segment, sweep_timeouts
from hrnn.data.interactions import Interactions
from hrnn.diagnostics import about_sessions
from hrnn.sessions import Sessions, default_minutes
from tests.hrnn.test_sessions import log, timed_log

COLUMNS = ["minutes", "sessions", "users_with_two", "single_sessions", "cut_off"]


def cut_off(sessions: Sessions, max_sessions: int, max_session_len: int) -> int:
    """Count by a loop what lies before the last items of the last sessions of each user."""
    users = sessions.data.user_index.tolist()
    rows = list(zip(users, sessions.number.tolist(), strict=True))
    last = dict(rows)  # sessions of a user only ascend here
    lost = 0
    for place, (user, number) in enumerate(rows):
        later = sum(other == number for _, other in rows[place + 1 :])
        lost += last[user] - number >= max_sessions or later >= max_session_len
    return lost


def one_by_one(data: Interactions, minutes: list[float], most: int, longest: int) -> list[list]:
    rows = []
    for timeout in minutes:
        sessions = segment(data, timeout, use_session_ids=False)
        rows.append(
            [
                timeout,
                sessions.count,
                int((sessions.per_user > 1).sum()),
                int((sessions.lengths == 1).sum()),
                cut_off(sessions, most, longest),
            ]
        )
    return rows


def test_figures_of_a_log_that_was_counted_by_hand():
    # a: gaps of 1, 10 and 1 minutes; b: one row
    data = log(("a", 0, None), ("a", 60, None), ("a", 660, None), ("a", 720, None), ("b", 0, None))
    sweep = sweep_timeouts(data, [0.5, 1, 9, 10], max_sessions=2, max_session_len=1)
    assert list(sweep.columns) == COLUMNS
    assert sweep.to_numpy().tolist() == [
        [0.5, 5, 1, 5, 2],  # a | a | a | a, b: the last two sessions are read
        [1, 3, 1, 1, 2],  # aa | aa, b: the last item of each
        [9, 3, 1, 1, 2],
        [10, 2, 0, 1, 3],  # aaaa, b
    ]


def test_a_gap_equal_to_the_timeout_separates_below_it_alone():
    sweep = sweep_timeouts(timed_log(0, 1800), [29.999999, 30, 30.000001])
    assert sweep["sessions"].tolist() == [2, 1, 1]


def test_minutes_come_in_any_order_and_once():
    sweep = sweep_timeouts(timed_log(0, 90), [30, 1, 30, 2.5])
    assert sweep["minutes"].tolist() == [1, 2.5, 30]
    assert sweep["sessions"].tolist() == [2, 1, 1]


def test_session_ids_are_ignored():
    data = log(("u", 0, "s"), ("u", 60, "t"), ("u", 9000, "s"))
    assert sweep_timeouts(data, [30])["sessions"].tolist() == [2]


SECONDS = st.one_of(st.integers(0, 8), st.integers(0, 400)).map(lambda step: 30.0 * step)
ROWS = st.lists(st.tuples(st.sampled_from("abcd"), SECONDS, st.none()), min_size=1, max_size=40)
MINUTES = st.lists(st.integers(1, 120).map(lambda half: half / 2), max_size=12)


@given(ROWS, MINUTES, st.integers(1, 5), st.integers(1, 5))
@settings(max_examples=300, deadline=None)
def test_a_sweep_equals_cutting_at_each_timeout(rows, minutes, most, longest):
    data = log(*rows)
    sweep = sweep_timeouts(data, minutes, most, longest)
    expected = one_by_one(data, sorted(set(minutes)), most, longest)
    assert sweep.to_numpy().tolist() == expected


def many_lengths(seed: int, rows: int = 3000) -> Interactions:
    """A log whose gaps reach from microseconds to years, with ties."""
    random = np.random.default_rng(seed)
    gaps = np.exp2(random.uniform(-20, 24, rows)) * (random.random(rows) < 0.9)
    users = np.sort(random.integers(12, size=rows))
    times = np.cumsum(gaps)
    return log(*((f"u{user:02d}", time, None) for user, time in zip(users, times, strict=True)))


def test_all_default_timeouts_equal_cutting_at_each():
    data = many_lengths(seed=1)
    sweep = sweep_timeouts(data)
    assert len(sweep) == len(default_minutes())
    for row in sweep.iloc[::7].itertuples():
        sessions = segment(data, row.minutes, use_session_ids=False)
        assert row.sessions == sessions.count
        assert row.users_with_two == (sessions.per_user > 1).sum()
        assert row.single_sessions == (sessions.lengths == 1).sum()


@pytest.mark.parametrize(("most", "longest"), [(1, 1), (3, 20), (10, 2), (10, 20)])
def test_cut_off_is_what_the_finding_counts(most, longest):
    data = many_lengths(seed=2)
    for row in sweep_timeouts(data, [0.01, 1, 30, 600], most, longest).itertuples():
        sessions = segment(data, row.minutes, use_session_ids=False)
        (finding,) = (
            one for one in about_sessions(sessions, most, longest) if one.code == "CUT_OFF"
        )
        assert finding.evidence.startswith(f"{row.cut_off:,} of 3,000 interactions")


def test_tiny_and_huge_timeouts():
    sweep = sweep_timeouts(timed_log(0, 0, 1, 10**9), [1e-12, 1e300])
    assert sweep["sessions"].tolist() == [3, 1]


def test_default_timeouts_hold_those_that_people_name():
    minutes = default_minutes()
    named = [1, 2, 5, 10, 15, 20, 25, 30, 45, 60, 90, 120, 240, 480, 720, 1440, 43200]
    assert set(named) <= set(minutes.tolist())
    assert len(minutes) <= 600
    assert (minutes[0], minutes[-1]) == (1, 43200)
    steps = np.diff(np.log2(minutes))
    assert steps.min() > 0
    assert steps.max() < 0.04  # 1 in 36: no step to be seen on a chart of 15 octaves
    assert all(float(f"{one:.4g}") == one for one in minutes.tolist())


def test_a_log_without_rows_has_no_sessions():
    none = timed_log(0).of_user("nobody")
    assert sweep_timeouts(none, [1, 30]).to_numpy().tolist() == [[1, 0, 0, 0, 0], [30, 0, 0, 0, 0]]


def test_without_timeouts_there_are_no_rows():
    sweep = sweep_timeouts(timed_log(0, 60), [])
    assert list(sweep.columns) == COLUMNS
    assert len(sweep) == 0


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), float("inf")])
def test_a_timeout_that_is_no_positive_number_is_refused(timeout):
    with pytest.raises(ConfigError, match=r"timeout_minutes=.*: it must be above 0"):
        sweep_timeouts(timed_log(0), [30, timeout])


@pytest.mark.parametrize("name", ["max_sessions", "max_session_len"])
def test_a_window_of_nothing_is_refused(name):
    with pytest.raises(ConfigError, match=f"{name}=0: it must be 1 or more"):
        sweep_timeouts(timed_log(0), [30], **{name: 0})
