"""Files on their way in: uploaded ones, kept on disk until they are imported, and local ones.

A name from outside never becomes a path: an upload lies in a folder with an id of ours, and a local
file is one of those that are listed in the declared folder.
"""

import os
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from workspace.home import WorkspaceError, folder_of, new_folder, read_json, write_json

_KIND = "uploads"
_FILE, _FACTS = "file", "upload.json"
_BLOCK = 1 << 22
#: An upload that nobody has imported is removed after so long.
_KEPT_SECONDS = 24 * 60 * 60


@dataclass(frozen=True)
class Upload:
    """A file that can be imported.

    Attributes:
        owner: whose it is.
        id: of an upload, or the name of a local file below the declared folder.
        name: what people call it; text from outside.
        local: whether it is a local file, which stays where it is.
    """

    owner: str
    id: str
    name: str
    local: bool = False

    @property
    def path(self) -> Path:
        """Where the file lies.

        Raises:
            WorkspaceError: it is no longer there.
        """
        path = _local(self.id) if self.local else folder_of(self.owner, _KIND, self.id) / _FILE
        if not path.is_file():
            raise WorkspaceError(f"the file {self.name!r} is no longer here; choose it again")
        return path

    def remove(self) -> None:
        """Remove an upload; a local file stays."""
        if not self.local:
            shutil.rmtree(folder_of(self.owner, _KIND, self.id), ignore_errors=True)


def keep_upload(owner: str, name: str, file: IO[bytes]) -> Upload:
    """Copy an uploaded file to the disk, and remove those that were forgotten there.

    Raises:
        WorkspaceError: the home cannot be written.
    """
    _remove_forgotten(owner)
    folder = new_folder(owner, _KIND)
    try:
        file.seek(0)
        with (folder / _FILE).open("wb") as kept:
            shutil.copyfileobj(file, kept, _BLOCK)
        write_json(folder / _FACTS, {"name": name})
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise WorkspaceError(
            f"{name!r} cannot be kept ({error.strerror}); make room on the disk"
        ) from None
    return Upload(owner, folder.name, name)


def open_upload(owner: str, made: str, local: bool) -> Upload:
    """Find an upload by its id, or a local file by its name.

    Raises:
        WorkspaceError: there is none.
    """
    if local:
        return Upload(owner, made, Path(made).name, local=True)
    facts = read_json(folder_of(owner, _KIND, made) / _FACTS)
    if not isinstance(facts, dict):
        raise WorkspaceError(f"there is no upload {made!r}; choose the file again")
    return Upload(owner, made, str(facts["name"]))


def local_folder() -> Path | None:
    """Return the folder whose files may be read where they are: ``HRNN_STUDIO_FILES``, or none."""
    named = os.environ.get("HRNN_STUDIO_FILES")
    return Path(named).resolve() if named else None


def local_files() -> list[str]:
    """List the files in and below the declared folder, as names below it."""
    folder = local_folder()
    if folder is None or not folder.is_dir():
        return []
    found = (path for path in folder.rglob("*") if path.is_file() and folder in _parents(path))
    return sorted(str(path.relative_to(folder)) for path in found)


def _local(name: str) -> Path:
    folder = local_folder()
    path = None if folder is None else folder / name
    if path is None or not path.is_file() or folder not in _parents(path):
        raise WorkspaceError(f"there is no file {name!r} in the declared folder; choose another")
    return path


def _parents(path: Path) -> set[Path]:
    """Folders that hold a file in truth: a link out of the declared folder leads elsewhere."""
    return {*path.resolve().parents}


def _remove_forgotten(owner: str) -> None:
    folder = folder_of(owner, _KIND)
    for path in folder.iterdir() if folder.is_dir() else []:
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > _KEPT_SECONDS:
                shutil.rmtree(path, ignore_errors=True)
