"""Asking models about held-out interactions: ranks and lists.

Shapes: Q questions, P items of the pool, K items of a list.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from hrnn.data.vocabulary import PADDING, Vocabulary
from hrnn.evaluation.metrics import NEGATIVES, ranks
from hrnn.evaluation.splits import Split
from hrnn.recommend.base import Recommender
from hrnn.recommend.ranking import top_places
from hrnn.recommend.request import Request
from hrnn.training.roles import TRAIN

Ranking = Literal["full", "sampled"]
#: Scores held at once: 32 MB of float32.
_SCORES_AT_ONCE = 1 << 23


@dataclass(frozen=True)
class Answers:
    """What one model said.

    Attributes:
        rank: float64 [Q], of each held-out item; infinity for a miss.
        lists_QK: int32, places of the recommended items in the pool, -1 where a list is shorter.
        target_score: float32 [Q], of each held-out item.
    """

    rank: np.ndarray
    lists_QK: np.ndarray
    target_score: np.ndarray


class Questions:
    """The held-out interactions whose item is in the pool, which all models know.

    Attributes:
        split: where they were held out.
        rows: int64 [Q], their rows in the log.
        pool: the items that are ranked.
        target: int64 [Q], place of each held-out item in the pool.
        cold: how many held-out items are not in the pool.
        popularity: float64 [P], training interactions of each item with an outcome above 0.
        seen_before: bool [Q], whether the user had the item before.
        short_pool: questions with fewer than 100 unseen items to draw.
    """

    def __init__(self, split: Split, rows: np.ndarray, pool: Vocabulary) -> None:
        data = split.data
        index = pool.indices(data.item_ids)[data.item_index]
        known = index[rows] != PADDING
        self.split, self.pool = split, pool
        self.rows = rows[known]
        self.target = index[self.rows].astype(np.int64) - 1
        self.cold = int((~known).sum())
        liked = (split.role == TRAIN) & ~split.hidden & (data.outcome > 0) & (index != PADDING)
        self.popularity = np.bincount(index[liked] - 1, minlength=len(pool)).astype(np.float64)
        self.seen_before = np.zeros(len(self.rows), bool)
        self.short_pool = 0
        self._item = index

    @property
    def users(self) -> np.ndarray:
        """Integers [Q]: whom each question is about."""
        return self.split.data.user_index[self.rows]

    def ask(
        self,
        models: Mapping[str, Recommender],
        ranking: Ranking,
        list_length: int,
        exclude_seen: bool,
        seed: int,
        stop: Callable[[], bool],
    ) -> dict[str, Answers] | None:
        """Ask every model every question; None once ``stop``, asked between parts, says yes."""
        count = len(self.rows)
        answers = {
            name: Answers(
                np.full(count, np.inf),
                np.full((count, list_length), -1, np.int32),
                np.full(count, np.nan, np.float32),
            )
            for name in models
        }
        columns = {n: model.vocabulary.indices(self.pool.ids) - 1 for n, model in models.items()}
        data = self.split.data
        begins = {n: model.begins_session(data, self.rows) for n, model in models.items()}
        for places, request in self._parts():
            if stop():
                return None
            seen_QP = request.seen(self.pool)
            own = self.target[places]
            self.seen_before[places] = seen_QP[np.arange(len(places)), own]
            negatives = self._negatives(places, seed) if ranking == "sampled" else None
            for name, model in models.items():
                asked = Request(
                    request.data, request.users, request.start, request.stop, begins[name][places]
                )
                scores_QP = model.checked_scores(asked)[:, columns[name]]
                self._note(
                    answers[name], places, scores_QP, seen_QP if exclude_seen else None, negatives
                )
        return answers

    def popular_lists(self, list_length: int, exclude_seen: bool) -> np.ndarray:
        """Return int32 lists [Q, K] of the most popular items, by the same rule for seen ones."""
        lists_QK = np.full((len(self.rows), list_length), -1, np.int32)
        for places, request in self._parts():
            scores_QP = np.tile(self.popularity, (len(places), 1))
            _fill(lists_QK, places, scores_QP, request.seen(self.pool) if exclude_seen else None)
        return lists_QK

    def _parts(self) -> Iterator[tuple[np.ndarray, Request]]:
        data, owner = self.split.data, self.users
        never = np.zeros(len(owner), bool)
        asked = Request(data, data.user_ids[owner], data.user_starts[owner], self.rows, never)
        yield from asked.parts(max(1, _SCORES_AT_ONCE // max(len(self.pool), 1)))

    def _negatives(self, places: np.ndarray, seed: int) -> list[np.ndarray]:
        """Draw, for each question, pool items that the user has nowhere in the log, uniformly."""
        data, drawn = self.split.data, []
        for place in places.tolist():
            user = data.user_index[self.rows[place]]
            mine = self._item[data.user_starts[user] : data.user_starts[user + 1]]
            free = np.ones(len(self.pool) + 1, bool)
            free[mine] = free[PADDING] = False
            unseen = np.flatnonzero(free) - 1
            self.short_pool += len(unseen) < NEGATIVES
            random = np.random.default_rng([seed, place])
            size = min(NEGATIVES, len(unseen))
            drawn.append(random.choice(unseen, size, replace=False, shuffle=False))
        return drawn

    def _note(
        self,
        answers: Answers,
        places: np.ndarray,
        scores_QP: np.ndarray,
        excluded_QP: np.ndarray | None,
        negatives: list[np.ndarray] | None,
    ) -> None:
        """Write down the ranks and the lists of some questions."""
        own = self.target[places]
        answers.target_score[places] = scores_QP[np.arange(len(places)), own]
        if negatives is None:
            answers.rank[places] = ranks(scores_QP, own, excluded_QP)
        else:
            for row, (place, others) in enumerate(zip(places.tolist(), negatives, strict=True)):
                among = np.concatenate([[own[row]], others])
                missed = None if excluded_QP is None else excluded_QP[row : row + 1, among]
                zero = np.zeros(1, np.int64)
                answers.rank[place] = ranks(scores_QP[row : row + 1, among], zero, missed)[0]
        _fill(answers.lists_QK, places, scores_QP, excluded_QP)


def _fill(
    lists_QK: np.ndarray,
    places: np.ndarray,
    scores_QP: np.ndarray,
    excluded_QP: np.ndarray | None,
) -> None:
    """Write the best items of some questions into their lists."""
    if excluded_QP is not None:
        scores_QP = np.where(excluded_QP, -np.inf, scores_QP)
    for place, row in zip(places.tolist(), scores_QP, strict=True):
        best = top_places(row, lists_QK.shape[1])
        best = best[row[best] > -np.inf]
        lists_QK[place, : len(best)] = best
