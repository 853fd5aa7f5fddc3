"""Doing a task to its end, whatever that is, and writing down how it ended."""

import errno
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from hrnn.errors import HRNNError
from workspace.home import reserve, write_json
from workspace.tasks import FINAL, State, Task

#: Bytes that are set aside for ``run.json`` and what stands beside it.
LAST_WORD = 2**16
_LOOK_SECONDS = 0.1
#: How torch says that there is no memory: for the CPU, on Linux and elsewhere, and for the GPU.
_NO_MEMORY = ("can't allocate memory", "not enough memory", "out of memory")


def work(
    task: Task,
    do: Callable[[], dict[str, Any]],
    kept: threading.Event,
    nothing_kept: str,
    rescue: Callable[[], str] = lambda: "",
) -> None:
    """Do a task and write ``run.json``; one that has ended stays as it is.

    Where not even ``run.json`` can be written, the task is left as one that was interrupted.

    Args:
        task: what is done.
        do: does it, and returns what it ended with.
        kept: set once there is something to keep. Until then a stop ends this process at once, for
            most of the time goes into steps that hear nothing, such as importing torch.
        nothing_kept: what to say of a task that was stopped before.
        rescue: keeps what can be kept of a task that failed, and says what that is.
    """
    started = time.monotonic()
    if task.final() is not None:
        return
    reserve(task.folder, LAST_WORD)

    def end(final: dict[str, Any]) -> None:
        reserve(task.folder, 0)
        write_json(task.folder / FINAL, {**final, "seconds": time.monotonic() - started})

    def end_early() -> None:
        while not kept.wait(_LOOK_SECONDS):
            if task.stopping():
                end({"state": State.STOPPED, "message": nothing_kept})
                os._exit(0)

    threading.Thread(target=end_early, daemon=True).start()
    failure = ""
    try:
        final = do()
    except Exception as error:  # whatever it is, the task must say that it failed
        failure, final = why(error), None
    kept.set()
    if final is None:  # only now is the memory of what failed free for what is rescued
        message = ". ".join(filter(None, (failure, rescue())))
        final = {"state": State.FAILED, "message": message}
    end(final)


def why(error: Exception) -> str:
    """Say what went wrong and what to do; the log gets it too, with a traceback where it helps."""
    if isinstance(error, HRNNError):
        text = str(error)
    elif _no_memory(error):
        text = "the machine ran out of memory; use fewer units or a smaller batch_size"
    elif isinstance(error, OSError):
        text = f"a file could not be read or written ({error}); make room on the disk"
    else:
        text = f"unexpected {type(error).__name__}: {error}; the log below tells more"
        log("".join(traceback.format_exception(error)))
    log(text)
    return text


def log(text: str) -> None:
    """Print a line into the task's log, if the disk has room for it."""
    with suppress(OSError):
        sys.stderr.write(text + "\n")


def _no_memory(error: Exception) -> bool:
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    said = isinstance(error, RuntimeError) and any(words in str(error) for words in _NO_MEMORY)
    return said or isinstance(error, MemoryError)
