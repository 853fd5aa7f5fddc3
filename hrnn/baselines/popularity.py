"""The same list for everybody: what was interacted with most."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from hrnn.data.interactions import Interactions
from hrnn.recommend.base import WEIGHTS_FILE, Recommender, Request, write_model
from hrnn.training.checkpoint import write_checkpoint
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
        liked = (role == TRAIN) & (data.outcome > 0)
        counts = np.bincount(index[liked], minlength=len(self.vocabulary) + 1)
        self.counts = counts[1:].astype(np.float32)

    def score(self, request: Request) -> np.ndarray:
        """Return the counts for every user."""
        return np.tile(self.counts, (len(request.users), 1))

    def save(self, folder: str | Path) -> None:
        """Write the counts (safetensors) and the items (JSON) into a folder.

        Raises:
            HRNNError: the model is not trained.
        """
        self.check_trained()
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        write_checkpoint(folder / WEIGHTS_FILE, {"counts": torch.from_numpy(self.counts)}, {})
        items = self.vocabulary.ids.tolist()
        write_model(folder, {"format": 1, "kind": self.kind, "items": items, "record": self.record})

    @classmethod
    def restored(cls, weights: dict[str, Tensor], items: int) -> "Popularity":
        """Make the model of saved counts.

        Raises:
            ValueError: they are not the counts of so many items.
        """
        model = cls()
        model.counts = weights["counts"].numpy()
        if model.counts.shape != (items,):
            raise ValueError(f"{model.counts.size} counts for {items} items")
        return model
