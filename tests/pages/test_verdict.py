"""The verdict on the Train page, from a button to the sentence and what stands behind it."""

from collections.abc import Callable

from streamlit.testing.v1 import AppTest

from hrnn.training.config import ExperimentConfig, SplitConfig
from tests.pages.app import QUICK, ROOT, keys, opened, press, texts
from workspace.datasets import Dataset
from workspace.evaluations import create_evaluation, list_evaluations, to_decide
from workspace.runs import Run, create_run
from workspace.tasks import State, Task
from workspace.trials import create_trial


def test_a_verdict_can_be_asked_for(
    run: Run, wait_for: Callable[[Callable[[], bool]], None]
) -> None:
    app = opened("train", log=run.dataset, run=run.id)
    assert "Should I use this?" in [one.value for one in app.subheader]
    press(app, "verdict_go")
    (found,) = list_evaluations("local")
    assert found.settings == to_decide(run)
    wait_for(lambda: found.state() == State.FINISHED)


def test_the_verdict_is_a_sentence_with_all_rivals_and_a_way_to_the_figures(
    run: Run, dataset: Dataset, done: Callable[[Task], Task]
) -> None:
    found = create_evaluation(dataset, to_decide(run))
    done(found)
    app = opened("train", log=run.dataset, run=run.id)
    said = texts(app).replace("\\", "")
    assert "HRNN finds the next item in its first 10 for" in said
    table = next(one.value for one in app.dataframe if "Beside" in one.value.columns)
    assert set(table["Beside"]) == {
        "flat GRU", "popularity", "own popularity", "co-occurrence", "session kNN",
    }  # fmt: skip
    press(app, "to_verdict")
    assert app.session_state["evaluation"] == found.id
    assert "HRNN finds the next item in its first 10 for" in texts(app).replace("\\", "")


def test_a_failed_comparison_says_why_and_can_be_tried_again(
    run: Run, dataset: Dataset, done: Callable[[Task], Task]
) -> None:
    found = create_evaluation(dataset, to_decide(run))
    (run.model_folder / "model.json").rename(run.model_folder / "gone")
    done(found)
    (run.model_folder / "gone").rename(run.model_folder / "model.json")
    app = opened("train", log=run.dataset, run=run.id)
    assert "has no model" in app.error[0].value
    assert "verdict_go" in keys(app, "button")


def test_flat_models_and_trainings_without_figures_get_no_verdict(
    dataset: Dataset, done: Callable[[Task], Task]
) -> None:
    for more in ({"model": "sasrec"}, {"split": "all_rows"}):
        run = create_run(dataset, ExperimentConfig(training=QUICK, **more), "other")
        done(run)
        app = opened("train", log=dataset.id, run=run.id)
        assert "Should I use this?" not in [one.value for one in app.subheader]
    app = opened("train", log=dataset.id, model="flat_gru")
    assert "run_decides" not in keys(app, "toggle")


def test_a_comparison_that_nobody_started_can_be_asked_for_again(
    run: Run, dataset: Dataset
) -> None:
    create_evaluation(dataset, to_decide(run))
    app = opened("train", log=run.dataset, run=run.id)
    assert "verdict_go" in keys(app, "button")


def test_runs_that_only_try_a_timeout_get_no_verdict_and_are_not_evaluated(
    dataset: Dataset, done: Callable[[Task], Task]
) -> None:
    (run,) = create_trial(dataset, SplitConfig(), [5.0], QUICK)
    done(run)
    app = opened("train", log=dataset.id, run=run.id)
    assert "Should I use this?" not in [one.value for one in app.subheader]
    table = next(one.value for one in app.dataframe if "Split" in one.value.columns)
    assert table["Split"].tolist() == ["validation rows"]
    for page in ("evaluate", "explore"):
        assert "no model of this log yet" in texts(opened(page, log=dataset.id))
    sidebar = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run().sidebar
    assert "Model: **none yet**" in [one.value for one in sidebar.get("page_link")]
