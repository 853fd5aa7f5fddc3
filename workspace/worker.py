"""The process that trains one run: ``python -m workspace.worker FOLDER``.

It takes the run's lock before anything slow is imported, so that the run is seen to live at once.
"""

import os
import sys
from pathlib import Path

from workspace.locks import LOCK, take_lock

_NICENESS = 10


def main(folder: Path) -> int:
    """Train the run in a folder; return the exit status."""
    lock = take_lock(folder / LOCK)
    if lock is None:
        print("another worker has this run", file=sys.stderr)
        return 1
    lock.write(str(os.getpid()).encode())  # a lock once held tells "interrupted" from "starting"
    lock.flush()
    os.nice(_NICENESS)
    from workspace.training import train_run  # noqa: PLC0415 - the lock comes first

    train_run(folder.parents[1].name, folder.name)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
