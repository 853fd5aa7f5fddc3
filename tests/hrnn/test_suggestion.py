"""What a log's gaps suggest; the humps in these logs are known."""

from statistics import NormalDist

import numpy as np
import pyarrow as pa
import pytest

from hrnn import read_interactions, suggest_timeout
from hrnn.data.interactions import Interactions
from hrnn.data.report import ImportReport, RejectedRows
from hrnn.sessions import TimeoutHint, suggestion
from hrnn.synthetic import SyntheticConfig, generate
from tests.hrnn.logs import timed

GAPS = 12_000


def gap_log(minutes: np.ndarray, users: int = 200) -> Interactions:
    """A log with these gaps, dealt to users in their order, as many to each."""
    gap_us = np.round(minutes * 60e6).astype(np.int64).reshape(users, -1)
    time_us = np.concatenate([np.zeros((users, 1), np.int64), gap_us], axis=1).cumsum(axis=1)
    user = np.repeat(np.arange(users), time_us.shape[1])
    ids = pa.array([f"u{number:06d}" for number in range(users)])
    item = pa.array(["i"] * len(user)).dictionary_encode()
    table = pa.table(
        {
            "USER_ID": pa.DictionaryArray.from_arrays(pa.array(user.astype(np.int32)), ids),
            "ITEM_ID": item,
            "TIMESTAMP": pa.array(time_us.ravel(), pa.timestamp("us", "UTC")),
            "OUTCOME": pa.array(np.ones(len(user))),
            "SESSION_ID": pa.nulls(len(user), pa.string()).dictionary_encode(),
        }
    )
    report = ImportReport(
        accepted=len(user), duplicates=0, rejected=RejectedRows(), warnings=(), columns={}
    )
    return Interactions(table, report)


def humps(*parts: tuple[float, float, float], gaps: int = GAPS, seed: int = 0) -> np.ndarray:
    """Gaps in minutes, drawn from parts of weight, mean and sd in log2 minutes, shuffled."""
    random = np.random.default_rng(seed)
    drawn = [random.normal(mean, sd, round(weight * gaps)) for weight, mean, sd in parts]
    return np.exp2(random.permutation(np.concatenate(drawn)))


TWO = (0.8, 1.0, 1.0), (0.2, 9.0, 1.5)


def crossing(*parts: tuple[float, float, float], left: int) -> float:
    """Where the first parts cease to weigh more than the others, by looking everywhere."""
    at = np.linspace(parts[left - 1][1], parts[left][1], 100_001)

    def density(some: tuple[tuple[float, float, float], ...]) -> np.ndarray:
        return sum(w / s * np.exp(-(((at - m) / s) ** 2) / 2) for w, m, s in some)

    ahead = density(parts[:left]) > density(parts[left:])
    return float(2 ** at[np.flatnonzero(ahead)[-1]])


def agrees(hint: TimeoutHint, planted: float) -> bool:
    """Whether a timeout lies in the interval or within 15 % of the suggestion."""
    assert hint.minutes is not None
    assert hint.low is not None
    assert hint.high is not None
    near = abs(planted - hint.minutes) <= 0.15 * hint.minutes
    return near or hint.low <= planted <= hint.high


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("cut", [15, 25, 60, 240])
def test_the_planted_timeout_of_a_generated_log_is_found(cut, seed):
    settings = SyntheticConfig(users=300, interactions=20_000, cut_minutes=cut, seed=seed)
    hint = suggest_timeout(read_interactions(generate(settings).frame))
    assert (hint.code, hint.within, hint.gaps) == ("found", 1, 19_700)
    assert agrees(hint, cut)


@pytest.mark.parametrize("seed", range(4))
def test_planted_humps_that_overlap_give_the_planted_timeout_or_none(seed):
    """Below about 13 minutes both humps are drawn with D below 2, then cut at the timeout."""
    data = read_interactions(generate(SyntheticConfig(cut_minutes=10, seed=seed)).frame)
    hint = suggest_timeout(data)
    if hint.code == "found":
        assert agrees(hint, 10)
    else:
        assert hint.code == "one_hump"
        assert hint.separation is None or hint.separation < 2


