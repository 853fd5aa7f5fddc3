"""A user's sessions beside what is recommended next."""

import streamlit as st

from hrnn.recommend.network_recommender import NetworkRecommender
from ui import logs, page, state
from ui.downloads import draw_table
from ui.exploring import (
    draw_popular,
    draw_sessions,
    held_out_words,
    model_of,
    recommend,
    recs_table,
    scene_of,
)
from ui.inputs import pick_exclude_seen, pick_run, pick_start, pick_user
from ui.words import literal
from workspace.datasets import Dataset
from workspace.runs import Run

_TOP_K = 10


@page.guarded
def main() -> None:
    page.head("Explore", "What has this user done, and what is recommended next?")
    dataset = page.need_log()
    if dataset is None:
        return
    page.say_note(dataset.note)
    runs = [run for run in state.runs_of(dataset) if run.has_model()]
    left, right = st.columns(2)
    with right:
        run = pick_run(runs, "Model")
    if run is None:
        st.info("There is no model of this log yet. Train one first; a small log takes minutes.")
        page.step("Go to Train", page.TRAIN, "to_train")
        return
    with left:
        user = pick_user(dataset, "explore_user")
    explore(dataset, run, user)


def explore(dataset: Dataset, run: Run, user: str) -> None:
    model = model_of(run.id, run)
    assert isinstance(model, NetworkRecommender)
    titles = logs.titles_of(dataset.owner, dataset.id)
    scene = scene_of(dataset, run, model, user)
    left, right = st.columns(2, gap="medium")
    if not len(scene.history):
        gone = "is not in this log" if scene.held_out is None else "has no row before the held-out"
        st.warning(f"User {literal(user)} {gone}. Shown are the items most popular in it.")
        draw_popular(dataset, titles)
        return
    with left:
        st.subheader("Sessions, newest first", anchor=False)
        draw_sessions(scene, model, titles)
    with right:
        st.subheader("What comes next", anchor=False)
        start = pick_start()
        exclude = pick_exclude_seen()
        ranked = recommend(scene, model, start, exclude)
        table = recs_table(scene, ranked.head(_TOP_K), titles)
        with st.container(key="recs_table"):
            if len(table):
                draw_table(table, "recommendations", "recs")
            else:
                st.info(f"User {literal(user)} has seen every item; show seen ones to get a list.")
        st.markdown(held_out_words(scene, ranked, exclude, titles))


main()
