import numpy as np
import pytest

from hrnn import Popularity, evaluate
from hrnn.evaluation import bootstrap
from hrnn.evaluation.slices import popularity_place, slices
from hrnn.evaluation.splits import make_split
from hrnn.training.roles import TRAIN
from tests.hrnn.test_evaluation import Spy, questions_of
from tests.hrnn.test_splits_random import CUTS, first_rows, plain_rows, random_log


@pytest.fixture(autouse=True)
def _few_resamples(monkeypatch):
    monkeypatch.setattr(bootstrap, "_RESAMPLES", 20)


def slow_labels(split, pool: set[str]) -> list[dict[str, str]]:
    """The part of each slice that each question is in, by loops over the user's rows."""
    data = split.data
    users = plain_rows(data)
    count = dict.fromkeys(sorted(pool), 0)
    for rows in users.values():
        for row in rows:
            if row.item in pool and row.positive and split.role[row.number] == TRAIN:
                count[row.item] += 1
    total, before, third = sum(count.values()), 0, {}
    for item in sorted(count, key=lambda item: -count[item]):
        middle = (before + count[item] / 2) / total
        third[item] = "most popular third" if middle < 1 / 3 else (
            "middle third" if middle < 2 / 3 else "least popular third"
        )  # fmt: skip
        before += count[item]
    found = []
    for row, _ in questions_of(split, pool):
        first = first_rows(users[row.user])
        own = first[row.number]
        sessions = sum(one < own for one in set(first.values()))
        position = sum(
            first[one.number] == own for one in users[row.user] if one.number < row.number
        )
        found.append(
            {
                "session": "continues a session" if position else "begins a session",
                "sessions before": ["none", "1", *["2 to 4"] * 3, *["5 to 9"] * 5, "10 or more"][
                    min(sessions, 10)
                ],
                "position in session": ["first", "second", *["third to fifth"] * 3, "later"][
                    min(position, 5)
                ],
                "item popularity": third[row.item],
            }
        )
    return found


@pytest.mark.parametrize("targets", ["all", "first"])
@pytest.mark.parametrize("cut", CUTS)
def test_slices_part_the_questions_as_a_loop_parts_them(cut, targets):
    met = set()
    for seed in range(4):
        data = random_log(seed, most=13 if seed < 2 else 90)
        models = {"spy": Spy(seed), "popularity": Popularity()}
        split = make_split(cut, data)
        report = evaluate(models, data, cut, targets=targets, k=(2, 5), exclude_seen=False)
        labels = slow_labels(split, set(models["spy"].vocabulary.ids))
        if targets == "first":
            labels = [one for one in labels if one["session"] == "begins a session"]
        assert len(labels) == len(report.questions)
        table = report.slices.set_index(["SLICE", "PART", "MODEL", "METRIC"])
        expected = set()
        for name in labels[0]:
            for part in {one[name] for one in labels}:
                met.add((name, part))
                inside = [one[name] == part for one in labels]
                for model in models:
                    ranks = report.questions[model][inside]
                    for k in (2, 5):
                        line = table.loc[(name, part, model, f"HR@{k}")]
                        assert line["N"] == sum(inside)
                        assert line["VALUE"] == pytest.approx((ranks <= k).mean())
                        line = table.loc[(name, part, model, f"MRR@{k}")]
                        assert line["VALUE"] == pytest.approx(
                            (1 / ranks[ranks <= k]).sum() / len(ranks)
                        )
                        assert line["LOW"] <= line["VALUE"] <= line["HIGH"]
                        metrics = {f"{metric}@{k}" for metric in ("HR", "NDCG", "MRR")}
                        expected |= {(name, part, model, metric) for metric in metrics}
        assert set(table.index) == expected
        assert len(table) == len(expected)
        size = table.xs("HR@2", level="METRIC")["N"].groupby(level=["SLICE", "MODEL"]).sum()
        assert (size == len(labels)).all()
    if targets == "all":
        # Every part has been met; a last session has two before it at least.
        assert len(met) == 14 - 2 * (cut == "last_session_out"), met


def test_parts_stand_in_a_fixed_order_and_each_question_is_in_one_of_each_slice():
    data = random_log(1, most=90)
    sessions = make_split("last_session_out", data).sessions
    rows = np.arange(len(data))
    place = np.linspace(0, 1, len(rows))
    found = list(slices(sessions, rows, place))
    assert [(name, part) for name, part, _ in found if name != "sessions before"] == [
        ("session", "continues a session"), ("session", "begins a session"),
        ("position in session", "first"), ("position in session", "second"),
        ("position in session", "third to fifth"), ("position in session", "later"),
        ("item popularity", "most popular third"), ("item popularity", "middle third"),
        ("item popularity", "least popular third"),
    ]  # fmt: skip
    for name in {name for name, _, _ in found}:
        times = np.sum([inside for one, _, inside in found if one == name], axis=0)
        assert times.tolist() == [1] * len(rows)
    assert all(inside.any() for _, _, inside in found)
    only = list(slices(sessions, rows[:1], np.array([1.0])))
    assert [part for _, part, _ in only] == [
        "begins a session", "none", "first", "least popular third",
    ]  # fmt: skip


def test_place_in_popularity_is_the_share_of_more_popular_interactions_and_half_of_its_own():
    assert popularity_place(np.array([3.0, 6.0, 3.0])).tolist() == [7.5 / 12, 3 / 12, 10.5 / 12]
    assert popularity_place(np.array([4.0, 0.0])).tolist() == [0.5, 1.0]
    assert popularity_place(np.zeros(2)).tolist() == [0, 0]
    assert popularity_place(np.empty(0)).tolist() == []


def test_thirds_are_of_interactions_and_not_of_items():
    counts = np.array([30.0, 15, 15, *[1] * 30])
    third = np.minimum((3 * popularity_place(counts)).astype(int), 2)
    assert third.tolist() == [0, 1, 1, *[2] * 30]
    assert [counts[third == part].sum() for part in range(3)] == [30, 30, 30]
