"""What follows an import by itself, and how each step is undone."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from hrnn.synthetic import SyntheticConfig, generate
from hrnn.training.config import ExperimentConfig
from tests.pages.app import keys, opened, press, texts, upload
from ui import going_on
from workspace.datasets import list_datasets, open_dataset
from workspace.launcher import Launcher
from workspace.runs import create_run, list_runs
from workspace.tasks import State, Task

CUT = 40.0


@pytest.fixture(scope="module")
def log() -> bytes:
    made = generate(SyntheticConfig(users=80, items=60, interactions=6000, cut_minutes=CUT))
    return made.frame.to_csv(index=False).encode()


@pytest.fixture(autouse=True)
def started(home: Path, monkeypatch: pytest.MonkeyPatch) -> list[Task]:
    """Runs that would have been started; they stay queued. Imports are started."""
    found: list[Task] = []
    start = Launcher.start

    def only_jobs(launcher: Launcher, task: Task) -> None:
        start(launcher, task) if task.kind == "jobs" else found.append(task)

    monkeypatch.setattr(Launcher, "start", only_jobs)
    return found


@pytest.fixture
def imported(log: bytes) -> AppTest:
    return press(upload(opened("data"), log), "import_go")


def said(app: AppTest) -> str:
    return texts(app).replace("\\", "").replace("*", "")


def test_sessions_are_cut_as_suggested_and_a_quick_model_is_trained(imported: AppTest) -> None:
    (run,) = list_runs("local")
    minutes = run.experiment.timeout_minutes
    assert minutes == pytest.approx(CUT, rel=0.2)
    assert imported.query_params["timeout_minutes"] == f"{minutes:g}"
    assert run.experiment.training.epochs == 10
    assert f"Sessions are cut at {minutes:g} min, as the gaps suggest." in said(imported)
    assert "A quick model is training: 0 %" in said(imported)


def test_each_step_is_undone_by_itself(imported: AppTest) -> None:
    press(imported, "undo_timeout")
    assert imported.query_params["timeout_minutes"] == "30"
    assert "Sessions are cut at 30 min" in said(imported)
    assert "undo_timeout" not in keys(imported, "button")
    press(imported, "undo_run")
    assert list_runs("local") == []
    assert "undo_run" not in keys(imported, "button")
    press(imported, "undo_import")
    assert list_datasets("local") == []
    assert imported.selectbox(key="map_user").value == "USER_ID"
    assert "tour_start" not in keys(imported, "button")  # the file is still there
    press(imported, "import_go")
    assert len(list_datasets("local")) == 1


def test_undoing_the_import_undoes_all_that_followed(imported: AppTest) -> None:
    press(imported, "undo_import")
    assert (list_datasets("local"), list_runs("local")) == ([], [])
    assert "timeout_minutes" not in imported.query_params
    assert "log" not in imported.query_params


def test_a_log_with_other_runs_on_it_stays_and_so_does_its_quick_model(imported: AppTest) -> None:
    (dataset,) = list_datasets("local")
    create_run(dataset, ExperimentConfig(), "asked for")
    press(imported, "undo_import")
    assert "1 run is of the log" in said(imported)
    assert len(list_runs("local")) == 2
    assert open_dataset("local", dataset.id) == dataset


def test_nothing_follows_where_that_is_switched_off(log: bytes) -> None:
    app = upload(opened("data"), log)
    app.toggle(key="go_on").set_value(False).run()
    assert "imported as guessed" not in said(app)
    press(app, "import_go")
    assert len(list_datasets("local")) == 1
    assert list_runs("local") == []
    assert "timeout_minutes" not in app.query_params
    assert "undo_import" not in keys(app, "button")


def test_day_numbers_of_a_spreadsheet_are_not_imported_by_themselves() -> None:
    app = upload(opened("data"), b"user,item,time\nu,i,46025.541667\nu,j,46026.25\n")
    assert "if they are years, or a spreadsheet's, which counts days" in said(app)
    assert "imported as guessed" not in said(app)


def test_a_log_that_names_nobody_is_not_imported_by_itself() -> None:
    app = upload(opened("data"), b"session,item,time\ns,i,1700000000\nt,j,1700000500\n")
    assert app.selectbox(key="map_user").value == "session"
    assert "imported as guessed" not in said(app)


def test_a_log_of_which_nothing_can_be_learned_says_why() -> None:
    app = press(upload(opened("data"), b"user,item,time\nu,i,1\nu,j,2\n"), "import_go")
    assert "Sessions are cut at 30 min. The gaps suggest none." in said(app)
    assert "No model was trained: no user has three interactions" in said(app)
    assert list_runs("local") == []


def test_a_model_that_takes_long_is_offered(log: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(going_on, "_MOST_SECONDS", 1)
    app = press(upload(opened("data"), log), "import_go")
    assert "No quick model was trained: it takes about" in said(app)
    assert list_runs("local") == []
    press(app, "go_on_train")
    assert len(list_runs("local")) == 1


def test_after_a_correction_the_rest_is_offered(log: bytes) -> None:
    app = upload(opened("data"), log)
    app.selectbox(key="map_title").set_value("– not used –").run()
    press(app, "import_go")
    assert "nothing else was done by itself" in said(app)
    assert list_runs("local") == []
    assert "timeout_minutes" not in app.query_params
    press(app, "go_on_go")
    assert len(list_runs("local")) == 1
    assert "as the gaps suggest" in said(app)


def test_a_training_that_is_asked_for_goes_before_the_unasked_one(imported: AppTest) -> None:
    app = opened("train", log=imported.query_params["log"])  # another visit
    press(app, "train_start")
    asked, unasked = sorted(list_runs("local"), key=lambda run: run.name == "quick, by itself")
    assert unasked.state() == State.CANCELLED
    assert asked.state() == State.QUEUED


def test_a_file_without_a_question_is_imported_unless_something_is_changed(log: bytes) -> None:
    app = upload(opened("data"), log)
    assert "imported as guessed in 15 s" in said(app)
    app.session_state["_arrived"]["due"] = True  # as the seconds that pass in a browser do
    app.run()
    assert not app.exception
    assert len(list_datasets("local")) == 1
    assert len(list_runs("local")) == 1
    app.run()
    assert len(list_datasets("local")) == 1


def test_nobody_is_hurried_who_changes_something_or_is_asked_something(log: bytes) -> None:
    app = upload(opened("data"), log)
    app.selectbox(key="map_title").set_value("– not used –").run()
    assert "imported as guessed" not in said(app)
    app.session_state["_arrived"]["due"] = True
    app.run()
    assert list_datasets("local") == []
    for content in (b"a,b,c\n1,2,3\n", b"user,item,time\nu,i,1700000000\nu,j,soon\n"):
        assert "imported as guessed" not in said(upload(opened("data"), content))
