"""A run on the page while it waits and trains: what it does, its curves, what it ended with.

What ticks is drawn in fragments; buttons stand outside of them, where a click is not kept waiting.
"""

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from hrnn.diagnostics import about_training
from hrnn.evaluation.report import Report
from ui import curves
from ui.curve_charts import CurveStyle
from ui.curve_charts import curves as curves_chart
from ui.figures import draw_figures
from ui.findings import say_findings
from ui.launching import TICK_SECONDS, launcher
from ui.page import say_error
from ui.tiles import tiles
from ui.words import literal, plural, seconds
from workspace.events import Events, Record
from workspace.runs import EVENTS, LAST, Run
from workspace.slots import waiting_before
from workspace.tasks import ACTIVE, STARTABLE, State

_IN_WORDS = {
    State.STARTING: "Starting.",
    State.RUNNING: "Training in the background. You can leave this page or close it.",
    State.FINISHED: "Finished.",
    State.CANCELLED: "Cancelled before it started.",
}
_START_WORDS = {
    State.QUEUED: "Start now",
    State.INTERRUPTED: "Resume",
    State.FAILED: "Try again",
}


@st.cache_resource(max_entries=64, show_spinner=False)
def _events_in(folder: Path) -> Events:
    return Events(folder / EVENTS)


def events_of(run: Run) -> list[Record]:
    """Return a run's records; a look reads only what is new since the last one of any visit."""
    return _events_in(run.folder).read()


@st.cache_resource(max_entries=64, show_spinner=False)
def report_in(folder: Path) -> Report:
    """Read a report, which never changes, once for all visits."""
    return Report.open(folder)


def controls(run: Run) -> None:
    """Offer to stop a run, or to start it, as its state allows."""
    state = run.state()
    startable = state in STARTABLE and not run.has_worker()
    if startable and st.button(_START_WORDS[state], key="train_resume", type="primary"):
        launcher().start(run)
        st.rerun()
    if state in ACTIVE:
        stopping = run.stopping()
        label = "Cancel" if state == State.QUEUED else f"Stop and keep the {_kept(run)}"
        label = "Stopping" if stopping else label
        if st.button(label, key="train_stop", disabled=stopping):
            launcher().stop(run)
            st.rerun()


def say_no_model(runs: Sequence[Run], words: str) -> None:
    """Say that no run of a log has a model, or how far the one is that will have the first."""
    coming = next((run for run in runs if run.goes_on()), None)
    if coming is None:
        st.info(words)
    else:
        st.fragment(_wait, run_every=TICK_SECONDS)(coming)


def _wait(run: Run) -> None:
    if not run.goes_on():
        st.rerun()
    st.info(
        f"A model is training: {100 * run.fraction():.0f} % of its epochs. This page goes on once"
        " it is there."
    )


def watch_state(shown: Sequence[Run]) -> None:
    """Say where the first of the runs shown is; while one is active, look again every second."""
    st.fragment(_draw_state, run_every=_every(shown))(shown, _look(shown))


def _every(shown: Sequence[Run]) -> float | None:
    return TICK_SECONDS if any(run.state() in ACTIVE for run in shown) else None


def _look(shown: Sequence[Run]) -> list[object]:
    """Return what buttons and tables depend on."""
    return [
        (run.state(), run.stopping(), run.folder.exists(), bool(events_of(run))) for run in shown
    ]


def _draw_state(shown: Sequence[Run], seen: list[object]) -> None:
    if _look(shown) != seen:
        st.rerun()
    run = shown[0]
    state, final, records = run.state(), run.final() or {}, events_of(run)
    message = final.get("message", "")
    if state == State.FAILED:
        say_error(message or "the run failed")
    elif state == State.STOPPED and not run.has_model():
        st.markdown(f"Stopped: {literal(message)}.")
    else:
        st.markdown(state_words(run, state))
        if message:
            st.caption(f"No figures: {literal(message)}.")
    if state in ACTIVE and state != State.QUEUED:
        st.progress(run.fraction(), text=_progress_words(run, records))
        if records:
            tiles(
                curves.numbers(run.experiment.training, records),
                key="train_numbers",
                width="stretch",
            )
    for one in records:
        if one["kind"] == "warning":
            st.warning(f"In epoch {one['epoch']:.1f}: {literal(one['text'])}.")
    if records:
        with st.container(key="train_loss"):
            st.caption(loss_words(records))