def test_two_humps_are_cut_where_they_weigh_the_same():
    hint = suggest_timeout(gap_log(humps(*TWO)))
    assert (hint.code, hint.within, hint.gaps, hint.zero_gaps) == ("found", 1, GAPS, 0)
    assert hint.fitted == GAPS
    for part, (weight, mean, sd) in zip(hint.parts, TWO, strict=True):
        assert (part.weight, part.mean, part.sd) == pytest.approx((weight, mean, sd), abs=0.05)
    planted = crossing(*TWO, left=1)
    assert hint.minutes == pytest.approx(planted, rel=0.05)
    assert hint.low <= planted <= hint.high
    assert hint.separation == pytest.approx(2**0.5 * 8 / (1 + 1.5**2) ** 0.5, rel=0.02)
    cut = np.log2(planted)
    wrong = 0.8 * (1 - NormalDist(1, 1).cdf(cut)) + 0.2 * NormalDist(9, 1.5).cdf(cut)
    assert hint.misassigned == pytest.approx(wrong, rel=0.2)
    assert hint.words.startswith(
        "Gaps have two humps, around 2 minutes inside sessions and around 8"
    )


SECONDS_MINUTES_DAYS = (0.2, -4.0, 0.7), (0.3, 3.0, 1.0), (0.5, 11.0, 1.2)
MINUTES_HOURS_DAYS = (0.6, 1.0, 1.0), (0.2, 7.5, 0.7), (0.2, 12.0, 0.8)


@pytest.mark.parametrize(("parts", "within"), [(SECONDS_MINUTES_DAYS, 2), (MINUTES_HOURS_DAYS, 1)])
def test_of_three_humps_sessions_end_at_the_boundary_nearer_to_an_hour(parts, within):
    hint = suggest_timeout(gap_log(humps(*parts)))
    assert (hint.code, len(hint.parts), hint.within) == ("found", 3, within)
    planted = crossing(*parts, left=within)
    assert hint.minutes == pytest.approx(planted, rel=0.15)


def test_humps_that_overlap_give_no_timeout():
    near = (0.5, 1.0, 1.5), (0.5, 3.5, 1.5)
    hint = suggest_timeout(gap_log(humps(*near)))
    assert hint.code == "one_hump"
    assert hint.fitted == hint.gaps
    assert (hint.minutes, hint.low, hint.high, hint.misassigned) == (None,) * 4
    assert hint.within == 0


ONE_HUMP = {
    "narrow": lambda random: random.normal(5, 1, GAPS),
    "wide": lambda random: random.normal(5, 4, GAPS),
    "at random moments": lambda random: np.log2(random.exponential(100, GAPS)),
    "with long tails": lambda random: 5 + 2 * random.standard_t(3, GAPS),
    "with a sharp peak": lambda random: random.laplace(5, 2, GAPS),
    "skewed": lambda random: random.gamma(2, 2.5, GAPS),
    "of any length between two": lambda random: np.log2(random.uniform(1 / 3, 20 / 3, GAPS)),
}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", ONE_HUMP)
def test_one_hump_gives_no_timeout(name, seed):
    drawn = ONE_HUMP[name](np.random.default_rng(seed))
    hint = suggest_timeout(gap_log(np.exp2(np.clip(drawn, -20, 30))))
    assert hint.code == "one_hump"
    assert hint.words.endswith("30 minutes is usual for the web.")


def test_a_rare_wide_hump_is_found_beside_a_narrow_one():
    parts = (0.95, -0.5, 1.0), (0.05, 14.0, 2.3)
    few_long_strays = np.exp2(np.random.default_rng(0).uniform(-6, 18, 200))
    gaps = np.concatenate([humps(*parts, gaps=GAPS - 200), few_long_strays])
    hint = suggest_timeout(gap_log(np.random.default_rng(1).permutation(gaps)))
    assert hint.code == "found"
    assert 20 < hint.minutes < 400  # the valley: almost nothing lies between


def test_baskets_give_no_timeout():
    gaps = np.concatenate([np.zeros(30_000), humps(*TWO)])
    hint = suggest_timeout(gap_log(np.random.default_rng(0).permutation(gaps)))
    assert (hint.code, hint.gaps, hint.zero_gaps) == ("baskets", GAPS, 30_000)
    assert hint.words.startswith("71 % of consecutive interactions of a user have the same time")


