"""The contract of every model: train, recommend, score, save."""

import json
import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from torch import Tensor

from hrnn.checks import check_folder, check_switch, is_whole
from hrnn.columns import ITEM_ID, RANK, SCORE, USER_ID
from hrnn.data.datasets import InteractionsDataset, ItemsDataset
from hrnn.data.interactions import Interactions
from hrnn.data.keys import row_keys
from hrnn.data.vocabulary import Vocabulary
from hrnn.errors import ConfigError, HRNNError, listed
from hrnn.recommend.asking import Moment, Start, make_request
from hrnn.recommend.ranking import check_sampling, sampled_places, top_places_of_all
from hrnn.recommend.record import ROWS_FILE, TrainingRecord
from hrnn.recommend.request import Request
from hrnn.training.checkpoint import sum_of, write_checkpoint
from hrnn.training.roles import TRAIN, VALID
from hrnn.training.trainer import Callback

FORMAT = 2
MODEL_FILE, WEIGHTS_FILE = "model.json", "model.safetensors"
#: Scores held at once: 64 MB of float32.
_SCORES_AT_ONCE = 1 << 24


class Recommender(ABC):
    """A model that learns from a log and ranks its items for a user's history.

    Attributes:
        vocabulary: the items it can recommend; empty before training.
        record: what it was trained on; None before training.
        session_timeout_minutes: the gap that starts a session; None for models without sessions.
    """

    kind: ClassVar[str]
    #: Whether a score is an estimate of the outcome, in its unit.
    predicts_outcome = False

    def __init__(self) -> None:
        self.vocabulary = Vocabulary([])
        self.record: TrainingRecord | None = None
        self.session_timeout_minutes: float | None = None
        self._subset: np.ndarray | None = None

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
        """Return float32 scores [questions, items] in the order of request and vocabulary."""

    @abstractmethod
    def weights(self) -> dict[str, Tensor]:
        """Return all that was learned, by name."""

    @abstractmethod
    def take_weights(self, weights: dict[str, Tensor], source: str) -> None:
        """Take what :meth:`weights` returned; ``vocabulary`` is already there.

        Raises:
            CheckpointError, ValueError, KeyError: they do not fit the model.
        """

    def settings(self) -> dict[str, Any]:
        """Return what makes the same model anew, as JSON can hold it."""
        return {}

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> "Recommender":
        """Make a model, not trained, of what :meth:`settings` returned."""
        return cls(**settings)

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
            ConfigError: ``interactions_ds`` is missing, or what is given is no such dataset.
        """
        if interactions_ds is None:
            raise ConfigError("interactions_ds is missing; pass an InteractionsDataset")
        for name, given, kind in (
            ("items_ds", items_ds, ItemsDataset),
            ("interactions_ds", interactions_ds, InteractionsDataset),
            ("valid_interactions_ds", valid_interactions_ds, InteractionsDataset),
        ):
            if given is not None and not isinstance(given, kind):
                found = type(given).__name__
                raise ConfigError(f"{name} is of type {found}; pass hrnn.{kind.__name__}(it)")
        data = interactions_ds.data
        role = np.full(len(data), TRAIN, np.int8)
        if valid_interactions_ds is not None:
            data, role = _with_validation(data, valid_interactions_ds.data)
        self.fit(data, role, () if items_ds is None else items_ds.item_ids, callbacks)

    def fit(
        self,
        data: Interactions,
        role: np.ndarray,
        catalogue: Sequence[str] = (),
        callbacks: Sequence[Callback] = (),
        resume_from: Path | None = None,
        split: str = "given rows",
    ) -> None:
        """Train on rows with roles: the items of TRAIN rows and the catalogue can be recommended.

        Args:
            data: the log.
            role: int8 array, TRAIN, VALID or HISTORY for each row.
            catalogue: more item ids.
            callbacks: called with every record of a training that goes by updates.
            resume_from: a checkpoint of an interrupted training, to continue it.
            split: how the roles came about, for the record.
        """
        trained = np.zeros(len(data.item_ids), bool)
        trained[data.item_index[role == TRAIN]] = True
        self.vocabulary = Vocabulary.of([*data.item_ids[trained], *catalogue])
        self._subset = None
        try:
            record = TrainingRecord.of(data, role, split, len(self.vocabulary))
            self.learn(data, role, callbacks, resume_from)
        except BaseException:
            self.vocabulary = Vocabulary([])  # half a model must not pass for a trained one
            raise
        self.record = record

    def recommend(
        self,
        interactions: pd.DataFrame | Interactions,
        top_k: int = 10,
        start: Start = "auto",
        now: Moment | Mapping[str, Moment] | None = None,
        exclude_seen: bool = False,
        sampling_temperature: float | None = 0.0,
        seed: int = 0,
    ) -> np.ndarray:
        """Recommend what comes next.

        Args:
            interactions: the users' histories.
            top_k: items a user, at least 1.
            start: "continue" the last session, begin a "new" one, or "auto": new if ``now`` is
                later than the user's last interaction by more than the timeout.
            now: a time, or one for each user; None is the user's last interaction.
            exclude_seen: whether to leave out the items of the given history.
            sampling_temperature: 0 or None ranks by score; above, items are drawn without
                replacement, each with probability ∝ exp(score / temperature).
            seed: of that drawing.

        Returns:
            Object array [users, top_k] of item ids, users in order of first appearance; a row
            with fewer items ends in None.
        """
        request = self._request(interactions, start, now)
        answer = np.full((len(request), self._checked(top_k)), None, object)
        draw = (sampling_temperature, seed)
        for place, items, _ in self._ranked(request, top_k, exclude_seen, *draw):
            answer[place, : len(items)] = items
        return answer

    def recommend_frame(
        self,
        interactions: pd.DataFrame | Interactions,
        top_k: int = 10,
        start: Start = "auto",
        now: Moment | Mapping[str, Moment] | None = None,
        exclude_seen: bool = False,
        sampling_temperature: float | None = 0.0,
        seed: int = 0,
    ) -> pd.DataFrame:
        """Recommend as :meth:`recommend` does; return USER_ID, RANK (from 1), ITEM_ID, SCORE."""
        request = self._request(interactions, start, now)
        draw = (sampling_temperature, seed)
        found = self._ranked(request, self._checked(top_k), exclude_seen, *draw)
        ranked = sorted(found, key=lambda one: one[0])
        lengths = [len(items) for _, items, _ in ranked]
        return pd.DataFrame(
            {
                USER_ID: np.repeat(request.users, lengths),
                RANK: _joined(int, (np.arange(1, length + 1) for length in lengths)),
                ITEM_ID: _joined(object, (items for _, items, _ in ranked)),
                SCORE: _joined(np.float32, (scores for _, _, scores in ranked)),
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
        index, ids = pd.Index(request.users, name=USER_ID), self.vocabulary.ids
        if self._subset is not None:
            scores, ids = scores[:, self._subset], ids[self._subset]
        return pd.DataFrame(scores, index, pd.Index(ids, name=ITEM_ID))

    def set_item_subset(self, item_subset: Iterable[str]) -> None:
        """Recommend and score only some items, until :meth:`clear_item_subset`.

        Raises:
            ConfigError: it is no list of ids, there are none, or some are unknown to the model.
        """
        self.check_trained()
        if isinstance(item_subset, str | bytes) or not isinstance(item_subset, Iterable):
            raise ConfigError(f"item_subset={item_subset!r}: it must be several ids in a list")
        wanted = list(dict.fromkeys(str(item) for item in item_subset))
        unknown = self.vocabulary.unknown(wanted)
        if not wanted or unknown:
            wrong = (
                f"{len(unknown):,} unknown items ({listed(unknown, 3)})" if wanted else "no item"
            )
            raise ConfigError(f"item_subset holds {wrong}; pass ids that the model was trained on")
        self._subset = np.zeros(len(self.vocabulary), bool)
        self._subset[self.vocabulary.indices(wanted) - 1] = True

    @property
    def has_item_subset(self) -> bool:
        """Whether the model is limited to some items."""
        return self._subset is not None

    def clear_item_subset(self) -> None:
        """Recommend and score the whole catalogue again."""
        self._subset = None

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

    def save(self, folder: str | Path) -> None:
        """Write weights (safetensors), training record and settings (JSON, last) into a folder.

        Raises:
            HRNNError: the model is not trained, or ``folder`` is no path, or that of a file.
        """
        self.check_trained()
        assert self.record is not None, "fit did not make a record"
        folder = check_folder(folder)
        if folder.exists() and not folder.is_dir():
            raise HRNNError(f"{folder} is a file; a model is saved into a folder")
        folder.mkdir(parents=True, exist_ok=True)
        write_checkpoint(folder / WEIGHTS_FILE, self.weights(), {})
        self.record.save(folder)
        facts = {
            "format": FORMAT,
            "kind": self.kind,
            "settings": self.settings(),
            "items": self.vocabulary.ids.tolist(),
            "record": self.record.facts,
            "sha256": {name: sum_of(folder / name) for name in (WEIGHTS_FILE, ROWS_FILE)},
        }
        temporary = folder / f".{MODEL_FILE}"
        temporary.write_text(json.dumps(facts, ensure_ascii=False), encoding="utf-8")
        temporary.replace(folder / MODEL_FILE)

    def _ranked(
        self,
        request: Request,
        top_k: int,
        exclude_seen: bool,
        temperature: float | None,
        seed: int,
    ) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
        """Yield place, items and scores of each question's list."""
        check_switch("exclude_seen", exclude_seen)
        temperature = check_sampling(temperature, seed)
        key = pd.util.hash_array(request.users)  # a user's draws do not depend on the company
        ids = self.vocabulary.ids
        for places, part in request.parts(max(1, _SCORES_AT_ONCE // max(len(ids), 1))):
            scores = self.checked_scores(part)
            if exclude_seen:
                scores[part.seen(self.vocabulary)] = -np.inf
            if self._subset is not None:
                scores[:, ~self._subset] = -np.inf
            if temperature:
                random = [np.random.default_rng([seed, int(key[place])]) for place in places]
                found = zip(scores, random, strict=True)
                chosen = [sampled_places(row, top_k, temperature, one) for row, one in found]
            else:
                chosen = top_places_of_all(scores, top_k)
            for place, row, best in zip(places.tolist(), scores, chosen, strict=True):
                best = best[np.isfinite(row[best])]
                yield place, ids[best], row[best]

    def _request(
        self,
        interactions: pd.DataFrame | Interactions,
        start: Start,
        now: Moment | Mapping[str, Moment] | None,
    ) -> Request:
        return make_request(interactions, start, now, self.session_timeout_minutes, self.vocabulary)

    def _checked(self, top_k: int) -> int:
        if not is_whole(top_k) or top_k < 1:
            raise ConfigError(f"top_k={top_k!r}: it must be a whole number of at least 1")
        items = len(self.vocabulary) if self._subset is None else int(self._subset.sum())
        if 0 < items < top_k:
            of = "catalogue" if self._subset is None else "subset"
            warnings.warn(
                f"top_k={top_k} is beyond the {of} of {items:,} items; rows end in None",
                stacklevel=3,
            )
        return int(top_k)


def _joined(kind: type, parts: Iterable[np.ndarray]) -> np.ndarray:
    """Concatenate arrays of one type, none of them too."""
    return np.concatenate([np.empty(0, kind), *parts])


def _with_validation(data: Interactions, valid: Interactions) -> tuple[Interactions, np.ndarray]:
    """Merge the validation rows in, and give every row its role."""
    keys, validating = row_keys(data), row_keys(valid)
    known = int(np.isin(keys, validating).sum())
    if known:
        warnings.warn(
            f"{known:,} validation interactions are among the training ones; they stay history and"
            " are no training targets",
            stacklevel=3,
        )
    extra = valid.take(~np.isin(validating, keys))
    merged = data.merged(extra) if len(extra) else data
    return merged, np.where(np.isin(row_keys(merged), validating), VALID, TRAIN).astype(np.int8)
