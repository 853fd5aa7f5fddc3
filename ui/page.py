"""The frame of every page: title, question, guard, next step, errors in words."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path

import streamlit as st
from streamlit.navigation.page import Page

from hrnn.errors import HRNNError
from ui import state, tour
from ui.words import literal, sentence
from workspace.datasets import Dataset

#: Less empty room than Streamlit leaves; text that stands out enough from what is behind it (AA);
#: and no table download that would run formulas.
_STYLE = """<style>
[data-testid="stMainBlockContainer"] {padding: 3rem 3rem 4rem}
[data-testid="stMetricValue"] {font-size: 1.6rem}
[data-testid="stCaptionContainer"] {opacity: 1}
[data-testid="stCaptionContainer"] p, [data-testid="stCaptionContainer"] li {opacity: .85}
[data-testid="stBaseButton-primary"]:enabled :is(p, span), [data-tag] :is(span, svg)
 {color: light-dark(#fff, #04201d)}
[data-testid="stElementToolbarButton"]:has([aria-label="Download as CSV"]) {display: none}
</style>"""

_NAMES = ("data", "sessions", "train", "evaluate", "explore", "blind", "take_home")
DATA, SESSIONS, TRAIN, EVALUATE, EXPLORE, BLIND, TAKE_HOME = (f"pages/{name}.py" for name in _NAMES)


TITLES = {
    DATA: "Data",
    SESSIONS: "Sessions",
    TRAIN: "Train",
    EVALUATE: "Evaluate",
    EXPLORE: "Explore",
    BLIND: "Blind test",
    TAKE_HOME: "Take home",
}
_INSIDE = "_inside_the_app"


def navigation() -> Page:
    """Say which pages there are, and return the one that was asked for."""
    st.session_state[_INSIDE] = True
    pages = [
        st.Page(path, title=title, url_path=Path(path).stem, default=path == DATA)
        for path, title in TITLES.items()
    ]
    return st.navigation(pages, position="hidden")


def _only_inside_the_app() -> None:
    """Begin again at app.py if a page was run without it.

    Streamlit takes a folder named pages for its older kind of app until it first meets a
    navigation, so that a link to a page, opened right after the start, would run the page's file
    alone: no sidebar, no layout.
    """
    if _INSIDE not in st.session_state:
        navigation()
        st.rerun()


def head(title: str, question: str) -> None:
    """Write the title and the sentence that says what the page answers."""
    st.html(_STYLE)
    path = next(path for path, one in TITLES.items() if one == title)
    state.notice_back(path)
    tour.draw(path)
    st.title(title, anchor=False)
    st.caption(question)


def say_error(error: object) -> None:
    """Say what is wrong, letter by letter, without a traceback."""
    st.error(literal(sentence(str(error))))


def say_note(text: str) -> None:
    """Say something that has to be known wherever a log is shown."""
    if text:
        st.caption(literal(text))


def step(label: str, page: str, key: str) -> None:
    """Offer the next step as a button, in words."""
    if st.button(label, key=key, type="primary"):
        st.switch_page(page, query_params=state.context())


def need_log() -> Dataset | None:
    """Return the current log, or say what to do first and link there."""
    dataset = log_here()
    if dataset is None:
        st.info("There is no log yet. Upload one or pick a sample on the Data page.")
        step("Go to Data", DATA, "to_data")
    return dataset


def log_here() -> Dataset | None:
    """Return the current log, and say it if the link asked for one that is not here."""
    dataset, problem = state.current_log()
    if problem:
        say_error(problem)
    if dataset is not None:
        state.choose_log(dataset)
    return dataset


def guarded(main: Callable[[], None]) -> Callable[[], None]:
    """Turn an error that is meant for people into a sentence on the page."""

    @wraps(main)
    def run() -> None:
        _only_inside_the_app()
        state.keep_context()
        try:
            main()
        except HRNNError as error:
            say_error(error)

    return run
