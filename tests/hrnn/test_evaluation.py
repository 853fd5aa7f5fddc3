"""What models are given, what they are asked, what is counted and what is refused.

The figures themselves stand in test_evaluation_figures.py, leaks in test_evaluation_leaks.py.
"""

import math

import numpy as np
import pandas as pd
import pytest

import hrnn
from hrnn import ConfigError, DataError, HRNNError, Interactions, Popularity, evaluate
from hrnn.baselines import BASELINES
from hrnn.columns import ITEM_ID, OUTCOME, SESSION_ID, TIMESTAMP, USER_ID
from hrnn.diagnostics import about_ties
from hrnn.evaluation import bootstrap, questions
from hrnn.evaluation.protocol import measure
from hrnn.evaluation.splits import make_split
from hrnn.training.roles import TRAIN
from tests.hrnn.evaluating import Spy, few, in_parts, knows_less, questions_of, small_hrnn
from tests.hrnn.test_splits_random import CUTS, NOTE, first_rows, plain_rows, random_log

__all__ = ["in_parts"]  # a fixture


@pytest.fixture(autouse=True)
def _few_resamples(monkeypatch):
    monkeypatch.setattr(bootstrap, "_RESAMPLES", 20)


@pytest.mark.parametrize("ranking", ["full", "sampled"])
@pytest.mark.parametrize("cut", CUTS)
def test_models_are_given_what_is_known_and_asked_with_what_came_before(cut, ranking, in_parts):
    data, spy = random_log(1), Spy()
    split = make_split(cut, data)
    report = evaluate({"spy": spy}, data, split=cut, ranking=ranking)
    known, role = split.known()
    assert spy.learned.frame()[NOTE].tolist() == known.frame()[NOTE].tolist()
    assert spy.role.tolist() == role.tolist()
    trained = set(known.item_ids[known.item_index[role == TRAIN]])
    assert spy.vocabulary.ids.tolist() == sorted(trained)
    notes = data.frame()[NOTE].tolist()
    expected = [
        (row.user, [notes[one.number] for one in before])
        for row, before in questions_of(split, trained)
    ]
    assert len(expected) > 20
    assert sorted(spy.asked) == sorted(expected)
    assert report.counts["evaluated"] == len(expected)
    assert report.counts["evaluated_users"] == len({user for user, _ in expected})


def with_other_items(data: Interactions, rows: np.ndarray) -> Interactions:
    """Replace the items of some rows by the first item of the log."""
    item = data.item_ids[data.item_index]
    item[rows] = data.item_ids[0]
    return hrnn.read_interactions(data.frame().assign(**{ITEM_ID: item}))


@pytest.mark.parametrize("name", ["HRNN", *BASELINES])
def test_scores_do_not_depend_on_what_is_held_out_or_later(name, monkeypatch):
    data = random_log(2)
    hidden = make_split("leave_last_out", data).hidden
    other = with_other_items(data, hidden)
    assert (data.frame()[ITEM_ID] != other.frame()[ITEM_ID]).sum() > 20
    found = []
    for log in (data, other):
        model = small_hrnn() if name == "HRNN" else BASELINES[name]()
        real, scores = model.score, {}

        def noting(request, real=real, scores=scores):
            answer = real(request)
            scores.update(zip(request.users, answer, strict=True))
            return answer

        monkeypatch.setattr(model, "score", noting)
        evaluate({name: model}, log)
        found.append((model.vocabulary.ids.tolist(), scores))
    (ids, one), (other_ids, two) = found
    both = set(one) & set(two)  # a user whose item is cold is not asked about
    assert ids == other_ids
    assert len(both) > 15
    assert all(np.array_equal(one[user], two[user]) for user in both)


