"""Slots: how many runs train at once, and how many wait before one.

A slot is a lock file of the home, so that several apps share the slots, none has to be open for the
next run to begin, and the kernel frees a slot whatever ends its worker.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

from workspace.home import WorkspaceError, home
from workspace.locks import is_locked, take_lock
from workspace.tasks import BEGUN, STARTED, State, state_of

_LOOK_SECONDS = 0.2


def slot_count() -> int:
    """Return how many runs train at once: ``HRNN_STUDIO_SLOTS``, or one.

    Raises:
        WorkspaceError: it is no whole number from 1.
    """
    text = os.environ.get("HRNN_STUDIO_SLOTS") or "1"
    if not (text.isdecimal() and int(text) > 0):
        raise WorkspaceError(
            f"HRNN_STUDIO_SLOTS={text!r}: it must be a whole number from 1; unset it for one slot"
        )
    return int(text)


def wait_for_slot(folder: Path, stopped: Callable[[], bool]) -> IO[bytes] | None:
    """Wait until a run's turn has come.

    Args:
        folder: of the run; the caller holds its lock.
        stopped: says whether somebody has asked the run to stop.

    Returns:
        A slot, held for as long as the file stays open; None once it was asked to stop.
    """
    slots = [home() / "slots" / f"{number}.lock" for number in range(slot_count())]
    slots[0].parent.mkdir(exist_ok=True)
    while not stopped():
        # Who is in line is read from many files, so it is asked only while a slot is free.
        free = next((one for one in slots if not is_locked(one)), None)
        if free is not None and not waiting_before(folder):
            slot = take_lock(free, patience_seconds=_LOOK_SECONDS)
            if slot is not None:
                return slot
        time.sleep(_LOOK_SECONDS)
    return None


def waiting_before(folder: Path) -> int:
    """Count the runs that wait for a slot and were started before this one was."""
    mine = _place(folder)
    if mine is None:
        return 0
    return sum(
        (place := _place(other)) is not None and place < mine and _waits(other)
        for other in (home() / "owners").glob("*/runs/*")
    )


def _place(folder: Path) -> tuple[int, str] | None:
    """Return what orders the runs in line: when each was started, or resumed; None if it was not.

    The name of the folder decides where the clock of the disk is too coarse.
    """
    try:
        return (folder / STARTED).stat().st_mtime_ns, folder.name
    except OSError:
        return None


def _waits(folder: Path) -> bool:
    return not (folder / BEGUN).exists() and state_of(folder) in (State.QUEUED, State.STARTING)
