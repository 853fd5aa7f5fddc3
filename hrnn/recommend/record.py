"""What a model was trained on, kept with the model: so that nobody measures it on the same rows."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from hrnn.data.interactions import Interactions
from hrnn.data.keys import mixed, row_keys
from hrnn.errors import CheckpointError
from hrnn.training.roles import TRAIN, VALID

ROWS_FILE = "trained_rows.npy"
_ROWS_AT_ONCE = 1 << 20


@dataclass(frozen=True)
class TrainingRecord:
    """The rows that shaped a model.

    Attributes:
        facts: dataset (its fingerprint), split, trained, validated, users, items.
        keys: uint64, sorted: keys of the rows that were targets of training or validation.
    """

    facts: dict[str, Any]
    keys: np.ndarray = field(repr=False)

    @classmethod
    def of(cls, data: Interactions, role: np.ndarray, split: str, items: int) -> "TrainingRecord":
        """Note the rows of a training."""
        keys, every = np.empty(len(data), np.uint64), np.uint64(len(data))
        for start in range(0, len(data), _ROWS_AT_ONCE):
            part = slice(start, start + _ROWS_AT_ONCE)
            keys[part] = row_keys(data, part)
            every ^= np.bitwise_xor.reduce(mixed(keys[part]))
        users = np.zeros(len(data.user_ids), bool)
        users[data.user_index[role == TRAIN]] = True
        trained, validated = keys[role == TRAIN], keys[role == VALID]
        del keys
        trained.sort()
        assert not _among(validated, trained).any(), "a row trains and validates"
        facts = {
            "dataset": f"{every:016x}",
            "split": split,
            "trained": len(trained),
            "validated": len(validated),
            "users": int(users.sum()),
            "items": items,
        }
        used = np.concatenate([trained, validated])
        used.sort()
        return cls(facts, used)

    def holds(self, keys: np.ndarray) -> np.ndarray:
        """Say for each key whether its row was trained or validated on (bool array)."""
        return _among(keys, self.keys)

    def save(self, folder: Path) -> None:
        """Write the keys into a model's folder; the facts go into ``model.json``."""
        np.save(folder / ROWS_FILE, self.keys, allow_pickle=False)

    @classmethod
    def open(cls, folder: Path, facts: dict[str, Any]) -> "TrainingRecord":
        """Read what :meth:`save` wrote.

        Raises:
            CheckpointError: the keys are missing or damaged.
        """
        try:
            keys = np.load(folder / ROWS_FILE, allow_pickle=False)
            if not isinstance(keys, np.ndarray) or keys.dtype != np.uint64 or keys.ndim != 1:
                raise ValueError("it holds no keys")
            if len(keys) != facts["trained"] + facts["validated"]:
                raise ValueError(f"{len(keys):,} keys for other rows")
        except (OSError, ValueError, EOFError, KeyError, TypeError, BadZipFile) as error:
            raise CheckpointError(
                f"the training record of model {folder.name} cannot be read ({error}); train it"
                " again"
            ) from None
        return cls(dict(facts), keys)


def _among(keys: np.ndarray, ascending: np.ndarray) -> np.ndarray:
    """Say for each key whether it is one of others, which are sorted (bool array)."""
    if not len(ascending):
        return np.zeros(len(keys), bool)
    near = np.searchsorted(ascending, keys)
    return ascending[np.minimum(near, len(ascending) - 1)] == keys
