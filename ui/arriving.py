"""The file on its way in: uploaded, or one of this machine; light, for it is asked for at once."""

from contextlib import suppress
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from hrnn.errors import HRNNError
from ui import state
from workspace.uploads import Upload, keep_upload, local_files, open_upload

#: The job that imports it, in the link.
JOB = "import"
#: Whether an import of the file was begun, among what a visit knows of it.
BEGUN = "begun"
_ARRIVED = "_arrived"


def arrived() -> dict[str, Any]:
    """Return what a visit knows of its file: ``upload``, and what was answered about it."""
    return st.session_state.setdefault(_ARRIVED, {})


def take_upload(file: Any) -> None:
    """Move an uploaded file out of memory onto the disk.

    Args:
        file: Streamlit's uploaded file, or None.

    Raises:
        WorkspaceError: the home cannot be written.
    """
    if file is None or file.file_id == arrived().get("file"):
        return
    before: Upload | None = arrived().get("upload")
    if before is not None:
        before.remove()
    _use(keep_upload(state.OWNER, file.name, file))
    arrived()["file"] = file.file_id
    context = get_script_run_ctx()
    if context is not None:
        context.uploaded_file_mgr.remove_file(context.session_id, file.file_id)


def take_up_import() -> None:
    """After the page was loaded anew: go on with the import that the link names, if it goes on."""
    made = state.picked(JOB)
    if made is None or "upload" in arrived():
        return
    from workspace.imports import open_import  # noqa: PLC0415 - no other visit needs it yet

    with suppress(HRNNError):
        job = open_import(state.OWNER, made)
        if job.goes_on():
            st.session_state[_ARRIVED] = {"upload": job.upload, BEGUN: True}
            return
    state.remember(JOB, None)


def pick_local() -> None:
    """Offer the files of the declared folder, where one is declared."""
    names = local_files()
    if not names:
        return
    name = st.selectbox(
        "Or read a file of this machine",
        names,
        index=None,
        key="local_file",
        help="The files in HRNN_STUDIO_FILES; they stay where they are.",
    )
    before: Upload | None = arrived().get("upload")
    if name is not None and (before is None or before.id != name):
        _use(open_upload(state.OWNER, name, local=True))


def _use(upload: Upload) -> None:
    st.session_state[_ARRIVED] = {"upload": upload}
    state.remember(JOB, None)
