"""What an interaction is in a training, and which may be targets; free of torch."""

import numpy as np

from hrnn.errors import DataError

HISTORY, TRAIN, VALID = 0, 1, 2

#: Losses that learn from every observed outcome; the others learn from positives alone.
_FROM_ALL = frozenset({"bce", "mse"})


def check_learnable(role: np.ndarray, outcome: np.ndarray, items: int, loss: str) -> np.ndarray:
    """Return the roles (int8) without the targets that the loss cannot use.

    An interaction without an outcome is never a target. MSE learns from any outcome, BCE from those
    in [0, 1], the others from those of 1.

    Args:
        role: int8, HISTORY, TRAIN or VALID for each interaction.
        outcome: the interactions' outcomes, NaN where none was observed.
        items: size of the catalogue.
        loss: as in :class:`hrnn.training.config.TrainConfig`.

    Raises:
        DataError: outcomes that the loss has no meaning for, or nothing to learn from.
    """
    kept = role.copy()
    if loss != "mse":
        _check_range(outcome[(role != HISTORY) & ~np.isnan(outcome)], loss)
    kept[np.isnan(outcome) if loss in _FROM_ALL else ~(outcome > 0)] = HISTORY
    trained = outcome[kept == TRAIN]
    if not (len(trained) if loss == "mse" else (trained > 0).any()):
        above = "" if loss == "mse" else " above 0"
        raise DataError(
            f"there is no interaction to learn from: no training row has an outcome{above};"
            " check the OUTCOME column, or leave it out"
        )
    if items < 2:
        raise DataError(
            "the training rows hold one item, so there is nothing to choose between; a"
            " recommender needs at least two items"
        )
    return kept


def _check_range(used: np.ndarray, loss: str) -> None:
    outside = (used < 0) | (used > 1)
    if outside.any():
        raise DataError(
            f"{int(outside.sum()):,} of {len(used):,} outcomes are outside 0 to 1 (one is"
            f" {used[outside][0]:g}); scale them to 0–1, or train HRNNRegressorEstimator"
            " (loss='mse') on them as they are"
        )
    soft = (used > 0) & (used < 1)
    if loss != "bce" and soft.any():
        raise DataError(
            f"{int(soft.sum()):,} outcomes lie between 0 and 1 (one is {used[soft][0]:g});"
            f" {loss} takes 0 and 1 only: choose BCE (loss='bce'), or round them"
        )
