"""What a prediction costs.

Shapes: M targets, I items without padding, H units, K negatives a positive, S sampled items. All
losses are sums over the targets; the caller divides by their number.
"""

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, logsigmoid

from hrnn.model.contrast import contrast
from hrnn.model.pairs import score_pairs


def cross_entropy(states_MH: Tensor, items_IH: Tensor, bias_I: Tensor, target_M: Tensor) -> Tensor:
    """Sum of ``-log softmax(score)[target]`` over the whole catalogue.

    Args:
        states_MH: projected states.
        items_IH: embeddings of the catalogue, without padding.
        bias_I: item biases.
        target_M: int64, place of each target in the catalogue, from 0.
    """
    own_M = score_pairs(states_MH, items_IH, bias_I, target_M[:, None])[:, 0]
    return contrast(states_MH, items_IH, bias_I, own_M, target_M)


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
    # Copies of one item are one row of their number's weight.
    places, which, copies = torch.unique(sample_S, return_inverse=True, return_counts=True)
    log_count = log_count_S.new_empty(len(places)).scatter_(0, which, log_count_S)
    bias = bias_I[places] - log_count + copies.log()
    own_M = score_pairs(states_MH, items_IH, bias_I, target_M[:, None])[:, 0]
    near_M = torch.searchsorted(places, target_M).clamp_(max=len(places) - 1)
    own_row_M = torch.where(places[near_M] == target_M, near_M, -1)
    return contrast(states_MH, items_IH[places], bias, own_M, own_row_M)


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
