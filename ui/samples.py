"""The logs that come with the studio, one click each."""

import streamlit as st

from hrnn.errors import HRNNError
from ui import state
from ui.page import say_error
from workspace.samples import SAMPLES, import_sample

_PROBLEM = "_sample_problem"


def pick_sample() -> None:
    """Offer the samples."""
    st.pills(
        "Or take a sample",
        list(SAMPLES),
        format_func=lambda key: SAMPLES[key].name,
        key="sample_pick",
        on_change=_import_sample,
    )
    problem = st.session_state.pop(_PROBLEM, None)
    if problem:
        say_error(problem)


def _import_sample() -> None:
    key = st.session_state.sample_pick
    if key is None:
        return
    st.session_state.sample_pick = None  # so that the same one can be taken again
    try:
        state.choose_log(import_sample(state.OWNER, key))
    except HRNNError as error:
        st.session_state[_PROBLEM] = str(error)
