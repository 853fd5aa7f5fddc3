"""The sidebar: where one is, in three lines, and the pages in the order of the work."""

import streamlit as st

from hrnn.errors import HRNNError
from ui import page, state
from ui.words import clipped, minutes
from workspace.tasks import ACTIVE, State

_DONE, _RUNS, _OPEN = ":material/check:", ":material/radio_button_checked:", ":material/remove:"


def draw() -> None:
    """Draw the sidebar; every line is a link."""
    with st.sidebar:
        try:
            _draw()
        except HRNNError as error:
            page.say_error(error)


def _draw() -> None:
    dataset, _ = state.current_log()
    timeout, _ = state.current_timeout()
    runs = state.runs_of(dataset) if dataset else []
    run = state.current_run(runs)
    link = state.context()
    st.caption("HRNN STUDIO")
    log = clipped(dataset.name) if dataset else "none yet"
    st.page_link(page.DATA, label=f"Log: **{log}**", query_params=link)
    st.page_link(page.SESSIONS, label=f"Timeout: **{minutes(timeout)}**", query_params=link)
    model = clipped(run.name) if run else "none yet"
    st.page_link(page.TRAIN, label=f"Model: **{model}**", query_params=link)
    st.divider()
    active = any(one.state() in ACTIVE for one in runs)
    trained = any(one.has_model() for one in runs)
    evaluations = [one.state() for one in state.evaluations_of(dataset)] if dataset else []
    evaluated = State.FINISHED in evaluations
    icons = {
        "Data": _DONE if dataset else _OPEN,
        "Sessions": _DONE if runs or state.picked(state.TIMEOUT) else _OPEN,
        "Train": _RUNS if active else _DONE if trained else _OPEN,
        "Evaluate": _RUNS if ACTIVE & {*evaluations} else _DONE if evaluated else _OPEN,
        "Explore": _DONE if trained and state.picked("explore_user") else _OPEN,
    }
    for path, name in page.TITLES.items():
        st.page_link(path, label=name, icon=icons[name], query_params=link)
