"""The four kinds of outcomes that a log can have, and taking one kind for another; free of torch.

==========  ====================  ==========
mode        outcomes              estimator
==========  ====================  ==========
positives   all 1                 classifier
binary      0 and 1               classifier
soft        within 0 to 1         classifier, with BCE
continuous  any                   regressor
==========  ====================  ==========
"""

from typing import Literal

import numpy as np

from hrnn.data.interactions import Interactions
from hrnn.errors import DataError

Mode = Literal["positives", "binary", "soft", "continuous"]

IN_WORDS: dict[Mode, str] = {
    "positives": "positives only (every outcome is 1)",
    "binary": "binary (outcomes of 0 and 1)",
    "soft": "soft labels (outcomes between 0 and 1)",
    "continuous": "continuous (outcomes are amounts)",
}


def find_mode(outcome: np.ndarray) -> Mode:
    """Return the mode of a log's outcomes; NaN, not observed, does not count."""
    observed = outcome[~np.isnan(outcome)]
    if not np.isin(observed, (0, 1)).all():
        return "soft" if ((observed >= 0) & (observed <= 1)).all() else "continuous"
    return "binary" if (observed == 0).any() else "positives"


def taken_as(
    data: Interactions,
    outcomes: Literal["as_found"] | Mode,
    positive_from: float | None = None,
) -> Interactions:
    """Take a log's outcomes as another mode.

    Args:
        data: the log.
        outcomes: "positives" keeps the positive rows alone, with outcome 1. "binary" calls them 1
            and the others 0. "soft" divides by the largest outcome if that is above 1.
            "continuous" and "as_found" leave the outcomes alone.
        positive_from: the least outcome that is a positive; None takes all above 0.

    Raises:
        DataError: no row is positive, or an outcome is below 0 where soft labels are wanted.
    """
    value = data.outcome
    if outcomes in ("positives", "binary"):
        positive = value > 0 if positive_from is None else value >= positive_from
        if not positive.any():
            least = "above 0" if positive_from is None else f"of {positive_from:g} or more"
            observed = value[~np.isnan(value)]
            most = f"the largest is {observed.max():g}" if len(observed) else "none was observed"
            raise DataError(
                f"none of {len(data):,} interactions has an outcome {least} ({most}); choose a"
                " lower threshold"
            )
        if outcomes == "positives":
            return data.take(positive).with_outcome(np.ones(int(positive.sum())))
        return data.with_outcome(np.where(np.isnan(value), np.nan, positive))
    if outcomes == "soft":
        below = value < 0
        if below.any():
            raise DataError(
                f"{int(below.sum()):,} of {len(data):,} outcomes are below 0 (one is"
                f" {value[below][0]:g}), so they are no soft labels; choose binary, or continuous"
                " with the regressor"
            )
        most = np.nanmax(value, initial=1.0)
        return data.with_outcome(value / most) if most > 1 else data
    return data
