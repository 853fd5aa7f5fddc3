"""The user state from session to session, who is in a similar one, and whom it matters for.

Shapes: S sessions, U users, H units, Q questions, I items.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from hrnn.data.interactions import Interactions
from hrnn.errors import ConfigError
from hrnn.explain.scenario import Scenario
from hrnn.explain.vectors import cosines, two_components
from hrnn.model.histories import Histories
from hrnn.recommend.recommender import HierarchicalSequentialRecommender
from hrnn.recommend.request import Request

#: Scores held at once: 16 MB of float32.
_SCORES_AT_ONCE = 1 << 22


@dataclass(frozen=True)
class StatePath:
    """A user's state after each session.

    Attributes:
        sessions: int64 [S], their numbers in the user, from 0.
        states: float32 [S, H], of the top layer.
        similarity: float64 [S, S], cosines between them.
        jump: float64 [S], 1 - cosine to the session before; NaN for the first.
        drawing: float64 [S, 2], their first two principal components; the sign of each is such that
            its largest part is positive, so that a drawing always comes out the same.
    """

    sessions: np.ndarray
    states: np.ndarray
    similarity: np.ndarray
    jump: np.ndarray
    drawing: np.ndarray


def state_path(model: HierarchicalSequentialRecommender, scenario: Scenario) -> StatePath:
    """Return the user state after each session of a history, all sessions read.

    Raises:
        ConfigError: the model has no user state.
    """
    _check(model)
    item = model.vocabulary.indices(np.array(scenario.items, dtype=object)).astype(np.int32)
    number = np.array(scenario.sessions, np.int64)
    sessions = np.unique(number[item > 0])
    kept = [np.flatnonzero((number <= one) & (item > 0)) for one in sessions]
    owner = np.repeat(np.arange(len(kept)), [len(one) for one in kept])
    rows = np.concatenate([np.empty(0, np.int64), *kept])
    apart = int(number.max(initial=0)) + 1
    histories = Histories.of(item[rows], owner, owner * apart + number[rows], len(kept))
    states_SH = _states(model, histories)[: len(kept)]
    similarity_SS = cosines(states_SH, states_SH)
    jump = np.full(len(kept), np.nan)
    jump[1:] = 1 - np.diag(similarity_SS, 1)
    return StatePath(sessions, states_SH, similarity_SS, jump, two_components(states_SH))


def similar_users(
    model: HierarchicalSequentialRecommender, data: Interactions, user: str, count: int = 10
) -> pd.DataFrame:
    """Return the users whose states after all they did are most like a user's.

    Args:
        model: a trained HRNN.
        data: the log; scoring's window of each history is read.
        user: whom they are like.
        count: how many, at most.

    Returns:
        USER_ID and SIMILARITY (cosine), the most similar first.

    Raises:
        ConfigError: the model has no user state, or the user is not in the log.
    """
    _check(model)
    place = np.flatnonzero(data.user_ids == user)
    if not len(place):
        raise ConfigError(f"user {user!r} is not in the log; check the id")
    number, users = model.sessions(data).number, len(data.user_ids)
    histories = Histories.of(model.item_index(data), data.user_index, number, users)
    states_UH = _states(model, histories.window(model.max_sessions, model.max_session_len))
    like_U = cosines(states_UH[place], states_UH)[0]
    like_U[place] = -np.inf
    best = np.argsort(-like_U, kind="stable")[: min(count, users - 1)]
    return pd.DataFrame({"USER_ID": data.user_ids[best], "SIMILARITY": like_U[best]})


def user_state_effects(
    model: HierarchicalSequentialRecommender, data: Interactions, rows: np.ndarray
) -> np.ndarray:
    """Return how much of what is recommended the user state decides, before each of some rows.

    The shares of the items (softmax of the scores) are made with the whole history and with its
    current session alone; half the sum of their absolute differences is the part of the whole that
    lies elsewhere, from 0 to 1 (the total variation distance).

    Args:
        model: a trained HRNN.
        data: a log.
        rows: int64 [Q], places in it; a row's history is its user's rows before it.

    Raises:
        ConfigError: the model has no user state.
    """
    _check(model)
    owner = data.user_index[rows]
    begins = model.begins_session(data, rows)
    whole = Request(data, data.user_ids[owner], data.user_starts[owner], rows, begins)
    effects = np.zeros(len(rows))
    for places, request in whole.parts(max(1, _SCORES_AT_ONCE // len(model.vocabulary))):
        histories, new = model.histories(request), request.new_session
        with_QI = _shares(model.score_histories(histories, new))
        alone = histories.window(1, model.max_session_len)
        # Nothing precedes what begins a session, once the sessions before it are left out.
        alone = alone.window(~(new | histories.lost_last), model.max_session_len)
        without_QI = _shares(model.score_histories(alone, np.zeros_like(new)))
        effects[places] = np.abs(with_QI - without_QI).sum(1) / 2
    return effects


def _shares(scores_QI: np.ndarray) -> np.ndarray:
    share_QI = np.exp(scores_QI - scores_QI.max(1, keepdims=True))
    return share_QI / share_QI.sum(1, keepdims=True)


def _check(model: HierarchicalSequentialRecommender) -> None:
    model.check_trained()
    if not model.estimator.fitted().remembers:
        raise ConfigError(
            "this model was trained without a user state; train one with user_state='init' or 'all'"
        )


@torch.no_grad()
def _states(model: HierarchicalSequentialRecommender, histories: Histories) -> np.ndarray:
    """Return float32 [users, H]: the user state after the last session of each history."""
    network, standing = model.estimator.fitted(), model.estimator.stand(histories)
    everybody = torch.ones_like(standing.begun_B)
    return network.start_sessions(standing, everybody).user_LBH[-1].cpu().numpy()
