"""Each page, empty and loaded, by the keys of its widgets."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from hrnn.training.config import ExperimentConfig, TrainConfig
from workspace.datasets import Dataset, import_log, list_datasets
from workspace.launcher import Launcher
from workspace.runs import Run, create_run, list_runs

ROOT = Path(__file__).parents[2]
PAGES = ("data", "sessions", "train", "explore")
QUICK = TrainConfig(hidden_units=4, batch_size=2, loss="cross_entropy", epochs=2)


@pytest.fixture
def dataset(home: Path, small_log: Path) -> Dataset:
    return import_log("local", small_log, "small.csv")


@pytest.fixture
def run(dataset: Dataset, trained: Callable[[Run], Run]) -> Run:
    return trained(create_run(dataset, ExperimentConfig(training=QUICK), "quick"))


def opened(page: str, **link: object) -> AppTest:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    for key, value in link.items():
        app.query_params[key] = str(value)
    app.run()
    app.switch_page(f"pages/{page}.py")
    for key, value in link.items():
        app.query_params[key] = str(value)
    app.run()
    assert not app.exception
    return app


def keys(app: AppTest, kind: str) -> set[str]:
    return {one.key for one in app.get(kind)}


def texts(app: AppTest) -> str:
    kinds = (app.error, app.info, app.warning, app.markdown, app.caption)
    return "\n".join(one.value for kind in kinds for one in kind)


def upload(app: AppTest, content: bytes, name: str = "log.csv") -> AppTest:
    app.file_uploader(key="upload_file").set_value((name, content, "text/csv")).run()
    assert not app.exception
    return app


def press(app: AppTest, key: str) -> AppTest:
    app.button(key=key).click().run()
    assert not app.exception
    return app


@pytest.mark.parametrize("page", PAGES[1:])
def test_an_empty_page_says_what_to_do_first_and_links_there(home: Path, page: str) -> None:
    app = opened(page)
    assert "Upload one or pick a sample" in texts(app)
    assert "to_data" in keys(app, "button")
    assert not app.error


def test_the_data_page_is_empty_but_for_its_inputs(home: Path) -> None:
    app = opened("data")
    assert not app.metric
    assert not app.error
    assert "upload_file" in keys(app, "file_uploader")


def test_an_unknown_log_in_the_link_is_a_sentence(home: Path) -> None:
    app = opened("sessions", log="20200101-000000-abcdef")
    assert "there is no log" in texts(app).lower()


def test_a_path_in_the_link_opens_nothing(dataset: Dataset) -> None:
    app = opened("sessions", log="../../etc")
    assert "is no name of this workspace" in texts(app).replace("\\", "")


def test_a_sample_is_imported_with_one_click(home: Path) -> None:
    app = opened("data")
    app.button_group(key="sample_pick").set_value("news").run()
    assert not app.exception
    assert [one.name for one in list_datasets("local")] == ["News reading"]
    assert {one.label: one.value for one in app.metric}["Interactions"] == "14.7 k"
    assert app.query_params["log"] == list_datasets("local")[0].id


def test_columns_are_guessed_shown_and_changeable(home: Path) -> None:
    app = upload(opened("data"), b"visitor,sku,stamp,kind\nu1,a,1600000000,x\nu2,b,1600000100,y\n")
    assert app.selectbox(key="map_user").value == "visitor"
    assert app.selectbox(key="map_item").value == "sku"
    assert app.selectbox(key="map_time").value == "stamp"
    app.selectbox(key="map_item").set_value("kind").run()
    press(app, "import_go")
    (made,) = list_datasets("local")
    assert sorted(made.read().item_ids) == ["x", "y"]
    assert {one.label: one.value for one in app.metric}["Items"] == "2"


def test_undecidable_dates_are_asked_before_anything_is_imported(home: Path) -> None:
    log = b"user,item,time\nu1,a,05/04/2024 10:00\nu1,b,06/04/2024 10:10\n"
    app = press(upload(opened("data"), log), "import_go")
    assert list_datasets("local") == []
    assert "Which comes first" in texts(app)
    app.radio(key="map_dayfirst").set_value("month first (March 4)").run()
    press(app, "import_go")
    (made,) = list_datasets("local")
    assert [f"{time:%d %b}" for time in made.read().frame()["TIMESTAMP"]] == ["04 May", "04 Jun"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the file is empty"),
        (b"\x89PNG\r\n\x1a\n0000", "a PNG image"),
        (b"user,item,time\n", "a header and no rows"),
    ],
)
def test_a_file_that_is_no_log_is_a_sentence_and_leaves_the_others(
    dataset: Dataset, content: bytes, words: str
) -> None:
    app = upload(opened("data", log=dataset.id), content)
    assert words in texts(app).replace("\\", "")
    assert "import_go" not in keys(app, "button")
    assert list_datasets("local") == [dataset]
    assert {one.label: one.value for one in app.metric}["Interactions"] == "54"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a,b,c\n1,2,3\n", "No column looks like the user or the item or the time"),
        (b"only\n1\n", "a log needs three"),
    ],
)
def test_a_file_without_usable_columns_is_a_sentence_before_import(
    dataset: Dataset, content: bytes, words: str
) -> None:
    app = upload(opened("data", log=dataset.id), content)
    assert words in texts(app).replace("\\", "")
    assert app.button(key="import_go").disabled


def test_a_log_whose_rows_all_fail_is_a_sentence_after_import(dataset: Dataset) -> None:
    log = b"user,item,time\nu,i,never\nu,j,later\n"
    app = press(upload(opened("data", log=dataset.id), log), "import_go")
    assert "none of 2 rows can be used" in texts(app).replace("\\", "")
    assert list_datasets("local") == [dataset]


def test_a_column_with_two_meanings_cannot_be_imported(home: Path) -> None:
    app = upload(opened("data"), b"user,item,time\nu,i,1\n")
    app.selectbox(key="map_title").set_value("item").run()
    assert "has two meanings" in texts(app)
    assert app.button(key="import_go").disabled


def test_titles_are_not_used_where_that_was_chosen(home: Path) -> None:
    app = upload(opened("data"), b"user,item,time,title\nu,i,1,Hello\n")
    assert app.selectbox(key="map_title").value == "title"
    app.selectbox(key="map_title").set_value("– not used –").run()
    press(app, "import_go")
    assert list_datasets("local")[0].titles() == {}


def test_text_from_outside_is_shown_letter_by_letter(home: Path) -> None:
    name = "![x](http://x.invalid/a.png).csv"
    app = press(upload(opened("data"), b"user,item,time\nu,i,1\n", name), "import_go")
    (heading,) = app.subheader
    assert "![" not in heading.value
    assert heading.value.replace("\\", "").replace("\u2060", "") == name


def test_a_visit_without_a_link_opens_the_newest_log(dataset: Dataset) -> None:
    app = opened("sessions")
    assert app.metric[0].value == "18"
    assert app.query_params["log"] == dataset.id


def test_another_log_forgets_the_user_of_the_last_one(dataset: Dataset) -> None:
    other = import_log("local", b"user,item,time\nzed,i,1\nzed,j,2\n", "other")
    app = opened("sessions", log=dataset.id)
    assert app.selectbox(key="sessions_user").value.startswith("v")
    app.switch_page("pages/data.py").run()
    app.selectbox(key="log_pick").set_value(other.id).run()
    app.switch_page("pages/sessions.py").run()
    assert not app.exception
    assert app.selectbox(key="sessions_user").value == "zed"


def test_an_unknown_user_in_the_link_is_a_sentence_on_the_sessions_page(dataset: Dataset) -> None:
    app = opened("sessions", log=dataset.id, sessions_user="nobody")
    assert "nobody is not in this log" in texts(app)
    assert "to_train" in keys(app, "button")


@pytest.mark.parametrize(
    ("page", "key", "value"),
    [
        ("train", "split", "x"),
        ("train", "epochs", "abc"),
        ("train", "hidden_units", "-1"),
        ("train", "learning_rate", "nan"),
        ("train", "loss", "x"),
        ("sessions", "timeout_minutes", "1e308"),
    ],
)
def test_nonsense_in_the_link_is_a_sentence(
    dataset: Dataset, page: str, key: str, value: str
) -> None:
    app = opened(page, **{"log": dataset.id, key: value})
    said = texts(app).replace("\\", "")
    assert f"{key} = {value}" in said or "is no timeout" in said


def test_session_ids_decide_from_sessions_to_train(home: Path) -> None:
    rows = "".join(f"u{u},i{i},{60 * i},s{i // 2}\n" for u in range(3) for i in range(6))
    made = import_log("local", f"user,item,time,session\n{rows}".encode(), "with ids")
    app = opened("sessions", log=made.id)
    assert app.metric[0].value == "9"
    app.toggle(key="use_session_ids").set_value(False).run()
    assert app.metric[0].value == "3"
    app.switch_page("pages/train.py").run()
    assert "sessions cut at **30 min**" in texts(app)
    linked = opened("train", log=made.id)
    assert "sessions cut **by their ids**" in texts(linked)


def test_sessions_follow_the_timeout_and_the_link_follows_too(dataset: Dataset) -> None:
    app = opened("sessions", log=dataset.id)
    assert app.select_slider(key="timeout_minutes").value == 30
    assert app.metric[0].value == "18"
    app.select_slider(key="timeout_minutes").set_value(3.0).run()
    assert app.metric[0].value == "54"
    assert app.query_params["timeout_minutes"] == "3"


def test_a_usual_timeout_is_one_click_away(dataset: Dataset) -> None:
    app = opened("sessions", log=dataset.id)
    app.button_group(key="timeout_mark").set_value(1440.0).run()
    assert app.select_slider(key="timeout_minutes").value == 1440
    assert app.query_params["timeout_minutes"] == "1440"


def test_a_timeout_in_the_link_is_taken_to_the_digit(dataset: Dataset) -> None:
    app = opened("sessions", log=dataset.id, timeout_minutes=26.5)
    assert app.select_slider(key="timeout_minutes").value == 26.5


@pytest.mark.parametrize("timeout", ["0", "-5", "nan", "soon"])
def test_a_timeout_that_is_none_is_a_sentence(dataset: Dataset, timeout: str) -> None:
    app = opened("sessions", log=dataset.id, timeout_minutes=timeout)
    assert "30 minutes are used instead" in texts(app)
    assert app.metric[0].value == "18"


def test_a_training_is_started_with_the_settings_on_the_page(dataset: Dataset) -> None:
    app = opened("train", log=dataset.id, timeout_minutes=15)
    app.number_input(key="epochs").set_value(2).run()
    app.number_input(key="hidden_units").set_value(8).run()
    app.radio(key="split").set_value("all_rows").run()
    press(app, "train_start")
    (made,) = list_runs("local")
    assert made.experiment.split == "all_rows"
    assert made.experiment.timeout_minutes == 15
    assert (made.experiment.training.epochs, made.experiment.training.hidden_units) == (2, 8)
    assert app.query_params["run"] == made.id
    assert app.query_params["epochs"] == "2"
    Launcher().stop(made)


def test_a_finished_run_shows_figures_with_their_conditions(run: Run) -> None:
    app = opened("train", log=run.dataset, run=run.id)
    said = texts(app).replace("\\", "")
    figures = (
        "small.csv · leave-last-out, 6 users · full ranking of 7 items · items seen before left"
    )
    assert f"{figures} out · seed 0 (bootstrap), 42 (training)" in said
    assert "train_stop" not in keys(app, "button")
    assert "to_explore" in keys(app, "button")


def test_a_killed_run_says_so_and_can_be_resumed(dataset: Dataset) -> None:
    killed = create_run(dataset, ExperimentConfig(training=QUICK))
    (killed.folder / "started").touch()
    (killed.folder / "lock").write_text(str(os.getpid()))
    app = opened("train", log=dataset.id, run=killed.id)
    assert "ended from outside" in texts(app)
    assert "train_resume" in keys(app, "button")


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("u1,a,1\nu2,b,2\n", "o user has three interactions"),
        ("u1,a,1\nu1,a,2\nu1,a,3\n", "nothing to choose between"),
    ],
)
def test_a_log_that_nothing_can_be_learned_from_is_a_sentence(
    home: Path, rows: str, words: str
) -> None:
    made = import_log("local", f"user,item,time\n{rows}".encode(), "tiny")
    app = opened("train", log=made.id)
    assert words in texts(app)
    assert app.button(key="train_start").disabled


def test_one_user_can_be_trained_on_and_explored(home: Path) -> None:
    rows = "".join(f"u1,{item},{60 * at}\n" for at, item in enumerate("abcabcab"))
    made = import_log("local", f"user,item,time\n{rows}".encode(), "one user")
    app = opened("train", log=made.id)
    assert not app.error
    assert not app.button(key="train_start").disabled


def test_without_a_model_explore_says_what_to_do(dataset: Dataset) -> None:
    app = opened("explore", log=dataset.id)
    assert "no model of this log yet" in texts(app)
    assert "to_train" in keys(app, "button")


def test_explore_shows_history_recommendations_and_the_held_out_item(run: Run) -> None:
    app = opened("explore", log=run.dataset, run=run.id, explore_user="v3")
    assert app.selectbox(key="explore_user").value == "v3"
    said = texts(app).replace("\\", "")
    assert "Session 3, the latest" in said
    assert "Title 5 → Title 6" in said  # user 3: sessions 3-4-5, 4-5-6, 5-6 and then 0 held out
    assert "what really came next: **Title 0**" in said
    table = app.dataframe[0].value
    assert table["Rank"].tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert table.loc[table["Item"] == "p0", "Note"].tolist() == ["came next"]


def test_items_seen_before_can_be_left_out(run: Run) -> None:
    app = opened("explore", log=run.dataset, run=run.id, explore_user="v3")
    app.toggle(key="exclude_seen").set_value(True).run()
    assert sorted(app.dataframe[0].value["Item"]) == ["p0", "p1", "p2"]
    assert app.query_params["exclude_seen"] == "True"


def test_a_user_who_has_seen_everything_gets_words_instead_of_an_empty_table(
    home: Path, trained: Callable[[Run], Run]
) -> None:
    rows = "".join(f"u{u},i{i},{u * 7 + i * 60}\n" for u in range(3) for i in (0, 1, 2, 0, 1))
    made = import_log("local", f"user,item,time\n{rows}".encode(), "all seen")
    settings = ExperimentConfig(split="all_rows", training=QUICK)
    whole = trained(create_run(made, settings))
    app = opened("explore", log=made.id, run=whole.id, exclude_seen=True)
    assert "has seen every item" in texts(app)


def test_an_unknown_user_gets_popular_items_marked_as_such(run: Run) -> None:
    app = opened("explore", log=run.dataset, run=run.id, explore_user="zzz")
    said = texts(app)
    assert "zzz is not in this log" in said
    assert "most popular" in said
    assert len(app.dataframe[0].value) == 7


def test_starting_a_new_session_changes_the_recommendations(run: Run) -> None:
    app = opened("explore", log=run.dataset, run=run.id, explore_user="v3")
    app.radio(key="explore_start").set_value("continue").run()
    before = app.dataframe[0].value["Score"].tolist()
    app.radio(key="explore_start").set_value("new").run()
    assert app.dataframe[0].value["Score"].tolist() != before
    assert app.query_params["explore_start"] == "new"


def test_no_page_before_explore_brings_torch(dataset: Dataset) -> None:
    code = f"""
import sys
from streamlit.testing.v1 import AppTest
app = AppTest.from_file("app.py", default_timeout=60)
app.query_params["log"] = {dataset.id!r}
for page in {PAGES[:3]!r}:
    app.run()
    app.switch_page(f"pages/{{page}}.py").run()
    assert app.title, page
sys.exit("torch" in sys.modules)
"""
    script = dataset.folder / "probe.py"
    script.write_text(code.replace('"app.py"', repr(str(ROOT / "app.py"))))
    done = subprocess.run(
        [sys.executable, str(script)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
