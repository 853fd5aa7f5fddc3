"""Ids to indices and back."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

#: Index of padding and of every id that is not in the vocabulary.
PADDING = 0


class Vocabulary:
    """A fixed list of ids; the first has index 1, since 0 is padding."""

    def __init__(self, ids: Sequence[str]) -> None:
        self._index = pd.Index(np.asarray(ids, dtype=object))
        if not self._index.is_unique:
            twice = self._index[self._index.duplicated()][0]
            raise ValueError(f"id {twice!r} is in the vocabulary twice")

    @classmethod
    def of(cls, values: Iterable[str]) -> "Vocabulary":
        """Make the vocabulary of all distinct values, sorted."""
        return cls(sorted(set(values)))

    @property
    def ids(self) -> np.ndarray:
        """The ids as an object array; the id of index i is ``ids[i - 1]``."""
        return self._index.to_numpy()

    def __len__(self) -> int:
        return len(self._index)

    def indices(self, ids: Iterable[str]) -> np.ndarray:
        """Return the int32 index of each id, PADDING for an unknown one."""
        values = np.asarray(list(ids), dtype=object)
        return (self._index.get_indexer(pd.Index(values, dtype=object)) + 1).astype(np.int32)

    def unknown(self, ids: Iterable[str]) -> list[str]:
        """Return the distinct ids that are not in the vocabulary, in order of appearance."""
        values = list(dict.fromkeys(ids))
        known = self.indices(values) != PADDING
        return [value for value, has in zip(values, known, strict=True) if not has]
