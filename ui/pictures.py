"""Pictures of items: those that a log holds itself, and, once allowed, those of the web."""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

import streamlit as st

from ui import logs, state
from ui.words import literal, plural
from workspace.datasets import Dataset

_KEY = "pictures"
#: A picture inside the log. SVG is left out: it is a document, not a picture.
_EMBEDDED = re.compile(r"data:image/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]+")
_REMOTE = re.compile(r"https?://[^\s\"'<>\\]+")


def pick_pictures(dataset: Dataset) -> Mapping[str, str]:
    """Return item → address of the pictures to show; those of the web only where that is allowed.

    Asking another host for a picture tells it who looks at what, so nothing is asked by default.
    """
    embedded, remote = _addresses(dataset.owner, dataset.id)
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


def _addresses(owner: str, made: str) -> tuple[dict[str, str], dict[str, str]]:
    """Return the pictures inside the log, and those elsewhere; what is neither is not shown."""
    items = logs.items_of(owner, made)
    if items["picture"].null_count == len(items):
        return {}, {}
    told = zip(items["item"].to_pylist(), items["picture"].to_pylist(), strict=True)
    known = {item: address.strip() for item, address in told if address}
    embedded = {one: where for one, where in known.items() if _EMBEDDED.fullmatch(where)}
    remote = {one: where for one, where in known.items() if _REMOTE.fullmatch(where)}
    return embedded, remote
