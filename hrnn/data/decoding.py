"""From the bytes of a delimited file to clean records whose physical lines are known.

Every record that leaves here has exactly as many fields as the header and is plain RFC 4180 CSV in
UTF-8, so that whatever parses it next cannot disagree about where a record starts or ends.
"""

import csv
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from hrnn.errors import DataError, listed

SEPARATORS = (",", ";", "\t", "|")

_BINARY = (
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive or an Excel workbook"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"SQLite format 3", "an SQLite database"),
)
#: The line with which a file tells Excel its separator.
_SEPARATOR_LINE = re.compile(rb'"?sep=([,;\t|])"?\n', re.IGNORECASE)
#: What a time or a long number is written with, six digits or more.
_TIMED = re.compile(rb"(?=(?:\D*\d){6})[\d:.,+/\-\sTZAPMUCG]+", re.IGNORECASE)


@dataclass(frozen=True)
class Malformed:
    """A record with more fields than the header: it cannot be laid into columns."""

    line: int
    text: str
    reason: str


@dataclass(frozen=True)
class Records:
    """A delimited text made clean.

    Attributes:
        header: the column names, without duplicates or blanks.
        body: RFC 4180 records in UTF-8, ``len(header)`` fields each, without the header.
        lines: int64 array, the physical line on which each record of ``body`` starts.
        malformed: the records left out.
        longest: bytes in the longest record, for the parser's block size.
    """

    header: list[str]
    body: bytes
    lines: np.ndarray
    malformed: list[Malformed]
    longest: int
    separator: str
    encoding: str


def decode(raw: bytes) -> tuple[bytes, str]:
    """Return the text as UTF-8 with plain newlines, and the name of the codec it came in.

    Raises:
        DataError: the bytes are empty or are no text.
    """
    for magic, name in _BINARY:
        if raw.startswith(magic):
            raise DataError(
                f"the file is {name}, not a text table; export the log as CSV or Parquet"
            )
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    elif raw.startswith(b"\xef\xbb\xbf"):
        encoding = "utf-8-sig"
    else:
        encoding = "utf-8"
    try:
        text = raw if encoding == "utf-8" else raw.decode(encoding).encode()
        if encoding == "utf-8":
            raw.decode()  # only to check it
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        if encoding != "utf-8":
            raise DataError(
                f"the file is not valid {encoding} (line {line}); export it again as UTF-8"
            ) from None
        text, encoding = _from_windows(raw, line), "cp1252"
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if not text.strip():
        raise DataError("the file is empty; choose one with a header line and at least one row")
    if zeros := text.count(b"\0"):
        line = text[: text.index(b"\0")].count(b"\n") + 1
        raise DataError(
            f"the file holds {zeros:,} NUL characters (the first on line {line}) and is no text"
            " table; export the log as UTF-8 CSV or as Parquet"
        )
    return text, encoding


def _from_windows(raw: bytes, line: int) -> bytes:
    """Decode what is not UTF-8, for the first time on ``line``."""
    try:
        return raw.decode("cp1252").encode()
    except UnicodeDecodeError:
        raise DataError(
            f"line {line} is not UTF-8, and the file is not Windows-1252 text either;"
            " export it as UTF-8"
        ) from None


def split_records(text: bytes, separator: str | None = None, encoding: str = "utf-8") -> Records:
    """Find the records of a delimited text.

    A quote opens a field only at the field's start, and only if a closing quote stands right
    before a separator or a line end; any other quote is an ordinary character, so that one stray
    quote does not swallow the rows after it. Short records are padded with empty fields, blank
    lines skipped, empty extra fields dropped; records with more fields than the header are
    handed back as malformed. A first line such as ``sep=;`` names the separator.

    Args:
        text: UTF-8 with plain newlines.
        separator: one character; detected among ``SEPARATORS`` if None.
        encoding: the codec that the text came in, to hand on.
    """
    start = len(text) - len(text.lstrip(b"\n"))
    if named := _SEPARATOR_LINE.match(text, start):
        separator, start = separator or named[1].decode(), named.end()
    separator = separator or detect_separator(text)
    splitter = _Splitter(text, separator.encode())
    names, body_start = splitter.record(start)
    header = distinct(
        name.decode().strip() or f"column_{number}" for number, name in enumerate(names, start=1)
    )
    first_line = text[:body_start].count(b"\n") + 1
    return splitter.clean(header, body_start, first_line, encoding)


def detect_separator(text: bytes) -> str:
    """Choose the separator that cuts the first records into the most even, widest rows."""
    head = text[:262_144].lstrip(b"\n")

    def fit(separator: str) -> tuple[float, int]:
        splitter, position, widths = _Splitter(head, separator.encode()), 0, []
        while position < len(head) and len(widths) < 100:
            fields, position = splitter.record(position)
            if any(fields):
                widths.append(len(fields))
        width = widths[0] if widths else 1
        return (sum(w == width for w in widths) / len(widths) if width > 1 else 0.0, width)

    return max(SEPARATORS, key=fit)


def check_header(names: list[str]) -> None:
    """Refuse a first line that holds data: read as names, it would be lost without a word."""
    cells = [name.encode() for name in names]
    if any(_TIMED.fullmatch(cell) for cell in cells) or all(cell.isdigit() for cell in cells):
        raise DataError(
            f"the first line looks like data, not like column names ({listed(names, 4)}); put a"
            " line with names above it, such as user,item,time"
        )


def distinct(names: Iterable[str]) -> list[str]:
    """Number the names that stand more than once: ``n, n_2, n_3``."""
    made: list[str] = []
    for base in names:
        name, copy = base, 2
        while name in made:
            name, copy = f"{base}_{copy}", copy + 1
        made.append(name)
    return made


