"""Self-attention over one history (SASRec: Kang and McAuley, ICDM 2018).

Shapes: B lanes, 1 head, T places (the start and then the interactions), N interactions, H units, P
pairs of them.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from hrnn.model.batches import Batch
from hrnn.model.items import ItemNetwork

#: By how much the last pair of units turns more slowly than the first.
_SLOWEST = 10_000.0


class SASRecNetwork(ItemNetwork):
    """Blocks of causal self-attention and a feed-forward layer on tied item embeddings.

    Before the first interaction stands a place of its own, learned, so that the first one is
    predicted too and somebody without history can be served. Places are numbered from it, so that
    a state depends on nothing that comes later. One head. What each part reads is normalised, and
    places are scaled as items are, as the paper has it (its authors' code normalises queries alone
    and scales items alone). Places start at zero: one that no history reached says nothing. Unlike
    theirs, attention also sees how far back an interaction lies, by turning queries and keys
    (RoFormer: Su et al. 2021); its weights have no dropout here, all else has.
    """

    def __init__(
        self,
        items: int,
        hidden_units: int,
        num_layers: int,
        dropout_rate: float,
        length: int,
        generator: torch.Generator,
    ) -> None:
        """Make a network that reads at most ``length`` interactions at once."""
        with torch.random.fork_rng(devices=[]):  # making modules would draw from the global seed
            super().__init__(items, hidden_units, dropout_rate)
            self.start_H = nn.Parameter(torch.zeros(hidden_units))
            self.places_TH = nn.Parameter(torch.zeros(length + 1, hidden_units))
            self.blocks = nn.ModuleList(_Block(hidden_units) for _ in range(num_layers))
            self.norm = nn.LayerNorm(hidden_units)
        self.draw(generator)
        nn.init.zeros_(self.places_TH)

    def states_before(self, batch: Batch, generator: torch.Generator | None = None) -> Tensor:
        """Return the state [N, H] before each interaction; see the base class."""
        lane_N, step_N = _where(batch)
        return self._read(batch, batch.steps, generator)[lane_N, step_N]

    def states_after(self, batch: Batch) -> Tensor:
        """Return the state [B, H] after each lane's last interaction."""
        lanes = torch.arange(len(batch.users), device=self.device)
        lane_N, _ = _where(batch)
        length_B = torch.bincount(lane_N, minlength=len(lanes))
        return self._read(batch, batch.steps + 1, None)[lanes, length_B]

    def _read(self, batch: Batch, places: int, generator: torch.Generator | None) -> Tensor:
        """Return the states [B, T, H] at the first places; those behind a lane's end mean nothing.

        Attention looks back only, so that they are in nobody's way.
        """
        lane_N, step_N = _where(batch)
        kept = step_N < places - 1
        index = (lane_N[kept], step_N[kept] + 1)
        embedded = self.items_IH(batch.items[kept])
        inputs_BTH = embedded.new_zeros(len(batch.users), places, self.hidden_units)
        inputs_BTH[:, 0] = self.start_H
        inputs_BTH = inputs_BTH.index_put(index, embedded) + self.places_TH[:places]
        states_BTH = self.dropout(inputs_BTH * self.hidden_units**0.5, generator)
        for block in self.blocks:
            states_BTH = block(states_BTH, lambda values: self.dropout(values, generator))
        return self.norm(states_BTH)


class _Block(nn.Module):
    """One look back, then one layer for each place by itself, each added to what was there."""

    def __init__(self, units: int) -> None:
        super().__init__()
        self.norm_attention, self.norm_forward = nn.LayerNorm(units), nn.LayerNorm(units)
        self.query_key_value = nn.Linear(units, 3 * units)
        self.attended = nn.Linear(units, units)
        self.inner, self.outer = nn.Linear(units, units), nn.Linear(units, units)

    def forward(self, states_BTH: Tensor, dropout) -> Tensor:
        three_BTH = self.query_key_value(self.norm_attention(states_BTH)).chunk(3, dim=-1)
        query_B1TH, key_B1TH, value_B1TH = (one.unsqueeze(1) for one in three_BTH)
        looked_BTH = scaled_dot_product_attention(
            _turned(query_B1TH), _turned(key_B1TH), value_B1TH, is_causal=True
        ).squeeze(1)
        states_BTH = states_BTH + dropout(self.attended(looked_BTH))
        inner_BTH = dropout(torch.relu(self.inner(self.norm_forward(states_BTH))))
        return states_BTH + dropout(self.outer(inner_BTH))


def _turned(values_B1TH: Tensor) -> Tensor:
    """Turn pairs of units by an angle for each place, each pair more slowly than the one before.

    The product of two then depends on how far apart their places are. A last unit without a
    partner stays.
    """
    places, units = values_B1TH.shape[-2:]
    pairs = units // 2
    rate_P = _SLOWEST ** (torch.arange(pairs, device=values_B1TH.device) / max(pairs, 1))
    angle_TP = torch.arange(places, device=values_B1TH.device)[:, None] / rate_P
    cos_TP, sin_TP = (one.to(values_B1TH.dtype) for one in (angle_TP.cos(), angle_TP.sin()))
    one_B1TP, other_B1TP, rest = values_B1TH.split((pairs, pairs, units - 2 * pairs), dim=-1)
    turned = one_B1TP * cos_TP - other_B1TP * sin_TP, one_B1TP * sin_TP + other_B1TP * cos_TP
    return torch.cat([*turned, rest], dim=-1)


def _where(batch: Batch) -> tuple[Tensor, Tensor]:
    """Return lane and step (int64 [N]) of each interaction."""
    active = torch.from_numpy(batch.offsets[1:] - batch.offsets[:-1])
    step_N = torch.repeat_interleave(torch.arange(len(active)), active)
    lane_N = torch.arange(len(step_N)) - torch.from_numpy(batch.offsets[:-1])[step_N]
    return lane_N.to(batch.items.device), step_N.to(batch.items.device)
