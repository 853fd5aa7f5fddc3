"""The files in a ZIP: which of them is the table."""

import lzma
import re
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import IO, Any

import pyarrow as pa

from hrnn.data.formats import holds_table
from hrnn.errors import DataError, listed

_TABLES = re.compile(
    r".*\.(csv|tsv|tab|psv|txt|dat|data|log|inter|item|json|jsonl|ndjson|parquet|pq|feather|arrow"
    r"|ipc|xlsx|xlsm|xlsb|xls|ods|gz|zst|zip)",
    re.IGNORECASE | re.DOTALL,
)
_NOTES = ("readme", "license", "licence", "notice", "copying", "changelog", "citation", "about")
_ENCRYPTED = 1
#: What reading a damaged packed file raises.
DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
    pa.ArrowException,
)


def opened_zip(outer: Callable[[], IO[bytes]]) -> zipfile.ZipFile:
    """Open a ZIP.

    Raises:
        DataError: it is damaged.
    """
    try:
        return _Zip(outer())
    except DAMAGE as error:
        raise DataError(
            f"the ZIP file is damaged ({error}); pack it again, or choose the table that was packed"
        ) from None


class _Zip(zipfile.ZipFile):
    """A ZIP that closes the file it was opened from."""

    def __init__(self, file: IO[bytes]) -> None:
        self._outer = file
        try:
            super().__init__(file)
        except BaseException:
            file.close()
            raise

    def close(self) -> None:
        super().close()
        self._outer.close()


def is_workbook(outer: Callable[[], IO[bytes]]) -> bool:
    """Whether a ZIP is an Excel or OpenDocument workbook."""
    with opened_zip(outer) as archive:
        names = set(archive.namelist())
    excel = any(name.startswith("xl/") for name in names)
    return ("[Content_Types].xml" in names and excel) or {"mimetype", "content.xml"} <= names


def member_of(
    outer: Callable[[], IO[bytes]],
    said: str | None,
    limited: Callable[[Any], IO[bytes]],
) -> str:
    """Choose the file in a ZIP that holds the table: the one said, or the only one.

    Args:
        outer: opens the ZIP.
        said: the name of the file, if somebody chose.
        limited: makes a stream of a file in it safe to read.

    Raises:
        DataError: the ZIP is damaged, there is no such file, none or several look like tables, or
            the file is encrypted or packed in a way unknown here.
    """
    with opened_zip(outer) as archive:
        files = [one for one in archive.infolist() if not one.filename.endswith("/")]
        names = [one.filename for one in files if not _hidden(one.filename)]
        if said is not None and said not in names:
            raise DataError(f"there is no file {said!r} in the ZIP; it holds {listed(names)}")
        found = [said] if said is not None else likely_tables(names)
        if len(found) > 1:  # names do not decide: look inside
            found = [name for name in found if _is_table(archive, name, limited)] or found
        if not found:
            holds = f"it holds {listed(names)}" if names else "it is empty"
            raise DataError(f"no file in the ZIP looks like a table; {holds}")
        if len(found) > 1:
            raise DataError(
                f"{len(found)} files in the ZIP look like tables ({listed(found)}); say which one"
                " it is, or pack it alone"
            )
        try:
            if archive.getinfo(found[0]).flag_bits & _ENCRYPTED:
                raise DataError(
                    f"{found[0]!r} in the ZIP is protected by a password; unpack it and choose the"
                    " table inside"
                )
            archive.open(found[0]).close()
        except DataError:
            raise
        except DAMAGE as error:
            raise DataError(
                f"{found[0]!r} cannot be taken out of the ZIP ({error}); unpack it yourself and"
                " choose the table"
            ) from None
    return found[0]


def likely_tables(names: list[str]) -> list[str]:
    """Keep the names that tables have; all but notes if no name is one of a table."""
    plain = [name for name in names if not _is_note(name)]
    named = [name for name in plain if _TABLES.fullmatch(name)]
    return named or plain


def _hidden(name: str) -> bool:
    """What macOS and others add on their own."""
    parts = PurePosixPath(name).parts
    return "__MACOSX" in parts or not parts or parts[-1].startswith(".")


def _is_note(name: str) -> bool:
    path = PurePosixPath(name)
    return path.stem.lower().startswith(_NOTES) or path.suffix.lower() in (".md", ".pdf", ".html")


def _is_table(archive: zipfile.ZipFile, name: str, limited: Callable[[Any], IO[bytes]]) -> bool:
    """Whether the first bytes of a file in a ZIP are those of a table, as far as they tell."""
    try:
        with limited(archive.open(name)) as stream:
            return holds_table(stream.read(1 << 16))
    except DAMAGE:  # DataError is a ValueError
        return True  # it cannot be looked at: let it count
