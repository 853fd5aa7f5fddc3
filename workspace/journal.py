"""What a worker writes down of a training: its events, and checkpoints to go on from."""

import json
import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from safetensors import SafetensorError, safe_open

from workspace.events import Record
from workspace.home import reserve
from workspace.runs import EVENTS, Run
from workspace.tasks import LAST, STOP
from workspace.working import LAST_WORD, log

if TYPE_CHECKING:
    from hrnn.training.trainer import Trainer

#: Between two update records lies at least this, and such a part of the training so far.
_UPDATE_SECONDS, _UPDATE_PART = 0.25, 1 / 1000
#: The longest time between two checkpoints; an epoch ends with one anyway.
_CHECKPOINT_SECONDS = float(os.environ.get("HRNN_STUDIO_CHECKPOINT_SECONDS") or 30)
#: What a saved model takes beside its weights: 8 bytes a row and ids of items, and its settings.
_BYTES_A_ROW, _BYTES_A_MODEL = 16, 2**16


def facts_of(checkpoint: Path) -> Record:
    """Return what a checkpoint says of itself, without torch; nothing if it cannot be read."""
    try:
        with safe_open(checkpoint, framework="numpy") as file:  # pyright: ignore
            return json.loads((file.metadata() or {})["facts"])
    except (OSError, KeyError, ValueError, SafetensorError):
        return {}


class Journal:
    """Writes the events and the checkpoints of a run, and looks for the stop file.

    A full disk does not end a training: there may be room again long before the model has to be
    written. Until then the last checkpoint stays, events wait, and the log says so.

    Args:
        run: what is trained.
        kept: set once an epoch is complete.
        rows: interactions of the log.
    """

    def __init__(self, run: Run, kept: threading.Event, rows: int) -> None:
        self._kept, self._rows = kept, rows
        self._folder = run.folder
        self._checkpoint, self._stop = self._folder / LAST, self._folder / STOP
        for left in self._folder.glob(f".{LAST}.*"):  # by a worker that was killed while it wrote
            left.unlink()
        facts = facts_of(self._checkpoint)
        self._events = _Appender(self._folder / EVENTS, facts.get("events_bytes", 0))
        self._due = time.monotonic() + _CHECKPOINT_SECONDS
        self._latest: Record = {"seconds": facts.get("seconds", 0.0)}
        self._written = self._latest["seconds"]
        self._sum, self._count = 0.0, 0
        self._in_trouble = False

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, *_: object) -> None:
        self._end_mean()
        self._events.close()

    @property
    def resume_from(self) -> Path | None:
        """The checkpoint to go on from, if there is one."""
        return self._checkpoint if self._checkpoint.exists() else None

    def observe(self, record: Record, trainer: "Trainer") -> bool:
        """Write a record down; say whether somebody asked to stop."""
        if record["kind"] == "update":
            self._take(record)
        elif record["kind"] == "epoch":
            self._end_mean()
            self._events.add({**record, "rss": _resident_bytes()})
            self._kept.set()
            self._due = 0.0
        if record["kind"] != "validation":
            self._write(record, trainer)
        return self._stop.exists()

    def _take(self, record: Record) -> None:
        """Add an update to the mean of those since the last record."""
        self._latest = record
        self._sum, self._count = self._sum + record["loss"], self._count + 1
        seconds = record["seconds"]
        if seconds - self._written >= max(_UPDATE_SECONDS, seconds * _UPDATE_PART):
            self._end_mean()

    def _end_mean(self) -> None:
        if self._count:
            mean = {"loss": self._sum / self._count, "count": self._count}
            self._events.add({**self._latest, **mean, "rss": _resident_bytes()})
        self._written = self._latest["seconds"]
        self._sum, self._count = 0.0, 0

    def _write(self, record: Record, trainer: "Trainer") -> None:
        """Write the events that wait, and a checkpoint if it is time."""
        try:
            if time.monotonic() >= self._due:
                # Before it is tried: on a full disk, the next try comes no sooner.
                self._due = time.monotonic() + _CHECKPOINT_SECONDS
                self._end_mean()  # else a resumed curve had a hole
                self._events.flush()
                self._keep(trainer)
                self._in_trouble = False
            else:
                self._events.flush()
        except OSError as error:
            self._say_trouble(record, error)

    def _keep(self, trainer: "Trainer") -> None:
        from hrnn.training.checkpoint import write_checkpoint  # noqa: PLC0415 - brings torch

        tensors, facts = trainer.state()
        write_checkpoint(self._checkpoint, tensors, {**facts, "events_bytes": self._events.size})
        weights = sum(one.nbytes for name, one in tensors.items() if name.startswith("network."))
        model = weights + _BYTES_A_ROW * self._rows + _BYTES_A_MODEL
        reserve(self._folder, model + LAST_WORD)

    def _say_trouble(self, record: Record, error: Exception) -> None:
        """Say once that it cannot be written down, until a checkpoint was written again."""
        if self._in_trouble:
            return
        self._in_trouble = True
        text = f"training goes on, but cannot be written down ({error}); make room on the disk"
        log(text)
        place = {name: record[name] for name in ("epoch", "seconds", "interactions")}
        self._events.add({"kind": "warning", **place, "text": text})


class _Appender:
    """Appends records to a file: each line is whole, and what cannot be written waits.

    Args:
        path: the file.
        size: bytes of it that stay; what lies after them is cut once there is more to write.
    """

    def __init__(self, path: Path, size: int) -> None:
        self._file = path.open("ab", buffering=0)
        self.size = min(size, os.fstat(self._file.fileno()).st_size)
        self._waiting = b""

    def add(self, record: Record) -> None:
        """Take a record, which :meth:`flush` writes."""
        self._waiting += json.dumps(record).encode() + b"\n"

    def flush(self) -> None:
        """Write the records that wait.

        Raises:
            OSError: there is no room; they wait on.
        """
        if not self._waiting:
            return
        self._file.truncate(self.size)  # a line that could be written in part, too
        rest = self._waiting
        while rest:
            rest = rest[self._file.write(rest) :]
        self.size += len(self._waiting)
        self._waiting = b""

    def close(self) -> None:
        """Write what can still be written."""
        try:
            self.flush()
        except OSError as error:
            log(f"the last events could not be written ({error})")
        self._file.close()


def _resident_bytes() -> int | None:
    """Return the memory that this process takes; None where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")
