"""What gzip, ZIP and Zstandard hold, unpacked as a stream and no further than is safe.

A packed file is known by its first bytes, never by its name. One packed file may lie in another
(a ``log.csv.gz`` in a ZIP); a third layer is refused.
"""

import gzip
import io
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any, Self

import pyarrow as pa

from hrnn.data.members import DAMAGE, is_workbook, member_of, opened_zip
from hrnn.errors import DataError

#: Unpacking stops at so many bytes, and at so many times the packed size; but a small file may
#: always unpack to ``NEVER_BELOW`` bytes.
MOST_BYTES = 5 * 10**9
MOST_TIMES = 100
NEVER_BELOW = 10 * 10**6

_LAYERS = 2
_BUFFER = 1 << 20
_GZIP, _ZIP, _ZSTANDARD = "gzip", "ZIP", "Zstandard"
_MAGIC = {
    b"\x1f\x8b": _GZIP,
    b"PK\x03\x04": _ZIP,
    b"PK\x05\x06": _ZIP,
    b"\x28\xb5\x2f\xfd": _ZSTANDARD,
    # A frame that is skipped may stand first (RFC 8878, 3.1.2).
    **{bytes([first]) + b"\x2a\x4d\x18": _ZSTANDARD for first in range(0x50, 0x60)},
}

Opener = Callable[[], IO[bytes]]