def state_words(run: Run, state: State) -> str:
    """Say what a run's state means for somebody who looks at it."""
    if state in ACTIVE and run.stopping():
        return "Stopping."
    if state == State.QUEUED:
        if not run.has_worker():
            return "Queued: it has not been started."
        before = waiting_before(run.folder)
        place = f"{plural(before, 'run')} before it" if before else "next in line"
        return f"Waiting for a free slot: {place}. You can leave this page or close it."
    if state == State.INTERRUPTED:
        kept = (
            "What it had learned up to its last checkpoint is kept; resume it, or start a new run."
            if (run.folder / LAST).exists()
            else "Nothing was kept yet; start it again, or start a new run."
        )
        return (
            f"Interrupted: its worker was ended from outside, or while it waited to go on. {kept}"
        )
    if state == State.STOPPED:
        return f"Stopped; the {_kept(run)} weights so far are kept."
    return _IN_WORDS[state]


def _kept(run: Run) -> str:
    """Say which weights a run keeps: without rows that validate, nobody knows the best."""
    return "last" if run.experiment.split == "all_rows" else "best"


def _progress_words(run: Run, records: Sequence[Record]) -> str:
    if not records:
        return "reading the log"
    best = curves.best_epoch(records)
    parts = [
        f"{seconds(records[-1]['seconds'])} so far",
        "" if best is None else f"best epoch {best}",
        curves.countdown(run.experiment.training, records),
    ]
    return " · ".join(part for part in parts if part)


def loss_words(records: Sequence[Record]) -> str:
    """Say the losses of the latest epoch."""
    last = curves.last_epoch(records)
    if last is None:
        return "No epoch is complete yet."
    valid = "" if last["valid_loss"] is None else f", validation {last['valid_loss']:.3f}"
    best = curves.best_epoch(records)
    kept = "" if best is None else f"; epoch {best} validated best"
    epoch = f"Loss a target after epoch {last['epoch']}"
    return f"{epoch}: training {last['train_loss']:.3f}{valid}{kept}"


def watch_curves(shown: Sequence[Run], style: CurveStyle, smoothing: float) -> None:
    """Draw the curves of runs; while one is active, again every second."""
    st.fragment(_draw_curves, run_every=_every(shown))(shown, style, smoothing)


def _draw_curves(shown: Sequence[Run], style: CurveStyle, smoothing: float) -> None:
    names = [name for name, _ in style.colors]
    records = {name: events_of(run) for name, run in zip(names, shown, strict=True)}
    frame = curves.curves_frame(records, smoothing)
    st.vega_lite_chart(curves_chart(frame, style), key="curves", width="stretch")


def watch_log(run: Run) -> None:
    """Draw what a run's worker wrote last; while it is active, again every second."""
    st.fragment(_draw_log, run_every=_every([run]))(run)


def _draw_log(run: Run) -> None:
    with st.expander("Log of the worker", key="train_log"):
        st.code(run.log_tail() or "Nothing was written.", language=None)


def draw_figures_of(run: Run) -> None:
    """Draw how good a run that has ended is, and what was found in its curves."""
    if run.report_folder.exists():
        st.markdown("**How often the held-out interactions are found**")
        seed = f", {run.experiment.training.random_state} (training)"
        draw_figures(report_in(run.report_folder), run.dataset_name, 10, seed)
    if run.state() not in ACTIVE:
        found = about_training(events_of(run), run.experiment.training)
        say_findings(found, "training_findings")
