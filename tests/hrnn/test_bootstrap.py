import math

import numpy as np
import pandas as pd
import pytest

from hrnn import evaluate
from hrnn.evaluation import bootstrap
from hrnn.evaluation.bootstrap import interval, resampled_means
from tests.hrnn.test_evaluation import Spy, few
from tests.hrnn.test_splits_random import random_log


def bounds(values, users, seed: int = 0) -> tuple[float, float]:
    low, high = interval(resampled_means(np.asarray(values, float)[:, None], users, seed))
    return float(low[0]), float(high[0])


def test_interval_of_one_question_a_user_is_about_two_standard_errors_of_the_mean():
    values = np.repeat([1.0, 0.0], [300, 700])
    low, high = bounds(values, np.arange(1000))
    error = 1.96 * math.sqrt(0.3 * 0.7 / 1000)
    assert low == pytest.approx(0.3 - error, abs=0.004)
    assert high == pytest.approx(0.3 + error, abs=0.004)


def test_interval_of_many_questions_a_user_is_that_of_a_ratio_of_user_sums():
    random = np.random.default_rng(1)
    count = random.integers(1, 30, 400)
    users = np.repeat(np.arange(400), count)
    values = (random.random(len(users)) < np.repeat(random.random(400), count)).astype(float)
    mean = values.mean()
    residual = np.bincount(users, values) - mean * count  # linearised, Cochran (1977), 6.3
    error = 1.96 * math.sqrt((residual**2).sum()) / len(users)
    low, high = bounds(values, users)
    assert low == pytest.approx(mean - error, rel=0.02)
    assert high == pytest.approx(mean + error, rel=0.02)
    of_questions = bounds(values, np.arange(len(users)))
    assert high - low > 2 * (of_questions[1] - of_questions[0])


def test_users_are_drawn_and_not_questions():
    # One user has 991 of 1000 questions and all the hits: without that user there are none.
    users = np.array([0] * 991 + list(range(1, 10)))
    values = (users == 0).astype(float)
    assert values.mean() > 0.99
    low, high = bounds(values, users)
    assert low == 0
    assert high > 0.99
    means = resampled_means(values[:, None], users, 0)[:, 0]
    assert (means == 0).mean() == pytest.approx(0.9**10, abs=0.04)  # missed by all ten draws


def test_each_resample_draws_as_many_users_as_there_are_with_replacement():
    means = resampled_means(np.array([[0.0], [1.0]]), np.array([7, 3]), 0)[:, 0]
    share = pd.Series(means).value_counts(normalize=True)
    assert set(share.index) == {0.0, 0.5, 1.0}
    assert share[0.5] == pytest.approx(0.5, abs=0.06)
    assert share[0.0] == pytest.approx(0.25, abs=0.06)
    assert len(means) == 1000


def test_all_figures_are_of_the_same_draws():
    random = np.random.default_rng(0)
    one, users = random.random(200), random.integers(0, 50, 200)
    means = resampled_means(np.column_stack([one, one + 0.25, 2 * one]), users, 3)
    assert np.allclose(means[:, 1] - means[:, 0], 0.25)
    assert np.allclose(means[:, 2], 2 * means[:, 0])
    alone = resampled_means(one[:, None], users, 3)
    assert np.allclose(alone[:, 0], means[:, 0])
    assert not np.allclose(resampled_means(one[:, None], users, 4), alone)


def test_order_of_questions_and_names_of_users_do_not_matter():
    random = np.random.default_rng(0)
    values, users = random.random(200), random.integers(0, 50, 200)
    order = random.permutation(200)
    assert bounds(values[order], users[order] + 1000) == pytest.approx(bounds(values, users))


def test_equal_values_have_an_interval_without_width():
    assert bounds(np.ones(5), np.arange(5)) == (1, 1)
    assert bounds([0.5, 0.5, 0.5], np.zeros(3, int)) == (0.5, 0.5)


def test_interval_holds_the_middle_95_percent():
    low, high = interval(np.arange(1001.0)[:, None])
    assert (low[0], high[0]) == (25, 975)


def test_one_figure_that_is_no_number_leaves_the_others_alone():
    values = np.column_stack([np.full(20, np.nan), np.ones(20)])
    means = resampled_means(values, np.arange(20), 0)
    assert np.isnan(means[:, 0]).all()
    assert (means[:, 1] == 1).all()


