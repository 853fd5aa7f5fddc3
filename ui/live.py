"""A run on the page: its curves while it trains, what is left to wait, what it ended with."""

from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from hrnn.diagnostics import about_training
from hrnn.evaluation.report import Report
from ui import charts
from ui.figures import draw_figures
from ui.findings import say_findings
from ui.page import say_error
from ui.words import literal, minutes, seconds, share
from workspace.launcher import Launcher
from workspace.runs import Run
from workspace.tasks import ACTIVE, State

_TICK_SECONDS = 1.0
_IN_WORDS = {
    State.QUEUED: "Queued: it has not been started.",
    State.STARTING: "Starting.",
    State.RUNNING: "Training in the background. You can leave this page or close it.",
    State.FINISHED: "Finished.",
    State.STOPPED: "Stopped; the best weights so far are kept.",
    State.CANCELLED: "Cancelled before it started.",
    State.INTERRUPTED: "Interrupted: its worker was ended from outside. What it had learned up to"
    " the last whole epoch is kept; resume it, or start a new run.",
}


@st.cache_resource(show_spinner=False)
def launcher() -> Launcher:
    """Return the launcher that all visits share."""
    return Launcher()


def controls(run: Run) -> None:
    """Offer what can be done with a run in its state; they stand outside the ticking part."""
    state = run.state()
    if state in ACTIVE:
        stopping = run.stopping()
        label = "Stopping" if stopping else "Stop and keep the best"
        if st.button(label, key="train_stop", disabled=stopping):
            launcher().stop(run)
            st.rerun()
    if state in (State.INTERRUPTED, State.QUEUED):
        label = "Resume" if state == State.INTERRUPTED else "Start now"
        if st.button(label, key="train_resume", type="primary"):
            launcher().start(run)
            st.rerun()


def watch(run: Run) -> None:
    """Draw a run; while it is active, draw it again every second."""
    if run.state() in ACTIVE:
        st.fragment(_tick, run_every=_TICK_SECONDS)(run)
    else:
        _draw(run, run.state())


def _tick(run: Run) -> None:
    state = run.state()
    if state not in ACTIVE:
        st.rerun()  # the whole page: buttons and tables change with the state
    _draw(run, state)


def _draw(run: Run, state: State) -> None:
    events = run.events()
    final = run.final() or {}
    message = final.get("message", "")
    if state == State.FAILED:
        say_error(message or "the run failed")
    elif state == State.STOPPED and not run.has_model():
        st.markdown(f"Stopped: {literal(message)}.")
    else:
        st.markdown("Stopping." if state in ACTIVE and run.stopping() else _IN_WORDS[state])
        if message:
            st.caption(f"No figures: {literal(message)}.")
    if state in ACTIVE:
        fraction, text = progress(run, events)
        st.progress(fraction, text=text)
        with st.container(key="train_loss"):
            st.caption(_losses(events))
    frame = curve_frame(events)
    if len(frame):
        st.altair_chart(charts.curves(frame, _best_epoch(events)), key="curves")
    if run.report_folder.exists():
        st.markdown("**How often the held-out interactions are found**")
        seed = f", {run.experiment.training.random_state} (training)"
        draw_figures(report_in(run.report_folder), run.dataset_name, 10, seed)
    if state not in ACTIVE:
        say_findings(about_training(events, run.experiment.training), "training_findings")
    if state in (State.FAILED, State.INTERRUPTED) and (tail := run.log_tail()):
        with st.expander("Log of the worker"):
            st.code(tail, language=None)


def progress(run: Run, events: list[dict[str, Any]]) -> tuple[float, str]:
    """Say how far a training is (0 to 1) and how long it may still take."""
    most = run.experiment.training.epochs
    if not events:
        return 0.0, "reading the log"
    last = events[-1]
    epoch = float(last["epoch"])
    fraction = min(epoch / most, 1.0)
    best = _best_epoch(events)
    parts = [f"epoch {epoch:.1f} of at most {most}", f"{seconds(last['seconds'])} so far"]
    if 0 < epoch < most:
        parts.append(f"at most {seconds(last['seconds'] / epoch * (most - epoch))} left")
    if best is not None:
        parts.append(f"best epoch {best}")
    return fraction, " · ".join(parts)


def _losses(events: list[dict[str, Any]]) -> str:
    """Say the losses of the latest epoch."""
    last = next((one for one in reversed(events) if one["kind"] == "epoch"), None)
    if last is None:
        return "No epoch is complete yet."
    valid = "" if last["valid_loss"] is None else f", validation {last['valid_loss']:.3f}"
    return f"Loss a target after epoch {last['epoch']}: training {last['train_loss']:.3f}{valid}"


def curve_frame(events: list[dict[str, Any]]) -> pd.DataFrame:
    """Turn records into ``epoch``, ``loss``, ``series`` for the chart of the curves."""
    rows = []
    for one in events:
        if one["kind"] == "update":
            rows.append((one["epoch"], one["loss"], "training, each update"))
        elif one["kind"] == "epoch":
            rows.append((one["epoch"], one["train_loss"], "training"))
            if one["valid_loss"] is not None:
                rows.append((one["epoch"], one["valid_loss"], "validation"))
    return pd.DataFrame(rows, columns=["epoch", "loss", "series"])


def _best_epoch(events: list[dict[str, Any]]) -> int | None:
    validated = [e for e in events if e["kind"] == "epoch" and e["valid_loss"] is not None]
    return validated[-1]["best_epoch"] if validated else None


@st.cache_resource(max_entries=64, show_spinner=False)
def report_in(folder: Path) -> Report:
    """Read a report, which never changes, once for all visits."""
    return Report.open(folder)


def watch_all(runs: list[Run]) -> None:
    """Draw the runs as a table, the newest first, which follows those that are active."""
    active = any(run.state() in ACTIVE for run in runs)
    st.fragment(_draw_table, run_every=2 * _TICK_SECONDS if active else None)(runs)


def _draw_table(runs: list[Run]) -> None:
    st.dataframe(pd.DataFrame([_row(run) for run in runs]), hide_index=True)


def _row(run: Run) -> dict[str, Any]:
    final = run.final() or {}
    figures = {}
    if run.report_folder.exists():
        table = report_in(run.report_folder).table
        figures = table[table["MODEL"] == "HRNN"].set_index("METRIC")["VALUE"]
    settings, training = run.experiment, run.experiment.training
    cut = minutes(settings.timeout_minutes or 0)
    loss = training.loss.replace("_", "-")
    return {
        "State": str(run.state()),
        "Name": run.name,
        "Split": settings.split.replace("_", "-"),
        "Sessions": "by ids" if settings.use_session_ids else cut,
        "Settings": f"{training.hidden_units} units, {loss}, {training.user_state}"
        f", seed {training.random_state}",
        "HR@10": share(figures.get("HR@10", float("nan"))),
        "NDCG@10": f"{figures['NDCG@10']:.3f}" if "NDCG@10" in figures else "–",
        "Time": seconds(final["seconds"]) if "seconds" in final else "–",
        "Started, UTC": run.made[5:16],
    }
