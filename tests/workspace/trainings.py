"""Trainings in this process: six users, two a batch; and what they leave."""

from collections.abc import Callable

import pytest
import torch

from hrnn.training.config import ExperimentConfig, TrainConfig
from hrnn.training.trainer import Trainer
from workspace.datasets import Dataset
from workspace.runs import Run, create_run
from workspace.training import train_run

#: Updates of an epoch.
UPDATES = 3
Record = dict
#: The fixture ``wait_for``.
Wait = Callable[[Callable[[], bool]], None]


class Killed(BaseException):
    """Ends a training as a kill would: nothing catches it."""


def new_run(dataset: Dataset, **settings: object) -> Run:
    plain = {"hidden_units": 4, "batch_size": 2, "loss": "cross_entropy", "epochs": 4}
    return create_run(dataset, ExperimentConfig(training=TrainConfig(**{**plain, **settings})))


def trained(run: Run) -> Run:
    train_run(run.owner, run.id)
    return run


def at_update(monkeypatch: pytest.MonkeyPatch, number: int, do: Callable[[Trainer], None]) -> None:
    """Do something when a training comes to an update, before it is made."""
    update = Trainer._update

    def patched(trainer: Trainer, batch: object) -> float:
        if trainer.updates + 1 == number:
            do(trainer)
        return update(trainer, batch)  # pyright: ignore

    monkeypatch.setattr(Trainer, "_update", patched)


def kill(_: Trainer) -> None:
    raise Killed


def poison(trainer: Trainer) -> None:
    """Make the next loss one that is not finite, as a learning rate that is too high does."""
    with torch.no_grad():
        next(iter(trainer.network.parameters())).fill_(torch.nan)


def killed_at(run: Run, update: int) -> Run:
    with pytest.MonkeyPatch.context() as patch:
        at_update(patch, update, kill)
        with pytest.raises(Killed):
            trained(run)
    return run


def of_kind(run: Run, kind: str) -> list[Record]:
    return [one for one in run.events() if one["kind"] == kind]


def curve(run: Run) -> list[Record]:
    """Return the epoch records without what no two trainings share."""
    return [
        {name: value for name, value in one.items() if name not in ("seconds", "rss")}
        for one in of_kind(run, "epoch")
    ]


def weights(run: Run) -> bytes:
    return (run.model_folder / "model.safetensors").read_bytes()


def message(run: Run) -> str:
    final = run.final()
    assert final is not None
    return final["message"]
