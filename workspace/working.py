"""Doing a task to its end, whatever that is, and writing down how it ended."""

import os
import sys
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any

from hrnn.errors import HRNNError
from workspace.home import write_json
from workspace.tasks import FINAL, State, Task

_LOOK_SECONDS = 0.1


def work(
    task: Task, do: Callable[[], dict[str, Any]], kept: threading.Event, nothing_kept: str
) -> None:
    """Do a task and write ``run.json``; one that has ended stays as it is.

    Args:
        task: what is done.
        do: does it, and returns what it ended with.
        kept: set once there is something to keep. Until then a stop ends this process at once, for
            most of the time goes into steps that hear nothing, such as importing torch.
        nothing_kept: what to say of a task that was stopped before.
    """
    started = time.monotonic()
    if task.final() is not None:
        return

    def end(final: dict[str, Any]) -> None:
        write_json(task.folder / FINAL, {**final, "seconds": time.monotonic() - started})

    def end_early() -> None:
        while not kept.wait(_LOOK_SECONDS):
            if task.stopping():
                end({"state": State.STOPPED, "message": nothing_kept})
                os._exit(0)

    threading.Thread(target=end_early, daemon=True).start()
    try:
        final = do()
    except MemoryError:
        final = _failure("the machine ran out of memory; use fewer units or a smaller batch_size")
    except HRNNError as error:
        final = _failure(str(error))
    except OSError as error:
        final = _failure(f"a file could not be read or written ({error}); make room on the disk")
    except Exception as error:  # whatever it is, the task must say that it failed
        traceback.print_exc()
        final = _failure(f"unexpected {type(error).__name__}: {error}; the log below tells more")
    kept.set()
    end(final)


def _failure(message: str) -> dict[str, Any]:
    sys.stderr.write(message + "\n")
    return {"state": State.FAILED, "message": message}
