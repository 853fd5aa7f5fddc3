"""What is recommended after a history, as it was or as it might have been."""

import numpy as np
import pandas as pd

from hrnn.columns import ITEM_ID, RANK, SCORE
from hrnn.explain.readings import Reading, score_variants
from hrnn.explain.scenario import Scenario
from hrnn.recommend.network_recommender import NetworkRecommender


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
    places = np.argsort(-scores_I, kind="stable")
    if exclude_seen:
        places = places[~seen(model, scenario)[places]]
    ids = model.vocabulary.ids[places]
    return pd.DataFrame({RANK: np.arange(1, len(ids) + 1), ITEM_ID: ids, SCORE: scores_I[places]})


def seen(model: NetworkRecommender, scenario: Scenario) -> np.ndarray:
    """Say of each item of a model whether it stands in a scenario (bool array)."""
    index = model.vocabulary.indices(np.array(scenario.items, dtype=object))
    found = np.zeros(len(model.vocabulary) + 1, bool)
    found[index] = True
    return found[1:]


def moves(before: pd.DataFrame, after: pd.DataFrame) -> pd.Series:
    """Return by how many places each item of ``after`` has risen; NaN for one that is new."""
    rank = before.set_index(ITEM_ID)[RANK]
    return after[ITEM_ID].map(rank) - after[RANK]
