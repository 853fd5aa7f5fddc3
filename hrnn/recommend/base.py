"""The contract of every model: train, recommend, score, save."""

import json
import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd

from hrnn.columns import ITEM_ID, RANK, SCORE, USER_ID
from hrnn.data.datasets import InteractionsDataset, ItemsDataset
from hrnn.data.interactions import Interactions
from hrnn.data.reading import BLANKS, read_interactions
from hrnn.data.tables import load_text
from hrnn.data.vocabulary import PADDING, Vocabulary
from hrnn.errors import ConfigError, HRNNError, listed
from hrnn.training.roles import TRAIN, VALID
from hrnn.training.trainer import Callback

Start = Literal["auto", "continue", "new"]
Moment = str | float | pd.Timestamp

MODEL_FILE, WEIGHTS_FILE = "model.json", "model.safetensors"
#: Scores held at once: 64 MB of float32.
_SCORES_AT_ONCE = 1 << 24


@dataclass(frozen=True)
class Request:
    """Whom to recommend to, and what they did before.

    Attributes:
        data: the histories, sorted by user; users asked for may be missing from it.
        users: object array, the users in the order of the answers.
        new_session: bool array, whether what comes next begins a new session.
    """

    data: Interactions
    users: np.ndarray
    new_session: np.ndarray

    def parts(self, size: int) -> Iterator["Request"]:
        """Yield the request in parts of at most ``size`` users, each with its own rows."""
        owner = pd.Index(self.users).get_indexer(pd.Index(self.data.user_ids))
        for start in range(0, len(self.users), size):
            inside = (owner >= start) & (owner < start + size)
            rows = self.data.take(inside[self.data.user_index])
            part = slice(start, start + size)
            yield Request(rows, self.users[part], self.new_session[part])

    def row_owner(self) -> np.ndarray:
        """int64 array: for each row of the data, the place of its user in ``users``."""
        return pd.Index(self.users).get_indexer(pd.Index(self.data.user_ids))[self.data.user_index]


