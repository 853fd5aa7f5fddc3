"""Any model asked about a scenario, and whom the user state matters for."""

import numpy as np
import pandas as pd
import pytest

from hrnn import ConfigError
from hrnn.baselines import BASELINES
from hrnn.columns import ITEM_ID, SCORE, SESSION_ID, TIMESTAMP
from hrnn.experiment import make_baseline
from hrnn.explain.ranking import ranked, ranked_by
from hrnn.explain.scenario import Scenario
from hrnn.explain.states import user_state_effects
from hrnn.recommend.session_aware import SessionRecommender
from hrnn.training.config import SplitConfig
from hrnn.training.roles import TRAIN
from tests.hrnn.test_explain import model_of
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
