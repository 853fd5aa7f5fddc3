"""From scores to lists: the best items, or a sample that prefers them."""

import math

import numpy as np

from hrnn.checks import check_seed
from hrnn.errors import ConfigError
from hrnn.model.compiled import compiled

#: Up to here, keeping a list in order costs less than looking for its last score first.
_MOST_INSERTED = 100


def top_places(scores: np.ndarray, top_k: int) -> np.ndarray:
    """Return the places of the highest scores, best first; the lower place first where they tie."""
    if top_k >= len(scores):
        return np.argsort(-scores, kind="stable")
    least = np.partition(scores, -top_k)[-top_k]
    places = np.flatnonzero(scores >= least)
    return places[np.argsort(-scores[places], kind="stable")][:top_k]


def top_places_of_all(scores: np.ndarray, top_k: int) -> np.ndarray:
    """Return :func:`top_places` of each row of float32 scores [Q, I]: int64 [Q, min(top_k, I)]."""
    best = np.empty((len(scores), min(top_k, scores.shape[1])), np.int64)
    if best.shape[1] > _MOST_INSERTED:
        for row, places in zip(scores, best, strict=True):
            places[:] = top_places(row, top_k)
    else:
        _insert_best(np.ascontiguousarray(scores), best)
    return best


@compiled
def _insert_best(scores, best):
    """Keep the best of each row in order while going through it: few places come in late."""
    kept = best.shape[1]
    values = np.empty(kept, scores.dtype)
    for row in range(len(scores)):
        filled = 0
        for place in range(scores.shape[1]):
            score = scores[row, place]
            if filled == kept and not score > values[kept - 1]:
                continue
            at = filled if filled < kept else kept - 1
            while at > 0 and score > values[at - 1]:
                values[at] = values[at - 1]
                best[row, at] = best[row, at - 1]
                at -= 1
            values[at] = score
            best[row, at] = place
            if filled < kept:
                filled += 1


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
    check_seed(seed)
    return value
