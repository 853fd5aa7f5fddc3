"""What a prediction costs.

Shapes: M targets, I items without padding, H units, K negatives a positive. All losses are sums
over the targets; the caller divides by their number.
"""

from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, logsigmoid

LossName = Literal["bce", "cross_entropy"]

#: Logits held at once: 4 MB, so that a chunk stays in the cache of one core.
_CHUNK = 1 << 20


def cross_entropy(states_MH: Tensor, items_IH: Tensor, bias_I: Tensor, target_M: Tensor) -> Tensor:
    """Sum of ``-log softmax(score)[target]`` over the whole catalogue.

    Args:
        states_MH: projected states.
        items_IH: embeddings of the catalogue, without padding.
        bias_I: item biases.
        target_M: int64, place of each target in the catalogue, from 0.
    """
    return _CrossEntropy.apply(states_MH, items_IH, bias_I, target_M)  # pyright: ignore


class _CrossEntropy(torch.autograd.Function):
    """Softmax cross-entropy whose logits exist a chunk at a time.

    Its gradient, softmax minus the one-hot target, is made in the forward pass while the chunk is
    at hand: memory grows with the targets and with the catalogue, not with their product.
    """

    @staticmethod
    def forward(ctx, states_MH, items_IH, bias_I, target_M):
        wanted = any(ctx.needs_input_grad)
        total = states_MH.new_zeros(())
        grad_states, grad_items, grad_bias = map(torch.zeros_like, (states_MH, items_IH, bias_I))
        rows = max(1, _CHUNK // len(items_IH))
        for start in range(0, len(states_MH), rows):
            part = slice(start, start + rows)
            logits = torch.addmm(bias_I, states_MH[part], items_IH.T)
            target = target_M[part, None]
            total += (logits.logsumexp(1) - logits.gather(1, target)[:, 0]).sum()
            if wanted:
                slope = torch.softmax(logits, dim=1)
                slope.scatter_add_(1, target, -torch.ones_like(target, dtype=slope.dtype))
                grad_states[part] = slope @ items_IH
                grad_items.addmm_(slope.T, states_MH[part])
                grad_bias += slope.sum(0)
        if wanted:
            ctx.save_for_backward(grad_states, grad_items, grad_bias)
        return total

    @staticmethod
    def backward(ctx, *grads):
        return *(grads[0] * saved for saved in ctx.saved_tensors), None


def binary_cross_entropy(
    states_MH: Tensor,
    items_IH: Tensor,
    bias_I: Tensor,
    target_M: Tensor,
    outcome_M: Tensor,
    negatives_MK: Tensor,
) -> Tensor:
    """Sum over targets of BCE(target score, outcome) + Σ_K BCE(negative score, 0).

    The negatives of a target are summed, so that more of them weigh more; a target of outcome 0
    has none of its own.
    """

    def score(place: Tensor) -> Tensor:
        return (items_IH[place] * states_MH.unsqueeze(1)).sum(-1) + bias_I[place]

    positive = score(target_M[:, None])[:, 0]
    cost = binary_cross_entropy_with_logits(positive, outcome_M, reduction="sum")
    if negatives_MK.shape[1]:
        refused = -logsigmoid(-score(negatives_MK)).sum(1)
        cost = cost + (refused * (outcome_M > 0)).sum()
    return cost


def draw_negatives(target_M: Tensor, items: int, count: int, generator: torch.Generator) -> Tensor:
    """Draw uniform negatives [M, K] that never equal their target; none from a catalogue of one."""
    if items < 2:
        count = 0
    drawn = torch.randint(max(items - 1, 1), (len(target_M), count), generator=generator)
    return drawn + (drawn >= target_M[:, None])
