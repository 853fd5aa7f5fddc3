"""How much each session and each interaction moved an item, by leaving it out.

Shapes: N interactions, G groups, I items, L layers, H units.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from hrnn.baselines.flat import FlatRecommender
from hrnn.columns import ITEM_ID, SESSION
from hrnn.data.vocabulary import PADDING
from hrnn.errors import DataError
from hrnn.explain.readings import Reading, score_variants
from hrnn.explain.scenario import Scenario
from hrnn.model.network import HRNN, Standing
from hrnn.recommend.network_recommender import NetworkRecommender


@dataclass(frozen=True)
class Effects:
    """What became of one item as parts of a history were left out.

    A score's *share* is its softmax among all items of the model, so that a change that all scores
    make together is none. An effect is by how much the logarithm of the share falls when something
    is left out: positive for what speaks for the item. What is left out is gone, and nothing older
    that the model did not read comes in its place; sessions begin where they began.

    Attributes:
        item: the item.
        share: with the whole history.
        rank: with the whole history, from 1, behind its equals.
        interactions: a row an interaction that the model reads: PLACE (in the scenario), ITEM_ID,
            SESSION, EFFECT, RANK (without it).
        sessions: a row a session that the model reads: SESSION, EFFECT, RANK (without it).
    """

    item: str
    share: float
    rank: int
    interactions: pd.DataFrame
    sessions: pd.DataFrame


def leave_out(
    model: NetworkRecommender,
    scenario: Scenario,
    item: str,
    begins: bool = False,
    excluded: np.ndarray | None = None,
) -> Effects:
    """Leave every interaction and every session of a history out in turn.

    Args:
        model: a trained network.
        scenario: a history, as it was or as it might have been.
        item: whose score is explained.
        begins: whether what comes next begins a new session even without a wait.
        excluded: bool [I], items that are not ranked, such as those seen before.

    Raises:
        DataError: the model does not know the item.
    """
    index = int(model.vocabulary.indices([item])[0])
    if index == PADDING:
        raise DataError(f"item {item!r} is unknown to the model, which cannot rank it")
    reading = Reading.of(model, scenario, begins)
    count = len(reading)
    each = _scores_without(model, reading, np.arange(count))
    numbers, group = np.unique(reading.session, return_inverse=True)
    grouped = _scores_without(model, reading, group)
    share_V, rank_V = shares_and_ranks(each, index - 1, excluded)
    share_S, rank_S = shares_and_ranks(grouped, index - 1, excluded)
    return Effects(
        item,
        float(np.exp(share_V[0])),
        int(rank_V[0]),
        pd.DataFrame(
            {
                "PLACE": reading.places,
                ITEM_ID: [scenario.items[place] for place in reading.places.tolist()],
                SESSION: reading.session,
                "EFFECT": share_V[0] - share_V[1:],
                "RANK": rank_V[1:],
            }
        ),
        pd.DataFrame({SESSION: numbers, "EFFECT": share_S[0] - share_S[1:], "RANK": rank_S[1:]}),
    )


def shares_and_ranks(
    scores_VI: np.ndarray, place: int, excluded: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the logarithm of an item's share, and its rank (int64), in each of some scores.

    Args:
        scores_VI: scores of all items.
        place: of the item.
        excluded: bool [I], items that are not ranked.
    """
    own_V = scores_VI[:, place].astype(np.float64)
    most_V = scores_VI.max(1).astype(np.float64)
    whole_V = np.exp(scores_VI - most_V[:, None].astype(np.float32)).sum(1, dtype=np.float64)
    ahead_VI = scores_VI >= scores_VI[:, [place]]
    if excluded is not None:
        ahead_VI &= ~excluded
    ahead_VI[:, place] = True
    return own_V - most_V - np.log(whole_V), ahead_VI.sum(1)


def _scores_without(model: NetworkRecommender, reading: Reading, group: np.ndarray) -> np.ndarray:
    """Return scores [G + 1, I] with everything, and then without each group.

    Args:
        model: a trained network.
        reading: what is read.
        group: int64 [N], ascending from 0, which interactions are left out together.
    """
    network = model.estimator.fitted()
    if isinstance(network, HRNN):
        flat = isinstance(model, FlatRecommender)
        return _read_beside(network, reading, group, flat)
    groups = int(group.max(initial=-1)) + 1
    kept = [np.ones(len(group), bool), *(group != one for one in range(groups))]
    variants = [(reading.items[one], reading.session[one]) for one in kept]
    return score_variants(model, variants, np.full(groups + 1, reading.begins))


@torch.no_grad()
def _read_beside(network: HRNN, reading: Reading, group: np.ndarray, flat: bool) -> np.ndarray:
    """Read a history once, with a lane beside it for each group that is left out.

    A lane stands where the history stood when its group began, waits while that is read, and goes
    on; so half of what the lanes would have read by themselves is read once.
    """
    groups = int(group.max(initial=-1)) + 1
    device = network.device
    items = torch.from_numpy(reading.items.astype(np.int64)).to(device)
    opens = np.zeros(len(group), bool)
    if not flat:
        opens[np.unique(reading.session, return_index=True)[1]] = True
    user_LBH = network.first_user_state(groups + 1)
    session_LBH = network.start_session(user_LBH)
    begun = torch.zeros(groups + 1, dtype=torch.bool, device=device)
    late = torch.zeros_like(begun)  # the interaction that opened this session was left out
    lanes = 1
    for place in range(len(group)):
        own = int(group[place]) + 1
        if own == lanes:  # its first interaction
            session_LBH[:, own], user_LBH[:, own] = session_LBH[:, 0], user_LBH[:, 0]
            begun[own], late[own] = begun[0], bool(opens[place])
            lanes += 1
        reads = slice(0, own)  # all lanes but the one that leaves this out, which is the last
        standing = Standing(session_LBH[:, reads], user_LBH[:, reads], begun[reads])
        new = late[reads] | bool(opens[place])
        standing = network.advance(standing, items[place].expand(own), new)
        session_LBH[:, reads], user_LBH[:, reads] = standing.session_LBH, standing.user_LBH
        begun[reads], late[reads] = True, False
    standing = Standing(session_LBH, user_LBH, begun)
    ends = torch.zeros_like(late) if flat else late | reading.begins
    states_BH = network.start_sessions(standing, ends).session_LBH[-1]
    return network.scores(states_BH).cpu().numpy()