def test_fewer_zero_gaps_than_others_are_no_baskets():
    gaps = np.concatenate([np.zeros(8_000), humps(*TWO)])
    hint = suggest_timeout(gap_log(np.random.default_rng(0).permutation(gaps)))
    assert (hint.code, hint.gaps, hint.zero_gaps) == ("found", GAPS, 8_000)


def test_dates_without_a_time_of_day_give_no_timeout():
    data = read_interactions(timed("2024-01-01", "2024-01-01", "2024-01-05"))
    hint = suggest_timeout(data)
    assert (hint.code, hint.gaps, hint.zero_gaps) == ("days", 1, 1)
    assert "Use a column with the time of day" in hint.words


def test_gaps_of_whole_days_are_days_at_any_hour():
    days = np.random.default_rng(0).integers(1, 300, GAPS)
    assert suggest_timeout(gap_log(1440.0 * days)).code == "days"


def test_too_few_gaps_give_no_timeout():
    hint = suggest_timeout(gap_log(humps(*TWO, gaps=95), users=5))
    assert (hint.code, hint.gaps, hint.fitted, hint.parts) == ("few", 95, 0, ())
    assert hint.words.startswith("There are 95 gaps above zero, and a suggestion needs 100.")


def test_a_log_without_rows_has_too_few_gaps():
    hint = suggest_timeout(gap_log(humps(*TWO)).of_user("nobody"))
    assert (hint.code, hint.gaps, hint.zero_gaps) == ("few", 0, 0)


def test_one_length_that_a_machine_repeats_is_left_out():
    gaps = np.concatenate([np.full(6_000, 1 / 60), humps(*TWO)])
    hint = suggest_timeout(gap_log(np.random.default_rng(0).permutation(gaps)))
    assert hint.gaps == GAPS + 6_000
    assert hint.fitted == pytest.approx(GAPS, rel=0.01)  # all but the habit, and its neighbours
    assert hint.minutes == pytest.approx(crossing(*TWO, left=1), rel=0.05)
    assert "33 % of the gaps have one length (about 1 second)" in hint.words


def test_few_users_give_a_timeout_without_an_interval():
    hint = suggest_timeout(gap_log(humps(*TWO), users=16))
    assert hint.code == "found"
    assert (hint.low, hint.high) == (None, None)


def width(hint: TimeoutHint) -> float:
    return float(np.log2(hint.high / hint.low))


def test_the_seed_decides_the_interval_and_nothing_else():
    data = gap_log(humps(*TWO))
    one, again, other = (suggest_timeout(data, seed) for seed in (1, 1, 2))
    assert one == again
    assert (one.low, one.high) != (other.low, other.high)
    assert one.minutes == other.minutes
    assert width(one) == pytest.approx(width(other), rel=0.5)


def test_the_interval_is_as_wide_as_what_independent_logs_suggest():
    hints = [suggest_timeout(gap_log(humps(*TWO, gaps=4_000, seed=seed))) for seed in range(40)]
    cuts = np.log2([hint.minutes for hint in hints])
    expected = 2 * NormalDist().inv_cdf(0.975) * np.std(cuts, ddof=1)
    assert np.mean([width(hint) for hint in hints]) == pytest.approx(expected, rel=0.2)


def test_sixteen_times_the_users_give_a_quarter_of_the_interval():
    few = suggest_timeout(gap_log(humps(*TWO, gaps=5_000), users=100))
    many = suggest_timeout(gap_log(humps(*TWO, gaps=80_000), users=1_600))
    assert width(many) == pytest.approx(width(few) / 4, rel=0.5)


def test_users_that_differ_make_the_interval_wider():
    gaps = humps(*TWO)
    mixed = suggest_timeout(gap_log(gaps))
    by_length = suggest_timeout(gap_log(np.sort(gaps)))  # each user has gaps of one length
    assert by_length.minutes == pytest.approx(mixed.minutes)
    assert width(by_length) > 1.5 * width(mixed)


def test_groups_of_users_give_about_the_interval_of_users(monkeypatch):
    data = gap_log(np.sort(humps(*TWO)), users=1_000)
    by_user = suggest_timeout(data)
    monkeypatch.setattr(suggestion, "_GROUPS", 250)
    assert width(suggest_timeout(data)) == pytest.approx(width(by_user), rel=0.4)
