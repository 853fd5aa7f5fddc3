"""Ranks and what is made of them. A metric takes ranks from 1; a miss is infinity.

The tie rule: a target ranks behind every item with an equal score, and behind every score that is
not a number, so that a constant model never wins and a broken one never hits.
"""

import numpy as np

#: Items that a held-out one is ranked among in a sampled ranking.
NEGATIVES = 100


def ranks(scores: np.ndarray, target: np.ndarray, excluded: np.ndarray | None = None) -> np.ndarray:
    """Rank each row's target among its items.

    Args:
        scores: float [rows, items].
        target: int [rows], the place of the target.
        excluded: bool [rows, items], items that cannot be recommended; a target among them is a
            miss.

    Returns:
        float64 [rows]: the rank, infinity for a miss or a score that is not a number.
    """
    rows = np.arange(len(scores))
    own = scores[rows, target]
    ahead = ~(scores < own[:, None])
    if excluded is not None:
        ahead &= ~excluded
    ahead[rows, target] = True
    rank = ahead.sum(1).astype(np.float64)
    missed = np.isnan(own)
    if excluded is not None:
        missed |= excluded[rows, target]
    rank[missed] = np.inf
    return rank


def hit_rate(rank: np.ndarray, k: int) -> np.ndarray:
    """HR@k of each rank: 1 if the target is among the first k."""
    return (rank <= k).astype(np.float64)


def ndcg(rank: np.ndarray, k: int) -> np.ndarray:
    """NDCG@k of each rank with one relevant item: 1 / log2(rank + 1) within the first k.

    Järvelin and Kekäläinen (2002); the ideal list has the target first and gain 1.
    """
    return np.where(rank <= k, 1 / np.log2(rank + 1), 0.0)


def mrr(rank: np.ndarray, k: int) -> np.ndarray:
    """MRR@k of each rank: 1 / rank within the first k."""
    return np.where(rank <= k, 1 / rank, 0.0)


METRICS = {"HR": hit_rate, "NDCG": ndcg, "MRR": mrr}
