"""One layer of the network, read step by step in plain torch: what every device can do.

Shapes: B lanes, N interactions of a batch, H units. :mod:`hrnn.model.fused` does the same faster.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from hrnn.model.batches import Batch


class GRUWeights(NamedTuple):
    """Weights of a GRU as torch lays them out: reset, update and new gate below one another."""

    input_3HX: Tensor
    state_3HH: Tensor
    input_bias_3H: Tensor
    state_bias_3H: Tensor

    def step(self, inputs: Tensor, state: Tensor) -> Tensor:
        """Return the states after one step."""
        return torch.gru_cell(inputs, state, *self)


class LayerWeights(NamedTuple):
    """Weights of a layer.

    Attributes:
        session: the session GRU.
        start_HH, start_H: a session starts from ``tanh(start_HH c + start_H)`` of the user state c.
        user: the user GRU; None where every user state is zero.
        everywhere: whether the session GRU reads the user state beside each input.
    """

    session: GRUWeights
    start_HH: Tensor
    start_H: Tensor
    user: GRUWeights | None
    everywhere: bool

    def start(self, user: Tensor) -> Tensor:
        """Return the states that start a session."""
        return torch.tanh(torch.nn.functional.linear(user, self.start_HH, self.start_H))


class LayerStates(NamedTuple):
    """What a layer has read.

    Attributes:
        before_NH: state before each interaction.
        after_NH: state after each interaction.
        session_BH: state after each lane's last interaction.
        user_BH: user state that each lane's last session started from.
    """

    before_NH: Tensor
    after_NH: Tensor
    session_BH: Tensor
    user_BH: Tensor


def read_layer(inputs_NH: Tensor, batch: Batch, weights: LayerWeights) -> LayerStates:
    """Read a batch."""
    user = inputs_NH.new_zeros(len(batch.users), len(weights.start_H))
    state = weights.start(user)
    before, after = [], []
    for number in range(batch.steps):
        interactions, opening = batch.step(number)
        if len(opening):
            if weights.user is not None:
                ended = weights.user.step(state[opening], user[opening])
                user = user.index_copy(0, opening, ended)
            state = state.index_copy(0, opening, weights.start(user[opening]))
        active = interactions.stop - interactions.start
        inputs = inputs_NH[interactions]
        if weights.everywhere:
            inputs = torch.cat([inputs, user[:active]], dim=1)
        before.append(state[:active])
        after.append(weights.session.step(inputs, before[-1]))
        state = torch.cat([after[-1], state[active:]])
    nothing = state[:0]
    return LayerStates(torch.cat([nothing, *before]), torch.cat([nothing, *after]), state, user)
