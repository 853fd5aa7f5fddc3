"""Arguments that many functions take, checked in one way."""

import os
from pathlib import Path

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


def check_switch(name: str, value: object) -> None:
    """Do nothing with True or False.

    Raises:
        ConfigError: it is another thing, such as the text "no", which would count as yes.
    """
    if not isinstance(value, bool | np.bool_):
        raise ConfigError(f"{name}={value!r}: it must be True or False")


def check_folder(folder: object) -> Path:
    """Return a path.

    Raises:
        ConfigError: it is neither a path nor the text of one.
    """
    if not isinstance(folder, str | os.PathLike):
        raise ConfigError(f"folder={folder!r}: it must be the path of a folder")
    return Path(folder)
