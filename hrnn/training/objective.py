"""The loss of a training, made once from its settings and its data."""

import numpy as np
import torch
from torch import Tensor

from hrnn.model import losses
from hrnn.model.batches import Batch
from hrnn.model.items import ItemNetwork
from hrnn.training.config import TrainConfig
from hrnn.training.roles import TRAIN
from hrnn.training.targets import TrainingSet


class Objective:
    """Says what predictions cost.

    Shapes: N interactions of a batch, M targets, H units, I items.
    """

    def __init__(self, data: TrainingSet, config: TrainConfig) -> None:
        self._data = data
        self._config = config
        self._items = data.items
        counts = np.ones(data.items + 1)  # an item without interactions is drawn too
        np.add.at(counts, data.histories.items[data.role == TRAIN], 1)
        share_I = torch.from_numpy(counts[1:]).float()
        self._share_I = share_I / share_I.sum()

    def of(
        self,
        network: ItemNetwork,
        batch: Batch,
        before_NH: Tensor,
        role: int,
        draws: torch.Generator,
    ) -> tuple[Tensor, int]:
        """Return the summed loss of a batch's targets of one role, and their number.

        Args:
            network: which read the batch.
            batch: with its tensors on the CPU.
            before_NH: state before each interaction, on the network's device.
            role: TRAIN or VALID.
            draws: source of negatives and samples.
        """
        chosen = np.flatnonzero(self._data.role[batch.places] == role)
        outcome_M = torch.from_numpy(self._data.outcome[batch.places[chosen]])
        places = torch.from_numpy(chosen)
        target_M = (batch.items[places] - 1).to(network.device)
        states_MH = before_NH[places.to(network.device)]
        outcome_M = outcome_M.to(network.device)
        cost = self(network, states_MH, target_M, outcome_M, draws, role == TRAIN)
        return cost, len(chosen)

    def __call__(
        self,
        network: ItemNetwork,
        states_MH: Tensor,
        target_M: Tensor,
        outcome_M: Tensor,
        draws: torch.Generator,
        training: bool,
    ) -> Tensor:
        """Return the loss summed over targets.

        Args:
            network: whose items are scored.
            states_MH: states that predict the targets, not yet projected.
            target_M: int64, places of the targets in the catalogue, from 0.
            outcome_M: their outcomes.
            draws: source of negatives and samples.
            training: whether cross-entropy may sample; a validation looks at all items.
        """
        scored = (network.project(states_MH), network.items_IH.weight[1:], network.bias_I[1:])
        loss = self._config.loss
        if loss == "mse":
            return losses.squared_error(*scored, target_M, outcome_M)
        if loss == "cross_entropy":
            count = self._config.sample_size(self._items)
            if count is None or not training:
                return losses.cross_entropy(*scored, target_M)
            sample_S = torch.multinomial(self._share_I, count, replacement=True, generator=draws)
            log_count_S = (count * self._share_I[sample_S]).log()
            device = states_MH.device
            sampled = (sample_S.to(device), log_count_S.to(device))
            return losses.sampled_cross_entropy(*scored, target_M, *sampled)
        drawn = losses.draw_negatives(
            target_M.cpu(), self._items, self._config.num_negatives, draws
        ).to(target_M.device)
        if loss == "bce":
            return losses.binary_cross_entropy(*scored, target_M, outcome_M, drawn)
        formula = losses.bpr_max if loss == "bpr_max" else losses.top1
        return formula(*scored, target_M, drawn)
