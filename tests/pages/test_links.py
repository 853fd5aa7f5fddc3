"""What a link may hold."""

from pathlib import Path

import pytest

from hrnn.training.config import ExperimentConfig, SplitConfig, TrainConfig
from tests.pages.app import PAGES, keys, opened, texts
from workspace.datasets import Dataset
from workspace.importing import import_log
from workspace.runs import create_run
from workspace.trials import create_trial


@pytest.mark.parametrize("page", PAGES[1:])
def test_an_empty_page_says_what_to_do_first_and_links_there(home: Path, page: str) -> None:
    app = opened(page)
    assert "Upload one or pick a sample" in texts(app)
    assert "to_data" in keys(app, "button")
    assert not app.error


def test_an_unknown_log_in_the_link_is_a_sentence(home: Path) -> None:
    app = opened("sessions", log="20200101-000000-abcdef")
    assert "there is no log" in texts(app).lower()


def test_a_path_in_the_link_opens_nothing(dataset: Dataset) -> None:
    app = opened("sessions", log="../../etc")
    assert "is no name of this workspace" in texts(app).replace("\\", "")


def test_the_timeout_is_that_of_the_logs_newest_run_where_none_is_picked(dataset: Dataset) -> None:
    assert opened("sessions", log=dataset.id).query_params["timeout_minutes"] == "30"
    create_run(dataset, ExperimentConfig(timeout_minutes=70.0))
    create_trial(dataset, SplitConfig(), [5.0, 10.0], TrainConfig())
    assert opened("sessions", log=dataset.id).query_params["timeout_minutes"] == "70"
    linked = opened("sessions", log=dataset.id, timeout_minutes=45)
    assert linked.query_params["timeout_minutes"] == "45"


def test_another_log_does_not_inherit_the_timeout(dataset: Dataset, small_log: Path) -> None:
    other = import_log("local", small_log, "other.csv")
    app = opened("data", log=dataset.id, timeout_minutes=45)
    app.selectbox(key="log_pick").set_value(other.id).run()
    assert app.query_params["log"] == other.id
    assert "timeout_minutes" not in app.query_params
