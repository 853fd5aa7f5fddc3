"""A history replayed: where what really came next stood, position by position.

Shapes: N interactions, I items.
"""

import numpy as np
import pandas as pd
import torch

from hrnn.baselines.flat import FlatRecommender
from hrnn.columns import ITEM_ID, RANK, SESSION
from hrnn.data.vocabulary import PADDING
from hrnn.evaluation.metrics import ranks
from hrnn.explain.scenario import Scenario
from hrnn.model.batches import Batch
from hrnn.model.histories import Histories
from hrnn.recommend.network_recommender import NetworkRecommender

#: The last interactions that are ranked: a line needs no more, and each ranks all items.
MOST = 1_000


@torch.no_grad()
def replay(
    model: NetworkRecommender, scenario: Scenario, exclude_seen: bool = False
) -> pd.DataFrame:
    """Rank each interaction's item among all items, from what came before it.

    The network reads the history from its beginning, as in training; an HRNN or a flat GRU all of
    it, SASRec as many of the last interactions as it reads at once.

    Args:
        model: a trained network.
        scenario: a history, as it was or as it might have been.
        exclude_seen: whether items of the interactions before are left out; one that comes again is
            then a miss.

    Returns:
        A row for each of the last 1,000 interactions whose item the model knows: PLACE, SESSION,
        ITEM_ID, OPENS (whether it began its session), RANK (float, infinity for a miss).
    """
    index = model.vocabulary.indices(np.array(scenario.items, dtype=object)).astype(np.int32)
    number = np.array(scenario.sessions, np.int64)
    order = np.flatnonzero(index != PADDING)
    network = model.estimator.fitted()
    session = number[order]
    if isinstance(model, FlatRecommender):
        order = order[-model.length :] if model.kind == "sasrec" else order
        session = np.zeros(len(order), np.int64)
    items = index[order]
    if not len(order):
        nothing = pd.DataFrame({"PLACE": order, SESSION: session, ITEM_ID: [], "OPENS": []})
        return nothing.assign(**{RANK: np.empty(0)})
    owner = np.zeros(len(order), np.int64)
    batch = Batch.of(Histories.of(items, owner, session, 1), np.zeros(1, np.int64))
    before_NH = network.states_before(batch.to(network.device))  # one lane, so in their order
    shown = np.arange(len(order))[-MOST:]
    rank = np.empty(len(shown))
    for place, one in enumerate(shown.tolist()):
        scores = network.scores(before_NH[one : one + 1]).cpu().numpy()
        seen = None
        if exclude_seen:
            seen = np.zeros(scores.shape, bool)
            seen[0, items[:one] - 1] = True
        rank[place] = ranks(scores, np.array([items[one] - 1]), seen)[0]
    opens = np.ones(len(order), bool)
    opens[1:] = number[order][1:] != number[order][:-1]
    return pd.DataFrame(
        {
            "PLACE": order[shown],
            SESSION: number[order[shown]],
            ITEM_ID: [scenario.items[place] for place in order[shown].tolist()],
            "OPENS": opens[shown],
            RANK: rank,
        }
    )
