"""The hierarchical recurrent network (Quadrana et al., RecSys 2017).

Shapes: B users, N interactions of a batch, I items, H units, L layers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from hrnn.model import fused
from hrnn.model.batches import Batch
from hrnn.model.compiled import runs_compiled
from hrnn.model.items import ItemNetwork
from hrnn.model.layers import GRUWeights, LayerStates, LayerWeights, read_layer

UserState = Literal["init", "all", "none"]


@dataclass(frozen=True)
class Encoded:
    """What the network knows after reading a batch.

    Attributes:
        before_NH: top state before each interaction, in the batch's order: what predicts it.
        session_LBH: session state after each user's last interaction.
        user_LBH: user state after each user's last session.
    """

    before_NH: Tensor
    session_LBH: Tensor
    user_LBH: Tensor


@dataclass(frozen=True)
class Standing:
    """Where users stand: what is needed to go on from what they did.

    Attributes:
        session_LBH: session states.
        user_LBH: user states that those sessions started from.
        begun_B: bool, whether there has been an interaction in the session.
    """

    session_LBH: Tensor
    user_LBH: Tensor
    begun_B: Tensor

    def of(self, users: Tensor) -> "Standing":
        """Return where some users stand, in the order of their places (int64)."""
        return Standing(self.session_LBH[:, users], self.user_LBH[:, users], self.begun_B[users])

    @classmethod
    def joined(cls, parts: Sequence["Standing"]) -> "Standing":
        """Put users beside one another."""
        return cls(
            torch.cat([one.session_LBH for one in parts], dim=1),
            torch.cat([one.user_LBH for one in parts], dim=1),
            torch.cat([one.begun_B for one in parts]),
        )


class HRNN(ItemNetwork):
    """A session GRU inside sessions and a user GRU across them, on tied item embeddings.

    A session starts from ``tanh(W c + b)`` of the user state c, which is zero before the first
    session; after a session ``c ← GRU_user(last session state, c)``. With several layers each has
    its own user state. The score of item i in state h is ``E_i · (P h) + b_i``.

    With ``user_state="init"`` the user state only starts a session (HRNN Init); with "all" each
    layer of the session GRU reads it at every position too, beside its input (HRNN All); with
    "none" it stays zero, and every session starts from ``tanh(b)``.
    """

    def __init__(
        self,
        items: int,
        hidden_units: int,
        num_layers: int,
        dropout_rate: float,
        user_state: UserState,
        generator: torch.Generator,
    ) -> None:
        layers = range(num_layers)
        with torch.random.fork_rng(devices=[]):  # making modules would draw from the global seed
            super().__init__(items, hidden_units, dropout_rate)
            self.output = nn.Linear(hidden_units, hidden_units, bias=False)
            inputs = hidden_units * (2 if user_state == "all" else 1)
            self.session_gru = nn.ModuleList(nn.GRU(inputs, hidden_units) for _ in layers)
            self.start = nn.ModuleList(nn.Linear(hidden_units, hidden_units) for _ in layers)
            if user_state != "none":
                self.user_gru = nn.ModuleList(
                    nn.GRUCell(hidden_units, hidden_units) for _ in layers
                )
        self.num_layers = num_layers
        self.user_state = user_state
        self.remembers = user_state != "none"
        self.draw(generator)

    def first_user_state(self, users: int) -> Tensor:
        """Return the user state [L, B, H] before any session."""
        return self.bias_I.new_zeros(self.num_layers, users, self.hidden_units)

    def start_session(self, user_LBH: Tensor) -> Tensor:
        """Return the state [L, B, H] that starts a session of users in the given state."""
        return torch.stack(
            [torch.tanh(start(user)) for start, user in zip(self.start, user_LBH, strict=True)]
        )

    def end_session(self, session_LBH: Tensor, user_LBH: Tensor) -> Tensor:
        """Return the user state [L, B, H] after a session that ended in the given state."""
        if not self.remembers:
            return user_LBH
        each = zip(self.user_gru, session_LBH, user_LBH, strict=True)
        return torch.stack([gru(session, user) for gru, session, user in each])

    def forward(self, batch: Batch, generator: torch.Generator | None = None) -> Encoded:
        """Read a batch.

        Args:
            batch: the users' sessions.
            generator: source of dropout; None for none, as in scoring.
        """
        inputs_NH = self.items_IH(batch.items)
        read = fused.read_layer if runs_compiled(inputs_NH) else read_layer
        layers: list[LayerStates] = []
        for layer in range(self.num_layers):
            inputs_NH = self.dropout(inputs_NH, generator)
            layers.append(read(inputs_NH, batch, self.layer(layer)))
            inputs_NH = layers[-1].after_NH
        session = torch.stack([states.session_BH for states in layers])
        user = torch.stack([states.user_BH for states in layers])
        ended = self.end_session(session[:, : batch.begun], user[:, : batch.begun])
        user = torch.cat([ended, user[:, batch.begun :]], dim=1)
        return Encoded(layers[-1].before_NH, session, user)

    def follow(self, batch: Batch) -> Standing:
        """Read a batch, only to know where each of its users stands; there is no way back."""
        inputs_IH, item_N = self.items_IH.weight, batch.items
        session, user = [], []
        for number in range(self.num_layers):
            weights = self.layer(number)
            if runs_compiled(inputs_IH):
                go_on = number < self.num_layers - 1
                states = fused.follow_layer(inputs_IH, item_N, batch, weights, go_on)
            else:
                states = read_layer(inputs_IH[item_N], batch, weights)[1:]
            inputs_IH, item_N = states[0], torch.arange(len(item_N), device=item_N.device)
            session.append(states[1])
            user.append(states[2])
        begun = torch.arange(len(batch.users), device=item_N.device) < batch.begun
        return Standing(torch.stack(session), torch.stack(user), begun)

    def start_sessions(self, standing: Standing, new_B: Tensor) -> Standing:
        """Let some users begin a session; one in which nothing has happened yet goes on."""
        ends = new_B & standing.begun_B
        user = self.end_session(standing.session_LBH, standing.user_LBH)
        user = torch.where(ends[:, None], user, standing.user_LBH)
        session = torch.where(ends[:, None], self.start_session(user), standing.session_LBH)
        return Standing(session, user, standing.begun_B & ~ends)

    def advance(self, standing: Standing, items_B: Tensor, new_B: Tensor) -> Standing:
        """Go on by one interaction of every user, the first of a session for some.

        Args:
            standing: where they stand.
            items_B: int64, item indices.
            new_B: bool, whose interaction starts a session.
        """
        if new_B.any():
            standing = self.start_sessions(standing, new_B)
        inputs_BH, states = self.items_IH(items_B), []
        for number in range(self.num_layers):
            weights = self.layer(number)
            if weights.everywhere:
                inputs_BH = torch.cat([inputs_BH, standing.user_LBH[number]], dim=1)
            inputs_BH = weights.session.step(inputs_BH, standing.session_LBH[number])
            states.append(inputs_BH)
        return Standing(torch.stack(states), standing.user_LBH, torch.ones_like(new_B))

    def layer(self, number: int) -> LayerWeights:
        """Return the weights of a layer."""
        start = self.start[number]
        assert isinstance(start, nn.Linear)
        return LayerWeights(
            _gru(self.session_gru[number], "_l0"),
            start.weight,
            start.bias,
            _gru(self.user_gru[number]) if self.remembers else None,
            self.user_state == "all",
        )

    def states_before(self, batch: Batch, generator: torch.Generator | None = None) -> Tensor:
        """Return the state [N, H] before each interaction; see the base class."""
        return self(batch, generator).before_NH

    def states_after(self, batch: Batch) -> Tensor:
        """Return the session state [B, H] after each lane's last interaction."""
        return self.follow(batch).session_LBH[-1]

    def read_out(self, states_NH: Tensor) -> Tensor:
        """Return P h; see the base class."""
        return self.output(states_NH)


def _gru(module: nn.Module, suffix: str = "") -> GRUWeights:
    parts = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    return GRUWeights(*(getattr(module, f"{part}{suffix}") for part in parts))
