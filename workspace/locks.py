"""The lock that says whether a worker lives; the kernel lets go of it whatever ends the worker."""

import time
from pathlib import Path
from typing import IO

import portalocker

#: Name of the file that a worker locks.
LOCK = "lock"


def take_lock(path: Path, patience_seconds: float = 5.0) -> IO[bytes] | None:
    """Lock a file for as long as the returned file stays open; None if another holds it.

    Readers look with a shared lock that lasts an instant, so a refusal is tried again for a while.
    """
    file = path.open("ab")
    until = time.monotonic() + patience_seconds
    while True:
        try:
            portalocker.lock(file, portalocker.LOCK_EX | portalocker.LOCK_NB)
            return file
        except portalocker.LockException:
            if time.monotonic() > until:
                file.close()
                return None
            time.sleep(0.02)


def is_locked(path: Path) -> bool:
    """Say whether a worker holds the lock; readers never mistake each other for one."""
    try:
        with path.open("rb") as file:
            portalocker.lock(file, portalocker.LOCK_SH | portalocker.LOCK_NB)
    except portalocker.LockException:
        return True
    except OSError:
        return False
    return False
