"""Starting and stopping what runs in the background."""

import streamlit as st

from workspace.launcher import Launcher

#: What runs is looked at again after so long.
TICK_SECONDS = 1.0


@st.cache_resource(show_spinner=False)
def launcher() -> Launcher:
    """Return the launcher that all visits share."""
    return Launcher()
