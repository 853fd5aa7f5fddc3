"""What a person has picked: in the link, so that it can be shared, and kept from page to page.

A pick lives in three places that are kept in step: the widget's key while the widget is on the
page, the link of the page, and a memory for the visit. A link that was changed from outside (typed,
or the browser's Back) wins, then the widget, then the memory.
"""

import time
from collections.abc import Callable, Container
from contextlib import suppress
from typing import Any, TypeVar

import streamlit as st

from hrnn.errors import HRNNError
from ui.words import literal
from workspace.datasets import Dataset, list_datasets, open_dataset
from workspace.evaluations import Evaluation, list_evaluations
from workspace.home import LOCAL
from workspace.recommendations import Recommendations, list_recommendations
from workspace.runs import Run, list_runs, open_run

T = TypeVar("T")

LOG, RUN, TIMEOUT, SESSION_IDS = "log", "run", "timeout_minutes", "use_session_ids"
#: Runs that are shown over the current one, and those that are to be evaluated.
COMPARED, EVALUATED = "compare", "evaluate_runs"
EVALUATION, RECOMMENDATIONS = "evaluation", "recommendations"
#: Who is shown on the Explore page, what is explained, and what was changed in the history.
USER, ITEM, EDITS = "explore_user", "explore_item", "explore_edits"
#: Which of the user's held-out interactions is shown there: its time, microseconds since the epoch.
HELD = "explore_held"
OWNER = LOCAL
#: What every page's link carries.
CONTEXT = (LOG, TIMEOUT, SESSION_IDS, RUN)
#: What belongs to one log and means nothing for another.
_OF_A_LOG = (
    RUN, COMPARED, EVALUATED, SESSION_IDS, EVALUATION, RECOMMENDATIONS, "sessions_user", USER,
    "explore_kind", ITEM, EDITS, HELD, "explore_beside", TIMEOUT,
)  # fmt: skip
DEFAULT_TIMEOUT = 30.0
_PAGE = "_page"
#: So long a link may be under way to the browser, and a click back.
_UNDER_WAY_SECONDS = 2.0
_MOST_MINUTES = 10 * 365 * 24 * 60


def notice_back(page: str) -> None:
    """Forget what the browser's Back took out of the link of the page that is shown.

    A link that lacks what was written into it a moment ago is no such: it was sent before.
    """
    if st.session_state.get(_PAGE) != page:
        st.session_state[_PAGE] = page
        _written().clear()
        return
    before = time.monotonic() - _UNDER_WAY_SECONDS
    gone = (key for key, at in _written().items() if at < before and key not in st.query_params)
    forget(*[key for key in gone if key not in CONTEXT])


def current_page() -> str | None:
    """Return the path of the page that is shown."""
    return st.session_state.get(_PAGE)


def _written() -> dict[str, float]:
    """Return when each pick was written into the link of this page, in seconds of some clock."""
    return st.session_state.setdefault("_written", {})


def _memory() -> dict[str, str]:
    return st.session_state.setdefault("_picked", {})


def from_outside(key: str) -> bool:
    """Whether the link says something else than what was last written into it."""
    text = st.query_params.get(key)
    return text is not None and text != _memory().get(key)


def _as_text(value: object) -> str:
    return str(value).removesuffix(".0") if isinstance(value, float) else str(value)


def picked(key: str) -> str | None:
    """Return what was picked, as the text of the link."""
    if from_outside(key):
        return st.query_params[key]
    if st.session_state.get(key) is not None:
        return _as_text(st.session_state[key])
    return _memory().get(key)


def remember(key: str, value: object) -> None:
    """Put a pick into the memory and into the link; None takes it out."""
    if value is None:
        for place in (_memory(), _written(), st.query_params):
            place.pop(key, None)
        return
    text = _as_text(value)
    _memory()[key] = text
    if st.query_params.get(key) != text:
        st.query_params[key] = text
        _written()[key] = time.monotonic()
    _written().setdefault(key, time.monotonic())


def forget(*keys: str) -> None:
    """Forget picks, and what their widgets say."""
    for key in keys:
        remember(key, None)
        st.session_state.pop(key, None)