class _Splitter:
    """Cuts one text at one separator; quoted records one by one, all others as arrays."""

    def __init__(self, text: bytes, separator: bytes) -> None:
        self.text = text
        self.separator = separator
        one = re.escape(separator)
        quoted = rb'"[^"]*(?:""[^"]*)*"(?=' + one + rb"|\n|\Z)"
        self._field = re.compile(quoted + rb"|[^\n" + one + rb"]*")
        self._plain = re.compile(rb"[^\n" + one + rb"]*")

    def record(self, position: int) -> tuple[list[bytes], int]:
        """Read the record that starts at ``position``; return its fields and where it ends."""
        return self._read(position, self._field)

    def _read(self, position: int, field: re.Pattern[bytes]) -> tuple[list[bytes], int]:
        text, fields = self.text, []
        while True:
            found = field.match(text, position)
            assert found is not None  # both patterns match the empty field
            value = found.group()
            if field is self._field and value[:1] == b'"' and value[-1:] == b'"' and len(value) > 1:
                value = value[1:-1].replace(b'""', b'"')
            fields.append(value)
            position = found.end()
            if text[position : position + 1] != self.separator:
                return fields, position + 1
            position += 1

    def _quoted(self, position: int, width: int, timed: list[int]) -> tuple[list[bytes], int]:
        """Read a record that holds quotes, distrusting one that would swallow sound rows."""
        fields, end = self.record(position)
        if self.text.find(b"\n", position, end - 1) < 0 and len(fields) <= width:
            return fields, end
        first, at = plain = self._read(position, self._plain)
        sound = [_is_row(first, width, timed)]
        while at < end:
            one, at = self.record(at)
            sound.append(_is_row(one, width, timed))
        # Where the first or the last column runs over lines, its last or first line is as wide as a
        # row; so those two count only together.
        swallows = any(sound[1:-1]) or (sound[0] and sound[-1]) if timed else all(sound)
        return plain if swallows else (fields, end)

    def _timed_columns(self, position: int, width: int) -> list[int]:
        """Places of the columns that hold times or long numbers: a sound row shows by them.

        Text that runs over lines may by chance have as many separators in a line as a row has;
        that it also has a time at the right place is no chance.
        """
        counts, rows = [0] * width, 0
        while position < len(self.text) and rows < 100:
            fields, position = self.record(position)
            if len(fields) == width:
                rows += 1
                for place, field in enumerate(fields):
                    counts[place] += _TIMED.fullmatch(field.strip()) is not None
        return [place for place, count in enumerate(counts) if 2 * count > rows]

    def clean(self, header: list[str], start: int, first_line: int, encoding: str) -> Records:
        text, width = self.text, len(header)
        array = np.frombuffer(text, dtype=np.uint8)
        ends = np.flatnonzero(array[start:] == ord("\n")) + start
        if start < len(text) and not text.endswith(b"\n"):
            ends = np.append(ends, len(text))
        starts = np.concatenate([[start], ends[:-1] + 1]) if len(ends) else ends
        separators = np.flatnonzero(array == self.separator[0])
        widths = np.searchsorted(separators, ends) - np.searchsorted(separators, starts) + 1
        odd = (widths != width) | (starts == ends)
        timed = self._timed_columns(start, width)
        if b'"' in text:
            quotes = np.flatnonzero(array[start:] == ord('"')) + start
            odd[np.unique(np.searchsorted(ends, quotes))] = True

        pieces: list[bytes] = []
        lines: list[np.ndarray] = []
        malformed: list[Malformed] = []
        longest = int((ends - starts).max(initial=0))
        number = 0  # of the physical line in `starts`
        for special in np.append(np.flatnonzero(odd), len(starts)).tolist():
            if special < number:
                continue  # it lies inside a quoted record already read
            if special > number:
                pieces.append(text[starts[number] : ends[special - 1]] + b"\n")
                lines.append(np.arange(number, special) + first_line)
            number = special + 1
            if special == len(starts):
                break
            position = int(starts[special])
            fields, end = self._quoted(position, width, timed)
            number = int(np.searchsorted(starts, end)) if end <= starts[-1] else len(starts)
            while len(fields) > width and not fields[-1].strip():
                fields.pop()
            if not any(field.strip() for field in fields) and len(fields) == 1:
                continue
            if len(fields) > width:
                reason = f"{len(fields)} fields, {width} expected"
                whole = text[position : end - 1].decode()
                malformed.append(Malformed(special + first_line, whole, reason))
                continue
            fields += [b""] * (width - len(fields))
            pieces.append(_as_csv(fields, self.separator))
            longest = max(longest, len(pieces[-1]))
            lines.append(np.array([special + first_line]))
        body = b"".join(pieces)
        known = np.concatenate(lines) if lines else np.empty(0, dtype=np.int64)
        return Records(header, body, known, malformed, longest, self.separator.decode(), encoding)


def _is_row(fields: list[bytes], width: int, timed: list[int]) -> bool:
    """Whether a line looks like a row of its own: as wide as one, and with a time in its place."""
    return len(fields) == width and (
        not timed or any(_TIMED.fullmatch(fields[place].strip()) for place in timed)
    )


def _as_csv(fields: list[bytes], separator: bytes) -> bytes:
    row = io.StringIO()
    writer = csv.writer(row, delimiter=separator.decode(), lineterminator="\n")
    writer.writerow([field.decode() for field in fields])
    written = row.getvalue().encode()
    # A record of one empty field must not look like a blank line to the next parser.
    return written if written.strip() else b'""\n'
