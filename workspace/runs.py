"""A run: one training and its folder, from which alone everything about it is read."""

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from hrnn.errors import ConfigError
from hrnn.training.config import ExperimentConfig, TrainConfig
from workspace.datasets import Dataset
from workspace.home import WorkspaceError, folder_of, new_folder, now_text, read_json, write_json
from workspace.locks import LOCK, is_locked

KIND = "runs"
CONFIG, EVENTS, FINAL, LOG = "config.json", "events.jsonl", "run.json", "log.txt"
STARTED, STOP, MODEL = "started", "stop", "model"
LAST = "last.safetensors"
_START_SECONDS = 30


class State(StrEnum):
    """Where a run stands."""

    QUEUED = "queued"
    STARTING = "starting"
    RUNNING = "running"
    FINISHED = "finished"
    STOPPED = "stopped"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"


ACTIVE = frozenset({State.QUEUED, State.STARTING, State.RUNNING})


@dataclass(frozen=True)
class Run:
    """What a run was asked to do.

    Attributes:
        id: name of its folder.
        name: what people call it.
        made: when it was asked for.
        dataset: id of the log.
        dataset_name: what the log was called then.
        experiment: its settings.
    """

    id: str
    owner: str
    name: str
    made: str
    dataset: str
    dataset_name: str
    experiment: ExperimentConfig

    @property
    def folder(self) -> Path:
        """The run's folder."""
        return folder_of(self.owner, KIND, self.id)

    def state(self, worker: bool | None = None) -> State:
        """Say where the run stands; its life is judged by its lock, never by a process number.

        Args:
            worker: whether a worker holds the lock, for a caller who holds it himself; looked at
                if None.
        """
        # Seen before the lock is tried: a worker that takes it in between has not died.
        started, held_before = _age(self.folder / STARTED), _size(self.folder / LOCK) > 0
        final = self.final()
        if final is None and (is_locked(self.folder / LOCK) if worker is None else worker):
            return State.RUNNING
        final = final or self.final()  # it may have ended between the two looks
        if final is not None:
            return State(final["state"])
        if started is None:
            return State.QUEUED
        # The worker writes into the lock that it takes.
        fresh = started <= _START_SECONDS and not held_before
        return State.STARTING if fresh else State.INTERRUPTED

    def final(self) -> dict[str, Any] | None:
        """Return what the run ended with: state, message, report, …; None before, or if broken."""
        final = read_json(self.folder / FINAL)
        known = isinstance(final, dict) and final.get("state") in set(State)
        return final if known else None

    def stopping(self) -> bool:
        """Say whether somebody has asked the run to stop."""
        return (self.folder / STOP).exists()

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

    def log_tail(self, lines: int = 20) -> str:
        """Return the last lines that the worker printed."""
        try:
            return "\n".join((self.folder / LOG).read_text(errors="replace").splitlines()[-lines:])
        except OSError:
            return ""

    @property
    def model_folder(self) -> Path:
        """Where the trained model lies once the run is finished or stopped."""
        return self.folder / MODEL


def create_run(dataset: Dataset, experiment: ExperimentConfig, name: str = "") -> Run:
    """Ask for a training; it is queued until a launcher starts it.

    Raises:
        WorkspaceError: the home cannot be written.
    """
    folder = new_folder(dataset.owner, KIND)
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
    folder = folder_of(owner, KIND)
    runs = []
    for path in sorted(folder.glob("*/" + CONFIG), reverse=True) if folder.is_dir() else []:
        try:
            runs.append(open_run(owner, path.parent.name))
        except WorkspaceError:
            continue  # a broken folder must not hide the others; opening it says what is wrong
    return runs


def open_run(owner: str, made: str) -> Run:
    """Find a run by its id.

    Raises:
        WorkspaceError: there is none, or its settings cannot be read.
    """
    facts = read_json(folder_of(owner, KIND, made) / CONFIG)
    if facts is None:
        raise WorkspaceError(f"there is no run {made!r} here; choose one on the Train page")
    try:
        return _made_of(owner, made, facts)
    except (ConfigError, KeyError, TypeError, ValueError) as error:
        raise WorkspaceError(
            f"the settings of run {made!r} cannot be read ({error}); start a new one"
        ) from None


def _made_of(owner: str, made: str, facts: Mapping[str, Any]) -> Run:
    plain = dict(facts["experiment"])
    experiment = ExperimentConfig(**{**plain, "training": TrainConfig(**plain["training"])})
    own = {key: facts[key] for key in ("name", "made", "dataset", "dataset_name")}
    return Run(id=made, owner=owner, experiment=experiment, **own)


def _age(path: Path) -> float | None:
    """Seconds since a file was written; None if there is none."""
    try:
        return time.time() - path.stat().st_mtime
    except OSError:
        return None


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
