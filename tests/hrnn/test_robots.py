import re
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hrnn import Interactions, read_interactions
from hrnn.data.robots import (
    find_robots,
    habits_of,
    longest_run,
    longest_stretch,
    most_of_people,
    order_of_ids,
)
from hrnn.synthetic import SyntheticConfig, generate

SECOND, MINUTE, HOUR, DAY = 1.0, 60.0, 3600.0, 86400.0
START = pd.Timestamp("2026-01-06T08:00:00Z")


def rows_of(user: str, seconds, items) -> pd.DataFrame:
    """Rows of one user at some seconds after the start."""
    times = START + pd.to_timedelta(np.round(np.asarray(seconds, float) * 1e6), unit="us")
    return pd.DataFrame({"USER_ID": user, "ITEM_ID": items, "TIMESTAMP": times})


def some_items(random: np.random.Generator, rows: int, items: int = 400) -> list[str]:
    return [f"item{one:03d}" for one in random.integers(1, items + 1, rows)]


def at_work(seconds: np.ndarray) -> np.ndarray:
    """Put seconds of work into days of eight hours."""
    return seconds // (8 * HOUR) * DAY + seconds % (8 * HOUR)


def sleepless() -> pd.DataFrame:
    random = np.random.default_rng(1)
    return rows_of(
        "sleepless", random.uniform(2, 50, 250).cumsum() * MINUTE, some_items(random, 250)
    )


def clockwork() -> pd.DataFrame:
    random = np.random.default_rng(2)
    seconds = at_work(np.arange(200) * 7 * MINUTE + random.uniform(0, 2, 200))
    return rows_of("clockwork", seconds, some_items(random, 200))


def crawler() -> pd.DataFrame:
    random = np.random.default_rng(3)
    seconds = at_work(random.lognormal(4, 1.5, 300).cumsum())
    return rows_of("crawler", seconds, [f"item{one:03d}" for one in range(50, 350)])


def flood() -> pd.DataFrame:
    random = np.random.default_rng(4)
    seconds = at_work(random.lognormal(4, 1.5, 5000).cumsum())
    return rows_of("flood", seconds, some_items(random, 5000))


def machine_gun() -> pd.DataFrame:
    random = np.random.default_rng(5)
    return rows_of("gun", random.uniform(0, 0.9, 400).cumsum(), some_items(random, 400))


PLANTED = {
    "sleepless": (
        sleepless,
        r"^no pause above an hour for 4\.\d+ days, active in 24 of the 24 hours",
    ),
    "clockwork": (clockwork, r"^9\d% of 199 gaps are within 5% of 7 minutes$"),
    "crawler": (
        crawler,
        r"^100% of 299 moves lead to one of the next 3 items in the order of ids, 299 of them in"
        r" one run$",
    ),
    "flood": (
        flood,
        r"^\d\d times as many interactions as the median user \(6\d\), and more than the [\d,]+ to"
        r" be expected of the most active$",
    ),
    "gun": (machine_gun, r"^an interaction at least every second for [23]\.?\d* minutes$"),
}


@pytest.fixture(scope="module")
def people() -> pd.DataFrame:
    return generate().frame[["USER_ID", "ITEM_ID", "TIMESTAMP"]]


def log(*frames: pd.DataFrame) -> Interactions:
    return read_interactions(pd.concat(frames, ignore_index=True))


@pytest.mark.parametrize("name", PLANTED)
def test_planted_robot_is_found_for_its_reason_and_nobody_else(people, name):
    make, why = PLANTED[name]
    robot = make()
    found = find_robots(log(people, robot))
    assert found["USER_ID"].tolist() == [name]
    assert found["INTERACTIONS"].tolist() == [len(robot)]
    assert re.search(why, found["WHY"][0])
    assert ";" not in found["WHY"][0]


def test_all_robots_are_found_at_once_most_interactions_first(people):
    data = log(people, *(make() for make, _ in PLANTED.values()))
    found = find_robots(data)
    assert found["USER_ID"].tolist() == ["flood", "gun", "crawler", "sleepless", "clockwork"]
    assert found["INTERACTIONS"].tolist() == [5000, 400, 300, 250, 200]
    assert all(
        re.search(PLANTED[user][1], why)
        for user, why in zip(found["USER_ID"], found["WHY"], strict=True)
    )
    assert find_robots(data, most=2)["USER_ID"].tolist() == ["flood", "gun"]


def test_robot_with_several_reasons_is_told_all_of_them(people):
    items = [f"item{one:03d}" for one in range(1, 401)] * 10
    data = log(people, rows_of("bot", np.arange(4000) * 2 * MINUTE, items))
    limit = most_of_people(np.diff(data.user_starts))
    assert find_robots(data)["WHY"].tolist() == [
        f"66 times as many interactions as the median user (61), and more than the {limit:,.0f} to"
        " be expected of the most active; no pause above an hour for 5.55 days, active in 24 of"
        " the 24 hours of the day; 100% of 3,999 gaps are within 5% of 2 minutes; 100% of 3,999"
        " moves lead to one of the next 3 items in the order of ids, 399 of them in one run"
    ]


