"""What a model was trained on, kept with the model: so that nobody measures it on the same rows."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from hrnn.data.interactions import Interactions
from hrnn.data.keys import mixed, row_keys
from hrnn.errors import CheckpointError
from hrnn.training.roles import HISTORY, TRAIN, VALID

_ROWS_FILE = "trained_rows.npy"


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
        keys = row_keys(data)
        trained, validated = keys[role == TRAIN], keys[role == VALID]
        assert not np.isin(trained, validated).any(), "a row trains and validates"
        facts = {
            "dataset": f"{np.bitwise_xor.reduce(mixed(keys), initial=np.uint64(len(keys))):016x}",
            "split": split,
            "trained": len(trained),
            "validated": len(validated),
            "users": len(np.unique(data.user_index[role == TRAIN])),
            "items": items,
        }
        return cls(facts, np.sort(keys[role != HISTORY]))

    def holds(self, keys: np.ndarray) -> np.ndarray:
        """Say for each key whether its row was trained or validated on (bool array)."""
        return np.isin(keys, self.keys)

    def save(self, folder: Path) -> None:
        """Write the keys into a model's folder; the facts go into ``model.json``."""
        np.save(folder / _ROWS_FILE, self.keys, allow_pickle=False)

    @classmethod
    def open(cls, folder: Path, facts: dict[str, Any]) -> "TrainingRecord":
        """Read what :meth:`save` wrote.

        Raises:
            CheckpointError: the keys are missing or damaged.
        """
        try:
            keys = np.load(folder / _ROWS_FILE, allow_pickle=False)
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
