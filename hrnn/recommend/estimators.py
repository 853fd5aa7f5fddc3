"""The estimators: settings, the network that they make, and its training."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from hrnn.errors import ConfigError
from hrnn.model.batches import Batch
from hrnn.model.histories import Histories
from hrnn.model.network import HRNN, Standing
from hrnn.training.checkpoint import load_weights, read_checkpoint
from hrnn.training.config import TrainConfig
from hrnn.training.progress import say
from hrnn.training.roles import TRAIN
from hrnn.training.targets import TrainingSet
from hrnn.training.trainer import Callback, End, Record, Trainer

_USERS_AT_ONCE = 512


class HRNNEstimator:
    """A hierarchical recurrent network and its training; made as one of the two below.

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
    losses: ClassVar[tuple[str, ...]]

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
        self.network_: HRNN | None = None
        self.history_: list[Record] = []
        self.end_: End | None = None

    def change(self, **settings: Any) -> None:
        """Change settings that do not shape the network."""
        self.config = replace(self.config, **settings)  # pyright: ignore[reportArgumentType]

    def make_network(self, items: int) -> HRNN:
        """Make the network for a catalogue, its weights drawn from ``random_state``."""
        config = self.config
        network = HRNN(
            items,
            config.hidden_units,
            config.num_layers,
            config.dropout_rate,
            config.user_state,
            torch.Generator().manual_seed(config.random_state),
        )
        return network.to(_device(config.device))

    def fit(
        self,
        data: TrainingSet,
        callbacks: Sequence[Callback] = (),
        resume_from: Path | None = None,
    ) -> None:
        """Train, from the beginning or from a checkpoint of :meth:`Trainer.state`."""
        network = self.make_network(data.items)
        self.start_from(network, data)
        trainer = Trainer(network, data, self.config)
        if resume_from is not None:
            trainer.restore(*read_checkpoint(resume_from))
        lines = [say] if self.config.verbose else []
        self.end_ = trainer.run((*lines, *self.callbacks, *callbacks))
        self.network_ = network
        self.history_ = trainer.history

    def start_from(self, network: HRNN, data: TrainingSet) -> None:
        """Set weights whose best value is known before the training; none here."""

    def restore(self, weights: dict[str, Tensor], items: int, source: str) -> None:
        """Take the weights of a saved model."""
        network = self.make_network(items)
        load_weights(network, weights, source)
        self.network_ = network

    @torch.no_grad()
    def stand(self, histories: Histories) -> Standing:
        """Return where every user stands after a history, in the order of the histories."""
        network, parts = self.fitted(), []
        for first in range(0, max(histories.users, 1), _USERS_AT_ONCE):
            users = np.arange(first, min(first + _USERS_AT_ONCE, histories.users))
            batch = Batch.of(histories, users).to(network.device)
            back = torch.from_numpy(np.argsort(batch.users)).to(network.device)
            parts.append(network.follow(batch).of(back))
        return Standing.joined(parts)

    def fitted(self) -> HRNN:
        """Return the trained network."""
        assert self.network_ is not None, "the estimator is not fitted"
        return self.network_


class HRNNClassifierEstimator(HRNNEstimator):
    """A hierarchical recurrent network for positives, binary outcomes and soft labels."""

    losses = ("bce", "cross_entropy", "bpr_max", "top1")


class HRNNRegressorEstimator(HRNNEstimator):
    """A hierarchical recurrent network for outcomes that are amounts, such as ratings or revenue.

    A score is an estimate of the outcome, in its unit.
    """

    losses = ("mse",)

    def start_from(self, network: HRNN, data: TrainingSet) -> None:
        """Start every item from the mean outcome, which an update would take long to reach."""
        with torch.no_grad():
            network.bias_I.fill_(float(data.outcome[data.role == TRAIN].mean()))


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
