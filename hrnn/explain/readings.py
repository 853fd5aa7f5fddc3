"""A history as a model reads it, and variants of it that the model is asked about.

Shapes: N interactions, V variants, I items.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hrnn.baselines.flat import FlatRecommender
from hrnn.data.interactions import Interactions
from hrnn.data.vocabulary import PADDING
from hrnn.model.histories import Histories
from hrnn.recommend.network_recommender import NetworkRecommender


@dataclass(frozen=True)
class Reading:
    """What a model reads of one user's history.

    Attributes:
        rows: int64 [N], the rows of the history that are read, in their order: those of the last
            sessions and the last items of each, whose item the model knows.
        items: int32 [N], the model's item indices.
        session: int64 [N], the session of each, numbered in the user from 0.
    """

    rows: np.ndarray
    items: np.ndarray
    session: np.ndarray

    @classmethod
    def of(cls, model: NetworkRecommender, history: Interactions) -> "Reading":
        """Find out what a model reads of the history of one user."""
        item = model.item_index(history)
        number = model.sessions(history).in_user.astype(np.int64)
        order = np.argsort(number, kind="stable")
        order = order[item[order] != PADDING]
        if isinstance(model, FlatRecommender):
            order = np.sort(order)[-model.length :]
        else:
            last = np.unique(number[order])[-model.max_sessions :]
            from_end = _from_end(number[order])
            kept = np.isin(number[order], last) & (from_end < model.max_session_len)
            order = order[kept]
        return cls(order, item[order], number[order])

    def __len__(self) -> int:
        return len(self.rows)


def _from_end(ascending: np.ndarray) -> np.ndarray:
    """Return for each of some sorted numbers how many equal ones come after it."""
    return np.searchsorted(ascending, ascending, side="right") - 1 - np.arange(len(ascending))


def score_variants(
    model: NetworkRecommender, variants: Sequence[tuple[np.ndarray, np.ndarray]], begins: np.ndarray
) -> np.ndarray:
    """Return float32 scores [V, I] of what comes after each variant of a history.

    Args:
        model: a trained model.
        variants: items (int32, the model's indices) and their sessions (ascending), of each.
        begins: bool [V], whether what comes next begins a session.
    """
    lengths = [len(items) for items, _ in variants]
    owner = np.repeat(np.arange(len(variants)), lengths)
    items = np.concatenate([np.empty(0, np.int32), *(items for items, _ in variants)])
    session = np.concatenate([np.empty(0, np.int64), *(number for _, number in variants)])
    if isinstance(model, FlatRecommender):
        session = np.zeros_like(session)
    apart = int(session.max(initial=0)) + 1
    histories = Histories.of(items, owner, owner * apart + session, len(variants))
    return model.score_histories(histories, begins)
