"""The training loop: it emits plain records, and callbacks observe and may stop it."""

import math
import time
from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from hrnn.errors import HRNNError
from hrnn.model.batches import Batch, shuffled_batches
from hrnn.model.network import HRNN
from hrnn.training.checkpoint import load_weights
from hrnn.training.config import TrainConfig
from hrnn.training.objective import Objective
from hrnn.training.roles import TRAIN, VALID
from hrnn.training.targets import TrainingSet

Record = dict[str, Any]
#: Called with every record; returning True stops the training there.
Callback = Callable[[Record, "Trainer"], bool | None]
End = Literal["finished", "early", "stopped"]

_OPTIMIZERS = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}
_GRADIENT_NORM = 5.0
_VALIDATION_SEED = 0


class Trainer:
    """Trains one network on one training set.

    Records are dictionaries. One of kind "update" comes after each update: ``epoch`` (with its
    fraction), ``update``, ``updates`` (of an epoch), ``loss`` (mean over its targets), ``seconds``.
    One of kind "validation" comes after each batch that validates.
    One of kind "epoch" comes after each epoch: ``epoch``, ``train_loss`` and ``valid_loss`` (means
    over all targets, None where nothing validates), ``best_epoch``, ``updates``, ``seconds``; with
    ``loss="mse"`` also ``train_rmse`` and ``valid_rmse``, in the unit of the outcomes.
    """

    def __init__(self, network: HRNN, data: TrainingSet, config: TrainConfig) -> None:
        self.network = network
        self._device = network.bias_I.device
        self._objective = Objective(data, config)
        self.data = data
        self.config = config
        self.epoch = 0
        self.updates = 0
        self.seconds = 0.0
        self.best_epoch = 0
        self.best_loss: float | None = None
        self.history: list[Record] = []
        self._order = np.random.default_rng(config.random_state)
        self._draws = torch.Generator().manual_seed(config.random_state)
        self._optimizer = _OPTIMIZERS[config.optimizer_name](
            network.parameters(),
            lr=config.learning_rate,
            weight_decay=config.weight_decay,
            fused=True,
        )
        self._best: dict[str, Tensor] = {}
        self._train_users = data.users_with(TRAIN)
        self._valid_users = data.users_with(VALID)

    def run(self, callbacks: Sequence[Callback] = ()) -> End:
        """Train until the epochs are done, patience runs out or a callback says stop."""
        end: End = "finished"
        while self.epoch < self.config.epochs:
            if self._patience_spent():
                end = "early"
                break
            if not self._run_epoch(callbacks):
                end = "stopped"
                break
        if self.config.restore_best_weights and self._best:
            self.network.load_state_dict(self._best)
        return end

    def _patience_spent(self) -> bool:
        patience = self.config.early_stopping_patience
        return (
            patience is not None
            and self.best_loss is not None
            and self.epoch - self.best_epoch >= patience
        )

    def _run_epoch(self, callbacks: Sequence[Callback]) -> bool:
        """Train one epoch; return False if a callback stopped it."""
        started = time.monotonic()
        batches = -(-len(self._train_users) // self.config.batch_size)
        users = self._train_users
        total, targets, done = 0.0, 0, 0
        for batch in shuffled_batches(
            self.data.histories, users, self.config.batch_size, self._order
        ):
            loss, count = self._update(batch)
            total, targets, done = total + loss, targets + count, done + 1
            self.updates += 1
            record = {
                "kind": "update",
                "epoch": self.epoch + done / batches,
                "update": self.updates,
                "updates": batches,
                "loss": loss / count,
                "seconds": self.seconds + time.monotonic() - started,
            }
            if _any_stops(callbacks, record, self):
                return False
        valid_loss = self.validation_loss(callbacks)
        if valid_loss is None and len(self._valid_users):
            return False
        self.epoch += 1
        self.seconds += time.monotonic() - started
        if valid_loss is not None and (self.best_loss is None or valid_loss < self.best_loss):
            self.best_epoch, self.best_loss = self.epoch, valid_loss
            self._best = {k: v.clone() for k, v in self.network.state_dict().items()}
        record = {
            "kind": "epoch",
            "epoch": self.epoch,
            "train_loss": total / targets,
            "valid_loss": valid_loss,
            "best_epoch": self.best_epoch or self.epoch,
            "updates": self.updates,
            "seconds": self.seconds,
        }
        if self.config.loss == "mse":
            record["train_rmse"] = math.sqrt(record["train_loss"])
            record["valid_rmse"] = None if valid_loss is None else math.sqrt(valid_loss)
        self.history.append(record)
        return not _any_stops(callbacks, record, self)

    def _update(self, batch: Batch) -> tuple[float, int]:
        loss, count = self._loss(batch, TRAIN, self._draws, self._draws)
        self._optimizer.zero_grad()
        (loss / count).backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), _GRADIENT_NORM)
        self._optimizer.step()
        value = loss.item()
        if not np.isfinite(value):
            raise HRNNError(
                f"the loss became {value} at update {self.updates + 1}; lower the learning rate"
            )
        return value, count

    def _loss(
        self, batch: Batch, role: int, dropout: torch.Generator | None, negatives: torch.Generator
    ) -> tuple[Tensor, int]:
        """Return the summed loss of a batch's targets of one role, and their number."""
        chosen = np.flatnonzero(self.data.role[batch.places] == role)
        batch_here = batch.to(self._device)
        encoded = self.network(batch_here, dropout)
        places = torch.from_numpy(chosen).to(self._device)
        outcome_M = torch.from_numpy(self.data.outcome[batch.places[chosen]]).to(self._device)
        target_M = batch_here.items[places] - 1
        states_MH = encoded.before_NH[places]
        training = role == TRAIN
        cost = self._objective(self.network, states_MH, target_M, outcome_M, negatives, training)
        return cost, len(chosen)

    def validation_loss(self, callbacks: Sequence[Callback] = ()) -> float | None:
        """Return the mean loss of the validation targets, always with the same negatives.

        Returns:
            None where nothing validates, or once a callback stops it.
        """
        if not len(self._valid_users):
            return None
        negatives = torch.Generator().manual_seed(_VALIDATION_SEED)
        total, targets = 0.0, 0
        with torch.no_grad():
            for start in range(0, len(self._valid_users), self.config.batch_size):
                users = self._valid_users[start : start + self.config.batch_size]
                batch = Batch.of(self.data.histories, users)
                loss, count = self._loss(batch, VALID, None, negatives)
                total, targets = total + loss.item(), targets + count
                if _any_stops(callbacks, {"kind": "validation", "epoch": self.epoch}, self):
                    return None
        return total / targets

    def state(self) -> tuple[dict[str, Tensor], Record]:
        """Return tensors and facts from which :meth:`restore` continues as if never interrupted."""
        tensors = {f"network.{name}": value for name, value in self.network.state_dict().items()}
        tensors |= {f"best.{name}": value for name, value in self._best.items()}
        for index, slots in self._optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{index}.{slot}": value for slot, value in slots.items()}
        tensors["draws"] = self._draws.get_state()
        facts = {
            "epoch": self.epoch,
            "updates": self.updates,
            "seconds": self.seconds,
            "best_epoch": self.best_epoch,
            "best_loss": self.best_loss,
            "history": self.history,
            "order": self._order.bit_generator.state,
        }
        return tensors, facts

    def restore(self, tensors: dict[str, Tensor], facts: Record) -> None:
        """Continue from a :meth:`state` at the end of an epoch.

        Raises:
            CheckpointError: the state is of a network with other settings.
        """
        groups: dict[str, dict[str, Tensor]] = {"network": {}, "best": {}, "optimizer": {}}
        for name, value in tensors.items():
            group, _, rest = name.partition(".")
            groups.setdefault(group, {})[rest] = value
        load_weights(self.network, groups["network"], "the checkpoint")
        self._best = groups["best"]
        slots: dict[int, dict[str, Tensor]] = {}
        for name, value in groups["optimizer"].items():
            index, slot = name.split(".")
            slots.setdefault(int(index), {})[slot] = value
        self._optimizer.load_state_dict({**self._optimizer.state_dict(), "state": slots})
        self._draws.set_state(tensors["draws"])
        self._order.bit_generator.state = facts["order"]
        self.epoch, self.updates = facts["epoch"], facts["updates"]
        self.seconds, self.history = facts["seconds"], facts["history"]
        self.best_epoch, self.best_loss = facts["best_epoch"], facts["best_loss"]


def _any_stops(callbacks: Sequence[Callback], record: Record, trainer: Trainer) -> bool:
    """Call every callback; say whether one wants to stop."""
    answers = [callback(record, trainer) for callback in callbacks]
    return any(answers)
