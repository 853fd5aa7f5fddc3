"""What is recommended after a history, as it was or as it might have been."""

import numpy as np
import pandas as pd

from hrnn.columns import ITEM_ID, RANK, SCORE
from hrnn.data.interactions import Interactions
from hrnn.explain.readings import Reading, score_variants
from hrnn.explain.scenario import Scenario
from hrnn.recommend.base import Recommender
from hrnn.recommend.network_recommender import NetworkRecommender
from hrnn.recommend.request import Request


def ranked(
    model: NetworkRecommender, scenario: Scenario, begins: bool = False, exclude_seen: bool = False
) -> pd.DataFrame:
    """Rank all items that may come next: RANK, ITEM_ID, SCORE; the lower place in a tie first.

    Args:
        model: a trained network; items that it does not know are passed over.
        scenario: what was, or might have been, done before.
        begins: whether what comes next begins a new session even without a wait.
        exclude_seen: whether items of the scenario are left out.
    """
    reading = Reading.of(model, scenario, begins)
    variant = reading.items, reading.session
    scores_I = score_variants(model, [variant], np.array([reading.begins]))[0]
    return _in_order(model, scenario, scores_I, exclude_seen)


def ranked_by(
    model: Recommender,
    scenario: Scenario,
    history: Interactions,
    begins: bool = False,
    exclude_seen: bool = False,
) -> pd.DataFrame:
    """Rank all items that any model may recommend next, as :func:`ranked` does for a network.

    Args:
        model: a trained model. One that reads sessions is asked to take them by their ids.
        scenario: what was, or might have been, done before.
        history: the rows that the scenario was taken from.
        begins: whether what comes next begins a new session even without a wait.
        exclude_seen: whether items of the scenario are left out.
    """
    if isinstance(model, NetworkRecommender):
        return ranked(model, scenario, begins, exclude_seen)
    data = scenario.log(history)
    users = data.user_ids if len(data) else np.array([""], dtype=object)
    start, stop = np.zeros(1, np.int64), np.array([len(data)])
    request = Request(data, users, start, stop, np.array([begins or scenario.waits]))
    return _in_order(model, scenario, model.checked_scores(request)[0], exclude_seen)


def _in_order(
    model: Recommender, scenario: Scenario, scores_I: np.ndarray, exclude_seen: bool
) -> pd.DataFrame:
    places = np.argsort(-scores_I, kind="stable")
    if exclude_seen:
        places = places[~seen(model, scenario)[places]]
    ids = model.vocabulary.ids[places]
    return pd.DataFrame({RANK: np.arange(1, len(ids) + 1), ITEM_ID: ids, SCORE: scores_I[places]})


def seen(model: Recommender, scenario: Scenario) -> np.ndarray:
    """Say of each item of a model whether it stands in a scenario (bool array)."""
    index = model.vocabulary.indices(np.array(scenario.items, dtype=object))
    found = np.zeros(len(model.vocabulary) + 1, bool)
    found[index] = True
    return found[1:]


def moves(before: pd.DataFrame, after: pd.DataFrame) -> pd.Series:
    """Return by how many places each item of ``after`` has risen; NaN for one that is new."""
    rank = before.set_index(ITEM_ID)[RANK]
    return after[ITEM_ID].map(rank) - after[RANK]
