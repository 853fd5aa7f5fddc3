"""Two lists for real users, and nobody knows which model made which: the better one is picked."""

import streamlit as st

from ui import blind, logs, page, state
from ui.inputs import pick_run
from ui.live import say_no_model


@page.guarded
def main() -> None:
    page.head("Blind test", "Which list would people rather have, not knowing whose it is?")
    dataset = page.need_log()
    if dataset is None:
        return
    page.say_note(dataset.note)
    runs = [run for run in state.runs_of(dataset) if run.has_model() and not run.tries]
    runs = [run for run in runs if run.experiment.split != "all_rows"]
    head, place = st.container(horizontal=True, vertical_alignment="center"), st.container()
    with st.expander("What is compared"):  # below what is asked, which it decides
        run = pick_run(runs, "Model")
        chosen = None if run is None else blind.pick_test(run, runs)
    if run is None or chosen is None:
        words = "There is no model of this log yet that something was held out from. Train one."
        say_no_model(state.runs_of(dataset), words)
        page.step("Go to Train", page.TRAIN, "to_train")
        return
    with place:
        sitting = blind.sit_down(dataset, run, runs, *chosen)
    with head:
        told = st.toggle("Show the tally", key="blind_tally")
        blind.offer_undo(sitting)
    with place:
        titles = logs.titles_of(dataset.owner, dataset.id)
        (blind.draw_tally if told else blind.judge)(sitting, titles)


main()
