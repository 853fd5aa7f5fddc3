"""The Sessions page: the timeout, what follows it, and what is picked."""

from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from hrnn.synthetic import SyntheticConfig, generate
from tests.pages.app import keys, opened, press, texts
from ui import timelines
from workspace.datasets import Dataset
from workspace.importing import import_log

RULE = "A gap longer than the timeout starts a new session; a gap equal to it does not."


def charts(app: AppTest) -> list[str]:
    """Return what the charts are of: their descriptions for those who cannot see them."""
    return [one.proto.alt for one in app.get("vega_lite_chart")]


def test_a_visit_without_a_link_opens_the_newest_log(dataset: Dataset) -> None:
    app = opened("sessions")
    assert app.metric[0].value == "18"
    assert app.query_params["log"] == dataset.id


def test_another_log_forgets_the_users_of_the_last_one(dataset: Dataset) -> None:
    other = import_log("local", b"user,item,time\nzed,i,1\nzed,j,2\n", "other")
    app = opened("sessions", log=dataset.id, sessions_user="v1,v2")
    assert app.multiselect(key="timeline_users").value == ["v1", "v2"]
    app.switch_page("pages/data.py").run()
    app.selectbox(key="log_pick").set_value(other.id).run()
    app.switch_page("pages/sessions.py").run()
    assert not app.exception
    assert app.multiselect(key="timeline_users").value == ["zed"]


def test_an_unknown_user_in_the_link_is_a_sentence_on_the_sessions_page(dataset: Dataset) -> None:
    app = opened("sessions", log=dataset.id, sessions_user="nobody")
    assert "nobody is not in this log" in texts(app)
    assert "to_train" in keys(app, "button")


def test_sessions_follow_the_timeout_and_the_link_follows_too(dataset: Dataset) -> None:
    app = opened("sessions", log=dataset.id)
    assert RULE in texts(app)
    assert app.select_slider(key="timeout_minutes").value == 30
    assert app.metric[0].value == "18"
    assert "At 30 min, 75.0 % of 48 gaps lie inside sessions" in texts(app)
    app.select_slider(key="timeout_minutes").set_value(3.0).run()
    assert app.metric[0].value == "54"
    assert "At 3 min, 0.0 % of 48 gaps lie inside sessions" in texts(app)
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


def test_everything_that_a_timeout_does_is_drawn(dataset: Dataset) -> None:
    app = opened("sessions", log=dataset.id)
    assert [one.label for one in app.metric] == [
        "Sessions",
        "A user, mean",
        "Items a session",
        "Single-item",
        "Users with ≥ 2",
        "Cut off, 10 × 20",
    ]
    drawn = charts(app)
    assert len(drawn) == len(set(drawn)) == 13
    assert sum("over all timeouts" in one for one in drawn) == 6
    assert sum("along the line of user" in one for one in drawn) == 2
    assert not app.get("plotly_chart")


def test_a_log_without_gaps_says_so(home: Path) -> None:
    import_log("local", b"user,item,time\na,i,1\nb,j,2\n", "single")
    app = opened("sessions")
    assert "there is no gap that a timeout could cut" in texts(app)
    assert "to_train" in keys(app, "button")


def test_a_log_whose_gaps_are_all_zero_says_so(home: Path) -> None:
    import_log("local", b"user,item,time\na,i,1\na,j,1\nb,i,1\nb,j,1\n", "ties")
    app = opened("sessions")
    assert "All gaps are zero" in texts(app)
    assert "No timeout is suggested" in texts(app)


def test_dates_without_a_time_get_no_suggestion_but_a_reason(home: Path) -> None:
    rows = "".join(f"u{n % 5},i{n % 3},2024-01-{1 + n % 28:02d}\n" for n in range(300))
    import_log("local", ("user,item,time\n" + rows).encode(), "dates")
    app = opened("sessions")
    assert "No timeout is suggested" in texts(app)
    assert "whole days" in texts(app)
    assert "use_suggestion" not in keys(app, "button")


@pytest.fixture
def generated(home: Path) -> Dataset:
    made = generate(SyntheticConfig(users=60, items=40, interactions=4_000))
    return import_log("local", made.frame, "generated")


def test_the_suggestion_can_be_used(generated: Dataset) -> None:
    app = opened("sessions", log=generated.id)
    assert "Gaps have two humps" in texts(app)
    assert app.selectbox(key="timeline_other").options[2].endswith("suggested")
    press(app, "use_suggestion")
    chosen = app.select_slider(key="timeout_minutes").value
    assert 20 < chosen < 30  # planted: 25
    assert app.query_params["timeout_minutes"] == f"{chosen:g}"
    assert app.button(key="use_suggestion").disabled


def test_a_second_timeout_says_what_splits_and_what_merges(dataset: Dataset) -> None:
    app = opened("sessions", log=dataset.id, sessions_user="v1", timeout_minutes=3)
    assert "9 sessions at 3 min, 3 at 4 h (6 cuts fewer: sessions merge)" in texts(app)
    app.selectbox(key="timeline_other").set_value(5.0).run()
    assert not app.exception
    assert app.query_params["timeout_other"] == "5"
    assert "9 sessions at 3 min, 3 at 5 min" in texts(app)


def with_ids() -> bytes:
    frame = pd.DataFrame(
        {
            "user": ["a"] * 4 + ["b"] * 2,
            "item": list("ijklij"),
            "time": [0, 60, 7_200, 7_260, 0, 60],
            "session": ["s1", "s1", "s2", "s3", "s1", ""],
        }
    )
    return frame.to_csv(index=False).encode()


def test_of_many_users_the_first_are_listed_and_any_other_can_be_typed(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    everyone = opened("sessions", log=dataset.id).multiselect(key="timeline_users")
    assert "type any other id" not in everyone.help
    monkeypatch.setattr(timelines, "_MOST_OPTIONS", 1)
    few = opened("sessions", log=dataset.id).multiselect(key="timeline_users")
    assert len(few.options) < len(everyone.options)
    assert set(few.value) <= set(few.options)
    assert "Listed are the first 1; type any other id." in few.help


def test_session_ids_stand_beside_the_timeout(home: Path) -> None:
    roles = {"USER_ID": "user", "ITEM_ID": "item", "TIMESTAMP": "time", "SESSION_ID": "session"}
    import_log("local", with_ids(), "ids", roles)
    app = opened("sessions")
    assert app.metric[0].value == "5"
    said = texts(app)
    assert "Ids and 30 min agree on 50.0 %" in said
    assert "Ids that several users have: 1" in said.replace("\\", "")
    assert "Interactions without an id, which the timeout cuts: 1" in said.replace("\\", "")
    app.toggle(key="use_session_ids").set_value(False).run()
    assert app.metric[0].value == "3"
    assert "Ids and 30 min agree on 50.0 %" in texts(app)


def test_a_log_without_session_ids_compares_none(dataset: Dataset) -> None:
    assert "agree on" not in texts(opened("sessions", log=dataset.id))


def test_every_table_can_be_downloaded(dataset: Dataset) -> None:
    app = opened("sessions", log=dataset.id)
    app.toggle(key="tables_shown").set_value(True).run()
    names = app.selectbox(key="table_pick").options
    assert names[0] == "Sessions at 30 min"
    assert len(names) == 7
    for name in names:
        app.selectbox(key="table_pick").set_value(name).run()
        assert not app.exception
        assert len(app.dataframe[-1].value)
        assert [one.label for one in app.get("download_button")] == ["Download as CSV"]
