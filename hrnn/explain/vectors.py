"""Likeness of vectors, and a drawing of them in two dimensions.

Shapes: A, B, N vectors, H units.
"""

import numpy as np


def cosines(one_AH: np.ndarray, other_BH: np.ndarray) -> np.ndarray:
    """Return cosines [A, B]; 0 to a state that is zero."""
    norms = [np.linalg.norm(each, axis=1).astype(np.float64) for each in (one_AH, other_BH)]
    lengths = np.outer(*norms)
    return np.divide(one_AH @ other_BH.T, lengths, out=np.zeros_like(lengths), where=lengths > 0)


def two_components(vectors_NH: np.ndarray) -> np.ndarray:
    """Project vectors onto the two directions in which they differ most: float64 [N, 2].

    The largest part of each direction is positive, so that a drawing always comes out the same.
    """
    drawing = np.zeros((len(vectors_NH), 2))
    if len(vectors_NH) < 2:
        return drawing
    centred = vectors_NH.astype(np.float64) - vectors_NH.mean(0)
    _, _, directions = np.linalg.svd(centred, full_matrices=False)
    for axis, direction in enumerate(directions[:2]):
        sign = np.sign(direction[np.abs(direction).argmax()]) or 1.0
        drawing[:, axis] = centred @ direction * sign
    return drawing
