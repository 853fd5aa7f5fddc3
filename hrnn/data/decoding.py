"""From the bytes of a text file to UTF-8 with plain newlines, block by block."""

import codecs
import io
from collections.abc import Callable, Iterator
from typing import IO, TypeVar

from hrnn.errors import DataError

T = TypeVar("T")

#: Bytes read at once; a block of text is about as long.
BLOCK = 1 << 23
#: Bytes by which a file is known.
HEAD = 1 << 20
#: A text without a newline for so long is no table.
LONGEST_LINE = 1 << 28

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
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"\x89HDF", "an HDF5 file"),
    (b"Obj\x01", "an Avro file"),
    (b"\x80\x04\x95", "a Python pickle"),
    (b"\x80\x05\x95", "a Python pickle"),
)
_TAR, _TAR_AT = b"ustar", 257
_PAGES = (b"<!doctype", b"<html", b"<?xml")
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_UTF8 = ("utf-8", "utf-8-sig")
_EMPTY = "the file is empty; choose one with a header line and at least one row"


class NotUtf8Error(Exception):
    """What was taken for UTF-8 is not, for the first time on ``line``; never seen by callers."""

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


class Text:
    """A text file as UTF-8 with plain newlines.

    Args:
        opened: opens its bytes.
        encoding: the codec; found if None.

    Attributes:
        encoding: the codec in use.

    Raises:
        DataError: the file is empty or no text, or the codec is unknown.
    """

    def __init__(self, opened: Callable[[], IO[bytes]], encoding: str | None = None) -> None:
        self._opened = opened
        with opened() as stream:
            head = stream.read(HEAD)
        check_kind(head)
        self._sure = encoding is not None
        self.encoding = encoding or find_encoding(head)
        #: The first line that is not UTF-8, once that has been found out.
        self.bad_line = 0

    def read(self, reading: Callable[["Text"], T]) -> T:
        """Read the text with a function, and again as Windows-1252 if it is not UTF-8.

        Raises:
            DataError: it is text in neither.
        """
        try:
            return reading(self)
        except NotUtf8Error as error:
            if self._sure or self.encoding != "utf-8":
                raise DataError(
                    f"the file is not valid {self.encoding} (line {error.line}); export it again as"
                    " UTF-8, or say which encoding it has"
                ) from None
            self.encoding, self.bad_line, self._sure = "cp1252", error.line, True
            try:
                return reading(self)
            except NotUtf8Error:
                raise DataError(
                    f"line {self.bad_line} is not UTF-8, and the file is not Windows-1252 text"
                    " either; export it as UTF-8, or say which encoding it has"
                ) from None

    def blocks(self, size: int = BLOCK) -> Iterator[bytes]:
        """Yield the text in blocks that end with a newline; the last one may not.

        Raises:
            NotUtf8Error: it is not what ``encoding`` says.
            DataError: it is empty, holds NUL characters, or a line without end.
        """
        line, seen, kept, waiting = 1, False, [], 0
        for piece in self.pieces(size):
            cut = piece.rfind(b"\n") + 1
            if not cut:
                kept.append(piece)
                waiting += len(piece)
                if waiting > LONGEST_LINE:
                    raise DataError(
                        f"line {line} goes on for more than {LONGEST_LINE >> 20:,} MB; a table has"
                        " one line a row"
                    )
                continue
            block = b"".join([*kept, piece[:cut]])
            kept = [piece[cut:]] if cut < len(piece) else []
            waiting = len(piece) - cut
            seen = seen or bool(block.strip())
            yield block
            line += block.count(b"\n")
        if kept:
            seen = seen or bool(b"".join(kept).strip())
            yield b"".join(kept)
        if not seen:
            raise DataError(_EMPTY)

    def pieces(self, size: int = BLOCK) -> Iterator[bytes]:
        """Yield UTF-8 with plain newlines, cut anywhere between two characters.

        Raises:
            NotUtf8Error: it is not what ``encoding`` says.
            DataError: it holds NUL characters.
        """
        decoder = codecs.getincrementaldecoder(self.encoding)("strict")
        line, first, ended = 1, True, False
        held = b""  # a carriage return at the end, or the start of a character
        with self._opened() as stream:
            while not ended:
                raw = stream.read(max(size, len(codecs.BOM_UTF8)))
                ended = not raw
                if self.encoding in _UTF8:
                    if first:
                        raw, first = raw.removeprefix(codecs.BOM_UTF8), False
                    text, held = self._utf8(held + raw, ended, line)
                else:
                    try:
                        text = held + decoder.decode(raw, ended).encode()
                    except UnicodeDecodeError as error:
                        good = raw[: error.start].decode(self.encoding, "ignore")
                        raise NotUtf8Error(line + good.count("\n")) from None
                    held = b""
                if not ended and text.endswith(b"\r"):
                    text, held = text[:-1], b"\r" + held
                if b"\r" in text:
                    text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
                if b"\0" in text:
                    self._refuse_nul(text, line, stream)
                line += text.count(b"\n")
                if text:
                    yield text

    def _utf8(self, raw: bytes, ended: bool, line: int) -> tuple[bytes, bytes]:
        """Check bytes; return them without a character that is not yet whole, and that."""
        if raw.isascii():
            return raw, b""
        try:
            raw.decode()
        except UnicodeDecodeError as error:
            whole = raw[: error.start]
            if ended or error.reason != "unexpected end of data":
                ends = whole.count(b"\n") + whole.count(b"\r") - whole.count(b"\r\n")
                raise NotUtf8Error(line + ends) from None
            return whole, raw[error.start :]
        return raw, b""

    def _refuse_nul(self, text: bytes, line: int, rest: IO[bytes]) -> None:
        line += text[: text.index(b"\0")].count(b"\n")
        zeros = text.count(b"\0")
        while more := rest.read(BLOCK):
            zeros += more.count(b"\0")
        raise DataError(
            f"the file holds {zeros:,} NUL characters (the first on line {line}) and is no text"
            " table; export the log as UTF-8 CSV or as Parquet"
        )


def check_kind(head: bytes) -> None:
    """Refuse what is no text.

    Raises:
        DataError: the first bytes are those of another kind of file, which is named.
    """
    name = next((name for magic, name in _BINARY if head.startswith(magic)), None)
    if head.startswith(b"BZh") and head[4:10] == b"1AY&SY":
        name = "a bzip2 archive"
    if head[_TAR_AT : _TAR_AT + len(_TAR)] == _TAR:
        name = "a TAR archive"
    if head[:200].lstrip().lower().startswith(_PAGES):
        name = "a web page or XML"
    if name:
        raise DataError(f"the file is {name}, not a text table; export the log as CSV or Parquet")


def find_encoding(head: bytes) -> str:
    """Tell the codec by the first bytes: a byte order mark, or NULs at every other byte."""
    for mark, codec in _MARKS.items():
        if head.startswith(mark):
            return codec
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if even + odd > len(head) // 20:  # digits, separators and newlines in every script
        if even * 20 < odd:
            return "utf-16-le"
        if odd * 20 < even:
            return "utf-16-be"
    return "utf-8"


def decode(raw: bytes) -> tuple[bytes, str]:
    """Return the whole text as UTF-8 with plain newlines, and the name of the codec it came in.

    Raises:
        DataError: the bytes are empty or are no text.
    """
    text = Text(lambda: io.BytesIO(raw))
    return text.read(lambda one: b"".join(one.blocks())), text.encoding
