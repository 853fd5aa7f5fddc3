"""From scores to lists: the best items, or a sample that prefers them."""

import math

import numpy as np

from hrnn.errors import ConfigError


def top_places(scores: np.ndarray, top_k: int) -> np.ndarray:
    """Return the places of the highest scores, best first; the lower place first where they tie."""
    if top_k >= len(scores):
        return np.argsort(-scores, kind="stable")
    least = np.partition(scores, -top_k)[-top_k]
    places = np.flatnonzero(scores >= least)
    return places[np.argsort(-scores[places], kind="stable")][:top_k]


def sampled_places(
    scores: np.ndarray, top_k: int, temperature: float, random: np.random.Generator
) -> np.ndarray:
    """Draw places without replacement, each in turn with probability ∝ exp(score / temperature).

    Taking the best of score / temperature plus Gumbel noise is that very distribution (Gumbel
    top-k; Kool, van Hoof, Welling 2019); all is multiplied by the temperature here, which changes
    no order and divides by nothing.
    """
    noise = temperature * random.gumbel(size=len(scores))
    return top_places(scores.astype(np.float64) + noise, top_k)


def check_sampling(temperature: float | None, seed: int) -> float:
    """Return a temperature; None is 0, which ranks.

    Raises:
        ConfigError: it is not a finite number of at least 0, or the seed no whole number.
    """
    number = isinstance(temperature, int | float | np.number) or temperature is None
    value = float(temperature or 0) if number else math.nan
    if not (math.isfinite(value) and value >= 0):
        raise ConfigError(f"sampling_temperature={temperature!r}: it must be 0 or above")
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise ConfigError(f"seed={seed!r}: it must be a whole number of at least 0")
    return value
