"""The process that does one task: ``python -m workspace.worker FOLDER``.

It takes the task's lock before anything slow is imported, so that the task is seen to live at once.
"""

import os
import sys
from pathlib import Path

from workspace.locks import LOCK, take_lock

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
    if kind == "runs":
        from workspace.training import train_run  # noqa: PLC0415 - the lock comes first

        train_run(owner, made)
    else:
        from workspace.evaluating import run_evaluation  # noqa: PLC0415

        run_evaluation(owner, made)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
