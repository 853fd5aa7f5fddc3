"""A history as a model reads it, and variants of it that the model is asked about.

Shapes: N interactions, V variants, I items.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hrnn.baselines.flat import FlatRecommender
from hrnn.data.vocabulary import PADDING
from hrnn.explain.scenario import Scenario
from hrnn.model.histories import Histories
from hrnn.recommend.network_recommender import NetworkRecommender


@dataclass(frozen=True)
class Reading:
    """What a model reads of a history.

    Attributes:
        places: int64 [N], the places in the scenario that are read, in their order: those of the
            last sessions and the last items of each, whose item the model knows.
        items: int32 [N], the model's item indices.
        session: int64 [N], the session of each.
        begins: whether what comes next begins a session.
    """

    places: np.ndarray
    items: np.ndarray
    session: np.ndarray
    begins: bool

    @classmethod
    def of(cls, model: NetworkRecommender, scenario: Scenario, begins: bool = False) -> "Reading":
        """Find out what a model reads; see :class:`Whole`."""
        return Whole.of(model, scenario, begins).reading()

    def __len__(self) -> int:
        return len(self.places)


@dataclass(frozen=True)
class Whole:
    """All of a scenario as a model knows it, from which sessions can be left out.

    Attributes:
        model: a trained network.
        items: int32 [places], the model's item indices, PADDING for those that it does not know.
        session: int64 [places], ascending.
        begins: whether what comes next begins a session.
    """

    model: NetworkRecommender
    items: np.ndarray
    session: np.ndarray
    begins: bool

    @classmethod
    def of(cls, model: NetworkRecommender, scenario: Scenario, begins: bool = False) -> "Whole":
        """Take a scenario.

        Args:
            model: a trained network.
            scenario: a history, as it was or as it might have been.
            begins: whether what comes next begins a session even without a wait.
        """
        index = model.vocabulary.indices(np.array(scenario.items, dtype=object)).astype(np.int32)
        session = np.array(scenario.sessions, np.int64)
        return cls(model, index, session, begins or scenario.waits)

    def reading(self, without: Sequence[int] = ()) -> Reading:
        """Find out what the model reads once some sessions have not been."""
        model, session = self.model, self.session
        places = np.flatnonzero((self.items != PADDING) & ~np.isin(session, without))
        # A last session of which the model knows no item, or that has not been, does not go on.
        lost = len(session) > 0 and not (session[places] == session[-1]).any()
        if isinstance(model, FlatRecommender):
            places = places[-model.length :]
        else:
            number = session[places]
            last = np.unique(number)[-model.max_sessions :]
            from_end = np.searchsorted(number, number, side="right") - 1 - np.arange(len(number))
            places = places[np.isin(number, last) & (from_end < model.max_session_len)]
        return Reading(places, self.items[places], session[places], self.begins or lost)

    def seen(self, without: Sequence[int] = ()) -> np.ndarray:
        """Say of each item whether it stands in a session that has been (bool [I])."""
        found = np.zeros(len(self.model.vocabulary) + 1, bool)
        found[self.items[~np.isin(self.session, without)]] = True
        return found[1:]


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
