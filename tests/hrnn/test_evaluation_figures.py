"""Figures against loops over users and items, against chance, against ranx, and by hand."""

import json
import math
import os
import subprocess
import sys
from functools import cache

import numpy as np
import pandas as pd
import pytest

import hrnn
from hrnn import Interactions, Popularity, evaluate
from hrnn.columns import ITEM_ID, OUTCOME, TIMESTAMP, USER_ID
from hrnn.evaluation import bootstrap, questions
from hrnn.evaluation.questions import Questions
from hrnn.evaluation.splits import make_split
from hrnn.recommend.estimators import HRNNRegressorEstimator
from tests.hrnn.evaluating import Spy, few, in_parts, knows_less, questions_of
from tests.hrnn.test_splits_random import CUTS, plain_rows, random_log

__all__ = ["in_parts"]  # a fixture
KS = (1, 3, 9)


@pytest.fixture(autouse=True)
def _few_resamples(monkeypatch):
    monkeypatch.setattr(bootstrap, "_RESAMPLES", 20)


@pytest.fixture
def drawn(monkeypatch):
    """Every draw of negatives for each held-out row, as item ids."""
    found, real = {}, Questions._negatives

    def noting(self, places, seed):
        negatives = real(self, places, seed)
        for place, others in zip(places.tolist(), negatives, strict=True):
            ids = self.pool.ids[others].tolist()
            found.setdefault(int(self.rows[place]), []).append(ids)
        return negatives

    monkeypatch.setattr(Questions, "_negatives", noting)
    return found


def slow_rank(scores: dict[str, float], item: str, others: list[str], left_out: set[str]) -> float:
    if item in left_out:
        return math.inf
    return 1 + sum(
        other != item and other not in left_out and scores[other] >= scores[item]
        for other in others
    )


def slow_list(scores: dict[str, float], left_out: set[str], k: int) -> list[str]:
    rest = [item for item in scores if item not in left_out]
    return sorted(rest, key=lambda item: (-scores[item], item))[:k]


def gains(rank: float, k: int) -> dict[str, float]:
    if rank > k:
        return {"HR": 0.0, "NDCG": 0.0, "MRR": 0.0}
    return {"HR": 1.0, "NDCG": 1 / math.log2(rank + 1), "MRR": 1 / rank}


@pytest.mark.parametrize("exclude_seen", [True, False], ids=["seen left out", "seen included"])
@pytest.mark.parametrize("ranking", ["full", "sampled"])
@pytest.mark.parametrize("cut", CUTS)
def test_figures_equal_those_of_a_loop_over_users_and_items(
    cut, ranking, exclude_seen, drawn, in_parts, monkeypatch
):
    monkeypatch.setattr(questions, "NEGATIVES", 5)
    data = random_log(6)
    split = make_split(cut, data)
    models = {"one": Spy(1), "less": knows_less(Spy(2), split, "i3", "i8")}
    report = evaluate(models, data, cut, ranking, KS, exclude_seen)
    pool = sorted(models["less"].vocabulary.ids)
    asked = questions_of(split, set(pool))
    popular = dict.fromkeys(pool, 0)
    for row in (row for rows in plain_rows(data).values() for row in rows):
        if row.item in popular and row.positive and split.role[row.number] == 1:
            popular[row.item] += 1
    usual = np.mean([popular[row.item] for row, _ in asked])
    found = report.table.set_index(["MODEL", "METRIC"])
    assert len(found) == 2 * 6 * len(KS) == len(set(found.index))
    for name, spy in models.items():
        expected = {metric: [] for metric in found.loc[name].index}
        covered = {k: set() for k in KS}
        ranks = []
        for row, before in asked:
            table = spy.row(row.user, len(before))
            scores = dict(zip(spy.vocabulary.ids, table.tolist(), strict=True))
            scores = {item: scores[item] for item in pool}
            left_out = {one.item for one in before} if exclude_seen else set()
            others = pool if ranking == "full" else drawn[row.number][0]
            ranks.append(slow_rank(scores, row.item, others, left_out))
            for k in KS:
                for metric, value in gains(ranks[-1], k).items():
                    expected[f"{metric}@{k}"].append(value)
                chosen, usual_list = (slow_list(one, left_out, k) for one in (scores, popular))
                same = len(set(chosen) & set(usual_list)) / max(len(chosen), 1)
                expected[f"popularity_overlap@{k}"].append(same)
                mean = sum(popular[item] for item in chosen) / max(len(chosen), 1)
                expected[f"popularity_bias@{k}"].append(mean / usual)
                covered[k] |= set(chosen)
        assert report.questions[name].tolist() == ranks
        for k in KS:
            expected[f"coverage@{k}"].append(len(covered[k]) / len(pool))
        for metric, values in expected.items():
            line = found.loc[(name, metric)]
            assert line["VALUE"] == pytest.approx(np.mean(values), rel=1e-12, abs=1e-12), metric
            assert line["N"] == len(asked)
            if not metric.startswith("coverage"):
                assert line["LOW"] <= line["HIGH"]
                assert len(values) == len(asked)
    assert found["VALUE"].loc[:, "HR@9"].min() > 0.2


