"""Edits of a history, and a history replayed."""

import numpy as np
import pandas as pd
import pytest

import hrnn
from hrnn import ConfigError
from hrnn.explain.ranking import moves, ranked
from hrnn.explain.replay import replay
from hrnn.explain.scenario import Scenario
from tests.hrnn.reference import frame_of
from tests.hrnn.test_explain import KINDS, model_of, scores_of
from tests.hrnn.test_explain_more import ROWS, scenario_of
from tests.hrnn.test_models_alike import DATA

WAS = scenario_of(ROWS)


def test_a_history_is_taken_as_the_model_cuts_it_or_cut_anew():
    model = model_of("init")
    minutes = [f"u {item} {1440 * session + place}" for place, (item, session) in enumerate(ROWS)]
    history = hrnn.read_interactions(frame_of("\n".join(minutes)))
    assert Scenario.of(model, history) == WAS
    assert Scenario.of(model, history, 3 * 1440).sessions == (0,) * 7
    assert Scenario.of(model, history, 0.5).sessions == (0, 1, 2, 3, 4, 5, 6)
    assert Scenario.of(model, DATA.slice(0, 0)) == Scenario()


@pytest.mark.parametrize(
    ("edits", "items", "sessions", "waits"),
    [
        ([], "abcdefa", "0012223", False),
        (["drop:2"], "abca", "0013", False),
        (["drop:3"], "abcdef", "001222", True),
        (["remove:6"], "abcdef", "001222", True),
        (["remove:2"], "abdefa", "002223", False),
        (["remove:3", "remove:3"], "abcfa", "00123", False),
        (["add:x"], "abcdefax", "00122233", False),
        (["wait", "add:x"], "abcdefax", "00122234", False),
        (["drop:3", "add:x"], "abcdefx", "0012224", False),  # numbers are not used again
        (["wait"], "abcdefa", "0012223", True),
        (["move:6-0"], "aabcdef", "0001222", True),
        (["move:0-3"], "bcdaefa", "0122223", False),
        (["add:x:y"], ["a", "b", "c", "d", "e", "f", "a", "x:y"], "00122233", False),
    ],
)
def test_edits_one_after_another(edits, items, sessions, waits):
    found = WAS.edited(edits)
    assert (found.items, found.sessions) == (tuple(items), tuple(map(int, sessions)))
    assert found.waits == waits
    own = {item for item, _ in ROWS}
    for item, row in zip(found.items, found.rows, strict=True):
        assert (row is None and item not in own) or ROWS[row][0] == item


def test_nobody_begins_with_a_first_session():
    assert Scenario().edited(["add:a", "add:b", "wait", "add:c"]).sessions == (0, 0, 1)


@pytest.mark.parametrize(
    ("edit", "why"),
    [
        ("drop:9", "session 10 is not there"),
        ("remove:7", "place 8 is not there"),
        ("move:0-7", "place 8 is not there"),
        ("remove:-1", "place 0 is not there"),
        ("drop:x", "edit 'drop:x': it must be drop:SESSION"),
        ("add:", "it must be"),
        ("wait:1", "it must be"),
        ("jump", "it must be"),
        ("", "it must be"),
    ],
)
def test_edits_that_cannot_be_made_are_named(edit, why):
    with pytest.raises(ConfigError, match=why):
        WAS.edited([edit])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("begins", [False, True])
def test_what_is_ranked_is_what_the_model_says_of_such_a_history(kind, begins):
    model = model_of(kind)
    for edits in ([], ["drop:1"], ["add:g", "move:7-0"]):
        scenario = WAS.edited(edits)
        rows = list(zip(scenario.items, scenario.sessions, strict=True))
        expected = scores_of(model, rows, begins)
        found = ranked(model, scenario, begins)
        assert found["RANK"].tolist() == list(range(1, len(expected) + 1))
        np.testing.assert_allclose(found["SCORE"], np.sort(expected)[::-1], atol=1e-5)
        order = model.vocabulary.ids[np.argsort(-expected, kind="stable")]
        assert found["ITEM_ID"].tolist() == order.tolist()
    waited = ranked(model, WAS.after_a_wait())
    np.testing.assert_allclose(waited["SCORE"], ranked(model, WAS, True)["SCORE"], atol=1e-6)


def test_unknown_items_are_passed_over_and_a_session_of_them_cannot_be_continued():
    model = model_of("init")
    found = ranked(model, WAS.edited(["wait", "add:?"]))
    assert found["SCORE"].tolist() == ranked(model, WAS, begins=True)["SCORE"].tolist()
    assert ranked(model, WAS.edited(["add:?"])).equals(ranked(model, WAS))
    left = ranked(model, WAS, exclude_seen=True)
    assert set(left["ITEM_ID"]) == set(model.vocabulary.ids) - set("abcdef")
    assert left["RANK"].tolist() == list(range(1, len(left) + 1))


def test_moves_are_places_risen():
    before = pd.DataFrame({"RANK": [1, 2, 3], "ITEM_ID": ["a", "b", "c"]})
    after = pd.DataFrame({"RANK": [1, 2, 3], "ITEM_ID": ["c", "a", "x"]})
    assert moves(before, after).tolist()[:2] == [2, -1]
    assert np.isnan(moves(before, after).iloc[2])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("exclude_seen", [False, True])
def test_a_replay_ranks_each_item_as_the_model_would_have_then(kind, exclude_seen):
    model = model_of(kind)
    found = replay(model, WAS, exclude_seen)
    assert found["SESSION"].tolist() == [0, 0, 1, 2, 2, 2, 3]
    assert found["OPENS"].tolist() == [True, False, True, True, False, False, True]
    for place, (item, session) in enumerate(ROWS[1:], 1):
        before = ROWS[:place]
        scores = scores_of(model, before, session != before[-1][1])
        ids = model.vocabulary.ids.tolist()
        ahead = {
            one for one, score in zip(ids, scores, strict=True) if score >= scores[ids.index(item)]
        }
        seen = {one for one, _ in before} if exclude_seen else set()
        expected = np.inf if item in seen else len(ahead - seen | {item})
        assert found["RANK"].iloc[place] == expected, place


def test_a_replay_of_nothing_and_of_unknown_items():
    model = model_of("init")
    assert len(replay(model, Scenario())) == 0
    found = replay(model, scenario_of([("a", 0), ("?", 0), ("b", 0)]))
    assert found["PLACE"].tolist() == [0, 2]
