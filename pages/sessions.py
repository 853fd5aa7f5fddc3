"""Move the timeout and see what it does."""

import streamlit as st

from hrnn.diagnostics import about_sessions
from hrnn.sessions import segment
from ui import charts, logs, page
from ui.findings import say_findings
from ui.inputs import pick_session_ids, pick_timeout, pick_user
from ui.report import tiles
from ui.sessions import gap_bins, session_tiles, user_gaps
from ui.words import literal


@page.guarded
def main() -> None:
    page.head("Sessions", "Where does one session end and the next begin?")
    dataset = page.need_log()
    if dataset is None:
        return
    page.say_note(dataset.note)
    data = logs.rows_of(dataset.owner, dataset.id)
    timeout = pick_timeout()
    use_ids = pick_session_ids(data)
    sessions = segment(data, timeout, use_session_ids=use_ids)
    tiles(session_tiles(sessions), key="sessions_total")
    st.caption(
        "A gap longer than the timeout starts a new session; a gap equal to it does not."
        + (" Session ids decide first; the timeout cuts the rows without one." if use_ids else "")
    )
    say_findings(about_sessions(sessions), "findings")
    bins = gap_bins(dataset.owner, dataset.id)
    if bins["gaps"].any():
        st.vega_lite_chart(charts.gap_histogram(bins, timeout), key="gaps")
    else:
        st.info("No two interactions of a user lie apart, so there is no gap to draw.")
    left, right = st.columns(2)
    left.vega_lite_chart(
        charts.distribution(sessions.lengths, "interactions a session", "sessions"), key="lengths"
    )
    right.vega_lite_chart(
        charts.distribution(sessions.per_user, "sessions a user", "users"), key="per_user"
    )
    st.subheader("One user's timeline", anchor=False)
    user = pick_user(dataset, "sessions_user", preferred=dataset.users // 2)
    if user in data.user_ids:
        titles = logs.titles_of(dataset.owner, dataset.id)
        frame = user_gaps(data, sessions, user, titles)
        st.plotly_chart(charts.timeline(frame), key="timeline", config=charts.QUIET)
    else:
        st.warning(f"User {literal(user)} is not in this log. Choose another.")
    page.step("Train on these sessions", page.TRAIN, "to_train")


main()
