"""A small log and a run on it, for the pages."""

from collections.abc import Callable
from pathlib import Path

import pytest

from hrnn.training.config import ExperimentConfig
from tests.pages.app import QUICK
from workspace.datasets import Dataset
from workspace.importing import import_log
from workspace.runs import Run, create_run


@pytest.fixture
def dataset(home: Path, small_log: Path) -> Dataset:
    return import_log("local", small_log, "small.csv")


@pytest.fixture
def run(dataset: Dataset, done: Callable[[Run], Run]) -> Run:
    return done(create_run(dataset, ExperimentConfig(training=QUICK), "quick"))
