"""Figures and tables of the Sessions page, on logs whose answer is plain."""

import numpy as np
import pandas as pd
import pytest

import hrnn
from hrnn.sessions import GapPart, TimeoutHint, segment, sweep_timeouts
from ui import session_figures as figures

MINUTE = pd.Timedelta(minutes=1)
#: 2024-01-01 was a Monday.
START = pd.Timestamp("2024-01-01T10:00Z")


def log(rows: list[tuple[str, float]], ids: list[str | None] | None = None) -> hrnn.Interactions:
    """Make a log of users and minutes after START."""
    users, after = zip(*rows, strict=True)
    frame = pd.DataFrame(
        {
            "USER_ID": users,
            "ITEM_ID": [f"i{place}" for place in range(len(rows))],
            "TIMESTAMP": [START + one * MINUTE for one in after],
        }
    )
    return hrnn.read_interactions(frame if ids is None else frame.assign(SESSION_ID=ids))


TWO_USERS = log([("a", 0), ("a", 5), ("a", 100), ("b", 0), ("b", 0), ("b", 1_500)])


def test_tiles_say_what_a_timeout_does() -> None:
    tiles = figures.session_tiles(segment(TWO_USERS, 30.0))
    assert list(tiles.values()) == ["4", "2.00", "1.50", "50.0 %", "2", "0.0 %"]


def test_cut_off_is_what_the_sweep_says() -> None:
    rows = [("a", 40 * session + place) for session in range(14) for place in range(session + 12)]
    data = log([*rows, ("b", 0)])
    at_30 = sweep_timeouts(data, [30.0], figures.MOST_SESSIONS, figures.MOST_ITEMS)
    reads = figures.MOST_SESSIONS, figures.MOST_ITEMS
    assert segment(data, 30.0).cut_off(*reads) == at_30["cut_off"].item() > 0


def test_spans_of_interleaved_session_ids_reach_from_first_to_last() -> None:
    data = log([("a", 0), ("a", 1), ("a", 2), ("a", 9)], ["x", "y", "x", "y"])
    start, end = figures.spans(segment(data, 30.0))
    assert ((end - start) / 60e6).tolist() == [2, 8]
    assert ((start - start[0]) / 60e6).tolist() == [0, 1]


def test_gaps_of_zero_are_counted_apart_and_all_others_fall_into_a_bin() -> None:
    bins, zero = figures.gap_bins(TWO_USERS)
    assert zero == 1
    assert bins["gaps"].sum() == 3
    held = bins[bins["gaps"] > 0]
    inside = zip(held["low"], held["high"], (5, 95, 1_500), strict=True)
    assert all(low <= gap < high for low, high, gap in inside)
    assert bins["low"].iloc[0] == 1.0  # the rule can reach every timeout that is tried
    assert bins["high"].iloc[-1] >= 30 * 1_440


def test_durations_leave_single_moments_out() -> None:
    bins = figures.duration_bins(np.array([0, 0, 60_000_000, 90_000_000]))
    held = bins[bins["count"] > 0]
    assert held["count"].tolist() == [1, 1]
    assert held["low"].tolist() == pytest.approx([1.0, 2**0.5])


def test_sessions_are_counted_by_weekday_and_hour_of_utc() -> None:
    start, _ = figures.spans(segment(TWO_USERS, 30.0))
    week = figures.week(start)
    assert len(week) == 7 * 24
    begun = week[week["sessions"] > 0]
    assert begun.to_numpy().tolist() == [["Mon", 10, 2], ["Mon", 11, 1], ["Tue", 11, 1]]


def hint(minutes: float | None, low: float | None, high: float | None) -> TimeoutHint:
    parts = (GapPart(0.5, 1.0, 1.0), GapPart(0.5, 9.0, 1.0))
    return TimeoutHint("found", minutes, low, high, 8.0, 0.0, parts, 1, 1_000, 0, 1_000, "words")


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (hint(25.57, 24.9, 26.4), 26),
        (hint(30.52, 25.7, 37.9), 30),
        (hint(25.57, None, None), 25.6),
        (hint(1_234.0, 1_230.0, 1_239.0), 1_230),
        (hint(None, None, None), None),
    ],
)
def test_a_suggestion_is_rounded_as_long_as_it_stays_inside_its_interval(
    found: TimeoutHint, said: float | None
) -> None:
    assert figures.suggested_minutes(found) == said


