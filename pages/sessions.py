"""Move the timeout and see what it does."""

import streamlit as st

from hrnn.diagnostics import about_sessions
from hrnn.sessions import segment
from ui import logs, page
from ui import sessions as parts
from ui.findings import say_findings
from ui.inputs import pick_session_ids, pick_timeout
from ui.session_figures import (
    MOST_ITEMS,
    MOST_SESSIONS,
    session_tiles,
    spans,
    suggested_minutes,
)
from ui.tiles import tiles
from ui.timelines import draw_timelines
from ui.trials import draw_trial
from workspace.datasets import Dataset


@page.guarded
def main() -> None:
    page.head("Sessions", "Where does one session end and the next begin?")
    dataset = page.need_log()
    if dataset is None:
        return
    page.say_note(dataset.note)
    explore(dataset)
    page.step("Train on these sessions", page.TRAIN, "to_train")


def explore(dataset: Dataset) -> None:
    data = logs.rows_of(dataset.owner, dataset.id)
    timeout = pick_timeout()
    use_ids = pick_session_ids(data)
    by_gaps = segment(data, timeout, use_session_ids=False)
    by_ids = None if data.session_index is None else segment(data, timeout)
    sessions = by_ids if use_ids and by_ids is not None else by_gaps
    tiles(session_tiles(sessions), key="sessions_total")
    st.caption(
        "A gap longer than the timeout starts a new session; a gap equal to it does not."
        + (" Session ids decide first; the timeout cuts the rows without one." if use_ids else "")
        + f" Cut off is what scoring does not read: it reads the last {MOST_SESSIONS} sessions of a"
        f" user, and the last {MOST_ITEMS} items of each."
    )
    say_findings(about_sessions(sessions), "findings")
    when = spans(sessions)
    parts.draw_figures(dataset, sessions, when, by_gaps, timeout, use_ids)
    parts.draw_curves(dataset, timeout, use_ids)
    agreed = None
    if by_ids is not None:
        agreed = parts.draw_agreement(data, by_ids, by_gaps, timeout)
    suggested = suggested_minutes(parts.hint_of(dataset.owner, dataset.id))
    curve = parts.curves_of(dataset.owner, dataset.id)[1]
    draw_trial(dataset, data, timeout, suggested, curve)
    draw_timelines(dataset, sessions, timeout, use_ids, suggested)
    parts.draw_tables(dataset, sessions, when, timeout, agreed)


main()
