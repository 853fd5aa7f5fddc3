"""The process that does one task: ``python -m workspace.worker FOLDER``.

It takes the task's lock before anything slow is imported, so that the task is seen to live at once
and a run that waits for a slot costs next to nothing.
"""

import os
import sys
from pathlib import Path

from workspace.home import read_json, write_json
from workspace.locks import LOCK, take_lock
from workspace.slots import wait_for_slot
from workspace.tasks import BEGUN, CONFIG, FINAL, LAST, STOP, State

_NICENESS = 10


def main(folder: Path) -> int:
    """Do the task in a folder; return the exit status."""
    lock = take_lock(folder / LOCK)
    if lock is None:
        print("another worker has this task", file=sys.stderr)
        return 1
    lock.write(str(os.getpid()).encode())  # a lock once held tells "interrupted" from "starting"
    lock.flush()
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
    return 0


def _do_job(folder: Path, owner: str, made: str) -> None:
    job = str((read_json(folder / CONFIG) or {}).get("job"))
    if job == "evaluation":
        from workspace.evaluating import run_evaluation  # noqa: PLC0415 - the lock comes first

        run_evaluation(owner, made)
        return
    from workspace import importing  # noqa: PLC0415

    {"import": importing.run_import, "filtering": importing.run_filtering}[job](owner, made)


def _cancel(folder: Path) -> None:
    """End a run that was stopped while it waited; one that had learned something can resume."""
    if not (folder / LAST).exists():
        write_json(folder / FINAL, {"state": State.CANCELLED, "message": ""})


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
