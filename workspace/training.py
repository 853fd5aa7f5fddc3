"""What a worker does for a run: train it, keep its model, measure it."""

import json
import os
import threading
import time
from pathlib import Path
from typing import IO, Any

from hrnn.errors import DataError
from workspace.datasets import open_dataset
from workspace.launcher import worker_threads
from workspace.runs import EVENTS, LAST, MODEL, Run, open_run
from workspace.tasks import State
from workspace.working import work

_UPDATE_SECONDS = 0.25
_NOTHING_KEPT = "it was stopped before the first epoch was complete, so there is nothing to keep"
_NOT_MEASURED = "it was stopped before the figures were complete"


def train_run(owner: str, made: str) -> None:
    """Train a run to its end."""
    run = open_run(owner, made)
    kept = threading.Event()
    if (run.folder / LAST).exists():
        kept.set()
    work(run, lambda: _trained(run, kept), kept, _NOTHING_KEPT)


def _trained(run: Run, kept: threading.Event) -> dict[str, Any]:
    from hrnn.experiment import train_experiment, use_threads  # noqa: PLC0415 - brings torch

    use_threads(worker_threads())
    data = open_dataset(run.owner, run.dataset).read()
    with _Journal(run, kept) as journal:
        trained = train_experiment(data, run.experiment, [journal.observe], journal.checkpoint())
    if trained.end == "stopped" and not trained.model.estimator.history_:
        return {"state": State.STOPPED, "message": _NOTHING_KEPT}
    trained.model.save(run.folder / MODEL)
    if trained.end == "stopped":
        return {"state": State.STOPPED, "message": _NOT_MEASURED}
    return {"state": State.FINISHED, "end": trained.end, **_figures(run, trained)}


def _figures(run: Run, trained: Any) -> dict[str, Any]:
    """Measure a trained model; say why where there is nothing to show."""
    try:
        report = trained.measure(stop=run.stopping)
    except DataError as error:  # the model is good; only its figures cannot be had
        return {"message": str(error)}
    if report is None:
        return {"message": _NOT_MEASURED if len(trained.split.test) else ""}
    report.save(run.report_folder)
    return {"message": ""}


class _Journal:
    """Writes the events and the checkpoints of a run, and looks for the stop file."""

    def __init__(self, run: Run, kept: threading.Event) -> None:
        self._run = run
        self._kept = kept
        self._folder = run.folder
        self._last_update = 0.0
        self._file: IO[bytes] | None = None

    def __enter__(self) -> "_Journal":
        self._file = (self._folder / EVENTS).open("ab")
        return self

    def __exit__(self, *_: object) -> None:
        assert self._file is not None
        self._file.close()

    def checkpoint(self) -> Path | None:
        """Return the checkpoint to resume from, after cutting the events to where it stood."""
        from hrnn.training.checkpoint import read_checkpoint  # noqa: PLC0415

        assert self._file is not None
        path = self._folder / LAST
        if not path.exists():
            self._file.truncate(0)
            return None
        size = os.fstat(self._file.fileno()).st_size
        self._file.truncate(min(size, read_checkpoint(path)[1]["events_bytes"]))
        return path

    def observe(self, record: dict[str, Any], trainer: Any) -> bool:
        """Write a record down; say whether somebody asked to stop."""
        from hrnn.training.checkpoint import write_checkpoint  # noqa: PLC0415

        now = time.monotonic()
        due = record["kind"] == "update" and now - self._last_update > _UPDATE_SECONDS
        if due or record["kind"] == "epoch":
            self._last_update = now
            self._write(record)
        if record["kind"] == "epoch":
            self._kept.set()
            assert self._file is not None
            tensors, facts = trainer.state()
            size = os.fstat(self._file.fileno()).st_size
            write_checkpoint(self._folder / LAST, tensors, {**facts, "events_bytes": size})
        return self._run.stopping()

    def _write(self, record: dict[str, Any]) -> None:
        assert self._file is not None
        self._file.write(json.dumps(record).encode() + b"\n")
        self._file.flush()
