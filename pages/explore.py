"""A user's sessions beside what is recommended next, why, and what if it had been otherwise."""

import streamlit as st

from ui import exploring as parts
from ui import logs, page, state, what_if
from ui.beyond import draw_beyond
from ui.history import History, draw_history
from ui.inputs import pick_nobody, pick_run, pick_user
from ui.interesting import pick_users
from ui.live import say_no_model
from ui.models import model_of
from ui.pictures import pick_pictures
from ui.why import draw_why
from workspace.datasets import Dataset
from workspace.runs import Run

_OF_A_USER = (state.EDITS, state.ITEM, state.HELD)


@page.guarded
def main() -> None:
    page.head("Explore", "What has this user done, and what is recommended next?")
    dataset = page.need_log()
    if dataset is None:
        return
    page.say_note(dataset.note)
    runs = [run for run in state.runs_of(dataset) if run.has_model() and not run.tries]
    left, right = st.columns(2)
    with right:
        run = pick_run(runs, "Model")
    if run is None:
        words = "There is no model of this log yet. Train one first; a small log takes minutes."
        say_no_model(state.runs_of(dataset), words)
        page.step("Go to Train", page.TRAIN, "to_train")
        return
    with right:
        nobody = pick_nobody()
    with left:
        user = (
            None
            if nobody
            else pick_user(pick_users(dataset, run, _OF_A_USER), state.USER, _OF_A_USER)
        )
    explore(dataset, runs, run, user)
    page.step("Take it home", page.TAKE_HOME, "to_take_home")


def explore(dataset: Dataset, runs: list[Run], run: Run, user: str | None) -> None:
    model = model_of(run)
    titles = logs.titles_of(dataset.owner, dataset.id)
    scene = parts.scene_of(dataset, run, model, user)
    if user is not None and not len(scene.history):
        parts.draw_popular_instead(dataset, scene, titles)
        return
    was = what_if.taken(model, scene.history)
    scenario = what_if.edited(was)
    left, right = st.columns([4, 5], gap="medium")
    with right:
        asked = parts.draw_next(dataset, runs, run, scene, scenario)
        effects = draw_why(asked) if asked else None
        parts.draw_what_if(dataset, model, scenario, was)
    with left:
        pictures = pick_pictures(dataset)
        history = History(scene.history, was, scenario, titles, pictures)
        draw_history(history, model, what_if.new_timeout(), effects)
    if asked is not None:
        draw_beyond(asked, dataset, user)


main()
