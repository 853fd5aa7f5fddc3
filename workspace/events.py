"""Records of a training that are read while its worker goes on writing them."""

import json
import os
import threading
from pathlib import Path
from typing import Any

Record = dict[str, Any]


_TAIL_BYTES = 4096


def last_record(path: Path) -> Record | None:
    """Return the last whole record of a file, reading no more than its end; None without one."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL_BYTES))
            return json.loads(file.read().split(b"\n")[-2])  # after the last \n: nothing, or half
    except (OSError, ValueError, IndexError):
        return None


class Events:
    """Reads a file of records, each time from where the last time ended.

    Threads may share one.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._alone = threading.Lock()
        self._records: list[Record] = []
        self._read, self._last = 0, b""

    def read(self) -> list[Record]:
        """Return the records so far, up to the first line that is unended or broken."""
        with self._alone:
            try:
                self._read_on()
            except OSError:
                return []
            return list(self._records)

    def _read_on(self) -> None:
        with self._path.open("rb") as file:
            # A resumed worker cuts the file to its checkpoint and may have written as much again.
            file.seek(self._read - len(self._last))
            if file.read(len(self._last)) != self._last:
                self._records, self._read, self._last = [], 0, b""
                file.seek(0)
            for line in file:
                if not line.endswith(b"\n"):
                    return
                try:
                    self._records.append(json.loads(line))
                except ValueError:
                    return
                self._read, self._last = self._read + len(line), line
