"""A run: one training and its folder."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

from hrnn.training.config import ExperimentConfig, TrainConfig
from workspace.datasets import Dataset
from workspace.home import new_folder, now_text, write_json
from workspace.tasks import CONFIG, Task, list_tasks, open_task

EVENTS, MODEL, REPORT = "events.jsonl", "model", "report"
LAST = "last.safetensors"


@dataclass(frozen=True)
class Run(Task):
    """A training.

    Attributes:
        name: what people call it.
        experiment: its settings.
    """

    name: str
    experiment: ExperimentConfig

    kind: ClassVar[str] = "runs"

    def has_model(self) -> bool:
        """Say whether the run has ended and left a model."""
        return self.final() is not None and (self.model_folder / "model.json").exists()

    def events(self) -> list[dict[str, Any]]:
        """Return the records of the training so far, up to the first line that cannot be read."""
        try:
            text = (self.folder / EVENTS).read_bytes()
        except OSError:
            return []
        records = []
        for line in text[: text.rfind(b"\n") + 1].splitlines():
            try:
                records.append(json.loads(line))
            except ValueError:
                break
        return records

    @property
    def model_folder(self) -> Path:
        """Where the trained model lies once the run is finished or stopped."""
        return self.folder / MODEL

    @property
    def report_folder(self) -> Path:
        """Where the figures lie, if any could be had."""
        return self.folder / REPORT


def create_run(dataset: Dataset, experiment: ExperimentConfig, name: str = "") -> Run:
    """Ask for a training; it is queued until a launcher starts it.

    Raises:
        WorkspaceError: the home cannot be written.
    """
    folder = new_folder(dataset.owner, Run.kind)
    name = name.strip() or f"{dataset.name}, {experiment.training.hidden_units} units"
    facts = {
        "name": name,
        "made": now_text(),
        "dataset": dataset.id,
        "dataset_name": dataset.name,
        "experiment": asdict(experiment),  # pyright: ignore[reportArgumentType]
    }
    write_json(folder / CONFIG, facts)
    return _made_of(dataset.owner, folder.name, facts)


def list_runs(owner: str) -> list[Run]:
    """Return the runs whose settings can be read, the newest first."""
    return list_tasks(owner, Run.kind, open_run)


def open_run(owner: str, made: str) -> Run:
    """Find a run by its id.

    Raises:
        WorkspaceError: there is none, or its settings cannot be read.
    """
    return open_task(owner, Run.kind, made, _made_of)


def _made_of(owner: str, made: str, facts: Mapping[str, Any]) -> Run:
    plain = dict(facts["experiment"])
    experiment = ExperimentConfig(**{**plain, "training": TrainConfig(**plain["training"])})
    own = {key: facts[key] for key in ("name", "made", "dataset", "dataset_name")}
    return Run(id=made, owner=owner, experiment=experiment, **own)
