"""The estimators: settings, the network that they make, and its training."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np
import torch
from torch import Tensor

from hrnn.errors import ConfigError
from hrnn.model.batches import Batch
from hrnn.model.histories import Histories
from hrnn.model.items import ItemNetwork
from hrnn.model.network import HRNN, Standing
from hrnn.training.checkpoint import load_weights, read_checkpoint
from hrnn.training.config import LossName, TrainConfig
from hrnn.training.progress import say
from hrnn.training.roles import TRAIN
from hrnn.training.targets import TrainingSet
from hrnn.training.trainer import Callback, End, Record, Trainer

_USERS_AT_ONCE = 512
CLASSIFIER_LOSSES: tuple[LossName, ...] = ("bce", "cross_entropy", "bpr_max", "top1")
REGRESSOR_LOSSES: tuple[LossName, ...] = ("mse",)

Network = TypeVar("Network", bound=ItemNetwork)


class NetworkEstimator(ABC, Generic[Network]):
    """A network and its training.

    Args:
        callbacks: called with every record of the training, see
            :class:`hrnn.training.trainer.Trainer`.
        loss_fn_name: the reference's name of ``loss``.
        settings: see :class:`hrnn.training.config.TrainConfig` for names and defaults.

    Attributes:
        history_: the epoch records of the training.
        end_: how it ended: "finished", "early" (patience) or "stopped" (by a callback).

    Raises:
        ConfigError: a setting is unknown or out of range.
    """

    #: The losses that fit the outcomes; the first is the default.
    losses: ClassVar[tuple[str, ...]] = CLASSIFIER_LOSSES + REGRESSOR_LOSSES

    def __init__(
        self,
        *,
        callbacks: Sequence[Callback] = (),
        loss_fn_name: str | None = None,
        **settings: Any,
    ) -> None:
        default = loss_fn_name or self.losses[0]
        if settings.setdefault("loss", default) != default and loss_fn_name:
            raise ConfigError(
                f"loss_fn_name={loss_fn_name!r} and loss={settings['loss']!r} are two names of one"
                " setting; give one"
            )
        if settings["loss"] not in self.losses:
            raise ConfigError(
                f"loss={settings['loss']!r}: with {type(self).__name__} it must be"
                f" {' or '.join(map(repr, self.losses))}"
            )
        self.config = TrainConfig(**settings)
        self.callbacks = tuple(callbacks)
        self.network_: Network | None = None
        self.history_: list[Record] = []
        self.end_: End | None = None

    def change(self, **settings: Any) -> None:
        """Change settings that do not shape the network."""
        self.config = replace(self.config, **settings)  # pyright: ignore[reportArgumentType]

    @abstractmethod
    def draw_network(self, items: int, generator: torch.Generator) -> Network:
        """Make the network for a catalogue, on the CPU, with weights from a generator."""

    def make_network(self, items: int) -> Network:
        """Make the network for a catalogue, its weights drawn from ``random_state``."""
        config = self.config
        generator = torch.Generator().manual_seed(config.random_state)
        network = self.draw_network(items, generator)
        network.cosine = config.scoring == "cosine"
        network.settle()
        return network.to(_device(config.device))

    def fit(
        self,
        data: TrainingSet,
        callbacks: Sequence[Callback] = (),
        resume_from: Path | None = None,
    ) -> None:
        """Train, from the beginning or from a checkpoint of :meth:`Trainer.state`."""
        network = self.make_network(data.items)
        if self.config.loss == "mse":  # an update would take long to reach the mean outcome
            with torch.no_grad():
                network.bias_I.fill_(float(data.outcome[data.role == TRAIN].mean()))
        trainer = Trainer(network, data, self.config)
        if resume_from is not None:
            trainer.restore(*read_checkpoint(resume_from))
        lines = [say] if self.config.verbose else []
        self.end_ = trainer.run((*lines, *self.callbacks, *callbacks))
        self.network_ = network
        self.history_ = trainer.history

    def restore(self, weights: dict[str, Tensor], items: int, source: str) -> None:
        """Take the weights of a saved model."""
        network = self.make_network(items)
        load_weights(network, weights, source)
        self.network_ = network

    def batches(self, histories: Histories) -> Iterator[tuple[Batch, Tensor]]:
        """Lay histories out for the network: batches, and which of a batch's lanes each user has.

        Users come in the order of the histories.
        """
        device = self.fitted().device
        for first in range(0, max(histories.users, 1), _USERS_AT_ONCE):
            users = np.arange(first, min(first + _USERS_AT_ONCE, histories.users))
            batch = Batch.of(histories, users).to(device)
            yield batch, torch.from_numpy(np.argsort(batch.users)).to(device)

    def fitted(self) -> Network:
        """Return the trained network."""
        assert self.network_ is not None, "the estimator is not fitted"
        return self.network_


class HRNNEstimator(NetworkEstimator[HRNN]):
    """A hierarchical recurrent network and its training; made as one of the two below."""

    def draw_network(self, items: int, generator: torch.Generator) -> HRNN:
        """Make an HRNN for a catalogue."""
        one = self.config
        shape = one.hidden_units, one.num_layers, one.dropout_rate, one.user_state
        return HRNN(items, *shape, generator)

    @torch.no_grad()
    def stand(self, histories: Histories) -> Standing:
        """Return where every user stands after a history, in the order of the histories."""
        network = self.fitted()
        parts = [network.follow(batch).of(lane) for batch, lane in self.batches(histories)]
        return Standing.joined(parts)


class HRNNClassifierEstimator(HRNNEstimator):
    """A hierarchical recurrent network for positives, binary outcomes and soft labels."""

    losses = CLASSIFIER_LOSSES


class HRNNRegressorEstimator(HRNNEstimator):
    """A hierarchical recurrent network for outcomes that are amounts, such as ratings or revenue.

    A score is an estimate of the outcome, in its unit.
    """

    losses = REGRESSOR_LOSSES


def estimator_for(settings: dict[str, Any]) -> HRNNEstimator:
    """Make the estimator whose loss the settings name."""
    regresses = settings.get("loss") in HRNNRegressorEstimator.losses
    return (HRNNRegressorEstimator if regresses else HRNNClassifierEstimator)(**settings)


def _device(name: str | None) -> torch.device:
    """Return the device that a setting names.

    Raises:
        ConfigError: torch cannot reach it.
    """
    if name is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    reachable = {"cpu": True, "cuda": torch.cuda.is_available()}
    reachable["mps"] = torch.backends.mps.is_available()
    if not reachable[name]:
        raise ConfigError(f"device={name!r}: torch sees none on this machine; use 'cpu'")
    return torch.device(name)
