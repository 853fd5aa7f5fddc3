"""A delimited text that is in memory, cut into records."""

from dataclasses import dataclass

import numpy as np

from hrnn.data.delimited import Layout
from hrnn.data.text_table import Malformed


@dataclass(frozen=True)
class Records:
    """A whole text made clean.

    Attributes:
        header: the column names, without duplicates or blanks.
        body: RFC 4180 records in UTF-8, ``len(header)`` fields each, without the header.
        delimiter: what stands between the fields of ``body``.
        lines: int64 array, the physical line on which each record of ``body`` starts.
        malformed: the records left out.
        separator: what stands between fields in the text.
    """

    header: list[str]
    body: bytes
    delimiter: str
    lines: np.ndarray
    malformed: list[Malformed]
    separator: str


def split_records(text: bytes, separator: str | None = None, header: bool | None = None) -> Records:
    """Find the records of a text in UTF-8 with plain newlines; what is None is detected."""
    layout = Layout.of(text, separator, header)
    ((piece, delimiter),) = layout.pieces([text])
    return Records(
        layout.names,
        bytes(piece.body),
        delimiter.decode(),
        piece.lines,
        piece.malformed,
        layout.separator.text,
    )
