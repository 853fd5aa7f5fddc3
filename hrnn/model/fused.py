"""One layer of the network for float32 on the CPU: the compiled loops, for autograd and scoring.

It computes what :func:`hrnn.model.layers.read_layer` computes, which it is tested against.

Shapes: B lanes, N interactions of a batch, I items, H units.
"""

import numpy as np
import torch
from torch import Tensor

from hrnn.model import kernels
from hrnn.model.batches import Batch
from hrnn.model.layers import GRUWeights, LayerStates, LayerWeights


class _ReadLayer(torch.autograd.Function):
    """:func:`kernels.read` and :func:`kernels.read_back` for autograd."""

    @staticmethod
    def forward(ctx, inputs_NH, batch, weights, *tensors):
        count, units = inputs_NH.shape
        session, user_gru, start_HH, start_H = _arrays(weights)
        inputs = np.ascontiguousarray(inputs_NH.detach().numpy())
        if weights.everywhere:
            inputs = np.concatenate([inputs, np.empty_like(inputs)], axis=1)
        opened = _room_to_open(len(batch.opening), units)
        tape = kernels.Tape(inputs, _empty(count, units), _room_for_gates(count, units), opened)
        plan = kernels.Plan(batch.offsets, batch.opening.numpy(), batch.openings)
        lanes = len(batch.users)
        after, state, user = _empty(count, units), _empty(lanes, units), _empty(lanes, units)
        remembers = weights.user is not None
        kernels.read(
            plan, session, user_gru, start_HH, start_H, remembers, tape, after, state, user
        )
        ctx.known = plan, session, user_gru, start_HH, start_H, remembers, tape
        return tuple(torch.from_numpy(one) for one in (tape.before_NH, after, state, user))

    @staticmethod
    def backward(ctx, *gradients):
        plan, session, user_gru, start_HH, start_H, remembers, tape = ctx.known
        before, after, state, user = (one.contiguous().numpy() for one in gradients)
        state, user = state.copy(), user.copy()
        inputs = np.empty_like(tape.inputs_NX)
        of_session, of_user = (kernels.GRU(*map(np.zeros_like, gru)) for gru in (session, user_gru))
        of_start_HH, of_start_H = np.zeros_like(start_HH), np.zeros_like(start_H)
        kernels.read_back(
            plan, session, user_gru, start_HH, remembers, tape,
            before, after, state, user,
            inputs, of_session, of_user, of_start_HH, of_start_H,
        )  # fmt: skip
        first = np.tanh(start_H)  # every lane's first session starts from it
        of_start_H += state.sum(0) * (1 - first * first)
        gains = [*_gain(of_session), of_start_HH, of_start_H]
        if remembers:
            gains += _gain(of_user)
        embedded = torch.from_numpy(inputs[:, : before.shape[1]])
        return embedded, None, None, *map(torch.from_numpy, gains)


def read_layer(inputs_NH: Tensor, batch: Batch, weights: LayerWeights) -> LayerStates:
    """Read a batch whose tensors are float32 and on the CPU."""
    tensors = [*weights.session, weights.start_HH, weights.start_H, *(weights.user or ())]
    return LayerStates(*_ReadLayer.apply(inputs_NH, batch, weights, *tensors))  # pyright: ignore


def follow_layer(
    inputs_IH: Tensor, item_N: Tensor, batch: Batch, weights: LayerWeights, all_states: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """Read a batch without a way back, and without what would only be needed for it.

    Args:
        inputs_IH: what can stand as input of an interaction.
        item_N: int64, which of them does.
        batch: where sessions begin and end.
        weights: of the layer.
        all_states: whether states after interactions are wanted.

    Returns:
        ``after_NH`` (without rows if not wanted), ``session_BH`` and ``user_BH`` as in
        :class:`hrnn.model.layers.LayerStates`.
    """
    units, lanes = len(weights.start_H), len(batch.users)
    input_GX = weights.session.input_3HX
    if len(item_N) < len(inputs_IH):  # a table of few interactions is smaller than one of all items
        inputs_IH, item_N = inputs_IH[item_N], torch.arange(len(item_N))
    from_items = (inputs_IH @ input_GX[:, :units].T).detach().numpy()
    from_user = np.ascontiguousarray(input_GX[:, units:].detach().numpy())
    session, user_gru, start_HH, start_H = _arrays(weights)
    plan = kernels.Plan(batch.offsets, batch.opening.numpy(), batch.openings)
    after = _empty(len(item_N) if all_states else 0, units)
    state, user = _empty(lanes, units), _empty(lanes, units)
    kernels.follow(
        plan, session, user_gru, start_HH, start_H, weights.user is not None,
        from_items, item_N.numpy(), from_user if weights.everywhere else from_user[:0],
        _room_for_gates(lanes, units), _room_to_open(lanes, units), after, state, user,
    )  # fmt: skip
    return torch.from_numpy(after), torch.from_numpy(state), torch.from_numpy(user)


def _arrays(weights: LayerWeights) -> tuple[kernels.GRU, kernels.GRU, np.ndarray, np.ndarray]:
    session, user = _gru(weights.session), _gru(weights.user or weights.session)
    return session, user, weights.start_HH.detach().numpy(), weights.start_H.detach().numpy()


def _gru(weights: GRUWeights) -> kernels.GRU:
    input_GX, state_GH, input_bias, state_bias = (one.detach().numpy() for one in weights)
    new = 2 * state_GH.shape[1]
    bias = input_bias.copy()
    bias[:new] += state_bias[:new]
    return kernels.GRU(input_GX, state_GH, bias, state_bias[new:])


def _empty(rows: int, columns: int) -> np.ndarray:
    return np.empty((rows, columns), np.float32)


def _room_for_gates(rows: int, units: int) -> kernels.Gates:
    return kernels.Gates(*(_empty(rows, units) for _ in range(4)))


def _room_to_open(sessions: int, units: int) -> kernels.Opened:
    ended, before, after, started = (_empty(sessions, units) for _ in range(4))
    return kernels.Opened(ended, before, _room_for_gates(sessions, units), after, started)


def _gain(gain: kernels.GRU) -> list[np.ndarray]:
    """Return gradients of the weights as torch lays them out."""
    state_bias = gain.bias_G.copy()
    state_bias[-len(gain.hidden_H) :] = gain.hidden_H
    return [gain.input_GX, gain.state_GH, gain.bias_G, state_bias]
