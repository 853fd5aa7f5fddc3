"""An import: a file on its way to a log, read in a job of its own."""

from dataclasses import dataclass
from typing import Literal

from hrnn.config import config
from hrnn.data.formats import AS_FOUND, ReadAs
from workspace.jobs import Job, create_job, open_job
from workspace.tasks import Facts
from workspace.uploads import Upload, open_upload

#: What its settings call it, among the jobs.
JOB = "import"
#: The message of an import that ended with a question: which is the day, and which the month?
ASK = "nothing in the dates tells day from month"


@config
class ImportConfig:
    """How a file is read, and what of it is kept.

    Attributes:
        columns: role → column; what is not named is guessed, None leaves an optional role out.
        time_of_day: the column with the time of day, where the time column holds dates alone.
        title_column: the column that names the items, if any.
        category_column: the column with an item's category, if any.
        picture_column: the column with the address of an item's picture, if any.
        time_unit: of numeric times; decided for each if None.
        dayfirst: order of day and month; decided by the column if None.
        timezone: zone of times that name none.
        keep_duplicates: whether rows equal to an earlier one stay.
        read_as: format, separator and the like, where they are not to be detected.
    """

    columns: dict[str, str | None]
    time_of_day: str | None = None
    title_column: str | None = None
    category_column: str | None = None
    picture_column: str | None = None
    time_unit: Literal["s", "ms", "us", "ns"] | None = None
    dayfirst: bool | None = None
    timezone: str = "UTC"
    keep_duplicates: bool = False
    read_as: ReadAs = AS_FOUND


@dataclass(frozen=True)
class Import(Job):
    """An import that was asked for; the log that it makes has its id.

    Attributes:
        upload: the file.
        settings: how it is read.
    """

    upload: Upload
    settings: ImportConfig


def create_import(upload: Upload, settings: ImportConfig) -> Import:
    """Ask for an import; it is queued until a launcher starts it.

    Raises:
        WorkspaceError: the home cannot be written.
    """
    known = {"upload": upload.id, "local": upload.local}
    return create_job(upload.owner, JOB, _made_of, settings, **known)


def open_import(owner: str, made: str) -> Import:
    """Find an import by its id.

    Raises:
        WorkspaceError: there is none, or its settings cannot be read.
    """
    return open_job(owner, JOB, made, _made_of)


def _made_of(owner: str, made: str, facts: Facts) -> Import:
    upload = open_upload(owner, facts["upload"], facts["local"])
    return Import(
        id=made,
        owner=owner,
        made=facts["made"],
        dataset=made,
        dataset_name=upload.name,
        upload=upload,
        settings=_settings_of(owner, made, facts),
    )


def import_settings(owner: str, made: str) -> ImportConfig:
    """Return how a log was read when it was imported, be its file still here or not.

    Raises:
        WorkspaceError: it was not imported by a job, or the settings cannot be read.
    """
    return open_job(owner, JOB, made, _settings_of)


def _settings_of(_owner: str, _made: str, facts: Facts) -> ImportConfig:
    plain = dict(facts["settings"])
    return ImportConfig(**{**plain, "read_as": ReadAs(**plain["read_as"])})