def bell(total: int) -> pd.DataFrame:
    edges = 2.0 ** (np.arange(-12, 57) / 4)
    bins = pd.DataFrame({"low": edges[:-1], "high": edges[1:]})
    middle = np.log2((bins["low"] * bins["high"]).to_numpy()) / 2
    density = sum(np.exp(-((middle - mean) ** 2) / 2) for mean in (1.0, 9.0))
    return bins.assign(gaps=(total * density / density.sum()).round().astype(int))


def test_the_mixture_is_drawn_in_gaps_a_bin() -> None:
    bins = bell(1_000)
    fit = figures.fitted(hint(25.0, None, None), bins)
    assert sorted(fit["part"].unique()) == ["0", "1", "all"]
    whole = fit[fit["part"] == "all"]
    assert whole["y"].max() == pytest.approx(bins["gaps"].max(), rel=0.03)


def test_a_habit_of_a_machine_does_not_raise_the_mixture() -> None:
    bins = bell(1_000)
    clear = figures.fitted(hint(25.0, None, None), bins)["y"].max()
    bins.loc[20, "gaps"] += 500
    found = TimeoutHint(**vars(hint(25.0, None, None)) | {"gaps": 1_500})
    assert figures.fitted(found, bins)["y"].max() == pytest.approx(clear, rel=0.02)


def test_no_mixture_is_no_line() -> None:
    none = TimeoutHint(**vars(hint(None, None, None)) | {"parts": ()})
    assert not len(figures.fitted(none, bell(10)))


def test_ids_and_a_timeout_are_compared_pair_by_pair() -> None:
    rows = [("a", 0), ("a", 1), ("a", 50), ("a", 51), ("a", 52), ("b", 0), ("b", 1), ("b", 2)]
    data = log(rows, ["s1", "s1", "s2", "s2", "s3", "s1", "s1", None])
    found = figures.agreement(segment(data, 30.0), segment(data, 30.0, use_session_ids=False))
    assert (found.pairs, found.only_ids, found.only_gaps) == (6, 2, 0)
    assert found.agreed == pytest.approx(4 / 6)
    assert found.identical == 1  # a's first session
    assert (found.without_id, found.shared_ids, found.over_month) == (1, 1, 0)


def test_an_id_that_stays_open_for_a_month_is_counted() -> None:
    data = log([("a", 0), ("a", 31 * 1_440)], ["s", "s"])
    found = figures.agreement(segment(data, 30.0), segment(data, 30.0, use_session_ids=False))
    assert (found.over_month, found.only_gaps, found.identical) == (1, 1, 0)


def test_the_session_table_says_who_when_and_how_long() -> None:
    sessions = segment(TWO_USERS, 30.0)
    table = figures.session_table(sessions, figures.spans(sessions))
    assert table["User"].tolist() == ["a", "a", "b", "b"]
    assert table["Session"].tolist() == [1, 2, 1, 2]
    assert table["Interactions"].tolist() == [2, 1, 2, 1]
    assert table["Minutes"].tolist() == [5, 0, 0, 0]
    assert str(table["Start (UTC)"].iloc[3]) == "2024-01-02 11:00:00"
    first = figures.session_table(sessions, figures.spans(sessions), most=2)
    pd.testing.assert_frame_equal(first, table.head(2))


def test_curves_end_where_the_sweep_ends() -> None:
    sweep = sweep_timeouts(TWO_USERS)
    drawn = {one.title: one.frame for one in figures.curves(sweep, 2, 6)}
    sessions = drawn["Sessions"]
    assert (sessions["m"].iloc[0], sessions["m"].iloc[-1]) == (1, 43_200)
    assert (sessions["y"].iloc[0], sessions["y"].iloc[-1]) == (5, 2)
    assert drawn["Users with two sessions or more"]["y"].iloc[0] == 100
