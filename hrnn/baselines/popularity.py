"""The same list for everybody: what was interacted with most."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from hrnn.data.interactions import Interactions
from hrnn.recommend.base import Recommender
from hrnn.recommend.request import Request
from hrnn.training.roles import TRAIN
from hrnn.training.trainer import Callback


class Popularity(Recommender):
    """Scores an item by its number of training interactions with an outcome above 0."""

    kind = "popularity"

    def __init__(self) -> None:
        super().__init__()
        self.counts = np.empty(0, np.float32)

    def learn(
        self,
        data: Interactions,
        role: np.ndarray,
        callbacks: Sequence[Callback] = (),
        resume_from: Path | None = None,
    ) -> None:
        """Count."""
        index = self.vocabulary.indices(data.item_ids)[data.item_index]
        self.counts = counted(index[positives(data, role)] - 1, len(self.vocabulary))

    def score(self, request: Request) -> np.ndarray:
        """Return the counts for every question."""
        return np.tile(self.counts, (len(request), 1))

    def weights(self) -> dict[str, Tensor]:
        """Return the counts."""
        return {"counts": torch.from_numpy(self.counts)}

    def take_weights(self, weights: dict[str, Tensor], source: str) -> None:
        """Take saved counts."""
        self.counts = checked_counts(weights, len(self.vocabulary))


def positives(data: Interactions, role: np.ndarray) -> np.ndarray:
    """Return the rows (int64, ascending) that a baseline learns from: TRAIN, outcome above 0."""
    return np.flatnonzero((role == TRAIN) & (data.outcome > 0))


def counted(place: np.ndarray, items: int) -> np.ndarray:
    """Count places in the vocabulary (float32 [items])."""
    return np.bincount(place, minlength=items).astype(np.float32)


def fraction(counts: np.ndarray) -> np.ndarray:
    """Return popularity (float32 [items]) as a fraction from 0 to below 1/2.

    Added to whole numbers it breaks their ties and swaps none of them: a half, and not one, because
    0.9999 added to a large float32 would be rounded up to the next whole number.
    """
    return counts / (2 * counts.max(initial=0) + 1)


def checked_counts(weights: dict[str, Tensor], items: int) -> np.ndarray:
    """Return saved counts.

    Raises:
        ValueError: they are not those of so many items.
    """
    counts = weights["counts"].numpy()
    if counts.shape != (items,) or counts.dtype != np.float32:
        raise ValueError(f"{counts.size} {counts.dtype} counts for {items} items")
    return counts
