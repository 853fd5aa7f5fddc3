"""Scores of a few chosen items for each state, without the tables that indexing would make.

Shapes: M states, K items of each, I items, H units.
"""

import numpy as np
import torch
from torch import Tensor

from hrnn.model.compiled import compiled, runs_compiled


def score_pairs(states_MH: Tensor, items_IH: Tensor, bias_I: Tensor, place_MK: Tensor) -> Tensor:
    """Return the scores [M, K] of the items at the given places (int64) for each state."""
    if runs_compiled(states_MH):
        return _ScorePairs.apply(states_MH, items_IH, bias_I, place_MK)  # pyright: ignore
    return (items_IH[place_MK] * states_MH.unsqueeze(1)).sum(-1) + bias_I[place_MK]


@compiled
def _score(states, items, bias, place, scores):
    units = states.shape[1]
    for m in range(place.shape[0]):
        for k in range(place.shape[1]):
            item = place[m, k]
            total = np.float32(0)
            for j in range(units):
                total += states[m, j] * items[item, j]
            scores[m, k] = total + bias[item]


@compiled
def _score_back(states, items, place, slopes, states_gain, items_gain, bias_gain):
    units = states.shape[1]
    for m in range(place.shape[0]):
        for k in range(place.shape[1]):
            item, slope = place[m, k], slopes[m, k]
            bias_gain[item] += slope
            for j in range(units):
                states_gain[m, j] += slope * items[item, j]
            for j in range(units):
                items_gain[item, j] += slope * states[m, j]


class _ScorePairs(torch.autograd.Function):
    @staticmethod
    def forward(ctx, states_MH, items_IH, bias_I, place_MK):
        ctx.save_for_backward(states_MH, items_IH, bias_I, place_MK)
        scores = torch.empty(place_MK.shape)
        states, items, bias, place = _arrays(states_MH, items_IH, bias_I, place_MK)
        _score(states, items, bias, place, scores.numpy())
        return scores

    @staticmethod
    def backward(ctx, *grads):
        states, items, bias, place = _arrays(*ctx.saved_tensors)
        gains = [np.zeros_like(one) for one in (states, items, bias)]
        (slopes,) = _arrays(grads[0])
        _score_back(states, items, place, slopes, gains[0], gains[1], gains[2])
        return *map(torch.from_numpy, gains), None


def _arrays(*tensors: Tensor) -> list[np.ndarray]:
    return [tensor.detach().contiguous().numpy() for tensor in tensors]
