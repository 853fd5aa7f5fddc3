"""A target's score against those of many items, the softmax that cross-entropy needs.

Shapes: M targets, S rows of items, H units.
"""

import numpy as np
import torch
from torch import Tensor

from hrnn.model.compiled import compiled, runs_compiled

#: Weights held at once: two megabytes, about what stays in the cache of one core, but as many rows
#: as a product needs to be fast.
_CHUNK = 1 << 19
_LEAST_ROWS = 128
_ONE, _LEAST = np.float32(1), np.float32(-87)  # below it exp is no normal number
_LOG2_E, _LN_2 = np.float32(1.44269504), np.float32(0.69314718)
_C2, _C3, _C4 = np.float32(1 / 2), np.float32(1 / 6), np.float32(1 / 24)
_C5, _C6 = np.float32(1 / 120), np.float32(1 / 720)
_HALF, _BIAS, _PLACE = np.float32(0.5), np.float32(127), np.float32(1 << 23)


def contrast(
    states_MH: Tensor, rows_SH: Tensor, bias_S: Tensor, own_M: Tensor, own_row_M: Tensor
) -> Tensor:
    """Sum over targets of ``log(exp(own) + Σ exp(score)) - own``.

    Args:
        states_MH: projected states.
        rows_SH: embeddings of the items to compare with.
        bias_S: their biases.
        own_M: scores of the targets.
        own_row_M: int64, the row that is the target's own and left out of the inner sum; -1 for
            none.
    """
    return _Contrast.apply(states_MH, rows_SH, bias_S, own_M, own_row_M)  # pyright: ignore


class _Contrast(torch.autograd.Function):
    """The gradients are made in the forward pass while a chunk of weights is at hand.

    So memory grows with targets and with items, not with their product.
    """

    @staticmethod
    def forward(ctx, states_MH, rows_SH, bias_S, own_M, own_row_M):
        gains = [*map(torch.zeros_like, (states_MH, rows_SH, bias_S, own_M))]
        if runs_compiled(states_MH):
            given = states_MH, rows_SH, bias_S, own_M, own_row_M
            given = [one.detach().contiguous().numpy() for one in given]
            states, rows, bias, own, own_row = given
            of_states, of_rows, of_bias, of_own = (one.numpy() for one in gains)
            cost = _contrast(states, rows, bias, own, own_row, of_states, of_rows, of_bias, of_own)
            total = states_MH.new_tensor(cost)
        else:
            total = _plain(states_MH, rows_SH, bias_S, own_M, own_row_M, *gains)
        ctx.save_for_backward(*gains)
        return total

    @staticmethod
    def backward(ctx, *grads):
        return *(grads[0] * saved for saved in ctx.saved_tensors), None


def _plain(states_MH, rows_SH, bias_S, own_M, own_row_M, of_states, of_rows, of_bias, of_own):
    """Return the sum and fill the gradients, in torch."""
    total = states_MH.new_zeros(())
    step = max(_LEAST_ROWS, _CHUNK // len(rows_SH))
    for start in range(0, len(states_MH), step):
        part = slice(start, start + step)
        states, own = states_MH[part], own_M[part]
        weight = torch.addmm(bias_S, states, rows_SH.T)
        has = (own_row_M[part] >= 0).nonzero()[:, 0]
        weight[has, own_row_M[part][has]] = -torch.inf
        most = torch.maximum(weight.amax(1), own)
        weight.sub_(most[:, None]).exp_()
        whole = weight.sum(1) + (own - most).exp()
        total += (whole.log() + most - own).sum()
        share = (1 / whole)[:, None]
        of_states[part] = (weight @ rows_SH).mul_(share)
        of_rows.addmm_(weight.T, states * share)
        of_bias.addmv_(weight.T, share[:, 0])
        of_own[part] = (own - most).exp() * share[:, 0] - 1
    return total


@compiled
def _contrast(states, rows, bias, own, own_row, of_states, of_rows, of_bias, of_own):
    """Return the sum and fill the gradients, as :func:`_plain` does."""
    count, units = states.shape
    step = max(_LEAST_ROWS, _CHUNK // len(rows))
    held = np.empty((min(step, count), len(rows)), np.float32)
    bits = np.empty(len(rows), np.int32)
    shared = np.empty((len(held), units), np.float32)
    total = 0.0
    for start in range(0, count, step):
        size = min(step, count - start)
        part, weight = states[start : start + size], held[:size]
        np.dot(part, rows.T, weight)
        for i in range(size):
            m, row = start + i, weight[i]
            most = own[m]
            for s in range(len(row)):
                row[s] += bias[s]
            if own_row[m] >= 0:
                row[own_row[m]] = -np.inf
            for s in range(len(row)):
                most = max(most, row[s])
            mine = np.exp(own[m] - most)
            whole = _exp(row, most, bits) + mine
            total += np.log(whole) + most - own[m]
            share = _ONE / whole
            of_own[m] = mine * share - _ONE
            for s in range(len(row)):
                of_bias[s] += row[s] * share
            for j in range(units):
                shared[i, j] = part[i, j] * share
            of_states[m, 0] = share
        products = np.dot(weight, rows)
        for i in range(size):
            share = of_states[start + i, 0]
            for j in range(units):
                of_states[start + i, j] = products[i, j] * share
        of_rows += np.dot(weight.T, shared[:size])
    return total


@compiled
def _exp(values, most, bits):
    """Replace values by ``exp(value - most)``, exact to about 1e-7, and return their sum.

    2^n is made by writing n where a float32 has its exponent, the rest by its Taylor series.
    """
    powers = bits.view(np.float32)
    for k in range(len(values)):
        x = values[k] - most
        x = _LOG2_E * (_LEAST if x < _LEAST else x)  # not max: NaN has to stay
        n = np.floor(x + _HALF)
        f = (x - n) * _LN_2
        bits[k] = np.int32((n + _BIAS) * _PLACE)
        values[k] = (
            _ONE + f * (_ONE + f * (_C2 + f * (_C3 + f * (_C4 + f * (_C5 + f * _C6)))))
        )  # fmt: skip
    total = np.float32(0)
    for k in range(len(values)):
        values[k] *= powers[k]
        total += values[k]
    return total