def prepare(key: str, default: T, allowed: Container[Any] | None = None) -> None:
    """Give a widget its value before it is made: what was picked, if it is allowed, else a default.

    The type of the default tells how the link's text is read. What cannot be used is said.
    """
    here = st.session_state.get(key)
    if here is not None and not from_outside(key) and (allowed is None or here in allowed):
        return
    text = picked(key)
    try:
        value = default if text is None else _READ.get(type(default), str)(text)
        usable = allowed is None or value in allowed
    except ValueError:
        value, usable = default, False
    if not usable:
        from_link = st.query_params.get(key) is not None
        value = default
        if from_link:
            say_unused(key, text, "the usual" if isinstance(default, str) else default)
    st.session_state[key] = value


def say_unused(key: str, text: str | None, instead: object) -> None:
    """Say that something in the link cannot be used here."""
    st.warning(
        f"The link says {literal(key)} = {literal(text)}, which cannot be used here; taken"
        f" instead: {literal(instead)}."
    )


def _true_or_false(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError(text)
    return text.lower() == "true"


_READ: dict[type, Callable[[str], Any]] = {bool: _true_or_false, int: int, float: float}


def context() -> dict[str, str]:
    """Return what goes into a link to another page."""
    values = {key: picked(key) for key in CONTEXT}
    return {key: value for key, value in values.items() if value}


def keep_context() -> None:
    """Write the context into the link of this page."""
    for key in (LOG, RUN):
        value = picked(key)
        if value:
            remember(key, value)
    for key in (TIMEOUT, SESSION_IDS):  # whether these can be used is for the page to say
        if not from_outside(key) and (value := picked(key)):
            remember(key, value)


def choose_log(dataset: Dataset) -> None:
    """Make a log the current one, and forget what was picked in another."""
    if picked(LOG) not in (None, dataset.id):
        forget(*_OF_A_LOG)
    remember(LOG, dataset.id)


def current_log() -> tuple[Dataset | None, str]:
    """Return the current log, else that of the current run, else the newest.

    What is wrong with the link's, if anything, comes with it.
    """
    made, problem = picked(LOG) or _log_of_run(), ""
    if made is not None:
        try:
            return open_dataset(OWNER, made), ""
        except HRNNError as error:
            problem = str(error)
    known = list_datasets(OWNER)
    return (known[0] if known else None), problem


def _log_of_run() -> str | None:
    try:
        return open_run(OWNER, picked(RUN) or "").dataset
    except HRNNError:
        return None


def current_timeout() -> tuple[float, str]:
    """Return the timeout in minutes, and what is wrong with the link's if something is.

    Where none was picked, it is that of the log's newest run, else 30 minutes.
    """
    text = picked(TIMEOUT)
    if text is None:
        return _timeout_of_runs() or DEFAULT_TIMEOUT, ""
    with suppress(ValueError):
        if 0 < (value := float(text)) <= _MOST_MINUTES:
            return value, ""
    problem = f"{TIMEOUT} = {text} is no timeout between 0 and ten years"
    return DEFAULT_TIMEOUT, f"{problem}. 30 minutes are used instead."


def _timeout_of_runs() -> float | None:
    dataset, _ = current_log()
    runs = () if dataset is None else runs_of(dataset)
    return next((run.experiment.timeout_minutes for run in runs if not run.tries), None)


def runs_of(dataset: Dataset) -> list[Run]:
    """Return the runs on a log, the newest first."""
    return [run for run in list_runs(OWNER) if run.dataset == dataset.id]


def evaluations_of(dataset: Dataset) -> list[Evaluation]:
    """Return the evaluations on a log, the newest first."""
    return [one for one in list_evaluations(OWNER) if one.dataset == dataset.id]


def recommendations_of(dataset: Dataset) -> list[Recommendations]:
    """Return the recommendations to all users of a log, the newest first."""
    return [one for one in list_recommendations(OWNER) if one.dataset == dataset.id]


def current_run(runs: list[Run]) -> Run | None:
    """Return the run picked, if it is one of these, else the newest that only tries no setting."""
    made = picked(RUN)
    newest = next((run for run in runs if not run.tries), None)
    return next((run for run in runs if run.id == made), newest or next(iter(runs), None))
