"""A user's sessions beside what is recommended next, why, and what if it had been otherwise."""

import streamlit as st

from hrnn.explain.ranking import ranked
from hrnn.explain.scenario import Scenario
from ui import exploring as parts
from ui import logs, page, state, what_if
from ui.beyond import draw_beyond
from ui.downloads import draw_table
from ui.inputs import pick_exclude_seen, pick_item, pick_run, pick_start, pick_user
from ui.interesting import pick_users
from ui.why import Asked, draw_why
from ui.words import literal
from workspace.datasets import Dataset
from workspace.runs import Run


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
        st.info("There is no model of this log yet. Train one first; a small log takes minutes.")
        page.step("Go to Train", page.TRAIN, "to_train")
        return
    with left:
        user = pick_user(pick_users(run, logs.users_of(dataset.owner, dataset.id)), "explore_user")
    explore(dataset, run, user)
    page.step("Take it home", page.TAKE_HOME, "to_take_home")


def explore(dataset: Dataset, run: Run, user: str) -> None:
    model = parts.model_of(run.id, run)
    titles = logs.titles_of(dataset.owner, dataset.id)
    scene = parts.scene_of(dataset, run, model, user)
    if not len(scene.history):
        gone = "is not in this log" if scene.held_out is None else "has no row before the held-out"
        st.warning(f"User {literal(user)} {gone}. Shown are the items most popular in it.")
        parts.draw_popular(dataset, titles)
        return
    left, right = st.columns([4, 5], gap="medium")
    was = Scenario.of(model, scene.history)
    scenario = what_if.edited(was)
    with left:
        dropped = set(was.sessions) - set(scenario.sessions)
        parts.draw_sessions(scene, model, titles, dropped)
    with right:
        st.subheader("What comes next", anchor=False)
        begins = parts.begins(scene, pick_start())
        exclude = pick_exclude_seen()
        what_if.draw_edits(titles)
        found = ranked(model, scenario, begins, exclude)
        before = None if scenario == was else ranked(model, was, begins, exclude)
        popularity = logs.popularity_of(dataset.owner, dataset.id)
        table = parts.recs_table(scene, scenario, found, before, popularity, titles)
        with st.container(key="recs_table"):
            if len(table):
                draw_table(table, "recommendations", "recs")
            else:
                st.info(f"User {literal(user)} has seen every item; show seen ones to get a list.")
        st.markdown(parts.held_out_words(scene, found, exclude, titles))
        what_if.draw_editor(scenario, list(popularity), titles)
        item = pick_item(found, scene.held_out, titles)
        if item is None:
            return
        when = parts.when_of(scene, model)
        asked = Asked(run.id, model, scenario, item, begins, exclude, titles, when)
        draw_why(asked)
    draw_beyond(asked, dataset, user)


main()