def test_only_items_that_every_model_knows_are_ranked():
    data = random_log(3)
    split = make_split("leave_last_out", data)
    models = {
        "whole": Spy(1),
        "without 3": knows_less(Spy(2), split, "i3"),
        "without 5, 7": knows_less(Popularity(), split, "i5", "i7"),
    }
    report = evaluate(models, data, k=(20,), exclude_seen=False)
    pool = {f"i{item}" for item in range(12)} - {"i3", "i5", "i7"}
    expected = questions_of(split, pool)
    assert set(models["whole"].vocabulary.ids) == {f"i{item}" for item in range(12)}
    assert report.questions[ITEM_ID].tolist() == [row.item for row, _ in expected]
    assert report.questions[USER_ID].tolist() == [row.user for row, _ in expected]
    assert report.questions["whole"].max() <= len(pool)
    assert report.counts["cold"] == len(split.test) - len(expected) > 0
    assert "full ranking of 9 items" in report.heading
    covered = report.table.set_index("METRIC")["VALUE"].loc["coverage@20"]
    assert covered.tolist() == [1, 1, 1]
    assert [len(one.asked) for one in models.values() if isinstance(one, Spy)] == [
        len(expected)
    ] * 2


def test_cold_and_seen_targets_are_counted():
    data = few(
        "u a", "u b", "u c", "u cold",  # cold: nobody trains on it
        "v a", "v b", "v c", "v a",     # had before
        "w c", "w a", "w b", "w c",     # had before
        "x a", "x b", "x a", "x c",     # new to x
        "y a", "y b",                   # too short
    )  # fmt: skip
    report = evaluate({"popularity": Popularity()}, data, k=(3,))
    assert dict(report.counts) == {
        "users": 5, "too_short": 1, "trained": 10, "validated": 4, "held_out": 4,
        "tied_last": 0, "after_last": 0, "twins": 0, "between": 0,
        "cold": 1, "seen_before": 2, "evaluated": 3, "evaluated_users": 3, "short_pool": 0,
    }  # fmt: skip
    # Of v, w and x only x can be hit: what was seen is left out, and c is all that is left.
    assert report.questions["popularity"].tolist() == [math.inf, math.inf, 1]
    included = evaluate({"popularity": Popularity()}, data, k=(3,), exclude_seen=False)
    assert included.counts["seen_before"] == 2
    assert included.table["VALUE"].iloc[0] == 1
    assert report.heading == (
        "leave-last-out, 3 held-out interactions of 3 users · full ranking of 3 items · items seen"
        " before left out · seed 0"
    )
    assert "seen before included" in included.heading


def test_last_times_that_tie_are_counted_and_said():
    rows = [
        f"{user} {item}"
        for user, items in (("u", "abcd"), ("v", "bcda"), ("w", "cdab"))
        for item in items
    ]
    tied = hrnn.read_interactions(few(*rows).frame().assign(**{TIMESTAMP: 0}))
    report = evaluate({"popularity": Popularity()}, tied)
    assert report.counts["tied_last"] == 3
    assert report.findings == tuple(about_ties(tied)) != ()
    apart = evaluate({"popularity": Popularity()}, few(*rows))
    assert apart.counts["tied_last"] == 0
    assert apart.findings == ()


def test_model_that_recommends_the_same_to_everybody_is_said_to():
    models = {"flat": Spy(constant=0.5), "spy": Spy(), "popularity": Popularity()}
    report = evaluate(models, random_log(0, items=40), k=(5,), exclude_seen=False)
    found = [one for one in report.findings if one.code == "POPULARITY_COLLAPSE"]
    assert len(found) == 1
    assert found[0].evidence.startswith("flat recommends the same 5 items for 100.0 % of")


def test_lists_of_most_of_the_items_are_alike_by_chance_and_prove_nothing():
    models = {"flat": Spy(constant=0.5), "popularity": Popularity()}
    data = random_log(0, items=40)
    asked = {"exclude_seen": False}
    for cut_offs, said in (((9,), False), ((5, 9), True)):
        report = evaluate(models, data, k=cut_offs, **asked)
        found = [one.evidence for one in report.findings if one.code == "POPULARITY_COLLAPSE"]
        assert any("the same 5 items" in one for one in found) == said
        assert not any("9 items" in one for one in found)


