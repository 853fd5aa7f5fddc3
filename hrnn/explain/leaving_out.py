"""How much each session and each interaction moved an item, by leaving it out.

Shapes: N interactions, V variants, S sessions, I items, L layers, B lanes, H units.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from hrnn.baselines.flat import FlatRecommender
from hrnn.columns import ITEM_ID, SESSION
from hrnn.data.vocabulary import PADDING
from hrnn.errors import DataError
from hrnn.explain.readings import Reading, Whole, score_variants
from hrnn.explain.scenario import Scenario
from hrnn.model.network import HRNN, Standing
from hrnn.recommend.network_recommender import NetworkRecommender


@dataclass(frozen=True)
class Effects:
    """What became of one item as parts of a history were left out.

    A score's *share* is its softmax among all items of the model, so that a change that all scores
    make together is none. An effect is by how much the logarithm of the share falls when something
    is left out: positive for what speaks for the item. A session that is left out has not been: an
    older one may be read instead. An interaction that is left out leaves a gap, into which nothing
    older comes; sessions begin where they began.

    Attributes:
        item: the item.
        share: with the whole history.
        rank: with the whole history, from 1, behind its equals.
        begins: whether what comes next begins a session.
        interactions: a row an interaction that the model reads: PLACE (in the scenario), ITEM_ID,
            SESSION, EFFECT, RANK (without it).
        sessions: a row a session that the model reads: SESSION, EFFECT, RANK (without it).
    """

    item: str
    share: float
    rank: int
    begins: bool
    interactions: pd.DataFrame
    sessions: pd.DataFrame


def leave_out(
    model: NetworkRecommender,
    scenario: Scenario,
    item: str,
    begins: bool = False,
    exclude_seen: bool = False,
) -> Effects:
    """Leave every interaction and every session of a history out in turn.

    Args:
        model: a trained network.
        scenario: a history, as it was or as it might have been.
        item: whose score is explained.
        begins: whether what comes next begins a new session even without a wait.
        exclude_seen: whether items that have been are not ranked; what is left out has not been.

    Raises:
        DataError: the model does not know the item.
    """
    index = int(model.vocabulary.indices([item])[0])
    if index == PADDING:
        raise DataError(f"item {item!r} is unknown to the model, which cannot rank it")
    whole = Whole.of(model, scenario, begins)
    reading = whole.reading()
    numbers = np.unique(reading.session)
    without = [whole.reading((number,)) for number in numbers.tolist()]
    each = _scores_without(model, reading)
    variants = [(one.items, one.session) for one in without]
    grouped = score_variants(model, variants, np.array([one.begins for one in without], bool))
    excluded_VI = excluded_SI = None
    if exclude_seen:
        excluded_VI = _seen_without(whole, reading)
        seen = [whole.seen((number,)) for number in numbers.tolist()]
        excluded_SI = np.array(seen).reshape(len(numbers), each.shape[1])
    share_V, rank_V = shares_and_ranks(each, index - 1, excluded_VI)
    share_S, rank_S = shares_and_ranks(grouped, index - 1, excluded_SI)
    return Effects(
        item,
        float(np.exp(share_V[0])),
        int(rank_V[0]),
        reading.begins,
        pd.DataFrame(
            {
                "PLACE": reading.places,
                ITEM_ID: [scenario.items[place] for place in reading.places.tolist()],
                SESSION: reading.session,
                "EFFECT": share_V[0] - share_V[1:],
                "RANK": rank_V[1:],
            }
        ),
        pd.DataFrame({SESSION: numbers, "EFFECT": share_V[0] - share_S, "RANK": rank_S}),
    )


def _seen_without(whole: Whole, reading: Reading) -> np.ndarray:
    """Bool [N + 1, I]: what has been in all, and then without each interaction that is read."""
    seen_VI = np.tile(whole.seen(), (len(reading) + 1, 1))
    times = np.bincount(whole.items, minlength=seen_VI.shape[1] + 1)
    once = np.flatnonzero(times[reading.items] == 1)
    seen_VI[1 + once, reading.items[once] - 1] = False
    return seen_VI


def shares_and_ranks(
    scores_VI: np.ndarray, place: int, excluded: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the logarithm of an item's share, and its rank (int64), in each of some scores.

    Args:
        scores_VI: scores of all items.
        place: of the item.
        excluded: bool [I] or [V, I], items that are not ranked.
    """
    own_V = scores_VI[:, place].astype(np.float64)
    most_V = scores_VI.max(1).astype(np.float64)
    whole_V = np.exp(scores_VI - most_V[:, None].astype(np.float32)).sum(1, dtype=np.float64)
    ahead_VI = scores_VI >= scores_VI[:, [place]]
    if excluded is not None:
        ahead_VI &= ~excluded
    ahead_VI[:, place] = True
    return own_V - most_V - np.log(whole_V), ahead_VI.sum(1)


def _scores_without(model: NetworkRecommender, reading: Reading) -> np.ndarray:
    """Return scores [N + 1, I] with everything, and then without each interaction."""
    network = model.estimator.fitted()
    if isinstance(network, HRNN):
        return _read_beside(network, reading, isinstance(model, FlatRecommender))
    number = np.arange(len(reading))
    kept = [number >= 0, *(number != one for one in number)]
    variants = [(reading.items[one], reading.session[one]) for one in kept]
    return score_variants(model, variants, np.full(len(kept), reading.begins))


@torch.no_grad()
def _read_beside(network: HRNN, reading: Reading, flat: bool) -> np.ndarray:
    """Read a history once, with a lane beside it for each interaction that is left out.

    A lane starts where the history stood when its interaction came, and goes on behind it; so half
    of what the lanes would have read by themselves is read once.
    """
    count, device = len(reading), network.device
    items = torch.from_numpy(reading.items.astype(np.int64)).to(device)
    opens = np.zeros(count, bool)
    if not flat:
        opens[np.unique(reading.session, return_index=True)[1]] = True
    user_LBH = network.first_user_state(count + 1)
    session_LBH = network.start_session(user_LBH)
    begun = torch.zeros(count + 1, dtype=torch.bool, device=device)
    late = torch.zeros_like(begun)  # the interaction that opened this session was left out
    for place in range(count):
        own = place + 1
        session_LBH[:, own], user_LBH[:, own] = session_LBH[:, 0], user_LBH[:, 0]
        begun[own], late[own] = begun[0], bool(opens[place])
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
