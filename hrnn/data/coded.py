"""Columns of text as codes into their distinct values."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from hrnn.data.arrow import pc
from hrnn.data.sql import BLANKS

#: Code of a blank.
BLANK = -1


@dataclass(frozen=True)
class Coded:
    """A column as int32 codes [rows] into its distinct texts; BLANK where there is none.

    Attributes:
        code: of each row.
        values: the texts.
        merged: how many texts became another one as the blanks around them went.
    """

    code: np.ndarray
    values: pa.Array
    merged: int = 0

    @classmethod
    def of(cls, column: pa.ChunkedArray) -> "Coded":
        """Encode a column of text or of a dictionary of text, without the blanks around values."""
        if not len(column):
            return cls(np.empty(0, np.int32), pa.array([], pa.string()))
        if pa.types.is_dictionary(column.type):
            whole: Any = column.unify_dictionaries().combine_chunks()
        else:  # in one piece: piece by piece, Arrow would grow the dictionary again and again
            whole = column.cast(pa.large_string()).combine_chunks().dictionary_encode()
        code = whole.indices.fill_null(BLANK).to_numpy(zero_copy_only=False)
        text = pc.utf8_trim(whole.dictionary.cast(pa.string()), BLANKS)
        again = pc.if_else(pc.equal(text, ""), None, text).dictionary_encode()
        merged = len(again) - again.null_count - len(again.dictionary)
        to = again.indices.fill_null(BLANK).to_numpy(zero_copy_only=False)
        if (to == np.arange(len(to))).all():
            return cls(code.astype(np.int32, copy=False), again.dictionary, merged)
        code = np.append(to, BLANK)[code].astype(np.int32)  # -1 is the last
        return cls(code, again.dictionary, merged)

    def sorted(self) -> "Coded":
        """Return the same column with its values in binary order."""
        order = pc.sort_indices(self.values).to_numpy()
        rank = np.empty(len(order) + 1, np.int32)
        rank[order] = np.arange(len(order), dtype=np.int32)
        rank[BLANK] = BLANK
        return Coded(rank[self.code], self.values.take(pa.array(order)), self.merged)

    def take(self, rows: np.ndarray) -> "Coded":
        """Keep some rows, and of the values those that they have, in order of appearance."""
        code = self.code[rows]
        code, present = first_seen(code, len(self.values))
        return Coded(code, self.values.take(pa.array(present)))

    def column(self) -> pa.DictionaryArray:
        """Return an Arrow column; blanks are nulls."""
        blank = self.code == BLANK
        code = pa.array(self.code, mask=blank) if blank.any() else pa.array(self.code)
        return pa.DictionaryArray.from_arrays(code, self.values)


def first_seen(code: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Number codes anew, in order of their first appearance.

    Args:
        code: int [rows], below ``size``; negative ones stay as they are.
        size: how many codes there are.

    Returns:
        The new codes (int32 [rows]), and the old code of each (int64).
    """
    kind = np.int32 if len(code) < 2**31 else np.int64  # logs are long
    first = np.full(size + 1, len(code), kind)
    places = np.arange(len(code) - 1, -1, -1, dtype=kind)
    first[code[::-1]] = places  # the last write, so the first row, stays
    first = first[:size]
    order = np.argsort(first, kind="stable")
    present = order[: int((first < len(code)).sum())]
    to = np.full(size + 1, BLANK, np.int32)
    to[present] = np.arange(len(present), dtype=np.int32)
    if len(present) == size and (to[:size] == np.arange(size)).all():
        return code.astype(np.int32, copy=False), present
    return to[code], present
