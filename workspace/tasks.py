"""A task: something that a worker does in a folder of its own; its state is read from there."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from hrnn.errors import ConfigError
from workspace.home import WorkspaceError, folder_of, read_json
from workspace.locks import LOCK, is_locked

CONFIG, FINAL, LOG, STOP = "config.json", "run.json", "log.txt", "stop"
#: Written when a worker is launched, and when it begins: a run may have to wait in between.
STARTED, BEGUN = "started", "begun"
#: The last checkpoint, of those tasks that keep some.
LAST = "last.safetensors"
_START_SECONDS = 30

T = TypeVar("T")
Facts = Mapping[str, Any]


class State(StrEnum):
    """Where a task stands."""

    QUEUED = "queued"
    STARTING = "starting"
    RUNNING = "running"
    FINISHED = "finished"
    STOPPED = "stopped"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"


ACTIVE = frozenset({State.QUEUED, State.STARTING, State.RUNNING})
#: A task in one of these can be started, if no worker has it.
STARTABLE = frozenset({State.QUEUED, State.INTERRUPTED, State.FAILED})


@dataclass(frozen=True)
class Task:
    """What somebody has asked a worker for.

    Attributes:
        id: name of its folder.
        owner: whose it is.
        made: when it was asked for.
        dataset: id of the log.
        dataset_name: what the log was called then.
    """

    id: str
    owner: str
    made: str
    dataset: str
    dataset_name: str

    #: Folder of all tasks of this kind.
    kind: ClassVar[str]

    @property
    def folder(self) -> Path:
        """The task's folder."""
        return folder_of(self.owner, self.kind, self.id)

    def state(self, worker: bool | None = None) -> State:
        """Say where the task stands; its life is judged by its lock, never by a process number.

        Args:
            worker: whether a worker holds the lock, for a caller who holds it himself; looked at
                if None.
        """
        return state_of(self.folder, worker)

    def has_worker(self) -> bool:
        """Say whether a worker lives, be it at work or waiting for its turn."""
        return is_locked(self.folder / LOCK)

    def goes_on(self) -> bool:
        """Say whether it comes to an end by itself; one that was asked for only does not."""
        state = self.state()
        return state in ACTIVE and (state != State.QUEUED or self.has_worker())

    def final(self) -> dict[str, Any] | None:
        """Return what the task ended with: state, message, …; None before, or if it is broken."""
        return _final(self.folder)

    def stopping(self) -> bool:
        """Say whether somebody has asked the task to stop."""
        return (self.folder / STOP).exists()

    def log_tail(self, lines: int = 20) -> str:
        """Return the last lines that the worker printed."""
        try:
            return "\n".join((self.folder / LOG).read_text(errors="replace").splitlines()[-lines:])
        except OSError:
            return ""


def state_of(folder: Path, worker: bool | None = None) -> State:
    """Say where the task in a folder stands; see :meth:`Task.state`."""
    # Seen before the lock is tried: a worker that takes it in between has not died.
    started, held_before = _age(folder / STARTED), _size(folder / LOCK) > 0
    final = _final(folder)
    if final is None and (is_locked(folder / LOCK) if worker is None else worker):
        return State.RUNNING if (folder / BEGUN).exists() else State.QUEUED
    final = final or _final(folder)  # it may have ended between the two looks
    if final is not None:
        return State(final["state"])
    if started is None:
        return State.QUEUED
    # The worker writes into the lock that it takes.
    fresh = started <= _START_SECONDS and not held_before
    return State.STARTING if fresh else State.INTERRUPTED


def open_task(owner: str, kind: str, made: str, make: Callable[[str, str, Facts], T]) -> T:
    """Read a task's settings and make it of them.

    Args:
        owner: whose it is.
        kind: folder of all tasks of this kind.
        made: its id.
        make: makes it of owner, id and settings.

    Raises:
        WorkspaceError: there is none, or its settings cannot be read.
    """
    facts = read_json(folder_of(owner, kind, made) / CONFIG)
    if facts is None:
        raise WorkspaceError(f"there is nothing named {made!r} among the {kind}; choose another")
    try:
        return make(owner, made, facts)
    except (ConfigError, KeyError, TypeError, ValueError) as error:
        raise WorkspaceError(
            f"the settings of {made!r} among the {kind} cannot be read ({error}); start a new one"
        ) from None


def list_tasks(
    owner: str, kind: str, open_one: Callable[[str, str], T]
) -> tuple[list[T], list[str]]:
    """Return the tasks of a kind, the newest first, and why others of them cannot be read."""
    folder = folder_of(owner, kind)
    found, broken = [], []
    for path in sorted(folder.glob("*/" + CONFIG), reverse=True) if folder.is_dir() else []:
        try:
            found.append(open_one(owner, path.parent.name))
        except WorkspaceError as error:  # it must not hide the others
            broken.append(str(error))
    return found, broken


def _final(folder: Path) -> dict[str, Any] | None:
    final = read_json(folder / FINAL)
    known = isinstance(final, dict) and final.get("state") in set(State)
    return final if known else None


def _age(path: Path) -> float | None:
    """Seconds since a file was written; None if there is none."""
    try:
        return time.time() - path.stat().st_mtime
    except OSError:
        return None


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
