"""The Take home page: recommendations for all users, the model as a file, the code."""

from collections.abc import Mapping

import pyarrow.parquet as pq
import streamlit as st

from hrnn.errors import HRNNError
from ui import jobs, logs, state
from ui.code_that_repeats import Shown, code_that_repeats
from ui.downloads import offer
from ui.inputs import pick_choice, pick_exclude_seen, pick_number, picked_start
from ui.launching import launcher
from ui.page import say_error
from ui.words import literal, minutes, plural, size
from workspace.datasets import Dataset
from workspace.model_zip import zip_model
from workspace.recommendations import (
    Recommendations,
    RecommendationsConfig,
    create_recommendations,
    history_words,
)
from workspace.runs import Run

_STARTS = {
    "auto": "As it stands when the log ends",
    "continue": "Continues the last session",
    "new": "Begins a new session",
}
_PREVIEW_ROWS = 20


def draw_recommendations(dataset: Dataset, run: Run) -> None:
    """Let recommendations for all users be made, followed, and taken along."""
    st.subheader("Recommendations for every user", anchor=False)
    left, right = st.columns([2, 3], gap="large")
    with left:
        settings = _pick_settings(run)
        st.caption(history_words(run.experiment))
        if st.button("Make them", key="take_go", type="primary"):
            made = create_recommendations(dataset, run.name, settings)
            st.session_state[state.RECOMMENDATIONS] = made.id
            state.remember(state.RECOMMENDATIONS, made.id)
            launcher().start(made)
            st.rerun()
    with right:
        job = _pick_recommendations(dataset)
        if job is None:
            st.info(
                f"None were made on this log yet. Each of {plural(dataset.users, 'user')} gets a"
                " list. It is made in the background; you can leave this page meanwhile."
            )
        elif jobs.has_finished(job, "take"):
            _offer_recommendations(job)


def _pick_settings(run: Run) -> RecommendationsConfig:
    top_k = pick_number("take_top_k", "Items a user", 10, 1, 1000)
    start = "auto"
    if run.experiment.model == "hrnn":  # to the flat ones a new session means nothing
        start = pick_choice("take_start", "The next interaction", start, list(_STARTS), _STARTS)
    timeout = run.experiment.timeout_minutes
    if start == "auto" and run.experiment.model == "hrnn" and timeout is not None:
        st.caption(
            f"It begins a new session for those last seen over {minutes(timeout)} before the log's"
            " last interaction."
        )
    exclude = pick_exclude_seen()
    return RecommendationsConfig(run=run.id, top_k=top_k, start=start, exclude_seen=exclude)


def _pick_recommendations(dataset: Dataset) -> Recommendations | None:
    """Let one of the log's recommendations be chosen; None where there are none."""
    known = state.recommendations_of(dataset)
    return jobs.pick(known, "Made so far", state.RECOMMENDATIONS, _title)


def _title(job: Recommendations) -> str:
    settings = job.settings
    parts = [
        job.made[5:16],
        job.run_name,
        f"top {settings.top_k:,}",
        _STARTS[settings.start].lower(),
    ]
    parts += ["without items seen before"] * settings.exclude_seen
    return " · ".join(parts)


def _offer_recommendations(job: Recommendations) -> None:
    counts = (job.final() or {})["counts"]
    for told in counted(counts, job.settings.top_k):
        st.markdown(told)
    with st.container(horizontal=True):
        for path, kind, mime in (
            (job.zipped_csv, "CSV, zipped", "application/zip"),
            (job.parquet, "Parquet", "application/vnd.apache.parquet"),
        ):
            label = f"{kind} · {size(path.stat().st_size)}"
            offer(path.read_bytes, f"{job.id}-{path.name}", f"take_{path.suffix[1:]}", label, mime)
    st.caption(
        "Model, time, settings, log and seed are in both: as the Parquet file's key-value metadata;"
        " in columns of the CSV, and whole in the settings.json beside it. Text that a"
        " spreadsheet would run has an apostrophe before it in the CSV; Parquet has it as it is."
    )
    first = next(pq.ParquetFile(job.parquet).iter_batches(_PREVIEW_ROWS), None)
    if first is not None:
        st.dataframe(first.to_pandas(), hide_index=True, height=250, key="take_preview")


def counted(counts: Mapping[str, int], top_k: int) -> list[str]:
    """Say how much was made, and for whom it is less or other than was asked for."""
    told = [f"**{plural(counts['rows'], 'row')}** for {plural(counts['users'], 'user')}."]
    if counts["short"]:
        told.append(
            f"{plural(counts['short'], 'user')} with fewer than {top_k:,} items: there are no more"
            " that may be recommended to them."
        )
    if counts["none"]:
        told.append(f"{plural(counts['none'], 'user')} without any: they have seen every item.")
    if counts["unknown"]:
        told.append(
            f"{plural(counts['unknown'], 'user')} of whose items the model knows none: they get"
            " what it recommends to somebody without a history."
        )
    if counts["left_out"]:
        told.append(
            f"{plural(counts['left_out'], 'user')} left out: no interaction of theirs counts as"
            " positive in this run."
        )
    return told


def draw_model(run: Run) -> None:
    """Offer the model as a file."""
    st.subheader("The model", anchor=False)
    st.caption(
        "A ZIP with its weights (safetensors), settings and items (JSON), the keys of the rows that"
        ' it was trained on, and how to open it: `hrnn.load("model")`. Nothing in it is code.'
    )
    bytes_of = sum(path.stat().st_size for path in run.model_folder.iterdir())
    label = f"Model, zipped · {size(bytes_of)}"
    offer(lambda: zip_model(run), f"{run.id}-model.zip", "take_model", label, "application/zip")


def draw_code(dataset: Dataset, run: Run) -> None:
    """Draw the Python that repeats what is shown, and offer it as a file."""
    st.subheader("The Python that repeats it", anchor=False)
    shown = _shown(dataset, run)
    try:
        code = code_that_repeats(dataset, run, shown)
    except HRNNError as error:
        say_error(f"this cannot be repeated: {error}")
        return
    figures = "" if run.experiment.split == "all_rows" else " measures it beside simple models,"
    st.caption(
        "Reads the log's file as it was read here, cuts the sessions, trains with the same settings"
        f" and seed,{figures} and recommends to user {literal(shown.user)}, as the Explore page"
        " does; what-if edits are not repeated."
    )
    offer(lambda: code, "repeat.py", "take_code", "repeat.py", "text/x-python")
    with st.expander("The code"):
        st.code(code, language="python")


def _shown(dataset: Dataset, run: Run) -> Shown:
    """Return whose recommendations the Explore page shows now, and by which choices."""
    user = state.picked(state.USER) or logs.users_of(dataset.owner, dataset.id)[0]
    flat = run.experiment.model != "hrnn"
    start = picked_start(None if flat else run.experiment.timeout_minutes)
    return Shown(user, start, exclude_seen=(state.picked("exclude_seen") or "").lower() == "true")
