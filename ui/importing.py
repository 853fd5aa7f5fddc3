"""From a file to a kept log: guesses shown, changeable, asked where undecidable, then a job."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from hrnn.columns import ITEM_ID, OUTCOME, REQUIRED, SESSION_ID, TIMESTAMP, USER_ID
from hrnn.data.clocks import join_times
from hrnn.data.formats import ReadAs
from hrnn.data.mapping import guess_columns, guess_extras, sessions_are_users
from hrnn.data.reading import first_values
from hrnn.data.tables import as_text, load_text
from hrnn.data.text_table import TextTable
from hrnn.data.timestamps import COUNTED_DAYS, read_times
from hrnn.errors import HRNNError
from ui import jobs, state
from ui.arriving import BEGUN, JOB, arrived
from ui.going_on import begin, pick_go_on
from ui.launching import launcher
from ui.page import say_error
from ui.reading import pick_reading
from ui.words import literal, moment, plural, sentence
from workspace.datasets import open_dataset
from workspace.imports import ASK, ImportConfig, create_import, open_import
from workspace.mappings import recall_mapping, remember_mapping
from workspace.tasks import State
from workspace.uploads import Upload

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
#: What describes rows and items besides: key, label, and its name among the guesses.
_EXTRAS = (
    ("map_title", "Item title", "title"),
    ("map_category", "Item category", "category"),
    ("map_picture", "Item picture", "picture"),
    ("map_clock", "Time of day", "time_of_day"),
)


@dataclass
class _Form:
    """What was filled in."""

    columns: dict[str, str | None]
    extras: dict[str, str | None]
    reading: dict[str, Any] = field(default_factory=dict)


def import_form(upload: Upload) -> None:
    """Show how a file would be read, let it be corrected, and import it."""
    words = "Guessed; change what is wrong, then import"
    imported = arrived().get("imported", False)
    with st.expander("How this file is read" if imported else words, expanded=not imported):
        read_as, reading = pick_reading()
        try:
            text = _preview(upload.path, upload.path.stat().st_mtime_ns, read_as)
        except HRNNError as error:
            say_error(f"{upload.name} was not read: {error}")
            return
        if arrived().get("header") != text.names:
            _guess(text)
            arrived()["header"] = text.names
        form = _Form(*_mapping(text), reading)
        said = f"{_read_words(text)} {_times_words(text, form)}"
        st.caption(literal(said))
        problem = _unfit(text, form)
        if problem:
            st.warning(literal(problem))
        dayfirst = _ask_day_order()
        st.dataframe(_examples(text, form.columns), hide_index=True)
        go = st.button("Import this log", key="import_go", type="primary", disabled=bool(problem))
        doubtful = "cannot be read" in said or COUNTED_DAYS in said
        doubtful = doubtful or sessions_are_users(form.columns)
        certain = not (go or problem or doubtful or arrived().get("ask"))
        if pick_go_on(certain, (form, read_as)) or go:
            _start(upload, text, form, read_as, dayfirst)
    _follow(upload)


def _read_words(text: TextTable) -> str:
    """Say how a file is read, and what of that is a guess."""
    parts = [text.format]
    if text.encoding and text.encoding != "utf-8":
        parts.append(f"encoding {text.encoding}")
    if not text.headed:
        parts.append("columns are numbered, and guessed by what they hold")
    return "Read as " + "; ".join(parts) + "."


def _times_words(text: TextTable, form: _Form) -> str:
    """Say what the times of the first rows are when read like this."""
    name, clock = form.columns[TIMESTAMP], form.extras["time_of_day"]
    if name == CHOOSE:
        return ""
    column = text.column(str(name))
    if clock is not None:
        of_day = text.column(clock)
        column = join_times(as_text(column), as_text(of_day))
    unit, zone = form.reading["time_unit"], form.reading["timezone"]
    try:
        times = read_times(as_text(column), unit, timezone=zone)
    except HRNNError as error:
        return sentence(str(error))
    read = np.flatnonzero(times.readable)
    if not len(read):
        return f"None of the first {len(text.table):,} times can be read."
    said = f"Times: {times.how}, the first {moment(int(times.us[read[0]]))} UTC"
    if times.counted_days:
        said += f"; {COUNTED_DAYS}"
    missed = len(text.table) - len(read)
    return (
        f"{said}; {missed:,} of the first {len(text.table):,} cannot be read."
        if missed
        else f"{said}."
    )


def _unfit(text: TextTable, form: _Form) -> str:
    """Say what keeps a file from being imported with these columns; nothing if nothing does."""
    columns = form.columns
    if len(text.names) < len(REQUIRED):
        return (
            f"The file has {plural(len(text.names), 'column')}; a log needs three: user, item and"
            " time. Is its separator the right one?"
        )
    labels = {role: label.lower() for role, _, label in _ROLES}
    missing = [labels[role] for role in REQUIRED if columns[role] == CHOOSE]
    if missing:
        return f"No column looks like the {' or the '.join(missing)}. Choose, if there is one."
    used = [name for name in (*columns.values(), *form.extras.values()) if name]
    twice = next((name for name in used if used.count(name) > 1), None)
    sessions_only = columns[USER_ID] == columns[SESSION_ID] == twice
    if twice and not (sessions_only and used.count(twice) == 2):
        return f"Column {twice!r} has two meanings. Choose one column for each."
    return ""


@st.cache_data(max_entries=4, show_spinner="Looking at the file")
def _preview(path: Path, changed_ns: int, read_as: ReadAs) -> TextTable:
    return load_text(path, _PREVIEW_ROWS, read_as)


def _guess(text: TextTable) -> None:
    """Set the widgets for a new file: as its header was read before, else by guesses."""
    known = recall_mapping(state.OWNER, text.names)
    first = first_values(text)
    guessed = known["columns"] if known else guess_columns(text.names, first)
    extras = guess_extras(text.names, first, guessed)
    described = known["extras"] if known else extras.__dict__
    for role, key, _ in _ROLES:
        fallback = NOT_USED if role in _OPTIONAL else CHOOSE
        st.session_state[key] = guessed.get(role) or fallback
    for key, _, name in _EXTRAS:
        st.session_state[key] = described.get(name) or NOT_USED
    arrived().pop("ask", None)
    if known:
        st.toast("A file with this header was read before; its columns are set as they were then.")


def _mapping(text: TextTable) -> tuple[dict[str, str | None], dict[str, str | None]]:
    places = [place for _ in range(3) for place in st.columns(3)]
    fields = [(key, label, role in REQUIRED) for role, key, label in _ROLES]
    fields += [(key, label, False) for key, label, _ in _EXTRAS]
    chosen: list[str | None] = []
    kept = arrived().setdefault("mapped", {})  # a widget's value goes when its page is left
    for place, (key, label, needed) in zip(places, fields, strict=True):
        options = [CHOOSE if needed else NOT_USED, *text.names]
        st.session_state.setdefault(key, kept.get(key, options[0]))
        state.prepare(key, options[0], options)
        kept[key] = value = place.selectbox(label, options, key=key)
        chosen.append(None if value == NOT_USED else value)
    columns = dict(zip((role for role, _, _ in _ROLES), chosen, strict=False))
    extras = dict(zip((name for _, _, name in _EXTRAS), chosen[len(_ROLES) :], strict=True))
    return columns, extras


def _ask_day_order() -> bool | None:
    if not arrived().get("ask"):
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


def _start(
    upload: Upload, text: TextTable, form: _Form, read_as: ReadAs, dayfirst: bool | None
) -> None:
    settings = ImportConfig(
        columns=form.columns,
        time_of_day=form.extras["time_of_day"],
        title_column=form.extras["title"],
        category_column=form.extras["category"],
        picture_column=form.extras["picture"],
        dayfirst=dayfirst,
        read_as=read_as,
        **form.reading,
    )
    remember_mapping(state.OWNER, text.names, {"columns": form.columns, "extras": form.extras})
    job = create_import(upload, settings)
    launcher().start(job)
    state.remember(JOB, job.id)
    arrived()[BEGUN] = True


def _follow(upload: Upload) -> None:
    """Draw the import that was begun, and take its log once it is there."""
    made = state.picked(JOB)
    if made is None:
        return
    job = open_import(state.OWNER, made)
    if job.goes_on():
        jobs.watch(job, "import_cancel")
        return
    message = (job.final() or {}).get("message", "")
    state.remember(JOB, None)
    if job.state() == State.FINISHED:
        dataset = open_dataset(state.OWNER, job.dataset)
        state.choose_log(dataset)
        arrived().update(imported=True, ask=False)
        begin(dataset)
        st.rerun()
    if message == ASK:
        arrived()["ask"] = True
        st.rerun()
    why = message or "the import was interrupted; import it again"
    say_error(f"{upload.name} was not imported: {why}")