class Package:
    """The bytes of one file, unpacked if it is packed; a context manager, which clears up.

    Args:
        source: the file, or its bytes.
        folder: where a temporary file may lie while one is needed; the system's if None.
        member: the file in a ZIP to take; if None the only one that looks like a table.

    Attributes:
        packing: in words, e.g. "gzip" or "ZIP (ratings.csv)"; empty for a plain file.
        workbook: whether the plain file is a workbook that is itself a ZIP (.xlsx, .ods).

    Raises:
        DataError: the file cannot be read, is damaged or encrypted, holds no table or several.
    """

    def __init__(
        self, source: Path | bytes, folder: Path | None = None, member: str | None = None
    ) -> None:
        self._source = source
        self._folder = folder
        self._copies: list[Path] = []
        self._copy: Path | None = None
        self._open: Opener = self._plain
        self.workbook = False
        words: list[str] = []
        try:
            self._packed_bytes = self._size()
            while (kind := self._kind()) is not None:
                if len(words) == _LAYERS:
                    raise DataError(
                        f"the file is packed more than {_LAYERS} times"
                        f" ({', '.join([*words, kind])}); unpack it and choose the table inside"
                    )
                words.append(self._unwrap(kind, member if kind == _ZIP else None))
        except BaseException:
            self.close()
            raise
        self.packing = ", ".join(words)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Remove what was unpacked onto the disk."""
        for copy in self._copies:
            copy.unlink(missing_ok=True)
        self._copies.clear()
        self._copy = None

    def stream(self) -> IO[bytes]:
        """Open the plain bytes for reading forward from the start.

        What it reads raises DataError where the packed file is damaged or a limit is reached.
        """
        return self._open()

    def head(self, size: int) -> bytes:
        """Return the first plain bytes."""
        with self.stream() as stream:
            return stream.read(size)

    def place(self) -> Path | bytes:
        """Return the plain file for reading anywhere in it: a packed one lies on the disk now."""
        if not self.packing:
            return self._source
        if self._copy is None:
            self._copy = self._unpacked()
        return self._copy

    def _plain(self) -> IO[bytes]:
        if isinstance(self._source, bytes):
            return io.BytesIO(self._source)
        try:
            return self._source.open("rb", buffering=_BUFFER)
        except OSError as error:
            raise DataError(f"{self._source} cannot be read: {error.strerror}") from None
        except ValueError as error:  # a NUL in the name
            raise DataError(f"{str(self._source)!r} is no path ({error})") from None

    def _size(self) -> int:
        with self._plain() as file:
            try:
                return file.seek(0, os.SEEK_END)
            except OSError as error:
                raise DataError(f"{self._source} cannot be read: {error.strerror}") from None

    def _kind(self) -> str | None:
        with self._open() as file:
            head = file.read(4)
        kind = next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), None)
        if kind == _ZIP:
            self._seekable()
            self.workbook = is_workbook(self._open)
            return None if self.workbook else _ZIP
        return kind

    def _seekable(self) -> None:
        """See to it that the layer can be read anywhere, which a ZIP needs."""
        if self._open != self._plain:
            copy = self._unpacked()
            self._open = lambda: copy.open("rb")

    def _unwrap(self, kind: str, member: str | None) -> str:
        """Put one layer of unpacking around the stream; return its words."""
        outer, limited = self._open, self._limited

        def gunzip() -> IO[bytes]:
            file = outer()
            return limited(kind, gzip.GzipFile(fileobj=file), file)

        def unzstd() -> IO[bytes]:
            file = outer()  # Arrow's reader, unlike others, says when the stream ends too early
            return limited(kind, pa.CompressedInputStream(pa.PythonFile(file, "r"), "zstd"), file)

        def unzip() -> IO[bytes]:
            archive = opened_zip(outer)
            return limited(kind, archive.open(name), archive)

        if kind != _ZIP:
            self._open = gunzip if kind == _GZIP else unzstd
            return kind
        name = member_of(outer, member, lambda stream: limited(kind, stream))
        self._open = unzip
        return f"{kind} ({name})"

    def _limited(self, kind: str, *streams: Any) -> IO[bytes]:
        return io.BufferedReader(_Limited(streams, Limit(kind, self._packed_bytes)), _BUFFER)

    def _unpacked(self) -> Path:
        """Write the plain bytes to a temporary file."""
        with tempfile.NamedTemporaryFile(
            dir=self._folder, prefix="hrnn-", suffix=".unpacked", delete=False
        ) as copy:
            self._copies.append(Path(copy.name))
            with self.stream() as stream:
                try:
                    shutil.copyfileobj(stream, copy, _BUFFER)
                except OSError as error:
                    raise DataError(
                        f"there is no room to unpack the file ({error.strerror}); make room on the"
                        " disk, or unpack it yourself and choose the table inside"
                    ) from None
        return self._copies[-1]


class Limit:
    """How much may come out of a packed file.

    Args:
        kind: what it is packed with.
        packed_bytes: its size.
    """

    def __init__(self, kind: str, packed_bytes: int) -> None:
        self.kind = kind
        self.count = 0
        self._packed = packed_bytes
        self._most = min(MOST_BYTES, max(MOST_TIMES * packed_bytes, NEVER_BELOW))

    @property
    def room(self) -> int:
        """Bytes to read at most, one more than is allowed."""
        return self._most + 1 - self.count

    def add(self, count: int) -> None:
        """Count what came out.

        Raises:
            DataError: it is too much.
        """
        self.count += count
        if self.count <= self._most:
            return
        limit = (
            f"{MOST_BYTES / 1e9:g} GB"
            if self._most == MOST_BYTES
            else f"{MOST_TIMES} times its size"
            if self._most > NEVER_BELOW
            else f"{NEVER_BELOW / 1e6:g} MB, the limit for small files"
        )
        raise DataError(
            f"the {self.kind} file of {self._packed:,} bytes unpacks to more than {limit}"
            f" (stopped at {self._most:,} bytes); if it is sound, unpack it yourself and choose"
            " the table inside"
        )

    def damaged(self, error: BaseException) -> DataError:
        """Return the error to raise where the packed file is damaged."""
        return DataError(
            f"the {self.kind} file is damaged after {self.count:,} unpacked bytes"
            f" ({str(error) or type(error).__name__}); pack it again, or choose the table that was"
            " packed"
        )


class _Limited(io.RawIOBase):
    """A stream that ends in a DataError where too much comes out of it, or rubbish.

    Args:
        streams: the stream, and what else to close with it.
        limit: how much may come.
    """

    def __init__(self, streams: Sequence[Any], limit: Limit) -> None:
        self._streams = streams
        self._limit = limit

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            read = self._streams[0].read(min(len(buffer), self._limit.room))
        except DataError:
            raise
        except DAMAGE as error:
            raise self._limit.damaged(error) from None
        self._limit.add(len(read))
        buffer[: len(read)] = read
        return len(read)

    def close(self) -> None:
        if not self.closed:
            for stream in self._streams:
                stream.close()
        super().close()
