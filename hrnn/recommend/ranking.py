"""From scores to lists: the best items, or a sample that prefers them."""

import numpy as np


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

    Adding Gumbel noise and taking the best is that very distribution (Gumbel top-k; Kool, van
    Hoof, Welling 2019).
    """
    noisy = scores / temperature + random.gumbel(size=len(scores))
    return top_places(noisy, top_k)
