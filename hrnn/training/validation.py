"""What a network is worth on the targets that validate, always asked in the same way."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from hrnn.evaluation.metrics import ndcg, ranks
from hrnn.model.batches import Batch
from hrnn.model.items import ItemNetwork
from hrnn.training.objective import Objective
from hrnn.training.roles import VALID
from hrnn.training.targets import TrainingSet

NDCG_AT = 10
_SEED = 0
#: Targets ranked at most, evenly spread: enough for a curve, whatever the size of the log.
_MOST_RANKED = 10_000


@dataclass(frozen=True)
class Validated:
    """What a validation found.

    Attributes:
        loss: mean over the targets.
        ndcg: mean NDCG@10 of positive targets among all items, seen ones too; None where outcomes
            are amounts, or no target is positive.
    """

    loss: float
    ndcg: float | None


class Validation:
    """Asks a network for all targets that validate, always with the same negatives."""

    def __init__(self, data: TrainingSet, objective: Objective, ranked: bool, at_once: int) -> None:
        self._data = data
        self._objective = objective
        self._at_once = at_once
        users = data.users_with(VALID)
        lengths = np.diff(data.histories.session_starts[data.histories.user_starts])
        self._users = users[np.argsort(lengths[users], kind="stable")]  # like beside like
        positive = np.flatnonzero((data.role == VALID) & (data.outcome > 0))
        self._ranked = np.zeros(len(data.role), bool)
        if ranked:
            self._ranked[positive[:: max(1, -(-len(positive) // _MOST_RANKED))]] = True

    def __len__(self) -> int:
        return len(self._users)

    @torch.no_grad()
    def measure(self, network: ItemNetwork, go_on: Callable[[], bool]) -> Validated | None:
        """Return what the network is worth; None once ``go_on`` says no, after any batch."""
        negatives = torch.Generator().manual_seed(_SEED)
        total, targets = 0.0, 0
        gains: list[np.ndarray] = []
        for start in range(0, len(self._users), self._at_once):
            batch = Batch.of(self._data.histories, self._users[start : start + self._at_once])
            before_NH = network.states_before(batch.to(network.device))
            loss, count = self._objective.of(network, batch, before_NH, VALID, negatives)
            total, targets = total + loss.item(), targets + count
            chosen = np.flatnonzero(self._ranked[batch.places])
            scores = network.scores(before_NH[torch.from_numpy(chosen)]).cpu().numpy()
            gains.append(ndcg(ranks(scores, batch.items.numpy()[chosen] - 1), NDCG_AT))
            if not go_on():
                return None
        found = np.concatenate(gains)
        return Validated(total / targets, float(found.mean()) if len(found) else None)
