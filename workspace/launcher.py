"""Starting, stopping and resuming tasks: local processes now, a cluster later."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from workspace.home import WorkspaceError, folder_of, home, write_json
from workspace.locks import LOCK, take_lock
from workspace.slots import slot_count
from workspace.tasks import ACTIVE, BEGUN, FINAL, LOG, STARTABLE, STARTED, STOP, State, Task

_ROOT = Path(__file__).parent.parent


class Launcher:
    """Runs each worker as a process of its own that outlives the app."""

    def __init__(self) -> None:
        self._children: list[subprocess.Popen[bytes]] = []

    def start(self, task: Task) -> None:
        """Start a queued task; one that was interrupted or failed, where its checkpoint left it.

        A run waits in its worker until a slot is free.

        Raises:
            WorkspaceError: the task is in another state, or no process can be started.
        """
        slot_count()  # a wrong setting is said here, not in the worker's log
        with self._alone(task) as file:
            state = task.state(worker=file is None)
            if file is None or state not in STARTABLE:
                raise WorkspaceError(
                    f"it is {state}, and a worker may have it; what can start is"
                    f" {', '.join(sorted(STARTABLE))} and without one"
                )
            self._children = [child for child in self._children if child.poll() is None]
            with _in_words():
                (task.folder / LOCK).write_bytes(b"")
                (task.folder / STARTED).write_bytes(b"")
                for name in (STOP, BEGUN, FINAL):
                    (task.folder / name).unlink(missing_ok=True)
        with _in_words():
            self._launch(task)

    def _launch(self, task: Task) -> None:
        try:
            with (task.folder / LOG).open("ab") as log:
                child = subprocess.Popen(
                    [sys.executable, "-m", "workspace.worker", str(task.folder)],
                    cwd=_ROOT,
                    env=_environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,  # Ctrl-C on the app does not reach it
                )
        except OSError:
            (task.folder / STARTED).unlink(missing_ok=True)
            raise
        self._children.append(child)

    def stop(self, task: Task) -> None:
        """Ask a task to end and keep what it has; one that never started is cancelled.

        Raises:
            WorkspaceError: the task's folder cannot be written.
        """
        with self._alone(task) as file:
            if file is not None and task.state(worker=False) == State.QUEUED:
                write_json(task.folder / FINAL, {"state": State.CANCELLED, "message": ""})
                return
        try:
            (task.folder / STOP).touch()
        except OSError as error:
            raise WorkspaceError(f"it could not be stopped ({error.strerror})") from None

    def delete(self, task: Task) -> None:
        """Remove a task's folder, and nothing else.

        Raises:
            WorkspaceError: the task is active, or its folder cannot be removed.
        """
        removed = folder_of(task.owner, "removed")
        with self._alone(task) as file:
            state = task.state(worker=file is None)
            if file is None or state in ACTIVE:
                raise WorkspaceError(f"it is {state}; stop it before it is deleted")
            aside = removed / f"{task.kind}-{task.id}"
            try:  # moved first: a task that is half removed must not be listed
                removed.mkdir(exist_ok=True)
                task.folder.rename(aside)
                shutil.rmtree(aside)
            except OSError as error:
                raise WorkspaceError(
                    f"{aside if aside.exists() else task.folder} cannot be removed"
                    f" ({error.strerror}); remove it by hand"
                ) from None

    @contextmanager
    def _alone(self, task: Task) -> Iterator[IO[bytes] | None]:
        """Hold the task's lock for a moment, so that no worker starts in between; None if held."""
        try:
            file = take_lock(task.folder / LOCK, patience_seconds=0.2)
        except OSError as error:
            raise WorkspaceError(f"its folder cannot be reached ({error.strerror})") from None
        try:
            if not task.folder.is_dir():  # while this waited for the lock
                raise WorkspaceError("it was deleted; choose another")
            yield file
        finally:
            if file is not None:
                file.close()


@contextmanager
def _in_words() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise WorkspaceError(f"no worker could be started ({error.strerror})") from None


def worker_threads() -> int:
    """Threads of a worker: one fewer than there are cores, so that the app keeps one."""
    return max(1, len(os.sched_getaffinity(0)) - 1)


def _environment() -> dict[str, str]:
    """Settings that OpenMP reads when it loads: few threads, and none that spin while they wait."""
    threads = str(worker_threads())
    return os.environ | {
        "HRNN_STUDIO_HOME": str(home()),
        "OMP_NUM_THREADS": threads,
        "MKL_NUM_THREADS": threads,
        "OPENBLAS_NUM_THREADS": threads,
        "OMP_WAIT_POLICY": "PASSIVE",
        "KMP_BLOCKTIME": "0",
        "PYTHONUNBUFFERED": "1",
    }
