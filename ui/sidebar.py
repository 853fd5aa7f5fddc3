"""The sidebar: where one is, in three lines, and the pages in the order of the work."""

import streamlit as st

from ui import page, state
from ui.words import literal, minutes
from workspace.runs import ACTIVE, DONE, State

_PAGES = (
    (page.DATA, "Data"),
    (page.SESSIONS, "Sessions"),
    (page.TRAIN, "Train"),
    (page.EXPLORE, "Explore"),
)
_DONE, _RUNS, _OPEN = ":material/check:", ":material/radio_button_checked:", ":material/remove:"


def draw() -> None:
    """Draw the sidebar; every line is a link."""
    dataset = state.current_log()
    timeout, _ = state.current_timeout()
    runs = state.runs_of(dataset) if dataset else []
    states = {run.id: run.state() for run in runs}
    run = state.current_run(dataset) if dataset else None
    link = state.context()
    with st.sidebar:
        st.caption("HRNN STUDIO")
        log = literal(dataset.name) if dataset else "none yet"
        st.page_link(page.DATA, label=f"Log: **{log}**", query_params=link)
        st.page_link(page.SESSIONS, label=f"Timeout: **{minutes(timeout)}**", query_params=link)
        model = literal(run.name) if run else "none yet"
        st.page_link(page.TRAIN, label=f"Model: **{model}**", query_params=link)
        st.divider()
        active = any(one in ACTIVE for one in states.values())
        icons = {
            "Data": _DONE if dataset else _OPEN,
            "Sessions": _DONE if dataset and state.picked(state.TIMEOUT) else _OPEN,
            "Train": _RUNS if active else _DONE if _any_done(states) else _OPEN,
            "Explore": _OPEN,
        }
        for path, name in _PAGES:
            st.page_link(path, label=name, icon=icons[name], query_params=link)


def _any_done(states: dict[str, State]) -> bool:
    return any(one in DONE for one in states.values())
