"""What a person has picked: in the link, so that it can be shared, and kept from page to page.

A pick lives in three places that are kept in step: the widget's key while the widget is on the
page, the link of the page, and a memory for the visit. The widget wins, then the link, then the
memory.
"""

from collections.abc import Callable, Collection
from typing import Any, TypeVar

import streamlit as st

from hrnn.data.interactions import Interactions
from hrnn.errors import HRNNError
from hrnn.evaluation.splits import SPLITS, Split
from hrnn.sessions import check_timeout
from workspace.datasets import Dataset, open_dataset
from workspace.home import LOCAL
from workspace.runs import DONE, Run, list_runs, open_run

T = TypeVar("T")

LOG, RUN, TIMEOUT = "log", "run", "timeout_minutes"
OWNER = LOCAL
#: What every page's link carries.
CONTEXT = (LOG, TIMEOUT, RUN)
DEFAULT_TIMEOUT = 30.0


def _memory() -> dict[str, str]:
    return st.session_state.setdefault("_picked", {})


def picked(key: str) -> str | None:
    """Return what was picked, as the text of the link."""
    return st.query_params.get(key) or _memory().get(key)


def remember(key: str, value: object) -> None:
    """Put a pick into the memory and into the link; None takes it out."""
    if value is None:
        _memory().pop(key, None)
        st.query_params.pop(key, None)
        return
    text = f"{value:g}" if isinstance(value, float) else str(value)
    _memory()[key] = text
    if st.query_params.get(key) != text:
        st.query_params[key] = text


def prepare(key: str, default: T, allowed: Collection[T] | None = None) -> None:
    """Give a widget its value before it is made: what was picked, if it is allowed, else a default.

    The type of the default tells how the link's text is read.
    """
    if key in st.session_state and (allowed is None or st.session_state[key] in allowed):
        return
    value, text = default, picked(key)
    if text is not None:
        try:
            value = _READ.get(type(default), str)(text)
        except ValueError:
            value = default
    st.session_state[key] = value if allowed is None or value in allowed else default


_READ: dict[type, Callable[[str], Any]] = {
    bool: lambda text: text == "True",
    int: int,
    float: float,
}


def context() -> dict[str, str]:
    """Return what goes into a link to another page."""
    values = {key: picked(key) for key in CONTEXT}
    return {key: value for key, value in values.items() if value}


def keep_context() -> None:
    """Write the context into the link of this page."""
    for key, value in context().items():
        remember(key, value)


def choose_log(dataset: Dataset) -> None:
    """Make a log the current one; a run of another log is no longer shown."""
    if picked(LOG) != dataset.id:
        remember(RUN, None)
    remember(LOG, dataset.id)


def current_log() -> Dataset | None:
    """Return the current log; a link to one that is not here is forgotten, with a word."""
    made = picked(LOG)
    if made is None:
        return None
    try:
        return open_dataset(OWNER, made)
    except HRNNError as error:
        remember(LOG, None)
        from ui.page import say_error  # noqa: PLC0415 - pages are made of state, not state of pages

        say_error(error)
        return None


def current_timeout() -> tuple[float, str]:
    """Return the timeout in minutes, and what is wrong with the link's if something is."""
    text = picked(TIMEOUT)
    if text is None:
        return DEFAULT_TIMEOUT, ""
    try:
        value = float(text)
        check_timeout(value)
    except ValueError as error:
        remember(TIMEOUT, None)
        problem = str(error) if isinstance(error, HRNNError) else f"{text!r} is no timeout"
        return DEFAULT_TIMEOUT, f"{problem}. 30 minutes are used instead."
    return value, ""


def runs_of(dataset: Dataset) -> list[Run]:
    """Return the runs on a log, the newest first."""
    return [run for run in list_runs(OWNER) if run.dataset == dataset.id]


def current_run(dataset: Dataset, with_model: bool = False) -> Run | None:
    """Return the run picked, or else the newest on this log (that left a model)."""
    runs = runs_of(dataset)
    if with_model:
        runs = [run for run in runs if run.state() in DONE]
    made = picked(RUN)
    return next((run for run in runs if run.id == made), runs[0] if runs else None)


def open_picked_run(made: str) -> Run:
    """Open a run by the id of a widget."""
    return open_run(OWNER, made)


@st.cache_resource(max_entries=2, show_spinner="Reading the log")
def rows_of(owner: str, made: str) -> Interactions:
    """Read a dataset once for all visits."""
    return open_dataset(owner, made).read()


@st.cache_resource(max_entries=4, show_spinner=False)
def titles_of(owner: str, made: str) -> dict[str, str]:
    """Read a dataset's titles once for all visits."""
    return open_dataset(owner, made).titles()


@st.cache_resource(max_entries=4, show_spinner="Splitting the log")
def split_of(owner: str, made: str, split: str) -> Split:
    """Split a dataset once for all visits.

    Raises:
        DataError: the log is too short for the split.
    """
    return SPLITS[split](rows_of(owner, made))
