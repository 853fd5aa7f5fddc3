"""Arguments that many functions take, checked in one way."""

import numpy as np

from hrnn.errors import ConfigError


def is_whole(value: object) -> bool:
    """Say whether something is a whole number; True and False are none."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def check_seed(seed: object) -> None:
    """Do nothing with a whole number from 0 on.

    Raises:
        ConfigError: it is another thing.
    """
    if not (is_whole(seed) and seed >= 0):  # pyright: ignore[reportOperatorIssue]
        raise ConfigError(f"seed={seed!r}: it must be a whole number of at least 0")
