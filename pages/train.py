"""Configure a training, start it, watch it live, stop or resume it."""

import streamlit as st

from hrnn.diagnostics import about_sessions, about_settings
from hrnn.errors import HRNNError
from hrnn.training.roles import check_learnable
from ui import live, logs, page, runs, state
from ui.experiment import pick_cut, pick_experiment, split_words
from ui.findings import say_findings
from ui.going_on import start_asked
from ui.inputs import pick_shown, say_timeout, uses_session_ids
from ui.verdict import draw_verdict_on, pick_verdict
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
    known = state.runs_of(dataset)
    with right:
        shown = watch(dataset, known)
    runs.compare(shown)
    runs.watch_all(known)


def configure(dataset: Dataset) -> None:
    timeout = say_timeout()
    data = logs.rows_of(dataset.owner, dataset.id)
    use_ids = uses_session_ids(data)
    st.markdown(f"**{literal(dataset.name)}**, sessions cut {cut_words(timeout, use_ids)}")
    cut = pick_cut(data.outcome, timeout, use_ids)
    try:
        split = logs.split_of(dataset.owner, dataset.id, cut)
        experiment = pick_experiment(cut, split)
        items, training = len(split.data.item_ids), experiment.training
        check_learnable(split.role, split.data.outcome, items, training.loss)
    except HRNNError as error:
        page.say_error(error)
        st.button("Start training", key="train_start", disabled=True)
        return
    st.caption(split_words(split, cut.split))
    read = (training.max_sessions, training.max_session_len) if experiment.model == "hrnn" else ()
    say_findings([*about_settings(training), *about_sessions(split.sessions, *read)], "findings")
    name = st.text_input("Name of the run", key="run_name", placeholder="optional")
    decides = pick_verdict(experiment)
    if st.button("Start training", key="train_start", type="primary"):
        run = create_run(dataset, experiment, name, decides)
        state.remember(state.RUN, run.id)
        start_asked(run)
        st.rerun()


def watch(dataset: Dataset, known: list[Run]) -> list[Run]:
    shown = pick_shown(known)
    if not shown:
        st.info("There is no run on this log yet. The defaults are a good first try.")
        return []
    runs.actions(shown[0])
    live.watch_state(shown)
    draw_verdict_on(dataset, shown[0])
    runs.draw_curves(shown)
    live.watch_log(shown[0])
    live.draw_figures_of(shown[0])
    if shown[0].has_model() and not shown[0].tries:
        page.step("Compare it with other models", page.EVALUATE, "to_evaluate")
        page.step("Explore what it recommends", page.EXPLORE, "to_explore")
    return shown


main()