def test_negatives_are_distinct_items_that_the_user_has_nowhere_in_the_log(drawn, in_parts):
    data = random_log(7, users=150, items=130)
    split = make_split("last_session_out", data)
    models = {"one": Spy(1), "less": knows_less(Spy(2), split, "i3", "i8"), "same": Spy(1)}
    report = evaluate(models, data, split="last_session_out", ranking="sampled")
    pool = set(models["less"].vocabulary.ids)
    asked = questions_of(split, pool)
    users = plain_rows(data)
    short = 0
    assert sorted(drawn) == [row.number for row, _ in asked]
    for row, _ in asked:
        (negatives,) = drawn[row.number]  # drawn once, for all models
        free = pool - {one.item for one in users[row.user]}
        assert len(negatives) == len(set(negatives)) == min(100, len(free))
        assert set(negatives) <= free
        assert row.item not in negatives
        short += len(free) < 100
    assert report.counts["short_pool"] == short < len(asked) / 2
    assert report.questions["one"].equals(report.questions["same"])
    assert f"sampled ranking, 1 + 100 unseen of {len(pool)} items" in report.heading


def test_users_with_fewer_unseen_items_than_negatives_get_them_all_and_are_counted(drawn):
    data = random_log(8, users=120, items=105)
    spy = Spy()
    report = evaluate({"spy": spy}, data, ranking="sampled")
    pool, users = set(spy.vocabulary.ids), plain_rows(data)
    sizes = []
    for row, _ in questions_of(make_split("leave_last_out", data), pool):
        free = pool - {one.item for one in users[row.user]}
        sizes.append(len(free))
        if len(free) <= 100:
            assert set(drawn[row.number][0]) == free
    assert min(sizes) < 100 < max(sizes)
    assert report.counts["short_pool"] == sum(size < 100 for size in sizes)
    assert evaluate({"spy": spy}, data).counts["short_pool"] == 0


def test_negatives_are_drawn_uniformly_and_independently(monkeypatch):
    monkeypatch.setattr(questions, "NEGATIVES", 4)
    data = random_log(0)
    split = make_split("leave_last_out", data)
    pool = hrnn.data.vocabulary.Vocabulary(sorted(set(data.item_ids)))
    asked = Questions(split, split.test, pool)
    place = 3
    mine = data.item_index[data.user_index == asked.users[place]]
    free = [item for item in range(len(pool)) if pool.ids[item] not in set(data.item_ids[mine])]
    assert len(free) > 5
    draws = 3000
    first = [asked._negatives(np.array([place]), seed)[0] for seed in range(draws)]
    times = np.bincount(np.concatenate(first), minlength=len(pool))
    assert set(np.flatnonzero(times)) == set(free)
    share = 4 / len(free)
    assert abs(times[free] / draws - share).max() < 4 * math.sqrt(share * (1 - share) / draws)
    pairs = {tuple(sorted(one)) for one in first}
    assert len(pairs) == math.comb(len(free), 4)
    other = [asked._negatives(np.array([place + 1]), seed)[0] for seed in range(9)]
    assert any(set(a) != set(b) for a, b in zip(first[:9], other, strict=True))


