"""How a log came about: which file, how it was read, what was kept of it since."""

from dataclasses import dataclass, field
from typing import Any

from hrnn.data.cleaning import CleaningConfig
from hrnn.data.report import ImportReport
from workspace.datasets import Dataset, open_dataset
from workspace.filterings import open_filtering
from workspace.home import WorkspaceError
from workspace.imports import ImportConfig, import_settings
from workspace.items import DESCRIPTIONS
from workspace.samples import SAMPLES

#: What of an import's settings describes items, and changes no interaction.
_OF_ITEMS = tuple(f"{name}_column" for name in DESCRIPTIONS)


@dataclass(frozen=True)
class Origin:
    """What makes a log anew.

    Attributes:
        file: what its file was called; text from outside. Of a sample, its path in the project.
        reading: arguments of :func:`hrnn.read_interactions`.
        filters: what was kept of it, one filtering after the other.
    """

    file: str
    reading: dict[str, Any]
    filters: list[CleaningConfig] = field(default_factory=list)


def origin_of(dataset: Dataset) -> Origin:
    """Find out how a log came about.

    Raises:
        WorkspaceError: a log that this one is a part of is gone.
        DataError: what is known of its import cannot be read.
    """
    try:
        filtering = open_filtering(dataset.owner, dataset.id)
    except WorkspaceError:
        return _imported(dataset)
    whole = origin_of(open_dataset(dataset.owner, filtering.source))
    return Origin(whole.file, whole.reading, [*whole.filters, filtering.settings])


def _imported(dataset: Dataset) -> Origin:
    try:
        settings = import_settings(dataset.owner, dataset.id)
    except WorkspaceError:  # a sample: guessed but for some columns
        sample = next((one for one in SAMPLES.values() if one.note == dataset.note), None)
        columns = ImportReport.open(dataset.folder).columns
        roles = {one.role: name for name, one in columns.items() if one.role}
        return Origin(f"sample_data/{sample.file}" if sample else dataset.name, {"columns": roles})
    return Origin(dataset.name, _reading(settings))


def _reading(settings: ImportConfig) -> dict[str, Any]:
    return {name: one for name, one in vars(settings).items() if name not in _OF_ITEMS}
