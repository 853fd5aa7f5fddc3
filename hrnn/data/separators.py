"""What stands between the fields of a text, and whether its first line names them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from hrnn.data.splitting import LONGEST_QUOTED, TIMED, Splitter
from hrnn.errors import DataError

#: Detected, in this order where nothing else decides.
SEPARATORS = (",", ";", "\t", "|", "::", "^", "~")
SPACES = " "

#: The line with which a file tells Excel its separator.
_SEPARATOR_LINE = re.compile(rb'"?sep=([,;\t|^~])"?\n', re.IGNORECASE)
#: Stands for a separator of several characters while the text is cut.
_STAND_INS = (b"\x1f", b"\x1e", b"\x1d", b"\x1c")
_SAMPLE = 1 << 18
_SAMPLE_ROWS = 100
_FEWEST_SPACED = 3
_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*")
_RECBOLE = re.compile(r"\w+:(token|float)(_seq)?")


@dataclass(frozen=True)
class Separator:
    """A separator: one character, several, or any run of spaces."""

    text: str

    @property
    def word(self) -> str:
        """The separator for people."""
        return {",": "comma", ";": "semicolon", "\t": "tab", " ": "spaces"}.get(
            self.text, self.text
        )

    def splitter(self, text: bytes, longest_quoted: int = LONGEST_QUOTED) -> Splitter:
        """Make what cuts a text here.

        Args:
            text: UTF-8 with plain newlines.
            longest_quoted: bytes in a quoted field, at most.

        Raises:
            DataError: the text holds every character that could stand for a long separator.
        """
        raw = self.text.encode()
        if len(raw) == 1 and self.text != SPACES:
            return Splitter(text, raw, longest_quoted=longest_quoted)
        free = next((one for one in _STAND_INS if one not in text), None)
        if free is None:
            raise DataError(
                f"the text holds control characters (such as {_STAND_INS[0]!r}) and the separator"
                f" {self.text!r}; write it with a separator of one character"
            )
        if self.text == SPACES:
            text = re.sub(rb" +", free, re.sub(rb"(?m)^ +| +$", b"", text))
        else:
            text = text.replace(raw, free)
        return Splitter(text, free, raw, longest_quoted)


def excel_line(text: bytes) -> tuple[str | None, int]:
    """Return the separator that a first line such as ``sep=;`` names, and where the text starts."""
    start = len(text) - len(text.lstrip(b"\n"))
    if named := _SEPARATOR_LINE.match(text, start):
        return named[1].decode(), named.end()
    return None, start


def detect_separator(text: bytes) -> str:
    """Choose the separator that cuts the first records into the most even, widest rows.

    Spaces are one only where nothing else cuts, every line has as many parts, at least three, and
    a column of them holds times or long numbers.
    """
    head = text[:_SAMPLE].lstrip(b"\n")

    def fit(separator: str) -> tuple[float, int]:
        if separator.encode() not in head:
            return 0.0, 1
        rows = sample(Separator(separator).splitter(head), 0)
        width = len(rows[0]) if rows else 1
        return (sum(len(row) == width for row in rows) / len(rows) if width > 1 else 0.0, width)

    best = max(SEPARATORS, key=fit)
    if fit(best)[1] == 1:
        whole = head[: head.rfind(b"\n") + 1] or head
        rows = sample(Separator(SPACES).splitter(whole), 0)
        width = len(rows[0]) if rows else 1
        if width >= _FEWEST_SPACED and len(rows) > 1 and all(len(row) == width for row in rows):
            columns = zip(*rows[1:], strict=True)
            if any(all(map(TIMED.fullmatch, column)) for column in columns):
                return SPACES
    return best


def sample(splitter: Splitter, position: int, most: int = _SAMPLE_ROWS) -> list[list[bytes]]:
    """Read the first records that are not blank."""
    rows: list[list[bytes]] = []
    while position < len(splitter.text) and len(rows) < most:
        fields, position = splitter.record(position)
        if any(fields):
            rows.append(fields)
    return rows


def is_header(first: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether a first row names the columns, and is no data.

    It is data if one of its cells is a time or a long number, if all are whole numbers, or if
    there are columns of numbers and the first row has a number in each of them.

    Args:
        first: the cells of the first row.
        rows: the cells of some rows after it.
    """
    cells = [cell.strip() for cell in first]
    if any(TIMED.fullmatch(cell.encode()) for cell in cells) or all(
        cell.isdigit() for cell in cells
    ):
        return False
    below = [[row[place] for row in rows if place < len(row)] for place in range(len(cells))]
    numeric = [place for place, column in enumerate(below) if _numeric(column)]
    return not numeric or not all(_NUMBER.fullmatch(cells[place]) for place in numeric)


def is_recbole(names: Sequence[str]) -> bool:
    """Whether every name tells a type, as in RecBole's files (``user_id:token``)."""
    return bool(names) and all(_RECBOLE.fullmatch(name) for name in names)


def _numeric(cells: Sequence[str]) -> bool:
    filled = [cell for cell in cells if cell.strip()]
    return bool(filled) and sum(bool(_NUMBER.fullmatch(cell)) for cell in filled) * 10 >= 9 * len(
        filled
    )