@pytest.mark.parametrize("cut", CUTS)
def test_first_targets_are_those_that_begin_a_session(cut):
    data = random_log(4)
    split = make_split(cut, data)
    models = {"popularity": Popularity()}
    opening = set()
    for rows in plain_rows(data).values():
        opening |= {row for row, first in first_rows(rows).items() if row == first}
    report = evaluate(models, data, split=cut, targets="first")
    pool = set(models["popularity"].vocabulary.ids)
    expected = [row for row, _ in questions_of(split, pool) if row.number in opening]
    assert 0 < len(expected) < report.counts["held_out"]
    assert report.questions[ITEM_ID].tolist() == [row.item for row in expected]
    assert report.questions[TIMESTAMP].astype("int64").tolist() == [row.time for row in expected]
    assert "that begin a session" in report.heading


def test_sessions_of_the_split_are_cut_as_the_first_model_that_reads_sessions_cuts_them():
    frame = pd.DataFrame(
        {
            USER_ID: ["u"] * 8,
            ITEM_ID: list("abababab"),
            TIMESTAMP: [60 * minute for minute in (0, 20, 60, 80, 120, 140, 180, 200)],
            SESSION_ID: ["p", "p", "p", "q", "q", "r", "r", "r"],
        }
    )
    data = hrnn.read_interactions(frame)

    def held_out(*models, **arguments):
        named = {str(place): model for place, model in enumerate(models)}
        report = evaluate(named, data, split="last_session_out", exclude_seen=False, **arguments)
        return report.counts["held_out"]

    assert held_out(Popularity()) == 3  # ids decide
    assert held_out(small_hrnn(use_session_ids=False)) == 2
    assert held_out(Popularity(), small_hrnn(25, use_session_ids=False), small_hrnn()) == 2
    assert held_out(small_hrnn(10, use_session_ids=False)) == 1
    assert held_out(small_hrnn(10, use_session_ids=False), timeout_minutes=30) == 2
    without = hrnn.read_interactions(frame.drop(columns=SESSION_ID))
    report = evaluate({"1": Popularity()}, without, split="last_session_out", timeout_minutes=19)
    assert report.counts["held_out"] == 1


def test_hrnn_is_asked_for_a_new_session_where_the_held_out_row_starts_one(monkeypatch):
    frame = pd.DataFrame(
        {
            USER_ID: ["u"] * 4 + ["v"] * 4,
            ITEM_ID: list("abcabcab"),
            TIMESTAMP: [0, 60, 120, 120 + 1801, 0, 60, 120, 120 + 1800],
        }
    )
    model, asked = small_hrnn(), {}
    real = model.score

    def spy(request):
        asked.update(zip(request.users, request.new_session.tolist(), strict=True))
        return real(request)

    monkeypatch.setattr(model, "score", spy)
    data = hrnn.read_interactions(frame)
    report = evaluate({"HRNN": model, "popularity": Popularity()}, data, k=(5,))
    assert asked == {"u": True, "v": False}
    assert report.table["MODEL"].unique().tolist() == ["HRNN", "popularity"]


@pytest.mark.parametrize("cut", CUTS)
def test_each_question_says_whether_it_begins_a_session_as_its_model_cuts_them(cut, in_parts):
    data = random_log(5)
    models = {"knows none": Spy(1), "30 minutes": Spy(2), "15 minutes": Spy(3)}
    for name, minutes in (("30 minutes", 30), ("15 minutes", 15)):
        models[name].begins_session = small_hrnn(minutes).begins_session
    evaluate(models, data, cut)
    notes, flags = data.frame()[NOTE].tolist(), {}
    for name, minutes in (("30 minutes", 30), ("15 minutes", 15)):
        expected = []
        for row, before in questions_of(make_split(cut, data), set(models[name].vocabulary.ids)):
            first = first_rows([*before, row], minutes)
            shown = [notes[one.number] for one in before]
            expected.append((row.user, shown, first[row.number] == row.number))
        asked = zip(models[name].asked, models[name].begun, strict=True)
        found = [(user, shown, begun) for (user, shown), begun in asked]
        assert sorted(found) == sorted(expected)
        flags[name] = sum(models[name].begun)
    assert 0 < flags["30 minutes"] < flags["15 minutes"] < len(expected)
    assert not any(models["knows none"].begun)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_scores_that_are_not_finite_stop_the_evaluation(bad):
    with pytest.raises(HRNNError, match="model scores are not finite"):
        evaluate({"broken": Spy(constant=bad)}, random_log(0))


