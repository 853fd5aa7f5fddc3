"""Self-attention over the whole history."""

from typing import Any

import numpy as np
import torch

from hrnn.baselines.flat import FlatRecommender
from hrnn.data.interactions import Interactions
from hrnn.errors import ConfigError
from hrnn.model.histories import Histories
from hrnn.model.sasrec import SASRecNetwork
from hrnn.recommend.estimators import NetworkEstimator

#: Attention grows with the square of what is read at once.
_MOST_PLACES = 10_000


class SASRecEstimator(NetworkEstimator[SASRecNetwork]):
    """A self-attentive network and its training."""

    def draw_network(self, items: int, generator: torch.Generator) -> SASRecNetwork:
        """Make a network for a catalogue."""
        one = self.config
        length = one.max_sessions * one.max_session_len
        if length > _MOST_PLACES:
            raise ConfigError(
                f"max_sessions × max_session_len is {length:,}: attention reads at most"
                f" {_MOST_PLACES:,} interactions at once; ask for fewer"
            )
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

    def score_histories(self, histories: Histories, new_session: np.ndarray) -> np.ndarray:
        """Return float32 scores [users, items], whether or not a session begins.

        Raises:
            ConfigError: more is to be read than the network was trained to read.
        """
        most = len(self.estimator.fitted().places_TH) - 1
        if self.length > most:
            raise ConfigError(
                f"max_sessions × max_session_len is {self.length:,}: this model was trained to read"
                f" {most:,} interactions at once; ask for fewer, or train it again"
            )
        return super().score_histories(histories, new_session)

    def pieces(self, data: Interactions) -> tuple[np.ndarray, int]:
        """Cut each user's rows into pieces of what the network reads at once.

        With ``truncate_training`` there is one piece, of which only the end is read.
        """
        if self.estimator.config.truncate_training:
            return super().pieces(data)
        rows = np.diff(data.user_starts)
        count = -(-rows // self.length)
        from_end = data.user_starts[1:][data.user_index] - 1 - np.arange(len(data))
        piece = np.cumsum(count)[data.user_index] - 1 - from_end // self.length
        return piece, int(count.sum())
