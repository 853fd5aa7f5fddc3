"""What a prediction costs.

Shapes: M targets, I items without padding, H units, K negatives a positive, S sampled items. All
losses are sums over the targets; the caller divides by their number.
"""

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, logsigmoid

from hrnn.model.pairs import score_pairs

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


def sampled_cross_entropy(
    states_MH: Tensor,
    items_IH: Tensor,
    bias_I: Tensor,
    target_M: Tensor,
    sample_S: Tensor,
    log_count_S: Tensor,
) -> Tensor:
    """Sum of softmax cross-entropies whose denominator is estimated from a shared sample.

    Each sampled score is lowered by the logarithm of how often its item is expected in the sample
    (logQ; Bengio and Senécal 2008), so that the estimated sum over the catalogue is unbiased. The
    target stands in every denominator by itself and needs no correction, and its copies in the
    sample are left out (Khrylchenko et al. 2025).

    Args:
        states_MH: projected states.
        items_IH: embeddings of the catalogue, without padding.
        bias_I: item biases.
        target_M: int64, place of each target in the catalogue.
        sample_S: int64, places of sampled items in the catalogue.
        log_count_S: log of the expected number of copies of each in the sample.
    """
    logits_MS = torch.addmm(bias_I[sample_S] - log_count_S, states_MH, items_IH[sample_S].T)
    logits_MS = logits_MS.masked_fill(sample_S == target_M[:, None], -torch.inf)
    own_M1 = score_pairs(states_MH, items_IH, bias_I, target_M[:, None])
    return (torch.cat([own_M1, logits_MS], dim=1).logsumexp(1) - own_M1[:, 0]).sum()


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
    positive_M1, negative_MK = _pairs(states_MH, items_IH, bias_I, target_M, negatives_MK)
    cost = binary_cross_entropy_with_logits(positive_M1[:, 0], outcome_M, reduction="sum")
    refused_M = -logsigmoid(-negative_MK).sum(1)
    return cost + (refused_M * (outcome_M > 0)).sum()


def bpr_max(
    states_MH: Tensor, items_IH: Tensor, bias_I: Tensor, target_M: Tensor, negatives_MK: Tensor
) -> Tensor:
    """Sum over targets of -log Σ_K s_k σ(r_t - r_k) + Σ_K s_k r_k².

    r are scores, s the softmax of the negatives' scores (Hidasi and Karatzoglou 2018, whose weight
    of the second part is 1 here).
    """
    target_M1, negative_MK = _pairs(states_MH, items_IH, bias_I, target_M, negatives_MK)
    log_weight_MK = torch.log_softmax(negative_MK, dim=1)
    won_M = (log_weight_MK + logsigmoid(target_M1 - negative_MK)).logsumexp(1)
    return ((log_weight_MK.exp() * negative_MK.square()).sum(1) - won_M).sum()


def top1(
    states_MH: Tensor, items_IH: Tensor, bias_I: Tensor, target_M: Tensor, negatives_MK: Tensor
) -> Tensor:
    """Sum over targets of Σ_K σ(r_k - r_t) + σ(r_k²).

    r are tanh of the scores, as in Quadrana et al. 2017; the loss is of Hidasi et al. 2016, who
    take the mean over negatives where we take the sum, so that more of them weigh more.
    """
    scores = _pairs(states_MH, items_IH, bias_I, target_M, negatives_MK)
    target_M1, negative_MK = map(torch.tanh, scores)
    return (torch.sigmoid(negative_MK - target_M1) + torch.sigmoid(negative_MK.square())).sum()


def squared_error(
    states_MH: Tensor, items_IH: Tensor, bias_I: Tensor, target_M: Tensor, outcome_M: Tensor
) -> Tensor:
    """Sum over targets of (score - outcome)²."""
    score_M = score_pairs(states_MH, items_IH, bias_I, target_M[:, None])[:, 0]
    return (score_M - outcome_M).square().sum()


def _pairs(
    states_MH: Tensor, items_IH: Tensor, bias_I: Tensor, target_M: Tensor, negatives_MK: Tensor
) -> tuple[Tensor, Tensor]:
    """Return the scores [M, 1] of the targets and [M, K] of their negatives."""
    places = torch.cat([target_M[:, None], negatives_MK], dim=1)
    scores = score_pairs(states_MH, items_IH, bias_I, places)
    return scores[:, :1], scores[:, 1:]


def draw_negatives(target_M: Tensor, items: int, count: int, generator: torch.Generator) -> Tensor:
    """Draw uniform negatives [M, K] that never equal their target; none from a catalogue of one."""
    if items < 2:
        count = 0
    drawn = torch.randint(max(items - 1, 1), (len(target_M), count), generator=generator)
    return drawn + (drawn >= target_M[:, None])
