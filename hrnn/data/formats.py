"""Which format a file has, told by its first bytes, and what may be said about it instead."""

import codecs
import json
import re
from typing import Literal

from pydantic import field_validator

from hrnn.config import config
from hrnn.data.decoding import decode, find_encoding
from hrnn.data.separators import Separator, detect_separator, sample
from hrnn.errors import DataError

#: "json" and "json_lines" with a row a record; "events" is either, with a row an event.
Format = Literal["delimited", "json", "json_lines", "events", "parquet", "feather", "workbook"]

_MAGIC: tuple[tuple[bytes, Format], ...] = (
    (b"PAR1", "parquet"),
    (b"ARROW1\0\0", "feather"),
    (b"FEA1", "feather"),
    (b"\xff\xff\xff\xff", "feather"),  # an Arrow stream
    (b"\xd0\xcf\x11\xe0", "workbook"),
    (b"PK\x03\x04", "workbook"),
)
_ARRAY = re.compile(r"\[\s*([{\[\]]|$)")
_OBJECT = re.compile(r"\{\s*([\"}]|$)")
#: Lines by which it is told whether a file whose first line is damaged is JSON Lines.
_LINES = 50
_NO_SEPARATOR = re.compile(r'[\w"\n\r]')


@config
class ReadAs:
    r"""How to read a file; what is None is found out.

    Attributes:
        format: what kind of file it is, once unpacked.
        separator: of delimited text, e.g. ";", "\t" or "::"; a space is any run of spaces.
        header: whether the first row names the columns.
        encoding: the codec of a text, e.g. "cp1252".
        sheet: the sheet of a workbook.
        member: the file in a ZIP.
    """

    format: Format | None = None
    separator: str | None = None
    header: bool | None = None
    encoding: str | None = None
    sheet: str | None = None
    member: str | None = None

    @field_validator("separator")
    @classmethod
    def _separates(cls, value: str | None) -> str | None:
        if value is None or (1 <= len(value) <= 3 and not _NO_SEPARATOR.search(value)):
            return value
        raise ValueError(
            f"separator={value!r}: it must be one to three characters that are no letters, digits,"
            " quotes or line ends"
        )

    @field_validator("encoding")
    @classmethod
    def _decodes(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            codec = codecs.lookup(value)
            "a,1\n".encode(value)
        except (LookupError, UnicodeError):
            raise ValueError(
                f"encoding={value!r}: it must be a text encoding, such as utf-8, utf-16 or cp1252"
            ) from None
        return codec.name


#: Nothing is said about a file.
AS_FOUND = ReadAs()


def binary_format(head: bytes) -> Format | None:
    """Tell a format that is no text by the first bytes."""
    return next((kind for magic, kind in _MAGIC if head.startswith(magic)), None)


def text_format(head: bytes, encoding: str | None = None, whole: bool = False) -> Format:
    """Tell the format of a text by its first bytes.

    Args:
        head: the bytes.
        encoding: the codec; found if None.
        whole: whether that is the whole file.
    """
    codec = encoding or find_encoding(head)
    text = codecs.getincrementaldecoder(codec)("replace").decode(head).lstrip("\ufeff \t\r\n")
    if _ARRAY.match(text):
        return "json"
    lines = text.replace("\r", "\n").split("\n")
    if not _OBJECT.match(text):
        return "json_lines" if _are_records(lines[1:-1]) else "delimited"
    if not _is_record(lines[0]):
        # One object over several lines, one line longer than the head, or a damaged first record.
        return "json_lines" if _are_records(lines[1:-1]) else "json"
    more = len(lines) > 1 and ("".join(lines[1:]).strip() or not whole)
    return "json_lines" if more else "json"


def _are_records(lines: list[str]) -> bool:
    """Whether there are lines, and nearly all that are not blank hold an object of their own."""
    filled = [line for line in lines[:_LINES] if line.strip()]
    return bool(filled) and 10 * sum(map(_is_record, filled)) >= 9 * len(filled)


def _is_record(line: str) -> bool:
    if not line.lstrip().startswith("{"):
        return False
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def holds_table(head: bytes) -> bool:
    """Whether first bytes are those of a table: a known format, or at least two even columns."""
    if binary_format(head) is not None or head.startswith((b"\x1f\x8b", b"\x28\xb5\x2f\xfd")):
        return True
    try:
        if text_format(head) != "delimited":
            return True
        text = decode(head)[0]
    except DataError:
        return False
    cut = text[: text.rfind(b"\n") + 1] or text
    rows = sample(Separator(detect_separator(cut)).splitter(cut), 0)
    widths = [len(row) for row in rows]
    return bool(widths) and widths[0] > 1 and widths.count(widths[0]) * 10 >= 9 * len(widths)
