"""Upload a log or pick a sample, and see how it was read."""

import streamlit as st

from ui import page, tour
from ui.arriving import arrived, pick_local, take_up_import, take_upload
from ui.samples import pick_sample


@page.guarded
def main() -> None:
    page.head("Data", "What is in the log, and how was each column read?")
    left, right = st.columns(2)
    with left:
        file = st.file_uploader("Upload a log of interactions", key="upload_file")
        take_upload(file)
        take_up_import()
        pick_local()
    with right:
        pick_sample()
        st.caption(
            "One row an interaction: who, what, when. CSV, JSON, Parquet, Feather or Excel, packed"
            " or not. An outcome, a session id and a title are used where there are some."
        )
    # Until there is a log, the app holds none of what reads and draws one: it starts at once.
    upload = arrived().get("upload")
    if upload is not None:
        from ui.importing import import_form  # noqa: PLC0415

        import_form(upload)
    dataset = page.log_here()
    if dataset is not None:
        from ui.going_on import draw_went_on  # noqa: PLC0415
        from ui.report import draw_log  # noqa: PLC0415

        draw_went_on(dataset)
        draw_log(dataset)
        page.step("Cut it into sessions", page.SESSIONS, "to_sessions")
    elif upload is None:
        tour.offer()


main()
