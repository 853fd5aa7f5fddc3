"""Configure a training, start it, watch it live, stop or resume it."""

import streamlit as st

from hrnn.errors import HRNNError
from hrnn.training.roles import check_learnable
from ui import live, page, state
from ui.inputs import pick_experiment, pick_run, pick_split, say_timeout, split_words
from ui.words import cut_words, literal
from workspace.datasets import Dataset
from workspace.runs import Run, create_run


@page.guarded
def main() -> None:
    page.head("Train", "What does a model learn from these sessions, and how good is it?")
    dataset = page.need_log()
    if dataset is None:
        return
    page.say_note(dataset.note)
    left, right = st.columns([1, 2], gap="large")
    with left:
        configure(dataset)
    runs = state.runs_of(dataset)
    with right:
        watch(dataset, runs)
    if runs:
        st.subheader("Runs on this log", anchor=False)
        live.watch_all(runs)


def configure(dataset: Dataset) -> None:
    timeout = say_timeout()
    data = state.rows_of(dataset.owner, dataset.id)
    use_ids = state.uses_session_ids(data)
    st.markdown(f"**{literal(dataset.name)}**, sessions cut {cut_words(timeout, use_ids)}")
    split_kind = pick_split()
    try:
        experiment = pick_experiment(split_kind, timeout, use_ids)
        split = state.split_of(dataset.owner, dataset.id, split_kind)
        check_learnable(split.role, data.outcome, len(data.item_ids), experiment.training.loss)
    except HRNNError as error:
        page.say_error(error)
        st.button("Start training", key="train_start", disabled=True)
        return
    st.caption(split_words(split))
    name = st.text_input("Name of the run", key="run_name", placeholder="optional")
    if st.button("Start training", key="train_start", type="primary"):
        run = create_run(dataset, experiment, name)
        state.remember(state.RUN, run.id)
        live.launcher().start(run)
        st.rerun()


def watch(dataset: Dataset, runs: list[Run]) -> None:
    run = pick_run(runs)
    if run is None:
        st.info("There is no run on this log yet. The defaults are a good first try.")
        return
    live.controls(run)
    live.watch(run)
    if run.has_model():
        page.step("Explore what it recommends", page.EXPLORE, "to_explore")


main()
