"""Measure trained models beside simple ones, on what none of them was trained on."""

import streamlit as st

from ui import evaluating, page, state
from ui.live import say_no_model


@page.guarded
def main() -> None:
    page.head("Evaluate", "Is the model better than simple ones, on interactions it never met?")
    dataset = page.need_log()
    if dataset is None:
        return
    page.say_note(dataset.note)
    runs = [run for run in state.runs_of(dataset) if run.has_model() and not run.tries]
    current = state.current_run(runs)
    if current is None:
        words = "There is no model of this log yet. Train one first; a small log takes minutes."
        say_no_model(state.runs_of(dataset), words)
        page.step("Go to Train", page.TRAIN, "to_train")
        return
    settings = evaluating.pick_settings(runs, current)
    if st.button("Evaluate", key="evaluate_go", type="primary", disabled=settings is None):
        assert settings is not None  # the button is off without
        evaluating.start(dataset, settings)
    evaluation = evaluating.pick_evaluation(dataset)
    if evaluation is None:
        st.info("Nothing was measured on this log yet. The choices above are good ones.")
        return
    evaluating.watch(evaluation, dataset)
    page.step("Explore what it recommends", page.EXPLORE, "to_explore")


main()
