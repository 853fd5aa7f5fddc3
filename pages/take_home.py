"""What somebody takes along: a report, recommendations for all users, the model, the code."""

import streamlit as st

from ui import page, state
from ui import take_home as parts
from ui.inputs import pick_run
from ui.live import say_no_model
from ui.take_home_report import draw_report
from workspace.judgements import tally_sentence


@page.guarded
def main() -> None:
    page.head("Take home", "What can be taken along, and used without this app?")
    dataset = page.need_log()
    if dataset is None:
        return
    page.say_note(dataset.note)
    runs = [run for run in state.runs_of(dataset) if run.has_model() and not run.tries]
    run = pick_run(runs, "Model")
    if run is None:
        say_no_model(
            state.runs_of(dataset),
            "There is no model of this log yet. With one, this page gives recommendations for all"
            " users as CSV and Parquet, the model as a ZIP, and the Python that repeats what is"
            " shown. Train one first; a small log takes minutes.",
        )
        page.step("Go to Train", page.TRAIN, "to_train")
        return
    draw_report(dataset, run, tally_sentence(run))
    top = st.container()
    parts.draw_model(run)
    parts.draw_code(dataset, run)
    with top:  # drawn last, for a short job is waited for here
        parts.draw_recommendations(dataset, run)


main()