class Recommender(ABC):
    """A model that learns from a log and ranks its items for a user's history.

    Attributes:
        vocabulary: the items it can recommend; empty before training.
        record: what it was trained on, in plain facts.
        session_timeout_minutes: the gap that starts a session; None for models without sessions.
    """

    kind: ClassVar[str]

    def __init__(self) -> None:
        self.vocabulary = Vocabulary([])
        self.record: dict[str, Any] = {}
        self.session_timeout_minutes: float | None = None

    # What a model has to bring.

    @abstractmethod
    def learn(
        self,
        data: Interactions,
        role: np.ndarray,
        callbacks: Sequence[Callback] = (),
        resume_from: Path | None = None,
    ) -> None:
        """Learn from the rows of role TRAIN; ``vocabulary`` is already made."""

    @abstractmethod
    def score(self, request: Request) -> np.ndarray:
        """Return float32 scores [users, items] in the order of the request and the vocabulary."""

    @abstractmethod
    def save(self, folder: str | Path) -> None:
        """Write the model into a folder that :func:`hrnn.load` reads."""

    def begins_session(self, data: Interactions, rows: np.ndarray) -> np.ndarray:
        """Say for rows of a log whether each starts a session of its user (bool array)."""
        return np.zeros(len(rows), bool)

    # What every model does alike.

    def train(
        self,
        items_ds: ItemsDataset | None = None,
        interactions_ds: InteractionsDataset | None = None,
        valid_interactions_ds: InteractionsDataset | None = None,
        callbacks: Sequence[Callback] = (),
    ) -> None:
        """Train on a log.

        Args:
            items_ds: the catalogue; items without interactions can be recommended too.
            interactions_ds: what to learn from, with a time for every interaction.
            valid_interactions_ds: what validates. Rows that are in ``interactions_ds`` too stop
                being targets of training; they stay history for later rows.
            callbacks: called with every record of a training that goes by updates.

        Raises:
            DataError: there is nothing to learn from.
        """
        if interactions_ds is None:
            raise ConfigError("interactions_ds is missing; pass an InteractionsDataset")
        data = interactions_ds.data
        role = np.full(len(data), TRAIN, np.int8)
        if valid_interactions_ds is not None:
            data, role = _with_validation(data, valid_interactions_ds.data)
        self.fit(data, role, items_ds.item_ids if items_ds else (), callbacks)

    def fit(
        self,
        data: Interactions,
        role: np.ndarray,
        catalogue: Sequence[str] = (),
        callbacks: Sequence[Callback] = (),
        resume_from: Path | None = None,
    ) -> None:
        """Train on rows with roles: the items of TRAIN rows and the catalogue can be recommended.

        Args:
            data: the log.
            role: int8 array, TRAIN, VALID or HISTORY for each row.
            catalogue: more item ids.
            callbacks: called with every record of a training that goes by updates.
            resume_from: a checkpoint of an interrupted training, to continue it.
        """
        trained = np.unique(data.item_index[role == TRAIN])
        self.vocabulary = Vocabulary.of([*data.item_ids[trained], *catalogue])
        self.record = {
            "trained": int((role == TRAIN).sum()),
            "validated": int((role == VALID).sum()),
            "users": len(np.unique(data.user_index[role == TRAIN])),
            "items": len(self.vocabulary),
        }
        try:
            self.learn(data, role, callbacks, resume_from)
        except BaseException:
            self.vocabulary = Vocabulary([])  # half a model must not pass for a trained one
            raise

    def recommend(
        self,
        interactions: pd.DataFrame | Interactions,
        top_k: int = 10,
        start: Start = "auto",
        now: Moment | Mapping[str, Moment] | None = None,
        exclude_seen: bool = False,
    ) -> np.ndarray:
        """Recommend what comes next.

        Args:
            interactions: the users' histories.
            top_k: items a user, at least 1.
            start: "continue" the last session, begin a "new" one, or "auto": new if ``now`` is
                later than the user's last interaction by more than the timeout.
            now: a time, or one for each user; None is the user's last interaction.
            exclude_seen: whether to leave out the items of the given history.

        Returns:
            Object array [users, top_k] of item ids, users in order of first appearance; a row
            with fewer items ends in None.
        """
        request = self._request(interactions, start, now)
        answer = np.full((len(request.users), _checked(top_k)), None, object)
        for row, (items, _) in enumerate(self._ranked(request, top_k, exclude_seen)):
            answer[row, : len(items)] = items
        return answer

    def recommend_frame(
        self,
        interactions: pd.DataFrame | Interactions,
        top_k: int = 10,
        start: Start = "auto",
        now: Moment | Mapping[str, Moment] | None = None,
        exclude_seen: bool = False,
    ) -> pd.DataFrame:
        """Recommend as :meth:`recommend` does; return USER_ID, RANK (from 1), ITEM_ID, SCORE."""
        request = self._request(interactions, start, now)
        ranked = list(self._ranked(request, _checked(top_k), exclude_seen))
        lengths = [len(items) for items, _ in ranked]
        return pd.DataFrame(
            {
                USER_ID: np.repeat(request.users, lengths),
                RANK: _joined(int, (np.arange(1, length + 1) for length in lengths)),
                ITEM_ID: _joined(object, (items for items, _ in ranked)),
                SCORE: _joined(np.float32, (scores for _, scores in ranked)),
            }
        )

    def score_items(
        self,
        interactions: pd.DataFrame | Interactions,
        start: Start = "auto",
        now: Moment | Mapping[str, Moment] | None = None,
    ) -> pd.DataFrame:
        """Score every item: index USER_ID in order of first appearance, a column an ITEM_ID."""
        request = self._request(interactions, start, now)
        scores = self.checked_scores(request)
        index = pd.Index(request.users, name=USER_ID)
        return pd.DataFrame(scores, index, pd.Index(self.vocabulary.ids, name=ITEM_ID))

    def checked_scores(self, request: Request) -> np.ndarray:
        """Score as :meth:`score` does.

        Raises:
            HRNNError: the model is not trained, or a score is not finite.
        """
        self.check_trained()
        scores = self.score(request)
        if not np.isfinite(scores).all():
            raise HRNNError("model scores are not finite; train again with a lower learning rate")
        return scores

    def check_trained(self) -> None:
        """Do nothing if the model is trained.

        Raises:
            HRNNError: it is not.
        """
        if not len(self.vocabulary):
            raise HRNNError("the model is not trained; call train first")

    def requests(self, request: Request) -> Iterator[Request]:
        """Yield a request in parts whose scores fit in memory."""
        return request.parts(max(1, _SCORES_AT_ONCE // max(len(self.vocabulary), 1)))

    def seen(self, request: Request) -> np.ndarray:
        """Bool array [users, items]: which items stand in each user's history."""
        index = self.vocabulary.indices(request.data.item_ids)[request.data.item_index]
        known = index != PADDING
        seen = np.zeros((len(request.users), len(self.vocabulary)), bool)
        seen[request.row_owner()[known], index[known] - 1] = True
        return seen

    def _ranked(
        self, request: Request, top_k: int, exclude_seen: bool
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        ids = self.vocabulary.ids
        for part in self.requests(request):
            scores = self.checked_scores(part)
            if exclude_seen:
                scores[self.seen(part)] = -np.inf
            for row in scores:
                best = top_places(row, top_k)
                best = best[np.isfinite(row[best])]
                yield ids[best], row[best]

    def _request(
        self,
        interactions: pd.DataFrame | Interactions,
        start: Start,
        now: Moment | Mapping[str, Moment] | None,
    ) -> Request:
        if start not in ("auto", "continue", "new"):
            raise ConfigError(f"start={start!r}: it must be 'auto', 'continue' or 'new'")
        if isinstance(interactions, Interactions):
            data, users = interactions, interactions.user_ids
        else:
            data = read_interactions(interactions)
            users = _order_of_users(interactions, data)
            if data.report.rejected:
                warnings.warn(data.report.summary(), stacklevel=3)
            unknown = self.vocabulary.unknown(data.item_ids)
            if unknown and len(self.vocabulary):
                warnings.warn(
                    f"{len(unknown):,} of {len(data.item_ids):,} items are unknown to the model and"
                    f" left out of the histories ({listed(unknown, 3)})",
                    stacklevel=3,
                )
        new = np.full(len(users), start == "new")
        timeout = self.session_timeout_minutes
        if start == "auto" and now is not None and timeout is not None:
            last = dict(zip(data.user_ids, data.time_us[data.user_starts[1:] - 1], strict=True))
            for place, user in enumerate(users):
                moment = now.get(user) if isinstance(now, Mapping) else now
                if moment is not None and user in last:
                    new[place] = _micros(moment) - last[user] > timeout * 60_000_000
        return Request(data, users, new)


def top_places(scores: np.ndarray, top_k: int) -> np.ndarray:
    """Return the places of the highest scores, best first; the lower place first where they tie."""
    if top_k >= len(scores):
        return np.argsort(-scores, kind="stable")
    least = np.partition(scores, -top_k)[-top_k]
    places = np.flatnonzero(scores >= least)
    return places[np.argsort(-scores[places], kind="stable")][:top_k]


def write_model(folder: str | Path, facts: Mapping[str, Any]) -> None:
    """Write ``model.json``, last of all files of a model, under a temporary name first."""
    path = Path(folder) / MODEL_FILE
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(facts, ensure_ascii=False), encoding="utf-8")
    temporary.replace(path)


def _joined(kind: type, parts: Iterable[np.ndarray]) -> np.ndarray:
    """Concatenate arrays of one type, none of them too."""
    return np.concatenate([np.empty(0, kind), *parts])


def _checked(top_k: int) -> int:
    if isinstance(top_k, bool) or not isinstance(top_k, int | np.integer) or top_k < 1:
        raise ConfigError(f"top_k={top_k!r}: it must be a whole number of at least 1")
    return int(top_k)


def _order_of_users(frame: pd.DataFrame, data: Interactions) -> np.ndarray:
    """Users of a frame in order of first appearance, those without a sound row too."""
    text = load_text(frame)
    column = text.names.index(data.report.column_of(USER_ID) or USER_ID)
    users = (user.strip(BLANKS) for user in text.table[f"c{column}"].unique().to_pylist() if user)
    return np.array(list(dict.fromkeys(user for user in users if user)), dtype=object)


def _micros(moment: Moment) -> int:
    stamp = None
    if isinstance(moment, int | float | np.number):
        if np.isfinite(moment):
            return round(float(moment) * 1_000_000)
    else:
        stamp = pd.to_datetime(moment, utc=True, errors="coerce")
    if not isinstance(stamp, pd.Timestamp):
        raise ConfigError(f"now={moment!r}: it must be a time, as ISO 8601 or Unix seconds")
    return int(stamp.as_unit("us").asm8.astype(np.int64))  # Timestamp.value is in nanoseconds


def _with_validation(data: Interactions, valid: Interactions) -> tuple[Interactions, np.ndarray]:
    """Merge the validation rows in, and give every row its role."""
    known = _keys(data).isin(_keys(valid))
    extra = valid.take(~np.asarray(_keys(valid).isin(_keys(data))))
    if known.any():
        warnings.warn(
            f"{int(known.sum()):,} validation interactions are among the training ones; they stay"
            " history and are no training targets",
            stacklevel=3,
        )
    merged = data.merged(extra) if len(extra) else data
    role = np.where(_keys(merged).isin(_keys(valid)), VALID, TRAIN).astype(np.int8)
    return merged, role


def _keys(data: Interactions) -> pd.MultiIndex:
    user, item = data.user_ids[data.user_index], data.item_ids[data.item_index]
    return pd.MultiIndex.from_arrays([user, item, data.time_us])
