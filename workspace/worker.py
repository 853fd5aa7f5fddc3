"""The process that trains one run: ``python -m workspace.worker FOLDER``.

It takes the run's lock before anything slow is imported, writes what it does into the folder, and
leaves ``run.json`` behind as its last word.
"""

import json
import os
import sys
import time
import traceback
from pathlib import Path
from typing import IO, Any

from hrnn.errors import DataError, HRNNError
from workspace.datasets import open_dataset
from workspace.home import write_json
from workspace.launcher import worker_threads
from workspace.locks import take_lock
from workspace.runs import BEST, EVENTS, FINAL, LAST, LOCK, MODEL, STOP, Run, State, open_run

_NICENESS = 10
_UPDATE_SECONDS = 0.25


def main(folder: Path) -> int:
    """Train the run in a folder; return the exit status."""
    lock = take_lock(folder / LOCK)
    if lock is None or (folder / FINAL).exists():
        print("another worker has this run, or it has ended", file=sys.stderr)
        return 1
    lock.write(str(os.getpid()).encode())  # a lock once held tells "interrupted" from "starting"
    lock.flush()
    os.nice(_NICENESS)
    started = time.monotonic()
    try:
        final = _train(open_run(folder.parents[1].name, folder.name))
    except MemoryError:
        final = _failure("the machine ran out of memory; use fewer units or a smaller batch_size")
    except HRNNError as error:
        final = _failure(str(error))
    except OSError as error:
        final = _failure(f"a file could not be read or written ({error}); make room on the disk")
    except Exception as error:  # whatever it is, the run must say that it failed
        traceback.print_exc()
        final = _failure(f"unexpected {type(error).__name__}: {error}; the log below tells more")
    write_json(folder / FINAL, {**final, "seconds": time.monotonic() - started})
    return 0


def _failure(message: str) -> dict[str, Any]:
    print(message, file=sys.stderr)
    return {"state": State.FAILED, "message": message, "report": None}


def _train(run: Run) -> dict[str, Any]:
    # Only now, since this brings torch: the lock comes first.
    from hrnn.experiment import train_experiment, use_threads  # noqa: PLC0415

    use_threads(worker_threads())
    data = open_dataset(run.owner, run.dataset).read()
    with _Journal(run.folder) as journal:
        trained = train_experiment(data, run.experiment, [journal.observe], journal.checkpoint())
    trained.model.save(run.folder / MODEL)
    final = {"state": State.FINISHED, "message": "", "end": trained.end, "report": None}
    if trained.end == "stopped":
        return {**final, "state": State.STOPPED}
    try:
        report = trained.measure(stop=(run.folder / STOP).exists)
    except DataError as error:  # the model is good; only its figures cannot be had
        return {**final, "message": str(error)}
    if report is not None:
        final["report"] = {
            "heading": report.heading,
            "counts": dict(report.counts),
            "table": report.table.to_dict(orient="records"),
        }
    return final


class _Journal:
    """Writes the events and the checkpoints of a run, and looks for the stop file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
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
        self._file.truncate(read_checkpoint(path)[1]["events_bytes"])
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
            assert self._file is not None
            tensors, facts = trainer.state()
            if record["best_epoch"] == record["epoch"]:
                write_checkpoint(self._folder / BEST, trainer.network.state_dict(), {})
            size = os.fstat(self._file.fileno()).st_size
            write_checkpoint(self._folder / LAST, tensors, {**facts, "events_bytes": size})
        return (self._folder / STOP).exists()

    def _write(self, record: dict[str, Any]) -> None:
        assert self._file is not None
        self._file.write(json.dumps(record).encode() + b"\n")
        self._file.flush()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
