"""Self-attention over the whole history."""

from typing import Any

import numpy as np
import torch

from hrnn.baselines.flat import FlatRecommender
from hrnn.data.interactions import Interactions
from hrnn.errors import ConfigError
from hrnn.model.sasrec import SASRecNetwork
from hrnn.recommend.estimators import NetworkEstimator


class SASRecEstimator(NetworkEstimator[SASRecNetwork]):
    """A self-attentive network and its training."""

    def draw_network(self, items: int, generator: torch.Generator) -> SASRecNetwork:
        """Make a network for a catalogue."""
        one = self.config
        length = one.max_sessions * one.max_session_len
        return SASRecNetwork(
            items, one.hidden_units, one.num_layers, one.dropout_rate, length, generator
        )


class SASRec(FlatRecommender):
    """SASRec (Kang and McAuley 2018) on one sequence a user.

    With ``loss="bce"`` and one negative it has the loss of its authors, with "cross_entropy" the
    one that makes it strong (Klenitskiy and Vasilev 2023). A history longer than it reads at once
    is trained in pieces, of which the last one is whole, where its authors drop what is older.
    It cannot read more at once, ``max_sessions`` × ``max_session_len``, than it was trained to.
    """

    kind = "sasrec"

    @staticmethod
    def make_estimator(settings: dict[str, Any]) -> SASRecEstimator:
        """Make the estimator of some settings."""
        return SASRecEstimator(**settings)

    @property
    def length(self) -> int:
        """Last items of a history that scoring reads.

        Raises:
            ConfigError: they are more than the network was trained to read.
        """
        length, network = super().length, self.estimator.network_
        if network is not None and length >= len(network.places_TH):
            raise ConfigError(
                f"max_sessions × max_session_len is {length:,}: this model was trained to read"
                f" {len(network.places_TH) - 1:,} interactions at once; ask for fewer, or train it"
                " again"
            )
        return length

    def pieces(self, data: Interactions) -> tuple[np.ndarray, int]:
        """Cut each user's rows into pieces of what the network reads at once."""
        rows = np.diff(data.user_starts)
        count = -(-rows // self.length)
        from_end = data.user_starts[1:][data.user_index] - 1 - np.arange(len(data))
        piece = np.cumsum(count)[data.user_index] - 1 - from_end // self.length
        return piece, int(count.sum())
