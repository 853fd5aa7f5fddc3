"""Pictures of items: those that a log holds itself, and, once allowed, those of the web."""

from collections.abc import Mapping
from urllib.parse import urlsplit

import streamlit as st

from ui import logs, state
from ui.words import literal, plural
from workspace.datasets import Dataset

_KEY = "pictures"


def pick_pictures(dataset: Dataset) -> Mapping[str, str]:
    """Return item → address of the pictures to show; those of the web only where that is allowed.

    Asking another host for a picture tells it who looks at what, so nothing is asked by default.
    """
    embedded, remote = logs.pictures_of(dataset.owner, dataset.id)
    if not remote:
        return embedded
    hosts = sorted({urlsplit(one).hostname or "" for one in remote.values()})
    state.prepare(_KEY, False)
    allowed = st.toggle(
        "Show pictures from the web",
        key=_KEY,
        help=f"{plural(len(remote), 'picture')} on {plural(len(hosts), 'host')}, such as"
        f" {literal(hosts[0])}; the browser would ask there.",
    )
    state.remember(_KEY, allowed or None)
    return {**remote, **embedded} if allowed else embedded
