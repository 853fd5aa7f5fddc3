"""The process that does one task: ``python -m workspace.worker FOLDER``.

It takes the task's lock before anything slow is imported, so that the task is seen to live at once
and a run that waits for a slot costs next to nothing.
"""

import os
import sys
from importlib import import_module
from pathlib import Path
from typing import IO

from workspace.home import read_json, write_json
from workspace.locks import LOCK, take_lock
from workspace.slots import wait_for_slot
from workspace.tasks import BEGUN, CONFIG, FINAL, LAST, LOG, STARTED, STOP, State

_NICENESS = 10
#: Which module does a job, and by what function.
_JOBS = {
    "import": ("workspace.importing", "run_import"),
    "filtering": ("workspace.importing", "run_filtering"),
    "evaluation": ("workspace.evaluating", "run_evaluation"),
    "recommendations": ("workspace.recommending", "run_recommendations"),
}


def main(folder: Path) -> int:
    """Do the task in a folder; return the exit status."""
    lock = _hold(folder)
    if lock is None:
        print("another worker has this task", file=sys.stderr)
        return 1
    os.nice(_NICENESS)
    owner, kind, made = folder.parts[-3:]
    if kind != "runs":
        (folder / BEGUN).touch()
        _do_job(folder, owner, made)
        return 0
    slot = wait_for_slot(folder, (folder / STOP).exists)
    if slot is None:
        _cancel(folder)
        return 0
    with slot:
        (folder / BEGUN).touch()
        from workspace.training import train_run  # noqa: PLC0415 - the slot comes first

        train_run(owner, made)
        lock.close()
        _decide(owner, made)
    return 0


def _hold(folder: Path) -> IO[bytes] | None:
    """Take a task's lock; None if another worker has it."""
    lock = take_lock(folder / LOCK)
    if lock is not None:
        lock.write(str(os.getpid()).encode())  # once held, it tells "interrupted" from "starting"
        lock.flush()
    return lock


def _decide(owner: str, made: str) -> None:
    """Measure what a run's verdict needs, where one is wanted, in the slot that the run had."""
    from workspace.evaluating import run_evaluation  # noqa: PLC0415 - it is here by now
    from workspace.evaluations import verdict_wanted  # noqa: PLC0415

    evaluation = verdict_wanted(owner, made)
    if evaluation is None:
        return
    (evaluation.folder / STARTED).touch()
    with (evaluation.folder / LOG).open("ab") as log:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(log.fileno(), stream.fileno())
    lock = _hold(evaluation.folder)
    if lock is not None:
        (evaluation.folder / BEGUN).touch()
        run_evaluation(owner, evaluation.id)


def _do_job(folder: Path, owner: str, made: str) -> None:
    job = str((read_json(folder / CONFIG) or {}).get("job"))
    module, function = _JOBS[job]
    getattr(import_module(module), function)(owner, made)  # only now: the lock comes first


def _cancel(folder: Path) -> None:
    """End a run that was stopped while it waited; one that had learned something can resume."""
    if not (folder / LAST).exists():
        write_json(folder / FINAL, {"state": State.CANCELLED, "message": ""})


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
