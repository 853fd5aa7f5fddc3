"""Settings written by an older version: read where they can be, said where not, and no more."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from hrnn.training.config import ExperimentConfig, TrainConfig
from workspace.datasets import Dataset
from workspace.home import WorkspaceError
from workspace.importing import import_log
from workspace.runs import Run, broken_runs, create_run, list_runs, open_run
from workspace.tasks import State


@pytest.fixture
def dataset(home: Path, small_log: Path) -> Dataset:
    return import_log("local", small_log, "small")


def rewritten(run: Run, change: Callable[[dict], object]) -> None:
    path = run.folder / "config.json"
    facts = json.loads(path.read_text())
    change(facts)
    path.write_text(json.dumps(facts))


def test_a_setting_that_was_not_there_yet_has_its_default(dataset: Dataset) -> None:
    run = create_run(dataset, ExperimentConfig(training=TrainConfig(hidden_units=3)))
    rewritten(run, lambda facts: facts["experiment"]["training"].pop("sampled_items"))
    rewritten(run, lambda facts: facts["experiment"].pop("outcomes"))
    assert open_run("local", run.id) == run
    assert list_runs("local") == [run]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda facts: facts["experiment"]["training"].update(attention=2), "attention is not a"),
        (lambda facts: facts["experiment"]["training"].update(loss="hinge"), "loss='hinge'"),
        (lambda facts: facts.pop("experiment"), "experiment"),
        (lambda facts: facts.pop("dataset_name"), "dataset_name"),
        (lambda facts: facts.update(experiment=3), "cannot be read"),
    ],
)
def test_settings_that_cannot_be_read_are_a_sentence_and_the_others_go_on(
    dataset: Dataset,
    done: Callable[[Run], Run],
    change: Callable[[dict], object],
    says: str,
) -> None:
    old = create_run(dataset, ExperimentConfig())
    quick = TrainConfig(hidden_units=4, loss="cross_entropy", epochs=1)
    other = create_run(dataset, ExperimentConfig(training=quick))
    rewritten(old, change)
    with pytest.raises(WorkspaceError, match=says) as error:
        open_run("local", old.id)
    assert old.id in str(error.value)
    assert str(error.value).endswith("start a new one")
    assert list_runs("local") == [other]
    assert broken_runs("local") == [str(error.value)]
    assert (old.folder / "config.json").exists()
    if says == "experiment":
        assert done(other).state() == State.FINISHED
