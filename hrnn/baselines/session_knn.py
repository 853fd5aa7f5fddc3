"""What stands in the training sessions that are most like the current one.

Shapes: Q questions, I items, N sampled sessions, P pairs of a sampled session and an item of it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from hrnn.baselines.popularity import checked_counts, counted, fraction, positives
from hrnn.baselines.session_index import SessionIndex, distinct
from hrnn.data.interactions import Interactions
from hrnn.errors import ConfigError
from hrnn.recommend.request import Request
from hrnn.recommend.session_aware import SessionRecommender
from hrnn.training.trainer import Callback

#: Weight of the logarithm of an item's rarity.
_RARITY = 10
#: Weight of popularity: it breaks ties, and ranks what no neighbour holds.
_FILL = 1e-6


class SessionKNN(SessionRecommender):
    """Vector session kNN (Ludewig, Jannach 2018) with Extend, Boost, Remind (Latifi et al. 2021).

    Let p be an item's place in the current session, 1 for the last, by its last occurrence.

    - A training session's similarity is the sum of 1 / log10(p + 0.7) over the items that it
      shares with the current session, times 1 + ``boost`` if it is the user's own. Of the
      ``sample_size`` most recent that share an item the ``neighbours`` most similar count.
    - An item scores the sum, over the neighbours that hold it, of similarity / p², p of the latest
      shared item, times 1 + 10 ln(training sessions / those that hold the item). The scores are
      divided by the largest.
    - Extend: a session shorter than ``extend_length`` is preceded by the user's items before it.
    - Remind: an item of the user's earlier sessions gets ``remind_weight`` / r, where r counts
      these items back from the most recent, which has 1.

    Popularity breaks ties and ranks all other items. A row without an outcome above 0 is in no
    training session and is not reminded of, while the current session holds every known item.

    It differs from the authors' code in three points: r stands for a ratio of ages, which it equals
    if gaps are even, since a request has no clock; reminders by similarity, which their settings
    for Xing leave out too, are not there; a session of the user that was not over when the current
    one began is no neighbour, since it is that session itself, or a later one.

    The defaults are theirs for Xing, with fewer sessions compared (100 of 1,000, the defaults of
    their code, for 1,500 of 10,000) and ``extend_length`` as for Last.fm, where Xing's 1 would
    extend nothing but new sessions.

    Args:
        neighbours: most similar sessions that count.
        sample_size: most recent sessions that are compared.
        extend_length: items that a session is extended to; 0 never extends.
        boost: what is added to the factor 1 of the user's own sessions.
        remind_weight: what the user's most recent earlier item gets, where neighbours give the best
            item 1.
        session_timeout_minutes: a longer gap starts a session; None where all rows have ids.
        use_session_ids: whether SESSION_ID, where present, decides before the timeout.

    Raises:
        ConfigError: a setting is out of range.
    """

    kind = "session_knn"

    def __init__(
        self,
        *,
        neighbours: int = 100,
        sample_size: int = 1000,
        extend_length: int = 3,
        boost: float = 3.5,
        remind_weight: float = 0.25,
        session_timeout_minutes: float | None = 30,
        use_session_ids: bool = True,
    ) -> None:
        super().__init__(session_timeout_minutes, use_session_ids)
        self.neighbours = _whole("neighbours", neighbours, 1)
        self.sample_size = _whole("sample_size", sample_size, 1)
        self.extend_length = _whole("extend_length", extend_length, 0)
        self.boost = _number("boost", boost)
        self.remind_weight = _number("remind_weight", remind_weight)
        none = np.empty(0, np.int64)
        self._take(np.empty(0, np.float32), SessionIndex.of(none, none, 0), none, none)

    def learn(
        self,
        data: Interactions,
        role: np.ndarray,
        callbacks: Sequence[Callback] = (),
        resume_from: Path | None = None,
    ) -> None:
        """Note what each session holds, whose it is and when it ended.

        Sessions are cut in the whole log.
        """
        rows, items = positives(data, role), len(self.vocabulary)
        place = self.vocabulary.indices(data.item_ids)[data.item_index[rows]] - 1
        number = self.sessions(data).number[rows]
        _, first, session = np.unique(number, return_index=True, return_inverse=True)
        end_us = data.time_us[rows][first]
        np.maximum.at(end_us, session, data.time_us[rows])
        order = np.argsort(end_us, kind="stable")
        rank = np.empty_like(order)
        rank[order] = np.arange(len(order))
        user = user_keys(data.user_ids)[data.user_index[rows[first]]]
        index = SessionIndex.of(rank[session], place, items)
        self._take(counted(place, items), index, end_us[order], user[order])

    def _take(
        self, counts: np.ndarray, index: SessionIndex, end_us: np.ndarray, user: np.ndarray
    ) -> None:
        """Take what was learned; sessions go by their last interaction, the most recent last."""
        self.counts, self.index, self.end_us, self.user = counts, index, end_us, user
        held = np.diff(index.item_starts)
        # An item in no session is in no neighbour, so that its rarity does not matter.
        self._rarity_I = 1 + _RARITY * np.log(max(index.count, 1) / np.maximum(held, 1))

    def score(self, request: Request) -> np.ndarray:
        """Return float32 scores [questions, items]."""
        read = self._read(request)
        scores_QI = np.tile(_FILL * fraction(self.counts), (len(request), 1))
        user = user_keys(request.users)
        for question in np.flatnonzero(read.start < read.stop).tolist():
            session = read.place[read.start[question] : read.stop[question]]
            scores_QI[question] += self._by_neighbours(
                session, user[question], read.begun_us[question]
            )
        if self.remind_weight:
            question, place, rank = read.earlier(len(self.vocabulary))
            scores_QI[question, place] += self.remind_weight / rank
        return scores_QI

    def _read(self, request: Request) -> "_Current":
        """Lay the histories out and find the current session of each."""
        data, history = request.data, self.histories(request)
        rows, owner = request.rows[history.rows], request.owner[history.rows]
        first = history.session_starts[history.user_starts[:-1]]
        stop = history.session_starts[history.user_starts[1:]]
        begins = (first < stop) & (request.new_session | history.lost_last)
        continues = (first < stop) & ~begins
        last = history.session_starts[history.user_starts[1:] - 1]
        current = np.where(continues, last, stop)
        begun_us = np.zeros(len(request), np.int64)
        begun_us[continues] = data.time_us[rows[current[continues]]]
        begun_us[begins] = data.time_us[request.stop[begins] - 1] + 1
        return _Current(
            place=history.items.astype(np.int64) - 1,
            liked=data.outcome[rows] > 0,
            owner=owner,
            current=current,
            start=np.maximum(first, np.minimum(current, stop - self.extend_length)),
            stop=stop,
            begun_us=begun_us,
        )

    def _by_neighbours(self, session: np.ndarray, user: int, begun_us: int) -> np.ndarray:
        """Score every item after a session (float64 [I], 1 for the best).

        Args:
            session: int64, the places of its items, one at least.
            user: key of the user.
            begun_us: sessions of the user that end from here on are not over.
        """
        index, items = self.index, len(self.vocabulary)
        back = np.arange(len(session), 0, -1)
        weight_I, decay_I = np.zeros(items), np.zeros(items)
        # float32 values add up exactly in float64, so that equal similarities are equal numbers.
        weight_I[session] = (1 / np.log10(back + 0.7)).astype(np.float32)
        decay_I[session] = 1 / back**2
        sampled_N = index.sessions_with(distinct(session), self.sample_size)
        place_P, lengths_N = index.items_of(sampled_N)
        starts_N = np.cumsum(lengths_N) - lengths_N
        similarity_N = np.add.reduceat(weight_I[place_P], starts_N)
        own_N = self.user[sampled_N] == user
        similarity_N[own_N] *= 1 + self.boost
        similarity_N[own_N & (self.end_us[sampled_N] >= begun_us)] = 0
        # Stable, from the oldest: of equally similar sessions the most recent count.
        similarity_N[np.argsort(similarity_N, kind="stable")[: -self.neighbours]] = 0
        share_N = similarity_N * np.maximum.reduceat(decay_I[place_P], starts_N)
        scores_I = np.bincount(place_P, np.repeat(share_N, lengths_N), items) * self._rarity_I
        best = scores_I.max()
        return scores_I / best if best > 0 else scores_I

    def weights(self) -> dict[str, Tensor]:
        """Return the sessions, whose they are, when they ended, and the counts of the items."""
        return {
            "counts": torch.from_numpy(self.counts),
            "end_us": torch.from_numpy(self.end_us),
            "user": torch.from_numpy(self.user),
            **self.index.weights(),
        }

    def take_weights(self, weights: dict[str, Tensor], source: str) -> None:
        """Take saved sessions and counts."""
        index = SessionIndex.of_weights(weights, len(self.vocabulary))
        end_us, user = weights["end_us"].numpy(), weights["user"].numpy()
        for name, array in (("end_us", end_us), ("user", user)):
            if array.shape != (index.count,) or array.dtype != np.int64:
                raise ValueError(f"{array.size} {array.dtype} in {name} for {index.count} sessions")
        self._take(checked_counts(weights, len(self.vocabulary)), index, end_us, user)

    def settings(self) -> dict[str, Any]:
        """Return the arguments that this model was made with."""
        return {
            "neighbours": self.neighbours,
            "sample_size": self.sample_size,
            "extend_length": self.extend_length,
            "boost": self.boost,
            "remind_weight": self.remind_weight,
            **super().settings(),
        }


@dataclass(frozen=True)
class _Current:
    """The known items of all histories, end to end, and the current session in each.

    Attributes:
        place: int64 [rows], the items' places in the vocabulary.
        liked: bool [rows], whether the outcome is above 0.
        owner: int64 [rows], each row's question; ascending.
        current: int64 [Q], where the current session starts.
        start: int64 [Q], where it starts once it is extended.
        stop: int64 [Q], where it stops.
        begun_us: int64 [Q], when it began; for a new one, just after the history.
    """

    place: np.ndarray
    liked: np.ndarray
    owner: np.ndarray
    current: np.ndarray
    start: np.ndarray
    stop: np.ndarray
    begun_us: np.ndarray

    def earlier(self, items: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return question, place and rank of each item liked before the current session.

        Ranks are those of the last time, and the most recent item of a question has 1.
        """
        rows = np.flatnonzero(self.liked & (np.arange(len(self.owner)) < self.current[self.owner]))
        cell = self.owner[rows] * items + self.place[rows]
        _, from_end = np.unique(cell[::-1], return_index=True)
        rows = np.sort(rows[::-1][from_end])
        owner = self.owner[rows]
        rank = np.searchsorted(owner, owner, side="right") - np.arange(len(rows))
        return owner, self.place[rows], rank


def user_keys(users: np.ndarray) -> np.ndarray:
    """Return an int64 for each user id, the same in every process.

    Two users share one with a probability of about 2^-64.
    """
    return pd.util.hash_array(users).view(np.int64)


def _whole(name: str, value: int, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise ConfigError(f"{name}={value!r}: it must be a whole number")
    if value < least:
        raise ConfigError(f"{name}={value}: it must be at least {least}")
    return int(value)


def _number(name: str, value: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ConfigError(f"{name}={value!r}: it must be a finite number")
    if value < 0:
        raise ConfigError(f"{name}={value}: it must be at least 0")
    return float(value)