def test_log_without_anything_to_measure_has_no_figures():
    with pytest.raises(DataError, match="of 1 held-out interactions none has an item that all"):
        evaluate({"popularity": Popularity()}, few("u a", "u b", "u c"))
    rows = [f"{user} {item}" for user in "uv" for item in "abab"]
    with pytest.raises(DataError, match="of 0 held-out interactions that begin a session none"):
        evaluate({"popularity": Popularity()}, few(*rows), targets="first")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"split": "random"}, "split='random'"),
        ({"split": "all_rows"}, "split='all_rows' holds nothing out"),
        ({"ranking": "fast"}, "ranking='fast': it must be 'full' or 'sampled'"),
        ({"targets": "last"}, "targets='last': it must be 'all' or 'first'"),
        ({"k": ()}, "k is empty"),
        ({"k": (5, 0)}, "k=0"),
        ({"k": (2.5,)}, "k=2.5"),
        ({"k": ("5",)}, "k='5'"),
        ({"k": (True,)}, "k=True"),
        ({"timeout_minutes": -1.0}, "timeout_minutes=-1.0: it must be above 0"),
        ({"timeout_minutes": 0.0}, "timeout_minutes=0.0: it must be above 0"),
    ],
)
def test_wrong_argument_is_refused_before_anything_is_fitted(arguments, message):
    spy = Spy()
    with pytest.raises(ConfigError, match=message):
        evaluate({"spy": spy}, random_log(0), **arguments)
    assert spy.learned is None


def test_evaluation_of_no_model_is_refused():
    with pytest.raises(ConfigError, match="models is empty"):
        evaluate({}, random_log(0))


def test_model_that_is_limited_to_some_items_is_refused():
    data, model = random_log(0), Popularity()
    evaluate({"mine": model}, data)
    model.set_item_subset(["i1", "i2"])
    with pytest.raises(ConfigError, match="'mine' is limited to some items; call clear_item"):
        evaluate({"new": Popularity(), "mine": model}, data)
    model.clear_item_subset()
    evaluate({"mine": model}, data)


@pytest.mark.parametrize("ranking", ["full", "sampled"])
def test_same_seed_gives_the_same_report_and_another_one_does_not(ranking):
    def report(seed):
        models = {"spy": Spy(), "popularity": Popularity()}
        return evaluate(models, random_log(0, items=200), ranking=ranking, seed=seed, k=(3, 9))

    one, two, other = report(3), report(3), report(4)
    for name in ("table", "pairs", "slices", "questions"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(two, name))
    assert one.counts == two.counts
    assert one.heading == two.heading != other.heading
    assert not one.table.equals(other.table)
    assert one.questions.equals(other.questions) == (ranking == "full")


def test_measuring_stops_between_parts_of_the_questions(monkeypatch):
    monkeypatch.setattr(questions, "_SCORES_AT_ONCE", 30)
    data, spy = random_log(0), Spy()
    split = make_split("leave_last_out", data)
    known, role = split.known()
    spy.fit(known, role)
    answers = iter([False, False, True])
    assert measure({"spy": spy}, split, stop=lambda: next(answers)) is None
    assert len(spy.asked) == 4
    assert measure({"spy": spy}, split) is not None


def test_questions_carry_the_rank_that_each_model_gave_the_held_out_item():
    data = random_log(5)
    report = evaluate({"one": Spy(1), "two": Spy(2)}, data, k=(3,))
    assert report.questions.columns.tolist() == [USER_ID, ITEM_ID, TIMESTAMP, "one", "two"]
    value = report.table.set_index(["MODEL", "METRIC"])["VALUE"]
    for name in ("one", "two"):
        assert value[name, "HR@3"] == (report.questions[name] <= 3).mean() > 0
    held = make_split("leave_last_out", data).test
    assert len(report.questions) == len(held)
    assert (data.frame()[OUTCOME].iloc[held] > 0).all()
