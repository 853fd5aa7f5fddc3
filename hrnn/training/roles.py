"""What an interaction is in a training, and which may be targets; free of torch."""

import numpy as np

from hrnn.errors import DataError

HISTORY, TRAIN, VALID = 0, 1, 2


def check_learnable(role: np.ndarray, outcome: np.ndarray, items: int, loss: str) -> np.ndarray:
    """Return the roles (int8) without the targets that the loss cannot use.

    An interaction without an outcome is never a target. BCE learns from outcomes in [0, 1], cross-
    entropy from those of 1.

    Args:
        role: int8, HISTORY, TRAIN or VALID for each interaction.
        outcome: the interactions' outcomes, NaN where none was observed.
        items: size of the catalogue.
        loss: "bce" or "cross_entropy".

    Raises:
        DataError: outcomes that the loss has no meaning for, or nothing to learn from.
    """
    used = outcome[(role != HISTORY) & ~np.isnan(outcome)]
    outside = (used < 0) | (used > 1)
    if outside.any():
        raise DataError(
            f"{int(outside.sum()):,} of {len(used):,} outcomes are outside 0 to 1 (one is"
            f" {used[outside][0]:g}); scale them to 0–1, or import the log without"
            " an OUTCOME column"
        )
    soft = (used > 0) & (used < 1)
    if loss != "bce" and soft.any():
        raise DataError(
            f"{int(soft.sum()):,} outcomes lie between 0 and 1 (one is {used[soft][0]:g});"
            " cross-entropy takes 0 and 1 only: choose BCE (loss='bce'), or round them"
        )
    kept = role.copy()
    kept[np.isnan(outcome) if loss == "bce" else ~(outcome > 0)] = HISTORY
    if not (outcome[kept == TRAIN] > 0).any():
        raise DataError(
            "there is no interaction to learn from: no training row has an outcome above 0;"
            " check the OUTCOME column, or leave it out"
        )
    if items < 2:
        raise DataError(
            "the training rows hold one item, so there is nothing to choose between; a"
            " recommender needs at least two items"
        )
    return kept
