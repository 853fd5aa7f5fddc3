"""Upload a log or pick a sample, and see how it was read."""

import streamlit as st

from hrnn.diagnostics import about_data
from ui import page, state
from ui.findings import say_findings
from ui.importing import import_form, pick_sample
from ui.report import draw_log, pick_log
from ui.words import literal


@page.guarded
def main() -> None:
    page.head("Data", "What is in the log, and how was each column read?")
    left, right = st.columns(2)
    with left:
        file = st.file_uploader("Upload a log of interactions: CSV or Parquet", key="upload_file")
    with right:
        pick_sample()
        st.caption(
            "One row an interaction: who, what, when. An outcome, a session id and a title are"
            " used where there are some."
        )
    if file is not None:
        import_form(file)
    dataset = page.log_here()
    if dataset is None:
        return
    st.subheader(literal(dataset.name), anchor=False)
    pick_log(dataset)
    page.say_note(dataset.note)
    data = state.rows_of(dataset.owner, dataset.id)
    draw_log(dataset, data)
    say_findings(about_data(data), "findings", but={one.code for one in data.report.warnings})
    page.step("Cut it into sessions", page.SESSIONS, "to_sessions")


main()
