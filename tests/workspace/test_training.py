"""A training writes down where it is, goes on from there, and keeps what it learned if it fails."""

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from hrnn import load
from hrnn.errors import DataError
from hrnn.experiment import Trained
from hrnn.training.checkpoint import read_checkpoint, write_checkpoint
from hrnn.training.config import ExperimentConfig, TrainConfig
from hrnn.training.trainer import Trainer
from tests.workspace.trainings import (
    UPDATES,
    Record,
    at_update,
    curve,
    killed_at,
    message,
    new_run,
    of_kind,
    poison,
    trained,
    weights,
)
from workspace import training
from workspace.datasets import Dataset
from workspace.importing import import_log
from workspace.journal import Journal, facts_of
from workspace.runs import EVENTS, LAST, Run, create_run
from workspace.tasks import State


@pytest.fixture
def dataset(home: Path, small_log: Path) -> Iterator[Dataset]:
    threads = torch.get_num_threads()
    yield import_log("local", small_log, "small")
    torch.set_num_threads(threads)  # a training sets them for its process, which here is ours


def update_records(losses: list[float], seconds: list[float]) -> list[Record]:
    return [
        {
            "kind": "update",
            "epoch": (number + 1) / len(losses),
            "update": number + 1,
            "updates": len(losses),
            "loss": loss,
            "seconds": at,
            "interactions": 10 * (number + 1),
        }
        for number, (loss, at) in enumerate(zip(losses, seconds, strict=True))
    ]


def written(run: Run, records: list[Record]) -> list[Record]:
    with Journal(run, threading.Event(), 100) as journal:
        for record in records:
            journal.observe(record, None)  # pyright: ignore - looked at for a checkpoint alone
    return run.events()


def test_an_update_record_is_the_mean_of_those_since_the_last_one(dataset: Dataset) -> None:
    run = new_run(dataset)
    losses, seconds = [1.0, 2.0, 6.0, 5.0, 8.0], [0.1, 0.2, 0.3, 0.4, 0.45]
    records = written(run, update_records(losses, seconds))
    assert [(one["loss"], one["count"], one["update"]) for one in records] == [
        (3.0, 3, 3),
        (6.5, 2, 5),  # what was left when it ended
    ]
    assert records[0]["interactions"] == 30
    assert records[0]["seconds"] == 0.3
    assert all(10**6 < one["rss"] < 10**11 for one in records)


def test_records_of_a_long_training_come_less_often_and_tell_of_every_update(
    dataset: Dataset,
) -> None:
    run = new_run(dataset)
    losses = np.random.default_rng(0).random(100_000)
    records = written(run, update_records(losses.tolist(), [n * 0.05 for n in range(100_000)]))
    # 1000 in the first 250 s, and 1000 · ln(5000 / 250) in the rest
    assert 3900 < len(records) < 4100
    assert sum(one["count"] for one in records) == 100_000
    assert sum(one["count"] * one["loss"] for one in records) == pytest.approx(losses.sum())


def test_an_epoch_record_stands_behind_all_updates_of_its_epoch(dataset: Dataset) -> None:
    told = 0
    for one in trained(new_run(dataset, epochs=3)).events():
        if one["kind"] == "epoch":
            assert told == one["updates"] == UPDATES * one["epoch"]
            assert one["rss"] > 10**6
        else:
            told += one["count"]
            assert told == one["update"]
    assert told == 3 * UPDATES


