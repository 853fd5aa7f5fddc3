"""The estimator: settings, the network that they make, and its training."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from hrnn.model.histories import Batch, Histories
from hrnn.model.network import HRNN
from hrnn.training.checkpoint import load_weights, read_checkpoint
from hrnn.training.config import TrainConfig
from hrnn.training.targets import TrainingSet
from hrnn.training.trainer import Callback, End, Record, Trainer

_USERS_AT_ONCE = 512


class HRNNClassifierEstimator:
    """A hierarchical recurrent network for outcomes between 0 and 1.

    Args:
        callbacks: called with every record of the training, see
            :class:`hrnn.training.trainer.Trainer`.
        settings: see :class:`hrnn.training.config.TrainConfig` for names and defaults.

    Attributes:
        history_: the epoch records of the training.
        end_: how it ended: "finished", "early" (patience) or "stopped" (by a callback).

    Raises:
        ConfigError: a setting is unknown or out of range.
    """

    def __init__(self, *, callbacks: Sequence[Callback] = (), **settings: Any) -> None:
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
        return HRNN(
            items,
            config.hidden_units,
            config.num_layers,
            config.dropout_rate,
            config.user_state,
            torch.Generator().manual_seed(config.random_state),
        )

    def fit(
        self,
        data: TrainingSet,
        callbacks: Sequence[Callback] = (),
        resume_from: Path | None = None,
    ) -> None:
        """Train, from the beginning or from a checkpoint of :meth:`Trainer.state`."""
        network = self.make_network(data.items)
        trainer = Trainer(network, data, self.config)
        if resume_from is not None:
            trainer.restore(*read_checkpoint(resume_from))
        self.end_ = trainer.run((*self.callbacks, *callbacks))
        self.network_ = network
        self.history_ = trainer.history

    def restore(self, weights: dict[str, Tensor], items: int, source: str) -> None:
        """Take the weights of a saved model."""
        network = self.make_network(items)
        load_weights(network, weights, source)
        self.network_ = network

    def states(
        self, histories: Histories, new_session: np.ndarray
    ) -> Iterator[tuple[np.ndarray, Tensor]]:
        """Yield users and the states [B, H] that predict what each does next.

        Args:
            histories: what each user did.
            new_session: bool [users], whether to start a session or to continue the last.
        """
        network = self.network_
        assert network is not None, "the estimator is not fitted"
        new = new_session | histories.lost_last
        with torch.no_grad():
            for first in range(0, histories.users, _USERS_AT_ONCE):
                users = np.arange(first, min(first + _USERS_AT_ONCE, histories.users))
                batch = Batch.of(histories, users)
                encoded = network(batch)
                fresh_BH = network.start_session(encoded.user_LBH)[-1]
                starts = torch.from_numpy(new[batch.users])[:, None]
                yield batch.users, torch.where(starts, fresh_BH, encoded.session_LBH[-1])
