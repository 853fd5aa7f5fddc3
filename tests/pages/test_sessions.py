"""The Sessions page: the timeout and what is picked."""

import pytest

from tests.pages.app import keys, opened, texts
from workspace.datasets import Dataset
from workspace.importing import import_log


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
