"""The training loop: it emits plain records, and callbacks observe and may stop it."""

import math
import time
from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from hrnn.errors import CheckpointError, HRNNError
from hrnn.model.batches import Batch, shuffled_users
from hrnn.model.items import ItemNetwork
from hrnn.training.checkpoint import load_weights
from hrnn.training.config import TrainConfig
from hrnn.training.objective import Objective
from hrnn.training.roles import TRAIN
from hrnn.training.targets import TrainingSet
from hrnn.training.validation import Validated, Validation

Record = dict[str, Any]
#: Called with every record; returning True stops the training there.
Callback = Callable[[Record, "Trainer"], bool | None]
End = Literal["finished", "early", "stopped"]

_OPTIMIZERS = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}
_GRADIENT_NORM = 5.0
#: What is left of the learning rate at the end of a cosine.
_LEAST_RATE = 0.01
#: What a checkpoint holds of a trainer besides tensors and the random state.
_FACTS = (
    "epoch",
    "updates",
    "interactions",
    "seconds",
    "best_epoch",
    "best_loss",
    "history",
    "_done",
    "_total",
    "_targets",
)


class Trainer:
    """Trains one network on one training set.

    Records are dictionaries. One of kind "update" comes after each update: ``epoch`` (with its
    fraction), ``update``, ``updates`` (of an epoch), ``loss`` (mean over its targets), ``seconds``
    and ``interactions`` (read since the beginning).
    One of kind "validation" comes after each batch that validates.
    One of kind "epoch" comes after each epoch: ``epoch``, ``train_loss`` and ``valid_loss`` (means
    over all targets, None where nothing validates), ``valid_ndcg`` (see
    :class:`hrnn.training.validation.Validated`), ``best_epoch``, ``updates``, ``seconds``,
    ``interactions``; with ``loss="mse"`` also ``train_rmse`` and ``valid_rmse``, in the unit of the
    outcomes.
    """

    def __init__(self, network: ItemNetwork, data: TrainingSet, config: TrainConfig) -> None:
        self.network = network
        self._objective = Objective(data, config)
        self._validation = Validation(
            data, self._objective, config.loss != "mse", config.batch_size
        )
        self.data = data
        self.config = config
        self.epoch = 0
        self.updates = 0
        self.interactions = 0
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
        # The epoch that is going on: updates done, the sums of their losses and targets, and the
        # random state that its order was drawn from.
        self._done, self._total, self._targets = 0, 0.0, 0
        self._drawn_from = self._order.bit_generator.state
        self._clock = time.monotonic()

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
        """Train one epoch, or what is left of it; return False if a callback stopped it."""
        self._clock = time.monotonic()
        self._drawn_from = self._order.bit_generator.state
        histories, size = self.data.histories, self.config.batch_size
        batches = shuffled_users(histories, self._train_users, size, self._order)
        for users in batches[self._done :]:
            self._set_learning_rate((self.epoch + self._done / len(batches)) / self.config.epochs)
            loss = self._update(Batch.of(histories, users))
            record = {
                "kind": "update",
                "epoch": self.epoch + self._done / len(batches),
                "update": self.updates,
                "updates": len(batches),
                "loss": loss,
                **self._so_far(),
            }
            if _any_stops(callbacks, record, self):
                return False
        found = None
        if len(self._validation):
            asked = {"kind": "validation", "epoch": self.epoch}
            found = self._validation.measure(
                self.network, lambda: not _any_stops(callbacks, asked, self)
            )
            if found is None:
                return False
        return not _any_stops(callbacks, self._end_epoch(found), self)

    def _set_learning_rate(self, done: float) -> None:
        """Set the step size after a part of all epochs."""
        rate = self.config.learning_rate
        if self.config.learning_rate_decay == "cosine":
            rate *= _LEAST_RATE + (1 - _LEAST_RATE) * (1 + math.cos(math.pi * done)) / 2
        for group in self._optimizer.param_groups:
            group["lr"] = rate

    def _end_epoch(self, found: Validated | None) -> Record:
        """Close the epoch and return its record."""
        self.epoch += 1
        loss = found and found.loss
        if loss is not None and (self.best_loss is None or loss < self.best_loss):
            self.best_epoch, self.best_loss = self.epoch, loss
            self._best = {k: v.clone() for k, v in self.network.state_dict().items()}
        record = {
            "kind": "epoch",
            "epoch": self.epoch,
            "train_loss": self._total / self._targets,
            "valid_loss": loss,
            "valid_ndcg": found and found.ndcg,
            "best_epoch": self.best_epoch or self.epoch,
            "updates": self.updates,
            **self._so_far(),
        }
        if self.config.loss == "mse":
            record["train_rmse"] = math.sqrt(record["train_loss"])
            record["valid_rmse"] = None if loss is None else math.sqrt(loss)
        self._done, self._total, self._targets = 0, 0.0, 0
        self.history.append(record)
        return record

    def _so_far(self) -> Record:
        now = time.monotonic()
        self.seconds += now - self._clock
        self._clock = now
        return {"seconds": self.seconds, "interactions": self.interactions}

    def _update(self, batch: Batch) -> float:
        """Make one step; return the mean loss of the batch's targets.

        Raises:
            HRNNError: the loss or a gradient is not finite; the weights are those before the step.
        """
        before_NH = self.network.states_before(batch.to(self.network.device), self._draws)
        loss, count = self._objective.of(self.network, batch, before_NH, TRAIN, self._draws)
        self._optimizer.zero_grad()
        (loss / count).backward()
        norm = torch.nn.utils.clip_grad_norm_(self.network.parameters(), _GRADIENT_NORM).item()
        total = loss.item()
        for name, value in (("loss", total), ("gradient", norm)):
            if not math.isfinite(value):
                raise HRNNError(
                    f"the {name} became {value} at update {self.updates + 1}; lower the learning"
                    " rate"
                )
        self._optimizer.step()
        self.network.settle()
        self.updates += 1
        self.interactions += len(batch.items)
        self._done, self._total = self._done + 1, self._total + total
        self._targets += count
        return total / count

    def validate(self) -> Validated | None:
        """Measure the network as after an epoch; None where nothing validates."""
        return self._validation.measure(self.network, lambda: True) if self._validation else None

    def state(self) -> tuple[dict[str, Tensor], Record]:
        """Return tensors and facts from which :meth:`restore` continues as if never interrupted.

        It can be asked for by a callback, at an update or at the end of an epoch.
        """
        tensors = {f"network.{name}": value for name, value in self.network.state_dict().items()}
        tensors |= {f"best.{name}": value for name, value in self._best.items()}
        for index, slots in self._optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{index}.{slot}": value for slot, value in slots.items()}
        tensors["draws"] = self._draws.get_state()
        facts = {name: getattr(self, name) for name in _FACTS}
        facts["order"] = self._drawn_from if self._done else self._order.bit_generator.state
        return tensors, facts

    def restore(self, tensors: dict[str, Tensor], facts: Record) -> None:
        """Continue from a :meth:`state`.

        Raises:
            CheckpointError: the state is of a network with other settings, or of another version.
        """
        if not {*_FACTS, "order"} <= facts.keys():
            raise CheckpointError(
                "the checkpoint is of another version of this software; start the training anew"
            )
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
        for name in _FACTS:
            setattr(self, name, facts[name])


def _any_stops(callbacks: Sequence[Callback], record: Record, trainer: Trainer) -> bool:
    """Call every callback; say whether one wants to stop."""
    answers = [callback(record, trainer) for callback in callbacks]
    return any(answers)
