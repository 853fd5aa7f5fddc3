"""A part of a log as a log of its own: event types, minimums, users who do not act like people."""

from typing import Any

import pandas as pd
import pyarrow as pa
import streamlit as st

from hrnn.columns import OUTCOME, TIMESTAMP
from hrnn.data.cleaning import CleaningConfig, count_events
from hrnn.data.robots import find_robots
from ui import jobs, logs, state
from ui.inputs import uses_session_ids
from ui.launching import launcher
from ui.page import say_error
from workspace.datasets import Dataset, open_dataset
from workspace.filterings import create_filtering, open_filtering
from workspace.tasks import State

_JOB = "filtering"
_MOST_TYPES = 50
_NONE, _BLANK = "– all types –", "(blank)"
_MINIMUMS = (
    ("min_item_interactions", "Interactions an item, at least"),
    ("min_user_sessions", "Sessions a user, at least"),
    ("min_session_interactions", "Interactions a session, at least"),
)


@st.cache_data(max_entries=4, show_spinner="Looking for users who do not act like people")
def _robots(owner: str, made: str) -> pd.DataFrame:
    return find_robots(logs.rows_of(owner, made))


@st.cache_data(max_entries=4, show_spinner=False)
def _event_columns(owner: str, made: str) -> dict[str, dict[str, int]]:
    """Return the columns that may hold event types, with their types: those of few texts."""
    data = logs.rows_of(owner, made)
    found = {}
    for field in data.table.schema:
        if pa.types.is_dictionary(field.type) and field.name not in (TIMESTAMP, OUTCOME):
            counts = count_events(data, field.name)
            if 2 <= len(counts) <= _MOST_TYPES:
                found[field.name] = counts
    return found


def filter_form(dataset: Dataset) -> None:
    """Let a part of a log be made a log of its own; the log itself stays as it is."""
    st.caption(
        "Makes another log of what is left; this one stays. The minimums are applied again and"
        " again until nothing changes; sessions are cut as on the Sessions page."
    )
    left, right = st.columns([2, 3], gap="large")
    with left:
        minimums = {
            key: int(st.number_input(label, 1, 1_000_000, 1, key=f"filter_{key}"))
            for key, label in _MINIMUMS
        }
        na_like = st.toggle(
            "Drop missing-like ids",
            key="filter_na_like",
            help="Rows whose user or item is NA, null, (not set) and the like.",
        )
    with right:
        events = _pick_events(dataset)
        aside = _pick_robots(dataset)
    if st.button("Make a log of what is left", key="filter_go"):
        timeout, _ = state.current_timeout()
        settings = CleaningConfig(
            **events,
            **minimums,
            drop_na_like=na_like,
            set_aside=aside,
            timeout_minutes=timeout,
            use_session_ids=uses_session_ids(logs.rows_of(dataset.owner, dataset.id)),
        )
        job = create_filtering(dataset, settings)
        launcher().start(job)
        state.remember(_JOB, job.id)
    _follow()


def _pick_events(dataset: Dataset) -> dict[str, Any]:
    """Let event types be kept and given an outcome each, where a column holds some."""
    known = _event_columns(dataset.owner, dataset.id)
    if not known:
        return {}
    column = st.selectbox(
        "Column of event types", [_NONE, *known], key="filter_column",
        help="Types that are given an outcome stay; the others are dropped.",
    )  # fmt: skip
    if column == _NONE:
        return {}
    types = pd.DataFrame(
        {
            "Type": [text or _BLANK for text in known[column]],
            "Interactions": list(known[column].values()),
            "Outcome": 1.0,
        }
    )
    edited = st.data_editor(
        types,
        disabled=["Type", "Interactions"],
        column_config={
            "Outcome": st.column_config.NumberColumn(help="Empty: this type is dropped")
        },
        hide_index=True,
        height=180,
        key=f"filter_events_{column}",
    )
    kept = edited.dropna(subset=["Outcome"])
    texts = ["" if text == _BLANK else text for text in kept["Type"]]
    return {"event_column": column, "events": dict(zip(texts, kept["Outcome"], strict=True))}


def _pick_robots(dataset: Dataset) -> tuple[str, ...]:
    found = _robots(dataset.owner, dataset.id)
    if found.empty:
        st.caption("No user stands out as a robot.")
        return ()
    st.markdown("**Users who do not act like people:** choose those to set aside")
    table = found.set_axis(["User", "Interactions", "Why"], axis=1)
    table.insert(0, "Set aside", False)
    edited = st.data_editor(
        table,
        disabled=["User", "Interactions", "Why"],
        hide_index=True,
        height=180,
        key="filter_robots",
    )
    return tuple(edited.loc[edited["Set aside"], "User"])


def _follow() -> None:
    """Draw the filtering that was begun, and take its log once it is there."""
    made = state.picked(_JOB)
    if made is None:
        return
    job = open_filtering(state.OWNER, made)
    if job.goes_on():
        jobs.watch(job, "filter_cancel")
        return
    state.remember(_JOB, None)
    if job.state() == State.FINISHED:
        timeout, _ = state.current_timeout()
        state.choose_log(open_dataset(state.OWNER, job.dataset))
        state.remember(state.TIMEOUT, timeout)  # the same log, seen with the same sessions
        st.rerun()
    message = (job.final() or {}).get("message") or "it was interrupted; try again"
    say_error(f"{job.dataset_name} was not filtered: {message}")
