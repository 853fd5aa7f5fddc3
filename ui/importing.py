"""From an uploaded file to a kept log: guesses shown, changeable, asked where undecidable."""

from typing import Any

import streamlit as st

from hrnn.columns import ITEM_ID, OUTCOME, REQUIRED, SESSION_ID, TIMESTAMP, USER_ID
from hrnn.data.mapping import guess_columns, guess_title
from hrnn.data.reading import first_values, read_interactions
from hrnn.data.tables import TextTable, load_text
from hrnn.errors import HRNNError
from ui import state
from ui.page import say_error
from ui.words import literal, plural
from workspace.importing import keep

NOT_USED, CHOOSE = "– not used –", "– choose –"
_PREVIEW_ROWS = 500
_ROLES = (
    (USER_ID, "map_user", "User"),
    (ITEM_ID, "map_item", "Item"),
    (TIMESTAMP, "map_time", "Time"),
    (OUTCOME, "map_outcome", "Outcome"),
    (SESSION_ID, "map_session", "Session id"),
)
_OPTIONAL = (OUTCOME, SESSION_ID)
_TITLE_KEY = "map_title"
_ASK, _SEEN, _IMPORTED = "_ask_dayfirst", "_mapped_file", "_imported_file"


def import_form(file: Any) -> None:
    """Show how an uploaded file would be read, let it be corrected, and import it.

    Args:
        file: Streamlit's uploaded file.
    """
    try:
        text = _preview(file.file_id, file)
    except HRNNError as error:
        say_error(f"{file.name} was not read: {error}")
        return
    if st.session_state.get(_SEEN) != file.file_id:
        _guess(text)
        st.session_state[_SEEN] = file.file_id
    imported = st.session_state.get(_IMPORTED) == file.file_id
    words = "How this file is read" if imported else "Guessed; change what is wrong, then import"
    with st.expander(words, expanded=not imported):
        columns = _mapping(text)
        title = st.session_state[_TITLE_KEY]
        problem = _unfit(text, columns, title)
        if problem:
            st.warning(literal(problem))
        dayfirst = _ask_day_order()
        st.dataframe(_examples(text, columns), hide_index=True)
        go = st.button("Import this log", key="import_go", type="primary", disabled=bool(problem))
        if go:
            _import(file, columns, None if title == NOT_USED else title, dayfirst)


def _unfit(text: TextTable, columns: dict[str, str | None], title: str) -> str:
    """Say what keeps a file from being imported with these columns; nothing if nothing does."""
    if len(text.names) < len(REQUIRED):
        return (
            f"The file has {plural(len(text.names), 'column')}; a log needs three: user, item and"
            " time. Is its separator one of , ; | or a tab?"
        )
    labels = {role: label.lower() for role, _, label in _ROLES}
    missing = [labels[role] for role in REQUIRED if columns[role] == CHOOSE]
    if missing:
        return f"No column looks like the {' or the '.join(missing)}. Choose, if there is one."
    used = [*(name for name in columns.values() if name), *([] if title == NOT_USED else [title])]
    twice = next((name for name in used if used.count(name) > 1), None)
    return f"Column {twice!r} has two meanings. Choose one column for each." if twice else ""


@st.cache_data(max_entries=4, show_spinner="Looking at the file")
def _preview(file_id: str, _file: Any) -> TextTable:
    return load_text(_file.getvalue(), _PREVIEW_ROWS)


def _guess(text: TextTable) -> None:
    """Set the widgets to the guesses for a file seen for the first time."""
    guessed = guess_columns(text.names, first_values(text))
    for role, key, _ in _ROLES:
        fallback = NOT_USED if role in _OPTIONAL else CHOOSE
        st.session_state[key] = guessed.get(role, fallback)
    free = [name for name in text.names if name not in guessed.values()]
    st.session_state[_TITLE_KEY] = guess_title(free) or NOT_USED
    st.session_state.pop(_ASK, None)


def _mapping(text: TextTable) -> dict[str, str | None]:
    columns: dict[str, str | None] = {}
    places = st.columns(len(_ROLES) + 1)
    for place, (role, key, label) in zip(places, _ROLES, strict=False):
        options = [NOT_USED if role in _OPTIONAL else CHOOSE, *text.names]
        state.prepare(key, options[0], options)
        value = place.selectbox(label, options, key=key)
        columns[role] = None if value == NOT_USED else value
    options = [NOT_USED, *text.names]
    state.prepare(_TITLE_KEY, NOT_USED, options)
    places[-1].selectbox("Item title", options, key=_TITLE_KEY)
    return columns


def _ask_day_order() -> bool | None:
    if not st.session_state.get(_ASK):
        return None
    st.warning("Nothing in the dates tells day from month. Which comes first? Then import again.")
    answer = st.radio(
        "Dates such as 03/04/2024 are",
        ["day first (3 April)", "month first (March 4)"],
        index=None,
        key="map_dayfirst",
        horizontal=True,
    )
    return None if answer is None else answer.startswith("day")


def _examples(text: TextTable, columns: dict[str, str | None]) -> Any:
    roles = {name: label for role, _, label in _ROLES if (name := columns[role])}
    frame = text.table.slice(0, 8).drop_columns(["line"]).to_pandas()
    heads = [f"{name} → {roles[name]}" if name in roles else name for name in text.names]
    return frame.set_axis(heads, axis=1)


def _import(
    file: Any, columns: dict[str, str | None], title: str | None, dayfirst: bool | None
) -> None:
    try:
        with st.spinner(f"Reading {literal(file.name)}", show_time=True):
            data = read_interactions(file.getvalue(), columns, dayfirst=dayfirst)
            codes = {one.code for one in data.report.warnings}
            if dayfirst is None and "AMBIGUOUS_DATES" in codes:
                st.session_state[_ASK] = True
            else:
                state.choose_log(keep(state.OWNER, data, file.name, title))
                st.session_state.pop(_ASK, None)
                st.session_state[_IMPORTED] = file.file_id
    except HRNNError as error:
        say_error(f"{file.name} was not imported: {error}")
        return
    st.rerun()