@pytest.mark.parametrize("update", [2, 3, 4, 5, 8, 12])
@pytest.mark.parametrize("pause", [0.0, 30.0])
def test_a_resumed_run_gives_the_same_curve_and_weights_and_no_update_is_missing(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch, update: int, pause: float
) -> None:
    whole = trained(new_run(dataset))
    monkeypatch.setattr("workspace.journal._CHECKPOINT_SECONDS", pause)
    cut = killed_at(new_run(dataset), update)
    kept = facts_of(cut.folder / LAST).get("updates", 0)
    assert kept == (update - 1 if pause == 0 else (update - 1) // UPDATES * UPDATES)
    assert cut.final() is None
    trained(cut)
    assert curve(cut) == curve(whole)
    assert len(curve(cut)) == 4
    assert weights(cut) == weights(whole)
    assert sum(one["count"] for one in of_kind(cut, "update")) == 4 * UPDATES
    together = sum(one["count"] * one["loss"] for one in of_kind(cut, "update"))
    alone = sum(one["count"] * one["loss"] for one in of_kind(whole, "update"))
    assert together == pytest.approx(alone)


def test_a_checkpoint_is_written_within_an_epoch_once_time_has_passed(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(range(0, 10_000, 8))
    monkeypatch.setattr("workspace.journal.time.monotonic", lambda: next(clock))
    run = new_run(dataset)
    found = []
    observe = Journal.observe

    def spied(journal: Journal, record: Record, trainer: Trainer) -> bool:
        answer = observe(journal, record, trainer)
        found.append(facts_of(run.folder / LAST).get("updates"))
        return answer

    monkeypatch.setattr(Journal, "observe", spied)
    losses = update_records([1.0] * 9, [0.01 * n for n in range(9)])
    with Journal(run, threading.Event(), 100) as journal:
        for record in losses:
            journal.observe(record, Standing(record["update"]))  # pyright: ignore
    # looked at every 8 s: 32 s after the start, and then 30 s after the one before at the soonest
    assert found == [None, None, None, 4, 4, 4, 4, 8, 8]


class Standing:
    """A trainer that stands at an update."""

    def __init__(self, updates: int) -> None:
        self.updates = updates

    def state(self) -> tuple[dict[str, torch.Tensor], Record]:
        return {"network.a": torch.zeros(1)}, {"updates": self.updates}


@pytest.mark.parametrize(("update", "kept"), [(3, False), (5, True)])
def test_a_stop_ends_a_resumed_run_at_once_only_if_no_epoch_was_complete(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch, update: int, kept: bool
) -> None:
    monkeypatch.setattr("workspace.journal._CHECKPOINT_SECONDS", 0.0)
    run = killed_at(new_run(dataset), update)
    assert (run.folder / LAST).exists()
    found = []
    monkeypatch.setattr(training, "work", lambda *given: found.append(given[2].is_set()))
    trained(run)
    assert found == [kept]


def test_what_a_killed_worker_had_half_written_is_cleared_away(dataset: Dataset) -> None:
    run = killed_at(new_run(dataset), 5)
    (run.folder / f".{LAST}.123").write_bytes(b"half")
    (run.folder / ".model").mkdir()
    (run.folder / ".model" / "model.json").write_text("{}")
    with (run.folder / EVENTS).open("ab") as file:
        file.write(b'{"kind": "upd')
    trained(run)
    assert run.state() == State.FINISHED
    assert not [path.name for path in run.folder.iterdir() if path.name.startswith(".")]
    assert [one["epoch"] for one in of_kind(run, "epoch")] == [1, 2, 3, 4]
    assert not (run.folder / "reserve").exists()


def test_a_training_that_diverges_fails_and_keeps_the_best_weights(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    two = trained(new_run(dataset, epochs=2))
    run = new_run(dataset)
    at_update(monkeypatch, 2 * UPDATES + 2, poison)
    trained(run)
    assert run.state() == State.FAILED
    assert message(run) == (
        "the loss became nan at update 8; lower the learning rate. The weights of epoch 2, the best"
        " so far, are kept"
    )
    assert run.has_model()
    assert weights(run) == weights(two)
    assert curve(run) == curve(two)
    assert load(run.model_folder).settings()["training"]["epochs"] == 4
    assert "Traceback" not in run.log_tail()


def test_a_run_that_failed_is_tried_again_from_its_last_checkpoint(
    dataset: Dataset, done: Callable[[Run], Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, run = trained(new_run(dataset)), new_run(dataset)
    with monkeypatch.context() as patch:
        at_update(patch, 2 * UPDATES + 2, poison)
        trained(run)
    assert run.state() == State.FAILED
    assert done(run).state() == State.FINISHED
    assert message(run) == ""
    assert curve(run) == curve(whole)
    assert weights(run) == weights(whole)


def test_a_training_that_diverges_in_its_first_epoch_leaves_no_model(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workspace.journal._CHECKPOINT_SECONDS", 0.0)
    run = new_run(dataset)
    at_update(monkeypatch, 3, poison)
    trained(run)
    assert run.state() == State.FAILED
    assert message(run).endswith("No epoch was complete, so there are no weights to keep")
    assert not run.has_model()


def too_much_torch(_: Trainer) -> None:
    torch.empty(10**15)


def too_much_numpy(_: Trainer) -> None:
    np.empty(10**17)


@pytest.mark.parametrize("allocate", [too_much_torch, too_much_numpy])
def test_a_training_without_memory_says_so_and_keeps_the_best_weights(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch, allocate: Callable[[Trainer], None]
) -> None:
    run = new_run(dataset)
    at_update(monkeypatch, UPDATES + 1, allocate)
    trained(run)
    assert run.state() == State.FAILED
    assert message(run).startswith("the machine ran out of memory; use fewer units")
    assert message(run).endswith("The weights of epoch 1, the best so far, are kept")
    assert run.has_model()


def test_a_run_that_validates_nothing_keeps_the_weights_of_its_last_checkpoint(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = TrainConfig(hidden_units=4, batch_size=2, loss="cross_entropy", epochs=4)
    run = create_run(dataset, ExperimentConfig(split="all_rows", training=plain))
    at_update(monkeypatch, 2 * UPDATES + 2, poison)
    trained(run)
    assert message(run).endswith("The weights of its last checkpoint, after epoch 2, are kept")
    assert run.has_model()


def test_a_rescue_that_fails_is_said_and_leaves_the_checkpoint(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise MemoryError

    run = new_run(dataset)
    at_update(monkeypatch, UPDATES + 1, poison)
    monkeypatch.setattr("hrnn.experiment.recover", fails)
    trained(run)
    assert run.state() == State.FAILED
    assert "Its last checkpoint stays, but no model could be made of it: the machine" in message(
        run
    )
    assert not run.has_model()
    assert read_checkpoint(run.folder / LAST)[1]["epoch"] == 1


def halved(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def overwritten(path: Path) -> None:
    path.write_bytes(b"\xff" * path.stat().st_size)


def of_another_version(path: Path) -> None:
    tensors, facts = read_checkpoint(path)
    write_checkpoint(path, tensors, {name: facts[name] for name in ("epoch", "events_bytes")})


def of_another_shape(path: Path) -> None:
    tensors, facts = read_checkpoint(path)
    write_checkpoint(path, {name: one[:1] for name, one in tensors.items() if one.ndim}, facts)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (halved, "last.safetensors cannot be read"),
        (emptied, "last.safetensors cannot be read"),
        (overwritten, "last.safetensors cannot be read"),
        (of_another_version, "the checkpoint is of another version of this software"),
        (of_another_shape, "the weights in the checkpoint do not fit the settings"),
    ],
)
def test_a_checkpoint_that_cannot_be_used_fails_in_a_sentence_and_deletes_nothing(
    dataset: Dataset, spoil: Callable[[Path], None], says: str
) -> None:
    run, other = killed_at(new_run(dataset), 2 * UPDATES + 2), new_run(dataset)
    spoil(run.folder / LAST)
    before = {name: (run.folder / name).read_bytes() for name in (LAST, EVENTS)}
    trained(run)
    assert run.state() == State.FAILED
    assert message(run).startswith(says)
    assert message(run).endswith("Its last checkpoint stays as it is")
    assert {name: (run.folder / name).read_bytes() for name in (LAST, EVENTS)} == before
    assert not run.has_model()
    assert trained(other).state() == State.FINISHED


@pytest.mark.parametrize(
    "error", [DataError("nothing is known"), MemoryError(), OSError(28, "full"), KeyError("x")]
)
def test_a_run_that_cannot_be_measured_is_finished_without_figures(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(Trained, "measure", fails)
    run = trained(new_run(dataset, epochs=1))
    assert run.state() == State.FINISHED
    assert message(run)
    assert run.has_model()
    assert not run.report_folder.exists()


def test_events_are_lines_of_json_that_end(dataset: Dataset) -> None:
    run = trained(new_run(dataset))
    text = (run.folder / EVENTS).read_text()
    assert text.endswith("\n")
    assert [json.loads(line) for line in text.splitlines()] == run.events()