@pytest.mark.parametrize("seed", range(4))
def test_nobody_is_found_among_ordinary_users(seed):
    made = generate(SyntheticConfig(users=150, interactions=30_000, seed=seed))
    assert find_robots(read_interactions(made.frame)).empty


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("tail", "least"), [(1.0, 5), (1.5, 5), (3.0, 50)])
def test_nobody_is_found_in_a_skewed_log(seed, tail, least):
    random = np.random.default_rng(seed)
    users = 600
    rows = np.minimum(np.floor(least * (random.pareto(tail, users) + 1)), 20_000).astype(int)
    frames = [
        rows_of(
            f"u{user}",
            at_work(random.lognormal(4.5, 2, count).cumsum()),
            [f"item{one}" for one in random.zipf(1.5, count) % 1000],
        )
        for user, count in enumerate(rows)
    ]
    assert rows.max() > 100
    assert find_robots(log(*frames)).empty


@pytest.mark.filterwarnings("error")
def test_found_frame_has_its_columns_even_when_nobody_is_found():
    found = find_robots(log(rows_of("u", [0.0], ["a"])))
    assert found.dtypes.astype(str).to_dict() == {
        "USER_ID": "str", "INTERACTIONS": "int64", "WHY": "str",
    }  # fmt: skip
    assert len(found) == 0
    assert find_robots(log(rows_of("u", [0.0], ["a"])).slice(0, 0)).empty


@pytest.mark.parametrize(("pause", "limit"), [(1, 36), (4, 120)])
def test_stretch_without_a_pause_is_suspect_from_its_limit_on(people, pause, limit):
    random = np.random.default_rng(10)
    for hours, suspects in ((limit - 0.1, 0), (limit, 1)):
        busy = np.linspace(0, hours, round(hours / pause / 0.7))
        busy[1:-1] += random.uniform(-0.1, 0.1, len(busy) - 2) * pause
        rests = hours + random.uniform(10, 50, 100).cumsum()
        seconds = np.append(busy, rests) * HOUR
        found = find_robots(log(people, rows_of("user", seconds, some_items(random, len(seconds)))))
        assert len(found) == suspects


def test_users_below_the_least_number_of_interactions_are_no_suspects(people):
    robot = clockwork()
    assert find_robots(log(people, robot.head(99))).empty
    assert len(find_robots(log(people, robot.head(100)))) == 1


def test_habit_of_most_users_is_the_logs(people):
    heartbeats = [clockwork().assign(USER_ID=f"c{number}") for number in range(5)]
    assert find_robots(log(*heartbeats)).empty
    others = people[people["USER_ID"] <= "user0010"]
    assert len(find_robots(log(others, *heartbeats))) == 5
    assert find_robots(
        log(*(sleepless().assign(USER_ID=f"s{number}") for number in range(5)))
    ).empty
    assert find_robots(log(*(crawler().assign(USER_ID=f"c{number}") for number in range(5)))).empty


def test_daily_habit_is_no_clockwork(people):
    random = np.random.default_rng(6)
    seconds = np.arange(200) * DAY + random.uniform(0, HOUR, 200)
    assert find_robots(log(people, rows_of("reader", seconds, some_items(random, 200)))).empty


def test_gaps_of_a_coarse_clock_are_no_clockwork(people):
    coarse = people.assign(TIMESTAMP=people["TIMESTAMP"].dt.floor("min"))
    random = np.random.default_rng(7)
    for minutes, suspects in ((2, 0), (6, 1)):
        seconds = at_work(np.arange(200) * minutes * MINUTE)
        found = find_robots(log(coarse, rows_of("user", seconds, some_items(random, 200))))
        assert len(found) == suspects


def test_baskets_are_no_speed(people):
    random = np.random.default_rng(8)
    seconds = np.repeat(random.lognormal(11, 1, 20).cumsum(), 30)
    assert find_robots(log(people, rows_of("buyer", seconds, some_items(random, 600)))).empty


def test_few_gaps_alike_are_no_clockwork(people):
    random = np.random.default_rng(11)
    for visits, suspects in ((50, 0), (51, 1)):
        seconds = np.repeat(at_work(np.arange(visits) * 7 * MINUTE + 1), 3)
        robot = rows_of("user", seconds, some_items(random, len(seconds)))
        assert len(find_robots(log(people, robot))) == suspects


