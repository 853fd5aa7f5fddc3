"""Any model asked about a scenario, and whom the user state matters for."""

import numpy as np
import pandas as pd
import pytest

from hrnn import ConfigError
from hrnn.baselines import BASELINES
from hrnn.columns import ITEM_ID, RANK, SCORE, SESSION_ID, TIMESTAMP
from hrnn.experiment import make_baseline
from hrnn.explain.fewest import fewest_sessions
from hrnn.explain.leaving_out import leave_out
from hrnn.explain.ranking import ranked, ranked_by
from hrnn.explain.readings import Reading
from hrnn.explain.scenario import Scenario
from hrnn.explain.states import state_path, user_state_effects
from hrnn.recommend.session_aware import SessionRecommender
from hrnn.training.config import SplitConfig
from hrnn.training.roles import TRAIN
from tests.hrnn.test_explain import KINDS, model_of
from tests.hrnn.test_explain_more import scenario_of
from tests.hrnn.test_models_alike import DATA

NOBODY = DATA.slice(0, 0)


def fitted(name: str):
    model = make_baseline(name, SplitConfig())
    model.fit(DATA, np.full(len(DATA), TRAIN, np.int8))
    if isinstance(model, SessionRecommender):
        model.use_session_ids = True
    return model


@pytest.mark.parametrize("name", BASELINES)
@pytest.mark.parametrize("start", ["continue", "new"])
def test_a_baseline_says_to_a_history_as_a_scenario_what_it_says_to_the_log(name, start):
    model, network = fitted(name), model_of("init")
    for user in DATA.user_ids:
        history = DATA.of_user(user)
        scenario = Scenario.of(network, history)
        found = ranked_by(model, scenario, history, begins=start == "new")
        count = len(model.vocabulary)
        asked = model.recommend_frame(interactions=history, top_k=count, start=start)
        assert found[ITEM_ID].tolist() == asked[ITEM_ID].tolist()
        np.testing.assert_array_equal(found[SCORE], asked[SCORE])


def test_popularity_is_what_nobody_gets_and_seen_items_can_be_left_out():
    counts = pd.Series(DATA.frame()[ITEM_ID]).value_counts()
    model = fitted("own popularity")
    nobody = ranked_by(model, Scenario(), NOBODY)
    positives = DATA.frame().query("OUTCOME > 0")[ITEM_ID].value_counts()
    assert positives.loc[nobody[ITEM_ID]].is_monotonic_decreasing
    assert set(nobody[ITEM_ID]) == set(counts.index)
    acted = ranked_by(model, Scenario().edited(["add:b", "wait", "add:d"]), NOBODY, False, True)
    assert not {"b", "d"} & set(acted[ITEM_ID])
    assert len(acted) == len(nobody) - 2


def test_a_scenario_as_a_log_keeps_its_times_and_names_its_sessions():
    history = DATA.of_user("u0")
    was = Scenario.of(model_of("init"), history)
    assert was.log(history).frame()[TIMESTAMP].tolist() == history.frame()[TIMESTAMP].tolist()
    log = was.edited(["move:1-0", "add:a", "wait", "add:b"]).log(history).frame()
    assert log[ITEM_ID].tolist()[:2] == [was.items[1], was.items[0]]
    assert log[TIMESTAMP].is_monotonic_increasing
    gaps = log[TIMESTAMP].diff().iloc[-2:].dt.total_seconds().tolist()
    assert gaps == [1, 86_400]
    last = was.sessions[-1]
    assert log[SESSION_ID].tolist()[-3:] == [str(last), str(last), str(was.begun)]


@pytest.mark.parametrize("kind", ["init", "all, two layers"])
def test_the_effect_of_the_user_state_is_the_part_of_the_shares_that_moves(kind):
    model = model_of(kind)
    rows = np.array([3, 10, 17, *range(20, len(DATA), 7)])
    begins = model.begins_session(DATA, rows)
    assert {True, False} <= set(begins.tolist())
    for row, new, effect in zip(rows, begins, user_state_effects(model, DATA, rows), strict=True):
        history = DATA.slice(int(DATA.user_starts[DATA.user_index[row]]), int(row))
        whole = Scenario.of(model, history)
        alone = Scenario() if new else whole
        for session in sorted(set(alone.sessions))[:-1]:
            alone = alone.without_session(session)
        one, other = (share(model, scenario, new) for scenario in (whole, alone))
        assert effect == pytest.approx((one - other).abs().sum() / 2, abs=1e-6)


def test_a_model_without_a_user_state_has_no_effect_of_it():
    with pytest.raises(ConfigError, match="without a user state"):
        user_state_effects(model_of("none"), DATA, np.array([3]))


def share(model, scenario: Scenario, begins: bool) -> pd.Series:
    scores = ranked(model, scenario, begins and len(scenario) > 0).set_index(ITEM_ID)[SCORE]
    exp = np.exp(scores.astype(float) - scores.max())
    return exp / exp.sum()


#: More sessions, of more items, than the models of these tests read at once.
LONG = [("a", 0), ("b", 1), ("c", 1), ("d", 2), ("a", 2), ("e", 3), ("b", 4), ("f", 4), ("g", 4)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("exclude", [False, True])
@pytest.mark.parametrize("begins", [False, True])
def test_a_session_left_out_is_what_dropping_it_in_what_if_finds(kind, exclude, begins):
    model, scenario = model_of(kind, 2, 2), scenario_of(LONG)
    for item in ("a", "c", "g", "h"):
        effects = leave_out(model, scenario, item, begins, exclude)
        shares = share(model, scenario, begins)
        assert effects.share == pytest.approx(shares[item], abs=1e-6)
        for row in effects.sessions.itertuples():
            dropped = scenario.without_session(row.SESSION)
            without = share(model, dropped, begins)
            assert np.log(shares[item] / without[item]) == pytest.approx(row.EFFECT, abs=1e-4)
            place = ranked(model, dropped, begins, exclude).set_index(ITEM_ID)[RANK]
            assert place.get(item, row.RANK) == row.RANK
        for row in effects.interactions.itertuples():
            if len(Reading.of(model, scenario)) == len(LONG):  # nothing older that would step in
                place = ranked(model, scenario.without(row.PLACE), begins, exclude)
                assert place.set_index(ITEM_ID)[RANK].get(item, row.RANK) == row.RANK


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("exclude", [False, True])
def test_the_fewest_sessions_do_in_what_if_what_is_said_of_them(kind, exclude):
    model, scenario = model_of(kind, 2, 2), scenario_of(LONG)
    found = fewest_sessions(model, scenario, exclude_seen=exclude)
    assert found.top == ranked(model, scenario, False, exclude)[ITEM_ID][0]
    if found.sessions is not None:
        for session in found.sessions:
            scenario = scenario.without_session(session)
        assert ranked(model, scenario, False, exclude)[ITEM_ID][0] == found.instead


def test_a_last_session_of_unknown_items_does_not_go_on():
    model = model_of("init")
    effects = leave_out(model, scenario_of([("a", 0), ("b", 0), ("?", 1)]), "c")
    assert effects.begins
    assert not leave_out(model, scenario_of([("a", 0), ("b", 0)]), "c").begins


def test_the_way_of_the_user_state_names_sessions_by_their_numbers():
    rows = [("a", 0), ("?", 1), ("b", 3), ("c", 4)]
    assert state_path(model_of("init"), scenario_of(rows)).sessions.tolist() == [0, 3, 4]
