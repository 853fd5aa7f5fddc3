"""Where things lie, and how a file is written so that it is whole or not there."""

import json
import os
import re
import secrets
import shutil
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hrnn.errors import HRNNError

LOCAL = "local"
_SAFE = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_RESERVE = "reserve"


class WorkspaceError(HRNNError):
    """Something asked for is not there, or cannot be written."""


def home() -> Path:
    """Return the folder of everything that lasts."""
    named = os.environ.get("HRNN_STUDIO_HOME")
    return Path(named).resolve() if named else Path(__file__).parent.parent / "studio_data"


def folder_of(owner: str, kind: str, made: str | None = None) -> Path:
    """Return the folder of one thing of a kind, or of all of them; names are checked, not trusted.

    Raises:
        WorkspaceError: a name is not one of ours.
    """
    names = [owner, kind] + ([made] if made is not None else [])
    for name in names:
        if not _SAFE.fullmatch(name):
            raise WorkspaceError(f"{name!r} is no name of this workspace; open it from the page")
    return home().joinpath("owners", *names)


def new_id() -> str:
    """Return a fresh id, which sorts by the time it was made."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"


def new_folder(owner: str, kind: str) -> Path:
    """Make a folder with a fresh id.

    Raises:
        WorkspaceError: the home cannot be written.
    """
    path = folder_of(owner, kind, new_id())
    try:
        path.mkdir(parents=True)
    except OSError as error:
        raise WorkspaceError(
            f"{home()} cannot be written ({error.strerror}); set HRNN_STUDIO_HOME to a folder that"
            " can"
        ) from None
    return path


def write_json(path: Path, value: Any) -> None:
    """Write JSON under a temporary name, flush it to disk, then rename.

    Raises:
        WorkspaceError: the file cannot be written.
    """
    text = json.dumps(value, ensure_ascii=False, indent=1)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with temporary.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise WorkspaceError(
            f"{path.name} cannot be written ({error.strerror}); make room on the disk"
        ) from None


def write_file(path: Path, write: Callable[[Path], None]) -> None:
    """Have a file written under a temporary name, then rename; it replaces one of the name."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        write(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_folder(path: Path, write: Callable[[Path], None]) -> None:
    """Have a folder written under a temporary name, then rename; it replaces one of the name.

    Args:
        path: where it comes to lie.
        write: makes the folder that it is given, and what is in it.
    """
    temporary = path.with_name(f".{path.name}")
    shutil.rmtree(temporary, ignore_errors=True)  # of a worker that was killed
    try:
        write(temporary)
        shutil.rmtree(path, ignore_errors=True)
        temporary.replace(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def reserve(folder: Path, size: int) -> None:
    """Set so many bytes of the disk aside, where it has them; what was set aside beyond is free.

    Who gives them back before he writes can write as much when others have filled the disk.
    """
    path = folder / _RESERVE
    with suppress(OSError):
        if not size:
            path.unlink(missing_ok=True)
            return
        with path.open("ab") as file:
            os.posix_fallocate(file.fileno(), 0, size)
            file.truncate(size)


def read_json(path: Path) -> Any | None:
    """Read what :func:`write_json` wrote; None where there is no such file, or a broken one."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def now_text() -> str:
    """Return the time as people read it in a list: UTC, to the second."""
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"
