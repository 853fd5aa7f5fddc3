"""The Explore page: history and recommendations."""

import re
from collections.abc import Callable
from pathlib import Path

from hrnn.evaluation.report import Report
from hrnn.training.config import ExperimentConfig
from tests.pages.app import QUICK, keys, opened, press, shown_html, texts
from ui.interesting import interesting_users
from workspace.datasets import Dataset
from workspace.importing import import_log
from workspace.runs import Run, create_run


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
    drawn = shown_html(app)
    assert "Session 3, the latest" in drawn
    # User 3, the newest first: sessions 5-6, 4-5-6 and 3-4-5; then 0 is held out.
    titles = re.findall(r'<span class="title" title="Title (\d)">', drawn)
    assert "".join(titles) == "65654543"
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
    home: Path, done: Callable[[Run], Run]
) -> None:
    rows = "".join(f"u{u},i{i},{u * 7 + i * 60}\n" for u in range(3) for i in (0, 1, 2, 0, 1))
    made = import_log("local", f"user,item,time\n{rows}".encode(), "all seen")
    settings = ExperimentConfig(split="all_rows", training=QUICK)
    whole = done(create_run(made, settings))
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


def test_a_flat_model_is_explored_without_a_word_of_its_sessions(
    dataset: Dataset, done: Callable[[Run], Run]
) -> None:
    for model in ("flat_gru", "sasrec"):
        run = done(create_run(dataset, ExperimentConfig(training=QUICK, model=model), model))
        app = opened("explore", log=dataset.id, run=run.id, explore_user="v3")
        said = texts(app).replace("\\", "")
        assert "it reads the last 200 interactions as one sequence" in said
        assert "Session 3, the latest" in shown_html(app)
        assert len(app.dataframe[0].value) == 7


def test_the_first_item_is_explained_in_a_sentence_and_another_can_be_chosen(run: Run) -> None:
    app = opened("explore", log=run.dataset, run=run.id, explore_user="v3")
    first = app.dataframe[0].value["Item"][0]
    assert app.selectbox(key="explore_item").value == first
    said = texts(app).replace("\\", "")
    assert "stands at rank 1" in said
    assert "would be first, not" in said or "left out, whichever, leave" in said
    app.selectbox(key="explore_item").set_value("p0").run()
    assert not app.exception
    assert app.query_params["explore_item"] == "p0"
    assert "Why Title 0?" in [one.value.replace("\\", "") for one in app.subheader]


def test_edits_move_the_list_stand_in_the_link_and_can_be_taken_back(run: Run) -> None:
    app = opened("explore", log=run.dataset, run=run.id, explore_user="v3")
    before = app.dataframe[0].value
    assert "Moved" not in before.columns
    app.selectbox(key="edit_drop").set_value(2).run()
    app.selectbox(key="edit_add").set_value("p6").run()
    press(app, "edit_wait")
    assert app.query_params["explore_edits"] == "drop:2,add:p6,wait"
    after = app.dataframe[0].value
    assert set(after["Moved"]) - {"–"}
    rank = dict(zip(before["Item"], before["Rank"], strict=True))
    for item, place, moved in after[["Item", "Rank", "Moved"]].to_numpy():
        risen = rank[item] - place
        sign = "▲" if risen > 0 else "▼"
        assert moved == ("–" if not risen else f"{sign} {abs(risen)}")
    assert re.search('<b class="dropped">Session 3</b>.*>dropped<', shown_html(app))
    assert 'title="Title 6">Title 6</span><span class="quiet">added</span>' in shown_html(app)
    press(app, "edit_undo")
    assert app.query_params["explore_edits"] == "drop:2,add:p6"
    press(app, "edit_0")
    assert app.query_params["explore_edits"] == "add:p6"
    press(app, "edit_0")
    assert "explore_edits" not in app.query_params
    assert app.dataframe[0].value.equals(before)


def test_an_edit_that_cannot_be_made_is_a_sentence_and_is_left_out(run: Run) -> None:
    link = {"log": run.dataset, "run": run.id, "explore_user": "v3"}
    app = opened("explore", **link, explore_edits="add:p6,drop:9,wait")
    assert "session 10 is not there" in app.error[0].value.replace("\\", "").lower()
    assert app.query_params["explore_edits"] == "add:p6"
    app = opened("explore", **link, explore_edits="jump:3")
    assert "it must be drop" in app.error[0].value.replace("\\", "")


def test_a_history_can_be_replayed_and_its_user_state_followed(run: Run) -> None:
    app = opened("explore", log=run.dataset, run=run.id, explore_user="v3")
    app.segmented_control(key="beyond").set_value("replay").run()
    assert not app.exception
    assert "of 8 interactions" in texts(app)
    app.segmented_control(key="beyond").set_value("states").run()
    assert not app.exception
    assert "The user state jumped most in session" in texts(app)
    similar = next(one.value for one in app.dataframe if "User" in one.value.columns)
    assert sorted(similar["User"]) == ["v0", "v1", "v2", "v4", "v5"]
    app.segmented_control(key="beyond").set_value("items").run()
    assert not app.exception
    near = next(one.value for one in app.dataframe if "Cosine" in one.value.columns)
    assert len(near) == 6
    assert app.selectbox(key="explore_item").value not in set(near["Item"])
    app.toggle(key="why_gradients").set_value(True).run()
    assert not app.exception
    assert "gradients of the same share" in texts(app)


def test_users_worth_a_look_are_offered(run: Run) -> None:
    questions = Report.open(run.report_folder).questions
    app = opened("explore", log=run.dataset, run=run.id)
    offered = app.selectbox(key="explore_user").options
    assert len(offered) == 6
    for kind, users in interesting_users(questions, "HRNN").items():
        again = opened("explore", log=run.dataset, run=run.id, explore_kind=kind)
        found = again.selectbox(key="explore_user").options
        assert found == (users or offered)
