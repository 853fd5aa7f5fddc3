"""Intervals by resampling users.

Shapes: Q questions, M figures, R resamples, G users.
"""

import numpy as np

_RESAMPLES = 1000
_LEVELS = (0.025, 0.975)


def resampled_means(values_QM: np.ndarray, user_Q: np.ndarray, seed: int) -> np.ndarray:
    """Return the means [R, M] over the questions of users drawn with replacement.

    Users are drawn, not questions, since the questions about one user are not independent; each
    resample has as many users as there are.

    Args:
        values_QM: float, a row a question.
        user_Q: integers, whom each question is about.
        seed: of the drawing; the same users are drawn for every figure.
    """
    _, group_Q = np.unique(user_Q, return_inverse=True)
    count_G = np.bincount(group_Q)
    sums_GM = np.zeros((len(count_G), values_QM.shape[1] + 1))
    np.add.at(sums_GM, group_Q, np.column_stack([values_QM, np.ones(len(values_QM))]))
    random = np.random.default_rng(seed)
    means = np.empty((_RESAMPLES, values_QM.shape[1]))
    for resample in range(_RESAMPLES):
        drawn = np.bincount(
            random.integers(len(count_G), size=len(count_G)), minlength=len(count_G)
        )
        total = drawn @ sums_GM
        means[resample] = total[:-1] / total[-1]
    return means


def interval(draws: np.ndarray) -> np.ndarray:
    """Return the 95 % percentile interval [2, …] of resamples [R, …]."""
    return np.quantile(draws, _LEVELS, axis=0)