def test_negatives_do_not_depend_on_how_questions_are_cut_into_parts(monkeypatch):
    data = random_log(7, users=150, items=130)
    found = []
    for size in (1 << 23, 1, 1000):
        monkeypatch.setattr(questions, "_SCORES_AT_ONCE", size)
        report = evaluate({"spy": Spy()}, data, "last_session_out", ranking="sampled", seed=5)
        found.append(report)
    for other in found[1:]:
        pd.testing.assert_frame_equal(found[0].questions, other.questions)
        pd.testing.assert_frame_equal(found[0].table, other.table)
    other = evaluate({"spy": Spy()}, data, "last_session_out", ranking="sampled", seed=6)
    assert (other.questions["spy"] != found[0].questions["spy"]).mean() > 0.3


@cache
def wide_log(users: int = 300, items: int = 120) -> Interactions:
    """Users of four interactions each; every item is met often enough to be trained on."""
    random = np.random.default_rng(0)
    rows = [
        f"u{user} i{item}"
        for user in range(users)
        for item in random.choice(items, size=4, replace=False)
    ]
    return few(*rows)


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize(("ranking", "pool"), [("full", 12), ("sampled", 6)])
def test_constant_scorer_hits_nothing_below_the_pool(cut, ranking, pool, monkeypatch):
    monkeypatch.setattr(questions, "NEGATIVES", 5)
    data = wide_log(60, 12)
    ks = tuple(range(1, 13))
    flat = {"flat": Spy(constant=0.5)}
    report = evaluate(flat, data, cut, ranking, ks, exclude_seen=False, timeout_minutes=0.5)
    value = report.table.set_index("METRIC")["VALUE"]
    for metric in ("HR", "NDCG", "MRR"):
        assert [value[f"{metric}@{k}"] for k in ks if k < pool] == [0] * (pool - 1)
    assert value[f"HR@{pool}"] == 1
    assert report.table["LEAKED"].tolist() == [False] * len(report.table)


@pytest.mark.parametrize(("ranking", "candidates"), [("full", 120), ("sampled", 101)])
@pytest.mark.parametrize("ties", [False, True])
def test_random_scorer_hits_as_often_as_chance_says(ranking, candidates, ties):
    data = wide_log()
    hits = []
    for seed in range(5):
        report = evaluate(
            {"random": Spy(seed, ties=ties)}, data, "leave_last_out", ranking, (1, 10, 60),
            exclude_seen=False, seed=seed,
        )  # fmt: skip
        assert report.counts["evaluated"] == 300
        hits.append(report.table.set_index("METRIC")["VALUE"])
    for k in (1, 10, 60):
        chance, share = k / candidates, np.mean([one[f"HR@{k}"] for one in hits])
        error = math.sqrt(chance * (1 - chance) / 1500)
        assert share < chance + 4 * error
        if not ties:  # a tie ranks the target last, so ties can only cost
            assert share > chance - 4 * error
        else:
            assert share < chance - 2 * error or k == 1


_RANX = """
import json, sys, ranx
relevant, run, names = json.load(sys.stdin)
found = ranx.evaluate(ranx.Qrels(relevant), ranx.Run(run), names, make_comparable=True)
print(json.dumps({name: float(value) for name, value in found.items()}))
"""


