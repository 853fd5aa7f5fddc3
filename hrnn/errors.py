"""The errors that callers are meant to catch, and the wording that they share."""

from collections.abc import Iterable


class HRNNError(Exception):
    """Anything this package refuses to do, in one sentence for people."""


class DataError(HRNNError, ValueError):
    """A log that cannot be read or learned from: how many, an example, the remedy."""


class ConfigError(HRNNError, ValueError):
    """A setting out of range: its name, its value, the allowed range."""


class CheckpointError(HRNNError):
    """A saved model that is incomplete, damaged or from another version."""


def listed(values: Iterable[object], most: int = 8) -> str:
    """Join the first few values for a message: ``'a', 'b' and 3 more``."""
    shown = [repr(str(value)) for value in values]
    extra = len(shown) - most
    return ", ".join(shown[:most]) + (f" and {extra} more" if extra > 0 else "")
