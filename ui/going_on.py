"""What follows an import unasked: sessions at the suggested timeout, a quick model; undoable."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import streamlit as st

from hrnn.errors import HRNNError
from hrnn.training.config import PRESETS, SplitConfig
from hrnn.training.cost import expected_seconds
from hrnn.training.roles import check_learnable
from ui import live, logs, state
from ui.arriving import BEGUN, JOB, arrived
from ui.experiment import experiment_of
from ui.inputs import uses_session_ids
from ui.launching import TICK_SECONDS, launcher
from ui.session_figures import suggested_minutes
from ui.sessions import hint_of
from ui.words import cut_words, literal, minutes, seconds
from workspace.datasets import Dataset
from workspace.home import WorkspaceError
from workspace.removing import check_removable, remove_log
from workspace.runs import Run, create_run, list_runs, open_run
from workspace.tasks import ACTIVE

_TOUCHED = "touched"
_KEY, _WENT = "go_on", "_went_on"
#: An import begins by itself after so long without a touch.
_WAIT_SECONDS = 15
#: A model that takes longer is offered instead of trained.
_MOST_SECONDS = 180
_STOP_SECONDS = 15.0


@dataclass(frozen=True)
class _Went:
    """What was done.

    Attributes:
        log: for which log.
        before: the timeout that was picked before.
        cut: the timeout that was suggested, and taken at first; None if none was.
        run: id of the run that was started; None if none was.
        words: why none was started.
        costs: seconds that a quick model would take; None where none can be trained.
        by_hand: whether nothing was done, since somebody had changed how the file is read.
    """

    log: str
    before: str | None
    cut: float | None
    run: str | None = None
    words: str = ""
    costs: float | None = None
    by_hand: bool = False


def pick_go_on(certain: bool, guess: object) -> bool:
    """Let it be chosen whether all goes on by itself; say whether the import is to begin now.

    Args:
        certain: whether nothing about the file is in question.
        guess: all that is filled in; who changes any of it imports by hand.
    """
    known = arrived()
    st.session_state.setdefault(_KEY, known.get(_KEY, True))
    known[_KEY] = on = st.toggle(
        "Go on by itself",
        key=_KEY,
        help="Imports the file if nothing about it is in question and nothing is changed, cuts"
        " sessions at the suggested timeout and trains a quick model. Each step can be undone.",
    )
    if state.picked(JOB) is None:  # what is changed during an import is of the next one
        known[_TOUCHED] = known.setdefault("guess", guess) != guess
    if not on or known.get(_TOUCHED) or not certain or known.get(BEGUN):
        return False
    if known.pop("due", False):
        return True
    st.fragment(_count_down, run_every=TICK_SECONDS)(time.monotonic() + _WAIT_SECONDS)
    return False


def _count_down(due: float) -> None:
    left = due - time.monotonic()
    if left <= 0 and not arrived().get(BEGUN):
        arrived()["due"] = True
        st.rerun()
    words = f"imported as guessed in {max(left, 0):.0f} s, unless you change something"
    st.caption(f"This file is {words}.")


def begin(dataset: Dataset) -> None:
    """Go on with a log that was just imported, unless somebody changed what was guessed."""
    if not st.session_state.get(_KEY, True):
        return
    if arrived().get(_TOUCHED):
        before = state.picked(state.TIMEOUT)
        st.session_state[_WENT] = _Went(dataset.id, before, None, by_hand=True)
        return
    _go_on(dataset)


def _go_on(dataset: Dataset) -> None:
    """Cut a log at the suggested timeout, and train a quick model on it."""
    with st.spinner("Looking for a timeout"):
        try:
            suggested = suggested_minutes(hint_of(dataset.owner, dataset.id))
        except HRNNError:  # the page says what is wrong with the log
            return
    before = state.picked(state.TIMEOUT)
    _set_timeout(before if suggested is None else suggested)
    st.session_state[_WENT] = _trained(dataset, _Went(dataset.id, before, suggested), _MOST_SECONDS)


def _trained(dataset: Dataset, went: _Went, most: float) -> _Went:
    """Start a quick model, if it can learn and takes no more seconds than ``most``."""
    data = logs.rows_of(dataset.owner, dataset.id)
    timeout, _ = state.current_timeout()
    cut = SplitConfig(timeout_minutes=timeout, use_session_ids=uses_session_ids(data))
    try:
        split = logs.split_of(dataset.owner, dataset.id, cut)
        experiment = experiment_of(cut, split, PRESETS["quick"])
        items, training = len(split.data.item_ids), experiment.training
        check_learnable(split.role, split.data.outcome, items, training.loss)
        costs = expected_seconds(training, len(split.data), items)
        if costs > most:
            return replace(went, costs=costs, words=f"it takes about {seconds(costs)}")
        run = create_run(dataset, experiment, "quick, by itself", unasked=True)
        launcher().start(run)
    except HRNNError as error:
        return replace(went, words=str(error), costs=None)
    return replace(went, run=run.id, words="")


def start_asked(run: Run) -> None:
    """Start a run that somebody asked for; those that began by themselves make room for it."""
    for other in list_runs(state.OWNER):
        if other.unasked:
            _stop(other)
    launcher().start(run)


def draw_went_on(dataset: Dataset) -> None:
    """Say what was done by itself after the import of a log, and offer to undo it."""
    went: _Went | None = st.session_state.get(_WENT)
    if went is None or went.log != dataset.id:
        return
    with st.container(border=True, key="went_on"):
        _row("The log was imported.", "Remove it again", "undo_import", _undo_import, dataset, went)
        if went.by_hand:
            words = "You changed how it is read, so nothing else was done by itself."
            _row(words, "Cut and train", "go_on_go", _go_on, dataset)
            return
        data = logs.rows_of(dataset.owner, dataset.id)
        timeout, _ = state.current_timeout()
        words = f"Sessions are cut {cut_words(timeout, uses_session_ids(data))}"
        taken = went.cut == timeout
        why = ", as the gaps suggest." if taken else f". {_suggested_words(went.cut)}"
        _row(words + why, "Undo", "undo_timeout" if taken else None, _undo_timeout, went)
        run = _run_of(went)
        if run is not None:
            _row(run, "Stop and delete" if run.state() in ACTIVE else "Delete", "undo_run",
                 _undo_run, went)  # fmt: skip
        elif went.costs is not None:
            words = f"No quick model was trained: {literal(went.words)}."
            _row(words, "Train it", "go_on_train", _train, dataset, went)
        elif went.words:
            _row(f"No model was trained: {literal(went.words)}.", "", None, _train)


def _suggested_words(suggested: float | None) -> str:
    return (
        "The gaps suggest none." if suggested is None else f"The gaps suggest {minutes(suggested)}."
    )


def _row(
    words: str | Run, label: str, key: str | None, do: Callable[..., None], *args: object
) -> None:
    """Draw a step and the button that undoes it; none where there is nothing to undo."""
    left, right = st.columns([4, 1], vertical_alignment="center")
    with left:
        if isinstance(words, str):
            st.markdown(words)
        else:
            active = words.state() in ACTIVE
            st.fragment(_draw_run, run_every=TICK_SECONDS if active else None)(words, active)
    if key is not None and right.button(label, key=key, width="stretch"):
        do(*args)
        st.rerun()


def _draw_run(run: Run, was_active: bool) -> None:
    now = run.state()
    if (now in ACTIVE) != was_active:
        st.rerun()
    if was_active:
        st.markdown(f"A quick model is training: {100 * run.fraction():.0f} % of its epochs.")
    elif run.has_model():
        st.markdown("A quick model was trained; Explore shows what it recommends.")
    else:
        st.markdown(f"A quick model was started. {literal(live.state_words(run, now))}")


def _run_of(went: _Went | None) -> Run | None:
    """Return the run that was started, unless it was deleted."""
    if went is None or went.run is None:
        return None
    try:
        return open_run(state.OWNER, went.run)
    except HRNNError:
        return None


def _set_timeout(value: object) -> None:
    st.session_state.pop(state.TIMEOUT, None)
    state.remember(state.TIMEOUT, value)


def _train(dataset: Dataset, went: _Went) -> None:
    st.session_state[_WENT] = _trained(dataset, went, float("inf"))


def _undo_timeout(went: _Went) -> None:
    _set_timeout(went.before or state.DEFAULT_TIMEOUT)


def _undo_run(went: _Went) -> None:
    run = _run_of(went)
    if run is not None:
        _remove(run)
    st.session_state[_WENT] = replace(went, run=None, words="", costs=None)


def _stop(run: Run) -> bool:
    """Stop a run if it is active; say whether it has ended by then."""
    if run.state() not in ACTIVE and not run.has_worker():
        return True
    with st.spinner("Stopping the quick model"):
        launcher().stop(run)
        until = time.monotonic() + _STOP_SECONDS
        while time.monotonic() < until:
            if run.state() not in ACTIVE and not run.has_worker():
                return True
            time.sleep(0.05)
    return False


def _remove(run: Run) -> None:
    """Stop a run, wait until it has, and delete it."""
    if not _stop(run):
        raise WorkspaceError("the quick model is still stopping; try again in a moment")
    launcher().delete(run)
    if state.picked(state.RUN) == run.id:
        state.remember(state.RUN, None)


def _undo_import(dataset: Dataset, went: _Went) -> None:
    check_removable(dataset, spared=went.run)  # before anything is gone
    _undo_run(went)
    remove_log(dataset)
    if went.cut is not None:
        _set_timeout(went.before)
    del st.session_state[_WENT]
    state.remember(state.LOG, None)
    arrived().update(imported=False)