def by_ranx(relevant, run, names) -> dict[str, float]:
    """Its own compiling takes a minute, these few rows none; it is off in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", _RANX], input=json.dumps([relevant, run, names]),
        env=os.environ | {"NUMBA_DISABLE_JIT": "1"}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("exclude_seen", [True, False])
def test_metrics_are_those_of_ranx(exclude_seen):
    data, spy = random_log(9), Spy(4, ties=False)
    report = evaluate({"spy": spy}, data, "last_session_out", "full", KS, exclude_seen)
    ids = spy.vocabulary.ids.tolist()
    relevant, run = {}, {}
    for row, before in questions_of(make_split("last_session_out", data), set(ids)):
        seen = {one.item for one in before} if exclude_seen else set()
        scores = dict(zip(ids, spy.row(row.user, len(before)).tolist(), strict=True))
        assert len(set(scores.values())) == len(scores)
        relevant[f"q{row.number}"] = {row.item: 1}
        run[f"q{row.number}"] = {i: score for i, score in scores.items() if i not in seen}
    names = [f"{name}@{k}" for name in ("hit_rate", "ndcg", "mrr") for k in KS]
    theirs = by_ranx(relevant, run, names)
    ours = report.table.set_index("METRIC")["VALUE"]
    for name in names:
        mine = name.replace("hit_rate", "HR").replace("ndcg", "NDCG").replace("mrr", "MRR")
        assert ours[mine] == pytest.approx(theirs[name], abs=1e-12)
    assert 0.2 < ours["HR@3"] < 0.9


def test_coverage_and_popularity_of_lists_by_hand():
    data = few(
        "u a", "u b", "u c", "u d",
        "v a", "v b", "v d", "v c",
        "w a", "w d", "w a", "w b",
    )  # fmt: skip
    # Training rows: u a, u b; v a, v b; w a, w d. So a 3, b 2, d 1; c is not trained on.
    flat, popular = Spy(constant=1.0), Popularity()
    report = evaluate({"flat": flat, "popularity": popular}, data, k=(1, 2), exclude_seen=False)
    assert flat.vocabulary.ids.tolist() == ["a", "b", "d"]
    assert report.counts["cold"] == 1
    value = report.table.set_index(["MODEL", "METRIC"])["VALUE"]
    # Held out: d (1 interaction) and b (2). Both models list a, then b, to everybody.
    for name in ("flat", "popularity"):
        assert value[name, "coverage@1"] == pytest.approx(1 / 3)
        assert value[name, "coverage@2"] == pytest.approx(2 / 3)
        assert value[name, "popularity_bias@1"] == pytest.approx(3 / 1.5)
        assert value[name, "popularity_bias@2"] == pytest.approx(2.5 / 1.5)
        assert value[name, "popularity_overlap@1"] == value[name, "popularity_overlap@2"] == 1
    assert report.questions[["flat", "popularity"]].values.tolist() == [[3, 3], [3, 2]]
    # Without what they had, u (a, b, c) is left with d, and w (a, d) with b.
    report = evaluate({"flat": Spy(constant=1.0)}, data, k=(1, 2))
    value = report.table.set_index("METRIC")["VALUE"]
    assert value["coverage@2"] == pytest.approx(2 / 3)
    assert value["popularity_bias@2"] == pytest.approx((1 + 2) / 2 / 1.5)
    assert value["popularity_overlap@2"] == 1
    assert report.questions["flat"].tolist() == [1, 1]


@pytest.mark.parametrize("exclude_seen", [True, False])
@pytest.mark.parametrize("cut", CUTS)
def test_lists_of_popularity_overlap_with_themselves_wholly(cut, exclude_seen):
    models = {"popularity": Popularity(), "spy": Spy()}
    report = evaluate(models, random_log(2), cut, exclude_seen=exclude_seen, k=(2, 5))
    value = report.table.set_index(["MODEL", "METRIC"])["VALUE"]
    assert value["popularity", "popularity_overlap@2"] == 1
    assert value["popularity", "popularity_overlap@5"] == 1
    assert value["spy", "popularity_overlap@2"] < 0.7


def test_rmse_of_a_regressor_is_that_of_its_scores_of_the_held_out_items():
    random = np.random.default_rng(0)
    frame = wide_log(40, 12).frame()
    frame = frame.assign(**{OUTCOME: random.integers(1, 6, len(frame)).astype(float)})
    data = hrnn.read_interactions(frame[[USER_ID, ITEM_ID, TIMESTAMP, OUTCOME]])
    regressor = hrnn.HierarchicalSequentialRecommender(
        hrnn.HierarchicalScorer(HRNNRegressorEstimator(hidden_units=4, epochs=2))
    )
    report = evaluate({"regressor": regressor, "popularity": Popularity()}, data)
    errors = []
    for row, before in questions_of(make_split("leave_last_out", data), set(data.item_ids)):
        history = data.take(np.array([one.number for one in before]))
        last = data.time_us[before[-1].number]
        opens = data.time_us[row.number] - last > 30 * 60_000_000
        scores = regressor.score_items(history, start="new" if opens else "continue")
        errors.append(scores.loc[row.user, row.item] - data.outcome[row.number])
    found = report.table.set_index(["MODEL", "METRIC"])
    line = found.loc[("regressor", "RMSE")]
    assert line["VALUE"] == pytest.approx(math.sqrt(np.mean(np.square(errors))), rel=1e-5)
    assert line["LOW"] < line["VALUE"] < line["HIGH"]
    assert line["N"] == len(errors) == 40
    assert ("popularity", "RMSE") not in found.index
    assert "RMSE" not in set(report.pairs["METRIC"])
