"""From the bytes of a delimited file to clean records whose physical lines are known.

Every record that leaves here has exactly as many fields as the header and is plain RFC 4180 CSV in
UTF-8, so that whatever parses it next cannot disagree about where a record starts or ends.
"""

import csv
import io
import re
from dataclasses import dataclass

import numpy as np

from hrnn.errors import DataError

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
_CONTROL = bytes(code for code in range(32) if code not in b"\t\n\f\r")


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
    if not raw.strip():
        raise DataError("the file is empty; choose one with a header line and at least one row")
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
        head = raw[:65536]
        if len(head.translate(None, _CONTROL)) < len(head):
            raise DataError(
                "the file holds control characters and is no text table;"
                " export the log as CSV or Parquet"
            )
    try:
        text = raw if encoding == "utf-8" else raw.decode(encoding).encode()
        if encoding == "utf-8":
            raw.decode()  # only to check it
    except UnicodeDecodeError as error:
        if encoding != "utf-8":
            line = raw[: error.start].count(b"\n") + 1
            raise DataError(
                f"the file is not valid {encoding} (line {line}); export it again"
            ) from None
        text, encoding = _from_windows(raw), "cp1252"
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return text, encoding


def _from_windows(raw: bytes) -> bytes:
    try:
        return raw.decode("cp1252").encode()
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise DataError(
            f"line {line} is neither UTF-8 nor Windows-1252 text; export the file as UTF-8"
        ) from None


def split_records(text: bytes, separator: str | None = None, encoding: str = "utf-8") -> Records:
    """Find the records of a delimited text.

    A quote opens a field only at the field's start, and only if a closing quote stands right
    before a separator or a line end; any other quote is an ordinary character, so that one stray
    quote does not swallow the rows after it. Short records are padded with empty fields, blank
    lines skipped, empty extra fields dropped; records with more fields than the header are
    handed back as malformed.

    Args:
        text: UTF-8 with plain newlines.
        separator: one character; detected among ``SEPARATORS`` if None.
        encoding: the codec that the text came in, to hand on.
    """
    separator = separator or detect_separator(text)
    splitter = _Splitter(text, separator.encode())
    start = len(text) - len(text.lstrip(b"\n"))
    names, body_start = splitter.record(start)
    header = _header(names)
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


def _header(names: list[bytes]) -> list[str]:
    header: list[str] = []
    for number, name in enumerate(names, start=1):
        base = name.decode().strip() or f"column_{number}"
        unique, copy = base, 2
        while unique in header:
            unique, copy = f"{base}_{copy}", copy + 1
        header.append(unique)
    return header


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

    def _quoted(self, position: int, width: int) -> tuple[list[bytes], int]:
        """Read a record that holds quotes, distrusting one that would swallow sound rows."""
        fields, end = self.record(position)
        if self.text.find(b"\n", position, end - 1) >= 0 or len(fields) > width:
            lines, at = [], position
            while at < end:
                one, at = self._read(at, self._plain)
                lines.append(one)
            if at == end and all(len(one) == width for one in lines):
                return self._read(position, self._plain)
        return fields, end

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
            fields, end = self._quoted(position, width)
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


def _as_csv(fields: list[bytes], separator: bytes) -> bytes:
    row = io.StringIO()
    writer = csv.writer(row, delimiter=separator.decode(), lineterminator="\n")
    writer.writerow([field.decode() for field in fields])
    written = row.getvalue().encode()
    # A record of one empty field must not look like a blank line to the next parser.
    return written if written.strip() else b'""\n'
