"""A job on the page: how far it is, cancelling it, and what to do if it came to no end."""

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

import streamlit as st

from ui import state
from ui.inputs import told_apart
from ui.launching import TICK_SECONDS, launcher
from ui.page import say_error
from ui.words import literal
from workspace.jobs import Job
from workspace.tasks import ACTIVE, State

J = TypeVar("J", bound=Job)
#: What is said of a job that no worker has, nor will have by itself.
_LEFT = {
    State.QUEUED: "It never started.",
    State.INTERRUPTED: "Interrupted: its worker was ended from outside.",
}
#: A short job is waited for, so that its result is there with the click that began it.
_PATIENCE_SECONDS = 12.0
_LOOK_SECONDS = 0.1


def pick(known: Sequence[J], label: str, key: str, title: Callable[[J], str]) -> J | None:
    """Let one of some jobs be chosen, and keep that in the link; None where there is none.

    Args:
        known: the jobs, the one offered first before others.
        label: of the choice.
        key: of the widget, and in the link.
        title: says in words which job is which.
    """
    by_id = {job.id: job for job in known}
    if not by_id:
        return None
    state.prepare(key, next(iter(by_id)), by_id)
    titles = told_apart({made: title(job) for made, job in by_id.items()})
    made = st.selectbox(label, list(by_id), format_func=titles.__getitem__, key=key)
    state.remember(key, made)
    return by_id[made]


def has_finished(job: Job, key: str) -> bool:
    """Say whether a job has finished; until then draw where it is, or why it has not.

    Args:
        job: what is done.
        key: the keys of the buttons that cancel it and start it again begin with it.
    """
    ended = job.state()
    if job.goes_on():
        watch(job, f"{key}_stop")
    elif ended in _LEFT:
        st.info(_LEFT[ended])
        if st.button("Start again", key=f"{key}_resume", type="primary"):
            launcher().start(job)
            st.rerun()
    elif ended != State.FINISHED:
        say_error((job.final() or {}).get("message") or "it was cancelled")
        if tail := job.log_tail():
            with st.expander("Log of the worker"):
                st.code(tail, language=None)
    return ended == State.FINISHED


def watch(job: Job, key: str) -> None:
    """Draw a job that is active; the page is drawn anew once it has ended.

    Args:
        job: what is done.
        key: of the button that cancels it.
    """
    if st.button("Cancel", key=key, disabled=job.stopping()):
        launcher().stop(job)
        st.rerun()
    bar = st.progress(0.0)
    until = time.monotonic() + _PATIENCE_SECONDS
    while job.state() in ACTIVE and time.monotonic() < until:
        bar.progress(*_stands(job))  # a click elsewhere ends this wait here
        time.sleep(_LOOK_SECONDS)
    if job.state() not in ACTIVE:
        st.rerun()
    bar.empty()
    follow(job)


def follow(job: Job) -> None:
    """Draw how far a job is, again every second; the page is drawn anew once it has ended."""
    st.fragment(_tick, run_every=TICK_SECONDS)(job)


def _tick(job: Job) -> None:
    if job.state() not in ACTIVE:
        st.rerun()
    st.progress(*_stands(job))


def _stands(job: Job) -> tuple[float, str]:
    now = job.progress() or {"done": 0, "of": 1, "step": "Starting"}
    text = f"{literal(now['step'])} · step {now['done'] + 1} of {now['of']}"
    return now["done"] / now["of"], text
