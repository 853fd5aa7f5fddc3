"""Mixtures of normal distributions, fitted to counts: many at once.

Shapes: R mixtures, K parts of each, N points.
"""

import math
from dataclasses import dataclass
from itertools import combinations

import numpy as np

#: No part is narrower: a part that shrank onto one point would have any likelihood.
_LEAST_SD = 0.25
_EDGES = (0.1, 0.25, 0.4, 0.55, 0.7, 0.8, 0.9, 0.95)  # shares of the counts where starts are cut
_FIRST_ROUNDS, _MOST_ROUNDS, _GAIN = 40, 2_000, 1e-9
_TINY = 1e-300
_STEPS = 2_000


@dataclass(frozen=True)
class Mixtures:
    """Mixtures, the parts of each in any order.

    Attributes:
        weight_RK: shares, they sum to 1.
        mean_RK, sd_RK: in the unit of the points.
    """

    weight_RK: np.ndarray
    mean_RK: np.ndarray
    sd_RK: np.ndarray

    def __getitem__(self, chosen: np.ndarray | slice) -> "Mixtures":
        return Mixtures(self.weight_RK[chosen], self.mean_RK[chosen], self.sd_RK[chosen])

    @property
    def parts(self) -> int:
        """Number of parts of each."""
        return self.mean_RK.shape[1]

    def by_mean(self) -> "Mixtures":
        """Return these with the parts of each in the order of their means."""
        order = np.argsort(self.mean_RK, axis=1, kind="stable")
        parts = (self.weight_RK, self.mean_RK, self.sd_RK)
        return Mixtures(*(np.take_along_axis(one, order, axis=1) for one in parts))

    def density(self, at_RN: np.ndarray) -> np.ndarray:
        """Return weighted densities [R, K, N] at points of their own or, as [1, N], common ones."""
        z_RKN = (at_RN[:, None] - self.mean_RK[..., None]) / self.sd_RK[..., None]
        top_RK = self.weight_RK / (self.sd_RK * np.sqrt(2 * np.pi))
        return top_RK[..., None] * np.exp(-0.5 * z_RKN * z_RKN)

    def sides(self, left: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Pool the parts left of a boundary, and those right of it.

        Args:
            left: how many parts are left of it.

        Returns:
            Weight, mean and sd, each [R, 2].
        """
        pooled = [self._pooled(slice(left)), self._pooled(slice(left, None))]
        weight_R2, mean_R2, sd_R2 = (np.stack(both, axis=1) for both in zip(*pooled, strict=True))
        return weight_R2, mean_R2, sd_R2

    def crossing(self, left: int) -> np.ndarray:
        """Return where the parts left of a boundary cease to weigh more than those right of it.

        Only between the means beside the boundary, first such place; NaN if there is none.

        Args:
            left: how many parts are left of it.
        """
        low_R1, high_R1 = self.mean_RK[:, left - 1 : left], self.mean_RK[:, left : left + 1]
        at_RN = low_R1 + (high_R1 - low_R1) * np.linspace(0, 1, _STEPS + 1)
        density_RKN = self.density(at_RN)
        ahead_RN = density_RKN[:, :left].sum(1) - density_RKN[:, left:].sum(1)
        turns_RN = (ahead_RN[:, :-1] > 0) & (ahead_RN[:, 1:] <= 0)
        step, each = turns_RN.argmax(axis=1), np.arange(len(at_RN))
        before, after = ahead_RN[each, step], ahead_RN[each, step + 1]
        with np.errstate(invalid="ignore", divide="ignore"):
            share = before / (before - after)
        found = at_RN[each, step] + share * (at_RN[each, step + 1] - at_RN[each, step])
        return np.where(turns_RN.any(axis=1), found, np.nan)

    def _pooled(self, parts: slice) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        weight_RK, mean_RK = self.weight_RK[:, parts], self.mean_RK[:, parts]
        weight_R = weight_RK.sum(1)
        mean_R = (weight_RK * mean_RK).sum(1) / weight_R
        second_RK = self.sd_RK[:, parts] ** 2 + (mean_RK - mean_R[:, None]) ** 2
        return weight_R, mean_R, np.sqrt((weight_RK * second_RK).sum(1) / weight_R)


def separation(mean_R2: np.ndarray, sd_R2: np.ndarray) -> np.ndarray:
    """Return Ashman's D of two sides, √2·|μ₁−μ₂| / √(σ₁²+σ₂²) (Ashman, Bird & Zepf 1994)."""
    return np.sqrt(2) * np.abs(np.diff(mean_R2)[:, 0]) / np.sqrt((sd_R2**2).sum(1))


def normal_below(at: float, mean_K: np.ndarray, sd_K: np.ndarray) -> np.ndarray:
    """Return the shares of normal distributions that lie below a point."""
    z_K = (at - mean_K) / (sd_K * math.sqrt(2))
    return np.array([0.5 * math.erfc(-z) for z in z_K.tolist()])


def improve(
    start: Mixtures,
    at_N: np.ndarray,
    counts_RN: np.ndarray,
    most_sd: float = math.inf,
    rounds: int = _MOST_ROUNDS,
) -> tuple[Mixtures, np.ndarray]:
    """Raise the likelihood of mixtures by expectation and maximisation.

    Args:
        start: where to begin.
        at_N: the points.
        counts_RN: how often each was seen, for each mixture.
        most_sd: no part gets wider.
        rounds: at most so many.

    Returns:
        The mixtures, and the log-likelihood of each before the last round.
    """
    mixtures, at_1N, seen_R = start, at_N[None], counts_RN.sum(1)
    before_R = np.full(len(counts_RN), -np.inf)
    likelihood_R = before_R
    for _ in range(rounds):
        density_RKN = mixtures.density(at_1N)
        total_RN = density_RKN.sum(1) + _TINY
        density_RKN *= (counts_RN / total_RN)[:, None]  # now the counts, shared among the parts
        count_RK = density_RKN.sum(2) + _TINY
        mean_RK = density_RKN @ at_N / count_RK
        square_RK = density_RKN @ (at_N * at_N) / count_RK - mean_RK**2
        sd_RK = np.sqrt(np.clip(square_RK, _LEAST_SD**2, most_sd**2))
        mixtures = Mixtures(count_RK / count_RK.sum(1, keepdims=True), mean_RK, sd_RK)
        likelihood_R = (counts_RN * np.log(total_RN)).sum(1)
        if (likelihood_R - before_R <= _GAIN * seen_R).all():
            break
        before_R = likelihood_R
    return mixtures, likelihood_R


def fit(
    at_N: np.ndarray, counts_N: np.ndarray, parts: int, most_sd: float = math.inf
) -> tuple[Mixtures, float]:
    """Fit one mixture, the best from many starts; return it and its log-likelihood.

    A start is a cut of the points, in order, into as many runs as there are parts.

    Args:
        at_N: the points, ascending.
        counts_N: how often each was seen.
        parts: how many parts it has.
        most_sd: no part gets wider.
    """
    starts = [_start(at_N, counts_N, edges) for edges in combinations(_EDGES, parts - 1)]
    first = Mixtures(*(np.stack(one) for one in zip(*starts, strict=True)))
    counts_RN = np.repeat(counts_N[None].astype(float), len(starts), axis=0)
    mixtures, likelihood_R = improve(first, at_N, counts_RN, most_sd, _FIRST_ROUNDS)
    best = np.argsort(-likelihood_R, kind="stable")[:3]
    mixtures, likelihood_R = improve(mixtures[best], at_N, counts_RN[: len(best)], most_sd)
    winner = int(likelihood_R.argmax())
    return mixtures[winner : winner + 1].by_mean(), float(likelihood_R[winner])


def _start(
    at_N: np.ndarray, counts_N: np.ndarray, edges: tuple[float, ...]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    middle_N = (np.cumsum(counts_N) - counts_N / 2) / counts_N.sum()
    run_N = np.searchsorted(edges, middle_N)
    parts = len(edges) + 1
    count_K = np.bincount(run_N, counts_N, parts) + _TINY
    mean_K = np.bincount(run_N, counts_N * at_N, parts) / count_K
    square_K = np.bincount(run_N, counts_N * at_N**2, parts) / count_K - mean_K**2
    return count_K / count_K.sum(), mean_K, np.sqrt(np.maximum(square_K, 4 * _LEAST_SD**2))