class Oracle(Spy):
    """Puts each user's held-out item at a known rank."""

    def __init__(self, rank: dict[str, tuple[str, int]]) -> None:
        super().__init__()
        self.rank = rank

    def row(self, user: str, read: int) -> np.ndarray:
        item, rank = self.rank[user]
        others = [one for one in self.vocabulary.ids if one != item]
        order = [*others[: rank - 1], item, *others[rank - 1 :]]
        return np.array([-order.index(one) for one in self.vocabulary.ids], np.float32)


def loyal(users: int):
    """Each user has six of the items i0 … i5, the last of which is held out."""
    rows = [f"u{user} i{(user + step) % 6}" for user in range(users) for step in range(6)]
    return few(*rows), {f"u{user}": f"i{(user + 5) % 6}" for user in range(users)}


def test_differences_between_models_are_paired():
    data, last = loyal(40)
    first, second = ({user: (last[user], rank) for user in last} for rank in (1, 2))
    random = np.random.default_rng(0)
    noisy = {user: (last[user], int(random.integers(1, 7))) for user in last}
    later = {user: (item, 1 if rank == 1 else rank - 1) for user, (item, rank) in noisy.items()}
    models = {
        "first": Oracle(first), "second": Oracle(second), "noisy": Oracle(noisy),
        "again": Oracle(noisy), "later": Oracle(later),
    }  # fmt: skip
    report = evaluate(models, data, k=(1, 3), exclude_seen=False)
    assert report.questions[["first", "second"]].drop_duplicates().values.tolist() == [[1, 2]]
    pairs = report.pairs.set_index(["MODEL", "OTHER", "METRIC"])
    value = report.table.set_index(["MODEL", "METRIC"])

    def pair(one, other, metric):
        return pairs.loc[(one, other, metric), ["DIFFERENCE", "LOW", "HIGH"]].tolist()

    for metric in ("HR@1", "HR@3", "NDCG@3", "MRR@3", "popularity_overlap@3", "popularity_bias@1"):
        assert pair("noisy", "again", metric) == [0, 0, 0]
    assert pair("first", "second", "HR@1") == [1, 1, 1]
    assert pair("first", "second", "HR@3") == [0, 0, 0]
    assert pair("first", "second", "NDCG@3") == pytest.approx([1 - 1 / math.log2(3)] * 3)
    assert pair("first", "second", "MRR@3") == pytest.approx([0.5] * 3)
    difference, low, high = pair("noisy", "later", "MRR@3")
    one, other = value.loc[("noisy", "MRR@3")], value.loc[("later", "MRR@3")]
    assert difference == pytest.approx(one["VALUE"] - other["VALUE"])
    assert low < difference < high < 0
    assert high - low < (other["HIGH"] - other["LOW"])  # narrower than either alone
    assert len(pairs.index.droplevel("METRIC").unique()) == 10


def test_intervals_of_a_report_hold_their_figures_and_repeat_with_the_seed():
    one, two, other = (
        evaluate({"spy": Spy(), "two": Spy(2)}, random_log(3), "last_session_out", seed=seed)
        for seed in (1, 1, 2)
    )
    table = one.table[~one.table["METRIC"].str.startswith("coverage")]
    assert (table["LOW"] <= table["VALUE"]).all()
    assert (table["VALUE"] <= table["HIGH"]).all()
    assert (table["LOW"] < table["HIGH"]).mean() > 0.7
    covered = one.table[one.table["METRIC"].str.startswith("coverage")]
    assert covered[["LOW", "HIGH"]].isna().all(axis=None)
    for name in ("table", "pairs", "slices"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(two, name))
        assert not getattr(one, name).equals(getattr(other, name))
    assert one.table["VALUE"].equals(other.table["VALUE"])


def test_user_with_most_questions_makes_the_interval_of_a_report_wide(monkeypatch):
    monkeypatch.setattr(bootstrap, "_RESAMPLES", 400)
    # Ten users in turn, at the end one alone: the last tenth is almost all that user's.
    rows = [f"u{step % 10} i{step % 7}" for step in range(900)]
    data = few(*rows, *(f"u0 i{step % 7}" for step in range(97)), "u1 i1", "u2 i2", "u3 i3")
    items, models = data.frame(), {}
    hit = Spy(constant=0.0)
    hit.row = lambda user, read: np.where(user == "u0", np.arange(7), 0).astype(np.float32)
    models["hit"] = hit
    report = evaluate(models, data, "temporal", k=(6,), exclude_seen=False)
    line = report.table.set_index("METRIC").loc["HR@6"]
    assert len(items) == 1000
    assert line["N"] == 100
    assert line["VALUE"] > 0.8
    assert line["HIGH"] - line["LOW"] > 0.8
