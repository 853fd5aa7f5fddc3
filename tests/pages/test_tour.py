"""The guided tour over the generated log."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.app import keys, opened, press, texts
from ui import tour
from workspace.datasets import Dataset, list_datasets
from workspace.launcher import Launcher
from workspace.runs import Run, list_runs
from workspace.tasks import Task


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Task]:
    """Runs that would have been started."""
    found: list[Task] = []
    monkeypatch.setattr(Launcher, "start", lambda _, task: found.append(task))
    return found


def at(app: AppTest, page: str) -> AppTest:
    """Be on a page: where the app itself has led, a test has to say so for its next run."""
    app.switch_page(f"pages/{page}.py").run()
    assert not app.exception
    return app


@pytest.fixture
def touring(home: Path, started: list[Task]) -> AppTest:
    return press(opened("data"), "tour_start")


def test_the_tour_cuts_the_sample_as_suggested_and_trains_a_small_model(
    touring: AppTest, started: list[Run]
) -> None:
    (dataset,) = list_datasets("local")
    assert dataset.name == "Generated log"
    (run,) = started
    assert run.experiment.timeout_minutes == 26
    assert run.experiment.training == tour.settings()
    assert touring.query_params["timeout_minutes"] == "26"
    assert touring.query_params["run"] == run.id
    assert touring.title[0].value == "Sessions"
    assert "Step 2 of 5" in texts(touring)


def test_next_leads_from_page_to_page_and_no_step_waits_for_the_model(touring: AppTest) -> None:
    way = (("sessions", "Train"), ("train", "Explore"), ("explore", "Blind test"))
    for number, (page, title) in enumerate(way, 3):
        press(at(touring, page), "tour_next")
        assert touring.title[0].value == title
        assert f"Step {number} of 5" in texts(touring)
        assert touring.query_params["tour"] == str(number)
    assert "tour_next" not in keys(touring, "button")
    assert "still training" in str(touring.get("progress")[0].proto)


def test_the_tour_goes_with_the_visit_through_the_sidebar(touring: AppTest) -> None:
    at(touring, "sessions")
    assert "not part of the tour" in texts(at(touring, "evaluate"))
    press(touring, "tour_next")
    assert touring.title[0].value == "Sessions"
    assert "Step 1 of 5" in texts(at(touring, "data"))


def test_who_leaves_the_tour_is_rid_of_it(touring: AppTest) -> None:
    press(at(touring, "sessions"), "tour_leave")
    assert "Step" not in texts(touring)
    assert "tour" not in touring.query_params
    assert "tour_next" not in keys(at(touring, "train"), "button")
    assert len(list_runs("local")) == 1


def test_a_step_that_is_none_in_the_link_breaks_nothing(dataset: Dataset) -> None:
    app = opened("evaluate", log=dataset.id, tour="<b>")
    press(app, "tour_next")
    assert "Step 1 of 5" in texts(app)


def test_the_tour_is_not_offered_once_there_is_a_log(dataset: Dataset) -> None:
    assert "tour_start" not in keys(opened("data"), "button")


def test_a_link_into_the_tour_shows_no_box_where_there_is_no_log(home: Path) -> None:
    app = opened("explore", tour="4")
    assert "Step 4" not in texts(app)
