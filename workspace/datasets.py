"""Logs that were imported: their folders and their facts; what is in them is read when asked for.

Finding a log loads none of what reads one, so that the app starts without it.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hrnn

if TYPE_CHECKING:
    import pyarrow as pa
from workspace.home import WorkspaceError, folder_of, read_json

KIND = "datasets"
COMPLETE = "dataset.json"
ITEMS, USERS = "items.parquet", "users.parquet"


@dataclass(frozen=True)
class Dataset:
    """An imported log, without its rows.

    Attributes:
        id: name of its folder.
        name: what people call it; text from outside.
        made: when it was imported.
        interactions, users, items, rejected: counts.
        days: from the first interaction to the last.
        title_column: the log's column that names items, if any.
        note: what has to be said wherever the log is shown, if anything.
        steps: how many rows, users and items each step of cleaning kept, in words.
    """

    id: str
    owner: str
    name: str
    made: str
    interactions: int
    users: int
    items: int
    rejected: int
    days: float
    title_column: str | None = None
    note: str = ""
    steps: list[dict[str, Any]] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        """The dataset's folder."""
        return folder_of(self.owner, KIND, self.id)

    def read(self) -> "hrnn.Interactions":
        """Read the rows and the import report."""
        return hrnn.Interactions.open(self.folder)

    def described(self) -> "pa.Table":
        """Return what is known of the items: item, interactions, title, category, picture."""
        import pyarrow as pa  # noqa: PLC0415 - finding a log does without it

        table = self._table(ITEMS)
        for name in ("category", "picture"):  # which older versions did not write
            if name not in table.column_names:
                table = table.append_column(name, pa.nulls(len(table), pa.string()))
        return table

    def titles(self) -> dict[str, str]:
        """Return the title of each item that has one."""
        items, titles = self._columns(ITEMS, "item", "title")
        return {item: title for item, title in zip(items, titles, strict=True) if title}

    def users_by_activity(self) -> list[str]:
        """Return user ids, those with most interactions first."""
        (users,) = self._columns(USERS, "user")
        return users

    def _columns(self, file: str, *names: str) -> list[list[Any]]:
        table = self._table(file, *names)
        return [table[name].to_pylist() for name in names]

    def _table(self, file: str, *names: str) -> "pa.Table":
        from pyarrow import parquet  # noqa: PLC0415 - finding a log does without it

        try:
            return parquet.read_table(self.folder / file, columns=[*names] or None)
        except (OSError, ValueError) as error:
            raise hrnn.DataError(
                f"the log {self.name!r} is damaged ({error}); import it again"
            ) from None


def list_datasets(owner: str) -> list[Dataset]:
    """Return the complete datasets, the newest first."""
    folder = folder_of(owner, KIND)
    made = sorted(folder.glob("*/" + COMPLETE), reverse=True) if folder.is_dir() else []
    names = (path.parent.name for path in made)
    found = (_read(owner, name) for name in names if not name.startswith("."))  # half written
    return [one for one in found if one is not None]


def open_dataset(owner: str, made: str) -> Dataset:
    """Find a dataset by its id.

    Raises:
        WorkspaceError: there is none, or it is not complete.
    """
    dataset = _read(owner, made)
    if dataset is None:
        raise WorkspaceError(f"there is no log {made!r} here; choose one on the Data page")
    return dataset


def _read(owner: str, made: str) -> Dataset | None:
    """Read a dataset's facts; None where they are missing or damaged."""
    facts = read_json(folder_of(owner, KIND, made) / COMPLETE)
    if not isinstance(facts, dict):
        return None
    try:
        return Dataset(**{**facts, "id": made, "owner": owner})
    except TypeError:
        return None
