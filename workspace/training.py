"""What a worker does for a run: train it, keep its model, measure it."""

import threading
from typing import TYPE_CHECKING, Any

from hrnn.errors import CheckpointError
from workspace.datasets import open_dataset
from workspace.home import reserve, write_folder
from workspace.journal import Journal, facts_of
from workspace.launcher import worker_threads
from workspace.runs import LAST, Run, open_run
from workspace.tasks import State
from workspace.working import LAST_WORD, why, work

if TYPE_CHECKING:
    from hrnn.experiment import Trained

_NOTHING_KEPT = "it was stopped before the first epoch was complete, so there is nothing to keep"
_NOT_MEASURED = "it was stopped before the figures were complete"


def train_run(owner: str, made: str) -> None:
    """Train a run to its end."""
    run = open_run(owner, made)
    kept = threading.Event()
    if facts_of(run.folder / LAST).get("epoch"):
        kept.set()
    work(run, lambda: _trained(run, kept), kept, _NOTHING_KEPT, lambda: _rescued(run))


def _trained(run: Run, kept: threading.Event) -> dict[str, Any]:
    from hrnn.experiment import train_experiment, use_threads  # noqa: PLC0415 - brings torch

    use_threads(worker_threads())
    dataset = open_dataset(run.owner, run.dataset)
    data = dataset.read()
    with Journal(run, kept, dataset.interactions) as journal:
        trained = train_experiment(data, run.experiment, [journal.observe], journal.resume_from)
        if trained.end == "stopped" and not trained.model.estimator.history_:
            return {"state": State.STOPPED, "message": _NOTHING_KEPT}
        _save(run, trained)  # before the last events, where there is little room
    if trained.end == "stopped":
        return {"state": State.STOPPED, "message": _NOT_MEASURED}
    return {"state": State.FINISHED, "end": trained.end, "message": _measured(run, trained)}


def _save(run: Run, trained: "Trained") -> None:
    reserve(run.folder, LAST_WORD)
    write_folder(run.model_folder, trained.model.save)


def _measured(run: Run, trained: "Trained") -> str:
    """Measure a trained model; say why where there is nothing to show."""
    try:
        report = trained.measure(stop=run.stopping)
        if report is None:
            return _NOT_MEASURED if len(trained.split.test) else ""
        write_folder(run.report_folder, report.save)
    except Exception as error:  # whatever it is, the model is good and kept
        return why(error)
    return ""


def _rescued(run: Run) -> str:
    """Make the model of a run that failed, of its last checkpoint; say what is kept."""
    from hrnn.experiment import recover  # noqa: PLC0415 - brings torch

    checkpoint = run.folder / LAST
    if not checkpoint.exists():
        return ""
    if facts_of(checkpoint).get("epoch") == 0:
        return "No epoch was complete, so there are no weights to keep"
    try:
        data = open_dataset(run.owner, run.dataset).read()
        trained = recover(data, run.experiment, checkpoint)
        _save(run, trained)
    except CheckpointError:  # it is what the run failed of
        return "Its last checkpoint stays as it is"
    except Exception as error:  # whatever it is, the run must say that it failed
        return f"Its last checkpoint stays, but no model could be made of it: {why(error)}"
    last = trained.model.estimator.history_[-1]
    if last["valid_loss"] is None or not run.experiment.training.restore_best_weights:
        return f"The weights of its last checkpoint, after epoch {last['epoch']}, are kept"
    return f"The weights of epoch {last['best_epoch']}, the best so far, are kept"