def test_few_moves_in_order_are_no_crawl(people):
    random = np.random.default_rng(12)
    for items, suspects in ((100, 0), (101, 1)):
        seconds = at_work(random.lognormal(4, 1.5, 2 * items).cumsum())
        twice = [f"item{one // 2:03d}" for one in range(2, 2 * items + 2)]
        assert len(find_robots(log(people, rows_of("user", seconds, twice)))) == suspects


def test_series_watched_in_order_are_no_crawl(people):
    random = np.random.default_rng(9)
    first = random.permutation(30) * 13 + 1
    items = [f"item{one + step:03d}" for one in first for step in range(12)]
    seconds = at_work(random.lognormal(5, 1.5, len(items)).cumsum())
    assert find_robots(log(people, rows_of("viewer", seconds, items))).empty


def test_crawl_backwards_with_items_missing_is_found(people):
    backwards = crawler().iloc[::-1].drop(index=range(20, 300, 20))
    backwards["TIMESTAMP"] = np.sort(backwards["TIMESTAMP"].to_numpy())
    found = find_robots(log(people, backwards))
    assert found["USER_ID"].tolist() == ["crawler"]
    assert "of 285 moves" in found["WHY"][0]


def test_limit_of_counts_is_median_and_mad_of_the_most_active():
    counts = np.concatenate([np.ones(80, int), 2 ** np.arange(20)])
    logs = np.log(2.0) * np.arange(20)  # of the twenty most active
    k = np.log(500 * 20 / 2) / np.log((1 + 5**0.5) / 2)
    expected = np.exp(np.median(logs) + k * np.median(np.abs(logs - np.median(logs))))
    assert most_of_people(counts) == pytest.approx(expected)


def test_counts_all_alike_still_leave_room_above_them():
    assert 100 * 5 < most_of_people(np.full(1000, 100)) < 100 * 10


def test_few_users_have_no_limit():
    assert most_of_people(np.full(19, 5)) == np.inf


def test_a_tail_of_a_power_law_passes_the_limit_about_as_often_as_said():
    random = np.random.default_rng(0)
    passed = 0
    for _ in range(500):
        counts = random.pareto(1.0, 600) + 1
        passed += counts.max() > most_of_people(counts)
    assert 0 < passed <= 500 / 25


def test_ids_are_in_the_order_of_their_numbers():
    ids = np.array(["10", "9", "b2", "100", "b10", "a7"], object)
    assert order_of_ids(ids).tolist() == [1, 0, 3, 4, 5, 2]


def plain_stretch(times: list[int], pause: int) -> int:
    best, start = 0, times[0]
    for before, time in pairwise(times):
        if time - before > pause:
            start = time
        best = max(best, time - start)
    return best


def plain_run(values: list[bool]) -> int:
    best = now = 0
    for value in values:
        now = now + 1 if value else 0
        best = max(best, now)
    return best


@settings(derandomize=True, deadline=None)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=20), st.integers(0, 5))
def test_longest_stretch_is_that_of_a_loop_over_the_times(gaps, pause):
    times = np.cumsum(gaps)
    assert longest_stretch(times, pause) == plain_stretch(times.tolist(), pause)


@settings(derandomize=True, deadline=None)
@given(st.lists(st.booleans(), max_size=20))
def test_longest_run_is_that_of_a_loop_over_the_values(values):
    assert longest_run(np.array(values, bool)) == plain_run(values)


@settings(derandomize=True, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from([0, 1, 97, 100, 104, 106, 4000]), st.integers(0, 12)),
        min_size=11,
        max_size=40,
    )
)
def test_habits_are_those_of_a_loop_over_the_rows(made):
    times = np.cumsum([gap for gap, _ in made]) * 1_000_000
    rank = [one for _, one in made]
    habits = habits_of(times, np.array(rank))
    gaps = [gap for gap, _ in made[1:] if gap]
    steps = [after - one for one, after in pairwise(rank) if after != one]
    assert habits.gaps == len(gaps)
    assert habits.steps == len(steps)
    if gaps:
        assert habits.gap_us == np.median(gaps) * 1e6
    near = [abs(gap - np.median(gaps)) <= 0.05 * np.median(gaps) for gap in gaps]
    assert habits.alike == pytest.approx(np.mean(near) if len(gaps) >= 10 else 0)
    on, back = ([0 < sign * step <= 3 for step in steps] for sign in (1, -1))
    ordered = back if sum(back) > sum(on) else on
    assert habits.in_order == pytest.approx(np.mean(ordered) if len(steps) >= 10 else 0)
    assert habits.run == plain_run(ordered)
    assert habits.hours == len({time // 3_600_000_000 % 24 for time in times.tolist()})
    assert habits.stretches == tuple(
        plain_stretch(times.tolist(), pause * 1_000_000) for pause in (1, 3600, 4 * 3600)
    )
