"""A run: one training and its folder."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

from hrnn.training.config import MODEL_NAMES, ExperimentConfig, TrainConfig
from workspace.datasets import Dataset
from workspace.events import Events, Record, last_record
from workspace.home import new_folder, now_text, write_json
from workspace.tasks import CONFIG, Task, list_tasks, open_task
from workspace.tasks import LAST as LAST  # of the same folder as the names below

EVENTS, MODEL, REPORT = "events.jsonl", "model", "report"
_OWN = ("name", "made", "dataset", "dataset_name")
_DECIDES, _UNASKED = "decides", "unasked"


@dataclass(frozen=True)
class Run(Task):
    """A training.

    Attributes:
        name: what people call it.
        experiment: its settings.
        decides: whether, once it is trained, what its verdict needs is measured too.
        unasked: whether it was started by itself; then it makes room for one that is asked for.
    """

    name: str
    experiment: ExperimentConfig
    decides: bool = False
    unasked: bool = False

    kind: ClassVar[str] = "runs"

    @property
    def tries(self) -> bool:
        """Whether it only tries a setting, measured on what validates."""
        return self.experiment.measured_on == "validation"

    def has_model(self) -> bool:
        """Say whether the run has ended and left a model."""
        return self.final() is not None and (self.model_folder / "model.json").exists()

    def model_stamp(self) -> str:
        """Return what tells the run's model from all others, and from one made by trying again."""
        facts = self.model_folder / "model.json"
        return f"{self.id}-{facts.stat().st_mtime_ns if facts.exists() else 'none'}"

    def events(self) -> list[Record]:
        """Return the records of the training so far, up to the first line that cannot be read."""
        return Events(self.folder / EVENTS).read()

    def fraction(self) -> float:
        """Return the part of its epochs that it has trained."""
        record = last_record(self.folder / EVENTS)
        return min(record["epoch"] / self.experiment.training.epochs, 1.0) if record else 0.0

    @property
    def model_folder(self) -> Path:
        """Where the trained model lies once the run has ended with one, if only to fail."""
        return self.folder / MODEL

    @property
    def report_folder(self) -> Path:
        """Where the figures lie, if any could be had."""
        return self.folder / REPORT


def create_run(
    dataset: Dataset,
    experiment: ExperimentConfig,
    name: str = "",
    decides: bool = False,
    unasked: bool = False,
) -> Run:
    """Ask for a training; it is queued until a launcher starts it.

    Raises:
        WorkspaceError: the home cannot be written.
    """
    folder = new_folder(dataset.owner, Run.kind)
    run = Run(
        id=folder.name,
        owner=dataset.owner,
        made=now_text(),
        dataset=dataset.id,
        dataset_name=dataset.name,
        name=_name_or(name, dataset.name, experiment),
        experiment=experiment,
        decides=decides,
        unasked=unasked,
    )
    _write(run)
    return run


def rename_run(run: Run, name: str) -> None:
    """Call a run something else; without a name, as if it had been given none.

    It is safe at any time: the settings are replaced as a whole, and a worker only reads them.

    Raises:
        WorkspaceError: the settings cannot be written.
    """
    _write(replace(run, name=_name_or(name, run.dataset_name, run.experiment)))


def _write(run: Run) -> None:
    facts = {key: getattr(run, key) for key in _OWN}
    facts |= {_DECIDES: run.decides, _UNASKED: run.unasked}
    facts |= {"experiment": asdict(run.experiment)}  # pyright: ignore
    write_json(run.folder / CONFIG, facts)


def _name_or(name: str, dataset_name: str, experiment: ExperimentConfig) -> str:
    what = f"{MODEL_NAMES[experiment.model]}, {experiment.training.hidden_units} units"
    return name.strip() or f"{dataset_name}, {what}"


def list_runs(owner: str) -> list[Run]:
    """Return the runs whose settings can be read, the newest first."""
    return list_tasks(owner, Run.kind, open_run)[0]


def broken_runs(owner: str) -> list[str]:
    """Say of each run whose settings cannot be read why."""
    return list_tasks(owner, Run.kind, open_run)[1]


def open_run(owner: str, made: str) -> Run:
    """Find a run by its id.

    Raises:
        WorkspaceError: there is none, or its settings cannot be read.
    """
    return open_task(owner, Run.kind, made, _made_of)


def _made_of(owner: str, made: str, facts: Mapping[str, Any]) -> Run:
    plain = dict(facts["experiment"])
    experiment = ExperimentConfig(**{**plain, "training": TrainConfig(**plain["training"])})
    own = {key: facts[key] for key in _OWN}
    own |= {key: bool(facts.get(key)) for key in (_DECIDES, _UNASKED)}
    return Run(id=made, owner=owner, experiment=experiment, **own)
