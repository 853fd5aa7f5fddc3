"""Gradients, user states and the fewest sessions."""

import copy
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
import torch

import hrnn
from hrnn import ConfigError
from hrnn.baselines import FlatGRU
from hrnn.explain.fewest import Dethroned, fewest_sessions
from hrnn.explain.gradients import integrated_gradients
from hrnn.explain.leaving_out import leave_out
from hrnn.explain.scenario import Scenario
from hrnn.explain.states import similar_users, state_path
from tests.hrnn.reference import PlainHRNN
from tests.hrnn.test_explain import model_of, planted, scores_of
from tests.hrnn.test_models_alike import LOG

ROWS = [("a", 0), ("b", 0), ("c", 1), ("d", 2), ("e", 2), ("f", 2), ("a", 3)]


def scenario_of(rows: list[tuple[str, int]]) -> Scenario:
    items, sessions = zip(*rows, strict=True)
    return Scenario(items, sessions, tuple(range(len(rows))), begun=sessions[-1] + 1)


def plain_share(model, item: str, begins: bool, embeddings: float) -> float:
    """The logarithm of an item's share where the embeddings that are read are scaled."""
    plain, reader = (PlainHRNN(model.estimator.fitted()) for _ in range(2))
    reader.weight["items_IH.weight"] = embeddings * plain.weight["items_IH.weight"]
    index = {one: int(model.vocabulary.indices([one])[0]) for one, _ in ROWS}
    sessions = [[index[one] for one, own in ROWS if own == number] for number in range(4)]
    if isinstance(model, FlatGRU):
        sessions, begins = [[index[one] for one, _ in ROWS]], False
    _, state, user = reader.read(sessions)
    top = reader.start(user)[-1] if begins else state[-1]
    return torch.log_softmax(plain.scores(top), 0)[index[item] - 1].item()


@pytest.mark.parametrize("kind", ["init", "all, two layers", "none", "flat GRU"])
@pytest.mark.parametrize("begins", [False, True])
def test_gradients_add_up_to_what_the_embeddings_make(kind, begins):
    model = copy.deepcopy(model_of(kind))
    with torch.no_grad():
        for weight in model.estimator.fitted().parameters():
            weight *= 0.4  # 32 steps are enough where the network is not saturated
    found = integrated_gradients(model, scenario_of(ROWS), "c", begins)
    assert len(found) == len(ROWS)
    expected = plain_share(model, "c", begins, 1.0) - plain_share(model, "c", begins, 0.0)
    assert found.sum() == pytest.approx(expected, abs=1e-3)


def test_models_without_such_gradients_say_so():
    with pytest.raises(ConfigError, match="leave out instead"):
        integrated_gradients(model_of("SASRec"), scenario_of(ROWS), "c")
    assert len(integrated_gradients(model_of("init"), Scenario(), "c")) == 0


def test_gradients_and_leaving_out_agree_on_what_mattered_most():
    model, data, _ = planted()
    agreed = []
    for user in data.user_ids[:40]:
        history = data.of_user(user)
        item = model.recommend(history, 1, start="new")[0, 0]
        scenario = Scenario.of(model, history)
        effects = leave_out(model, scenario, item, begins=True).interactions
        gradients = integrated_gradients(model, scenario, item, begins=True)
        last = (effects["SESSION"] == effects["SESSION"].max()).to_numpy()
        agreed.append(gradients[last].sum() > np.abs(gradients[~last]).max())
    assert np.mean(agreed) > 0.8


@pytest.mark.parametrize("kind", ["init", "all, two layers"])
def test_states_are_those_of_the_plain_network_after_each_session(kind):
    model = model_of(kind)
    found = state_path(model, scenario_of(ROWS))
    plain = PlainHRNN(model.estimator.fitted())
    index = {item: int(model.vocabulary.indices([item])[0]) for item, _ in ROWS}
    sessions = [[index[item] for item, own in ROWS if own == number] for number in range(4)]
    for number in range(4):
        _, _, user = plain.read(sessions[: number + 1])
        np.testing.assert_allclose(found.states[number], user[-1].detach(), atol=1e-5)
    one, two = found.states[1], found.states[2]
    cosine = one @ two / np.linalg.norm(one) / np.linalg.norm(two)
    assert found.similarity[1, 2] == pytest.approx(cosine, abs=1e-6)
    assert np.isnan(found.jump[0])
    assert found.jump[2] == pytest.approx(1 - cosine, abs=1e-6)
    distance = np.linalg.norm(found.drawing[:, None] - found.drawing[None], axis=2)
    far = np.linalg.norm(found.states[:, None] - found.states[None], axis=2)
    assert (distance <= far + 1e-5).all()  # a projection brings nothing further apart
    assert state_path(model, scenario_of(ROWS)).drawing.tolist() == found.drawing.tolist()


def test_users_of_the_same_history_have_the_same_state():
    model = model_of("init")
    twin = LOG[LOG["USER_ID"] == "u3"].assign(USER_ID="twin")
    data = hrnn.read_interactions(pd.concat([LOG, twin]))
    found = similar_users(model, data, "twin", 3)
    assert found["USER_ID"].iloc[0] == "u3"
    assert found["SIMILARITY"].iloc[0] == pytest.approx(1, abs=1e-5)
    assert "twin" not in set(found["USER_ID"])
    assert found["SIMILARITY"].is_monotonic_decreasing
    with pytest.raises(ConfigError, match="not in the log"):
        similar_users(model, data, "nobody")
    with pytest.raises(ConfigError, match="without a user state"):
        state_path(model_of("none"), scenario_of(ROWS))


@pytest.mark.parametrize("kind", ["init", "flat GRU", "SASRec"])
def test_fewest_sessions_are_found_as_by_trying_all(kind):
    model = model_of(kind)
    ids = model.vocabulary.ids
    for begins in (False, True):
        found = fewest_sessions(model, scenario_of(ROWS), begins)
        top = ids[scores_of(model, ROWS, begins).argmax()]
        assert found.top == top
        best = None
        for size in (1, 2, 3):
            for one in combinations(range(4), size):
                rest = [row for row in ROWS if row[1] not in one]
                scores = scores_of(model, rest, begins or 3 in one)
                behind = scores.max() - scores[ids.tolist().index(top)]
                if behind > 0 and (best is None or behind > best[0]):
                    best = (behind, one, ids[scores.argmax()])
            if best:
                break
        expected = (None, None) if best is None else (best[1], best[2])
        assert (found.sessions, found.instead) == expected


def test_nobody_without_sessions_is_dethroned():
    found = fewest_sessions(model_of("init"), Scenario())
    assert found.sessions is None


def test_where_all_has_been_seen_nothing_is_dethroned():
    model = model_of("init")
    everything = scenario_of([(item, 0) for item in model.vocabulary.ids])
    assert fewest_sessions(model, everything, exclude_seen=True) == Dethroned(None, None, None)
    assert fewest_sessions(model, everything).top is not None
