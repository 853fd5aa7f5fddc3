"""The Explore page: acting as somebody, cutting anew, other models, pictures, who is offered."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from hrnn.training.config import ExperimentConfig
from tests.pages.app import QUICK, keys, opened, press, shown_html, texts
from ui import logs, state
from workspace.datasets import Dataset
from workspace.importing import import_log
from workspace.items import add_items
from workspace.runs import Run, create_run

EMBEDDED = "data:image/png;base64,iVBORw0KGgo="


def explored(run: Run, **link: object) -> AppTest:
    return opened("explore", log=run.dataset, run=run.id, **link)


def table(app: AppTest) -> pd.DataFrame:
    return app.dataframe[0].value


def explored_ranks(run: Run) -> tuple[list[str], list[int]]:
    shown = table(explored(run, explore_user="v3"))
    return shown["Item"].tolist(), shown["Rank"].tolist()


def test_somebody_new_gets_a_list_and_makes_a_history_click_by_click(run: Run) -> None:
    app = explored(run)
    app.toggle(key="explore_nobody").set_value(True).run()
    assert not app.exception
    assert "explore_user" not in keys(app, "selectbox")
    assert "what the model says to somebody new" in texts(app)
    first = table(app)["Item"].tolist()
    app.pills(key="edit_click").set_value(first[0]).run()
    assert not app.exception
    press(app, "edit_wait")
    app.pills(key="edit_click").set_value(first[2]).run()
    assert app.query_params["explore_edits"] == f"add:{first[0]},wait,add:{first[2]}"
    drawn = shown_html(app)
    assert drawn.index("Session 2, the latest") < drawn.index("Session 1<")
    assert app.pills(key="edit_click").value is None
    again = explored(run, explore_nobody=True, explore_edits=app.query_params["explore_edits"])
    assert table(again).equals(table(app))


def test_what_somebody_new_does_goes_on_until_a_wait(run: Run) -> None:
    first = table(explored(run, explore_nobody=True, explore_edits="add:p1"))
    on = table(explored(run, explore_nobody=True, explore_edits="add:p1", explore_start="continue"))
    waited = table(explored(run, explore_nobody=True, explore_edits="add:p1,wait"))
    assert first.equals(on)
    assert first["Score"].tolist() != waited["Score"].tolist()


def test_an_edit_taken_back_takes_later_ones_with_it_that_count_places(run: Run) -> None:
    edits = "remove:0,add:p6,remove:5,drop:1"
    app = explored(run, explore_user="v3", explore_edits=edits)
    press(app, "edit_0")
    assert app.query_params["explore_edits"] == "add:p6,drop:1"


def test_after_a_wait_the_page_says_that_the_session_is_over(run: Run) -> None:
    link = {"explore_start": "after", "explore_after": 1}
    app = explored(run, explore_user="v3", explore_edits="wait", **link)
    assert "The last session is over" in texts(app)
    cut = explored(run, explore_user="v3", explore_edits="cut:1440", explore_start="after")
    assert "it continues the last session" in texts(cut)  # 60 min, though the model's are 30


def test_back_takes_an_edit_back_and_a_link_sent_too_early_does_not(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = explored(run, explore_user="v3")
    app.pills(key="edit_click").set_value("p1").run()
    assert app.query_params["explore_edits"] == "add:p1"
    del app.query_params["explore_edits"]
    app.run()  # a moment later: the link of the edit was not there yet
    assert "edit_0" in keys(app, "button")
    assert app.query_params["explore_edits"] == "add:p1"
    monkeypatch.setattr(state, "_UNDER_WAY_SECONDS", 0.0)
    del app.query_params["explore_edits"]
    app.run()
    assert "edit_0" not in keys(app, "button")


def test_edits_outlast_a_look_at_another_page_and_stand_in_the_link_again(run: Run) -> None:
    app = explored(run, explore_user="v3", explore_edits="drop:0")
    app.switch_page("pages/sessions.py")
    app.query_params.clear()
    app.run()
    app.switch_page("pages/explore.py")
    app.query_params.clear()
    app.run()
    assert "edit_0" in keys(app, "button")
    assert app.query_params["explore_edits"] == "drop:0"


def test_edits_of_one_user_are_not_made_of_another(run: Run) -> None:
    app = explored(run, explore_user="v3", explore_edits="drop:2", explore_item="p0")
    assert "edit_0" in keys(app, "button")
    app.selectbox(key="explore_user").set_value("v2").run()
    assert "explore_edits" not in app.query_params
    assert "explore_item" not in app.query_params
    assert "edit_0" not in keys(app, "button")


def test_what_comes_after_a_time_begins_a_session_once_the_timeout_is_over(run: Run) -> None:
    scores = {}
    for start in ("continue", "new"):
        scores[start] = table(explored(run, explore_user="v3", explore_start=start))
    app = explored(run, explore_user="v3", explore_start="after", explore_after=30)
    assert "it continues the last session" in texts(app)
    assert table(app).equals(scores["continue"])
    app.select_slider(key="explore_after").set_value(35.0).run()
    assert "it begins a new session" in texts(app)
    assert table(app).equals(scores["new"])
    assert app.query_params["explore_after"] == "35"


def test_a_history_cut_anew_has_other_sessions_and_the_cut_is_taken_back_whole(run: Run) -> None:
    app = explored(run, explore_user="v3", explore_edits="drop:0")
    app.pills(key="edit_cut").set_value(1440.0).run()
    assert not app.exception
    assert app.query_params["explore_edits"] == "cut:1440"
    assert "anew at **24 h**" in texts(app)
    assert re.findall(r"<b>Session (\d)", shown_html(app)) == ["1"]  # they are 23.9 h apart
    ranks = dict(zip(*explored_ranks(run), strict=True))
    risen = [ranks[item] - place for item, place in table(app)[["Item", "Rank"]].to_numpy()]
    told = ["–" if not one else f"{'▲' if one > 0 else '▼'} {abs(one)}" for one in risen]
    assert table(app)["Moved"].tolist() == told
    app.selectbox(key="edit_add").set_value("p6").run()
    assert app.query_params["explore_edits"] == "cut:1440,add:p6"
    press(app, "edit_0")
    assert "explore_edits" not in app.query_params


def test_a_moved_item_joins_a_session_whose_times_stay(run: Run) -> None:
    def facts(**link: object) -> list[str]:
        shown = shown_html(explored(run, explore_user="v3", **link))
        return re.findall(r"\w{3} \d\d Jan 2024 [^<]*", shown)

    third, second, first = facts()
    assert second == "Tue 02 Jan 2024 13:00 UTC · 3 items · 8 min · 24 h after the one before"
    after = facts(explore_edits="move:5-0")
    shorter = second.replace("3 items · 8 min", "2 items · 4 min")
    assert after == [third, shorter, first.replace("3 items", "4 items")]


def test_an_impossible_cut_is_a_sentence(run: Run) -> None:
    for cut in ("cut:0", "cut:inf", "cut:soon"):
        app = explored(run, explore_user="v3", explore_edits=cut)
        assert "it must be drop" in app.error[0].value.replace("\\", "")


def test_other_models_stand_beside_the_list(run: Run, done: Callable[[Run], Run]) -> None:
    dataset_run = explored(run, explore_user="v3", explore_beside="popularity.session kNN")
    found = table(dataset_run)
    assert {"popularity", "session kNN"} <= set(found.columns)
    ranks = found["popularity"].str.removeprefix("● ").astype(int)
    assert sorted(ranks) == list(range(1, 8))
    assert "7 with popularity, 7 with session kNN" in texts(dataset_run)


def test_what_a_link_names_that_is_not_here_is_said(run: Run) -> None:
    app = explored(run, explore_user="v3", explore_beside="nonsense.popularity", beyond="zzz")
    said = "\n".join(one.value for one in app.warning).replace("\\", "")
    assert "explore_beside = nonsense, which cannot be used here; taken instead: popularity" in said
    assert "beyond = zzz" in said
    assert app.query_params["explore_beside"] == "popularity"
    assert "beyond" not in app.query_params
    app.run()
    assert not app.warning


def test_another_run_stands_beside_the_list(
    dataset: Dataset, run: Run, done: Callable[[Run], Run]
) -> None:
    flat = done(create_run(dataset, ExperimentConfig(training=QUICK, model="flat_gru"), "other"))
    found = table(explored(run, explore_user="v3", explore_beside=flat.id))
    alone = table(explored(flat, explore_user="v3"))
    rank = dict(zip(alone["Item"], alone["Rank"], strict=True))
    assert found["other"].str.removeprefix("● ").astype(int).tolist() == [
        rank[item] for item in found["Item"]
    ]


def test_the_map_of_items_is_coloured_by_category_where_items_have_one(
    dataset: Dataset, run: Run
) -> None:
    bare = explored(run, explore_user="v3", beyond="items")
    assert "map_by" not in keys(bare, "selectbox")
    file = b"id\tkind\np5\ttea|hot\np6\t\n"
    add_items(dataset, file, {"item": "id", "category": "kind"})
    logs.forget_items()
    assert logs.categories_of(dataset.owner, dataset.id) == {"p5": "tea"}
    app = explored(run, explore_user="v3", beyond="items")
    assert app.selectbox(key="map_by").value == "category"
    app.selectbox(key="map_by").set_value("popularity").run()
    assert not app.exception
    assert app.query_params["map_by"] == "popularity"


def test_pictures_in_the_log_are_shown_and_those_of_the_web_only_when_allowed(
    dataset: Dataset, run: Run
) -> None:
    addresses = [EMBEDDED, "https://pictures.example/6.png", "file:///etc/passwd", "javascript:1"]
    rows = "".join(f"p{n}\t{one}\n" for n, one in zip((5, 6, 4, 3), addresses, strict=True))
    columns = {"item": "id", "picture": "picture"}
    add_items(dataset, f"id\tpicture\n{rows}".encode(), columns)
    app = explored(run, explore_user="v3")
    assert sources(app) == {EMBEDDED}
    app.toggle(key="pictures").set_value(True).run()
    assert sources(app) == {EMBEDDED, "https://pictures.example/6.png"}


def test_users_are_offered_by_sessions_and_by_what_the_user_state_decides(run: Run) -> None:
    app = explored(run, explore_kind="sessions")
    assert len(app.selectbox(key="explore_user").options) == 6
    app = explored(run, explore_kind="state")
    assert len(app.selectbox(key="explore_user").options) == 6
    assert "of 6 users looked at" in texts(app)


def test_another_kind_of_users_begins_with_its_first_one(run: Run) -> None:
    app = explored(run, explore_user="v3")
    app.selectbox(key="explore_kind").set_value("sessions").run()
    picker = app.selectbox(key="explore_user")
    assert picker.value == picker.options[0]
    linked = explored(run, explore_user="v3", explore_kind="sessions")
    assert linked.selectbox(key="explore_user").value == "v3"


def test_the_explained_item_stays_while_edits_move_its_rank(run: Run) -> None:
    app = explored(run, explore_user="v3")
    chosen = table(app)["Item"][2]
    app.selectbox(key="explore_item").set_value(chosen).run()
    for edits in ("drop:2", "drop:2,drop:1", "drop:2,drop:1,add:p6", "drop:2"):
        app.query_params["explore_edits"] = edits
        app.run()
        picker = app.selectbox(key="explore_item")
        assert picker.value == chosen
        # A browser hands back the words of what is chosen, so an edit must not change them.
        assert picker.options[picker.index] == f"Title {chosen[1:]}"
        assert not app.warning


def test_items_of_one_title_are_told_apart_where_one_is_added(dataset: Dataset, run: Run) -> None:
    add_items(dataset, b"id\ttitle\np1\tSame\np2\tSame\n", {"item": "id", "title": "title"})
    app = explored(run, explore_user="v3")
    offered = app.selectbox(key="edit_add").options
    assert {"Same (p1)", "Same (p2)"} <= set(offered)
    app.selectbox(key="edit_add").set_value("p2").run()
    assert app.query_params["explore_edits"] == "add:p2"


def test_nobody_has_sessions_to_cut_anew(run: Run) -> None:
    app = explored(run, explore_nobody=True, explore_edits="add:p1")
    assert "edit_cut" not in keys(app, "pills")
    assert "edit_cut" in keys(explored(run, explore_user="v3"), "pills")


def test_the_view_beyond_the_list_is_in_the_link_and_can_be_closed(run: Run) -> None:
    app = explored(run, explore_user="v3", beyond="replay")
    assert "of 8 interactions" in texts(app)
    app.segmented_control(key="beyond").set_value(None).run()
    assert "of 8 interactions" not in texts(app)
    assert "beyond" not in app.query_params


def test_a_user_of_very_many_interactions_is_offered_no_more_than_a_browser_lists(
    home: Path, done: Callable[[Run], Run]
) -> None:
    items = np.random.default_rng(0).integers(0, 9, 3_000)
    rows = "".join(f"u1,i{item},{60 * at}\n" for at, item in enumerate(items))
    made = import_log("local", f"user,item,time\n{rows}".encode(), "long")
    whole = done(create_run(made, ExperimentConfig(training=QUICK)))
    app = explored(whole)
    for key in ("edit_remove", "edit_from"):
        assert len(app.selectbox(key=key).options) == 1_000
    assert "2,979 earlier items of it" in shown_html(app)


def sources(app: AppTest) -> set[str]:
    return set(re.findall(r'<img src="([^"]*)"', shown_html(app)))
