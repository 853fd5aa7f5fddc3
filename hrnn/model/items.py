"""What every network shares: the items, by which a state is scored.

Shapes: B users, N interactions of a batch, I items, H units.
"""

import math
from abc import abstractmethod

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from hrnn.model.batches import Batch

#: What a cosine is multiplied by before the softmax (NISER: Gupta et al. 2019).
COSINE_SCALE = 16.0


class ItemNetwork(nn.Module):
    """A network that reads histories and scores items.

    The score of item i in state h is ``E_i · project(h) + b_i``, where E are the embeddings that
    it reads interactions with.

    Attributes:
        cosine: whether embeddings are kept at length one and projections at
            :data:`COSINE_SCALE`, so that a score is a scaled cosine plus the bias.
    """

    cosine = False

    def __init__(self, items: int, hidden_units: int, dropout_rate: float) -> None:
        super().__init__()
        self.hidden_units = hidden_units
        self.dropout_rate = dropout_rate
        self.items_IH = nn.Embedding(items + 1, hidden_units, padding_idx=0)
        self.bias_I = nn.Parameter(torch.zeros(items + 1))

    @abstractmethod
    def states_before(self, batch: Batch, generator: torch.Generator | None = None) -> Tensor:
        """Return the state [N, H] before each interaction, in the batch's order.

        Args:
            batch: the users' histories.
            generator: source of dropout; None for none, as in scoring.
        """

    @abstractmethod
    def states_after(self, batch: Batch) -> Tensor:
        """Return the state [B, H] after each lane's last interaction; there is no way back."""

    def read_out(self, states_NH: Tensor) -> Tensor:
        """Turn states towards the embeddings."""
        return states_NH

    def project(self, states_NH: Tensor) -> Tensor:
        """Return what scores the items by its product with their embeddings."""
        read_NH = self.read_out(states_NH)
        return COSINE_SCALE * normalize(read_NH, dim=-1) if self.cosine else read_NH

    @torch.no_grad()
    def settle(self) -> None:
        """Bring the embeddings back to the length that they are kept at, after every change."""
        if self.cosine:
            self.items_IH.weight.copy_(normalize(self.items_IH.weight, dim=1))

    def scores(self, states_BH: Tensor) -> Tensor:
        """Return the scores [B, I] of all items, padding left out."""
        items_IH = self.items_IH.weight[1:]
        return torch.addmm(self.bias_I[1:], self.project(states_BH), items_IH.T)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.bias_I.device

    def draw(self, generator: torch.Generator) -> None:
        """Draw the weights that are not zero or one at first."""
        bound = 1 / math.sqrt(self.hidden_units)
        for name, parameter in self.named_parameters():
            if name == "items_IH.weight":
                nn.init.normal_(parameter, std=bound, generator=generator)
            elif name != "bias_I" and "norm" not in name:
                nn.init.uniform_(parameter, -bound, bound, generator=generator)
        with torch.no_grad():
            self.items_IH.weight[0] = 0

    def dropout(self, values: Tensor, generator: torch.Generator | None) -> Tensor:
        """Set a share of the values to zero and scale the rest."""
        if generator is None or self.dropout_rate == 0:
            return values
        # Drawn on the CPU, so that every device trains with the same numbers; 16 bits a value.
        bits = torch.empty(-(-values.numel() // 4), dtype=torch.int64).random_(
            -(2**63), None, generator=generator
        )
        chance = bits.view(torch.int16)[: values.numel()].view(values.shape)
        kept = round((1 - self.dropout_rate) * 2**16)
        scale = (chance < kept - 2**15).to(values.dtype).mul_(2**16 / kept)
        return values * scale.to(values.device)
