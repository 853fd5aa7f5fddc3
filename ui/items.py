"""A file of items, which gives a log's items their titles, categories and pictures."""

from typing import Any

import streamlit as st

from hrnn.data.mapping import guess_columns, guess_extras
from hrnn.data.reading import first_values
from hrnn.data.tables import load_text
from hrnn.data.text_table import TextTable
from hrnn.errors import HRNNError
from ui import logs, state
from ui.downloads import draw_table
from ui.page import say_error
from ui.words import literal, plural
from workspace.datasets import Dataset
from workspace.items import add_items

_NOT_USED = "– not used –"
_SHOWN = 200
_FIELDS = (
    ("item", "Item id"),
    ("title", "Title"),
    ("category", "Category"),
    ("picture", "Picture"),
)


def items_form(dataset: Dataset) -> None:
    """Let a file of items be added, and show what is known of the items."""
    file = st.file_uploader("Add a file of items: id, title, category, picture", key="items_file")
    if file is not None:
        _add(dataset, file)
    items = logs.items_of(dataset.owner, dataset.id)
    named = len(items) - items["title"].null_count
    st.caption(f"{named:,} of {plural(len(items), 'item')} have a title.")
    draw_table(
        items.slice(0, _SHOWN).to_pandas(), f"{dataset.id}-items", "items_table", items.to_pandas
    )


def _add(dataset: Dataset, file: Any) -> None:
    try:
        text = load_text(file.getvalue(), 500)
        columns = _mapping(text)
        if st.button("Use this file", key="items_go", disabled=columns["item"] is None):
            found = add_items(dataset, file.getvalue(), columns)
            logs.forget_items()
            st.toast(f"{found:,} of {dataset.items:,} items are in {literal(file.name)}.")
    except HRNNError as error:
        say_error(f"{file.name} was not used: {error}")


def _mapping(text: TextTable) -> dict[str, str | None]:
    first = first_values(text)
    guessed = guess_columns(text.names, first)
    extras = guess_extras(text.names, first)
    guesses = {
        "item": guessed.get("ITEM_ID") or guessed.get("USER_ID"),  # "id" alone is a user's in a log
        "title": extras.title,
        "category": extras.category,
        "picture": extras.picture,
    }
    chosen = {}
    for place, (key, label) in zip(st.columns(len(_FIELDS)), _FIELDS, strict=True):
        options = [_NOT_USED, *text.names]
        state.prepare(f"items_{key}", guesses[key] or _NOT_USED, options)
        value = place.selectbox(label, options, key=f"items_{key}")
        chosen[key] = None if value == _NOT_USED else value
    return chosen
