"""How files were read before: remembered by their header, so that the next one needs no mapping."""

import hashlib
from collections.abc import Sequence
from typing import Any

from workspace.home import WorkspaceError, folder_of, read_json, write_json

_FILE = "mappings.json"
#: Headers that are remembered; of more, the oldest are forgotten.
_MOST = 200


def recall_mapping(owner: str, header: Sequence[str]) -> dict[str, Any] | None:
    """Return what was remembered for files with a header; None for one that was never seen."""
    return _known(owner).get(_key(header))


def remember_mapping(owner: str, header: Sequence[str], mapping: dict[str, Any]) -> None:
    """Remember how a file with a header is read.

    Raises:
        WorkspaceError: the home cannot be written.
    """
    known = _known(owner)
    known.pop(_key(header), None)  # to the end, as the newest
    known[_key(header)] = mapping
    folder = folder_of(owner, "settings")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WorkspaceError(f"{folder} cannot be made ({error.strerror})") from None
    write_json(folder / _FILE, dict(list(known.items())[-_MOST:]))


def _known(owner: str) -> dict[str, Any]:
    known = read_json(folder_of(owner, "settings") / _FILE)
    return known if isinstance(known, dict) else {}


def _key(header: Sequence[str]) -> str:
    return hashlib.sha256("\0".join(header).encode()).hexdigest()
