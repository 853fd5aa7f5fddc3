"""What is read from a log, and follows from it alone: once for all visits."""

import re
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from hrnn.data.interactions import Interactions
from hrnn.evaluation.splits import Split, split_for
from hrnn.training.config import SplitConfig
from ui.inputs import told_apart
from workspace.datasets import open_dataset

if TYPE_CHECKING:
    import pyarrow as pa

#: A picture inside the log. SVG is left out: it is a document, not a picture.
_EMBEDDED = re.compile(r"data:image/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]+")
_REMOTE = re.compile(r"https?://[^\s\"'<>\\]+")


@st.cache_resource(max_entries=2, show_spinner="Reading the log")
def rows_of(owner: str, made: str) -> Interactions:
    """Read a dataset once for all visits."""
    return open_dataset(owner, made).read()


@st.cache_resource(max_entries=4, show_spinner=False)
def titles_of(owner: str, made: str) -> dict[str, str]:
    """Read a dataset's titles once for all visits."""
    return open_dataset(owner, made).titles()


@st.cache_resource(max_entries=4, show_spinner=False)
def names_of(owner: str, made: str) -> dict[str, str]:
    """Return item → title, as options are called: those of one title are told apart."""
    return told_apart(titles_of(owner, made))


@st.cache_resource(max_entries=4, show_spinner=False)
def items_of(owner: str, made: str) -> "pa.Table":
    """Return what is known of a dataset's items, once for all visits."""
    return open_dataset(owner, made).described()


@st.cache_resource(max_entries=4, show_spinner=False)
def categories_of(owner: str, made: str) -> dict[str, str]:
    """Return item → category of the items that have one; of several (``a|b``) the first."""
    items = items_of(owner, made)
    told = zip(items["item"].to_pylist(), items["category"].to_pylist(), strict=True)
    return {item: text.split("|")[0].strip() for item, text in told if text}


@st.cache_resource(max_entries=4, show_spinner=False)
def pictures_of(owner: str, made: str) -> tuple[dict[str, str], dict[str, str]]:
    """Return item → address of the pictures inside the log, and of those elsewhere.

    What is neither is not shown.
    """
    items = items_of(owner, made)
    if items["picture"].null_count == len(items):
        return {}, {}
    told = zip(items["item"].to_pylist(), items["picture"].to_pylist(), strict=True)
    known = {item: address.strip() for item, address in told if address}
    embedded = {one: where for one, where in known.items() if _EMBEDDED.fullmatch(where)}
    remote = {one: where for one, where in known.items() if _REMOTE.fullmatch(where)}
    return embedded, remote


def forget_items() -> None:
    """Read what is known of items again: a file of items was added."""
    for one in (items_of, titles_of, names_of, categories_of, pictures_of):
        one.clear()


@st.cache_resource(max_entries=4, show_spinner="Splitting the log")
def split_of(owner: str, made: str, config: SplitConfig) -> Split:
    """Split a dataset once for all visits.

    Raises:
        DataError: the log is too short for the split, or its outcomes do not fit.
    """
    return split_for(rows_of(owner, made), config)


@st.cache_resource(max_entries=4, show_spinner=False)
def popularity_of(owner: str, made: str) -> dict[str, int]:
    """Count the interactions with each item of a dataset, the most popular first."""
    data = rows_of(owner, made)
    counts = np.bincount(data.item_index, minlength=len(data.item_ids))
    order = np.argsort(-counts, kind="stable")
    return dict(zip(data.item_ids[order].tolist(), counts[order].tolist(), strict=True))


@st.cache_data(max_entries=4, show_spinner=False)
def users_of(owner: str, made: str) -> list[str]:
    """List a dataset's users, the most active first, once for all visits."""
    return open_dataset(owner, made).users_by_activity()
