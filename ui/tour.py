"""The guided tour: a box at the top of each page that says what is to be seen, and what to try."""

from dataclasses import dataclass, replace

import streamlit as st

from hrnn.errors import HRNNError
from hrnn.training.config import PRESETS, ExperimentConfig, TrainConfig
from ui import state
from ui.launching import TICK_SECONDS, launcher
from ui.words import plural
from workspace.datasets import list_datasets
from workspace.runs import Run, create_run, open_run
from workspace.samples import import_sample
from workspace.tasks import ACTIVE

#: At which step the tour is, in the link and in the memory of the visit.
TOUR = "tour"
_SAMPLE = "generated"


@dataclass(frozen=True)
class _Step:
    """A page of the tour: the name of its file, what is said there, whether it shows a model."""

    name: str
    words: str
    needs_model: bool = False

    @property
    def page(self) -> str:
        """Where the page lies."""
        return f"pages/{self.name}.py"


_STEPS = (
    _Step(
        "data",
        "This log was made by a program, so that the right answer is known: what somebody does"
        " first in a session follows from the session before. Try *How it was read* further down.",
    ),
    _Step(
        "sessions",
        "The gaps between interactions have two humps: inside a session, and between two. The rule"
        " stands where the valley is, and 25 min were planted. Try to drag it, and see the sessions"
        " follow.",
    ),
    _Step(
        "train",
        "A small model learns from these sessions, in the background. Once it is done, see below"
        " its curves how often it finds what really came next, beside popularity. Nothing to do"
        " here; you may go on at once.",
        needs_model=True,
    ),
    _Step(
        "explore",
        "One user's sessions, and what is recommended next; the bars say what each did for the"
        " first title. Try *What if this history were another?*: drop the latest session, and see"
        " the ranks move. That is what session-aware means.",
        needs_model=True,
    ),
    _Step(
        "blind",
        "Two lists for a real user of this log, and nobody says which model made which. Pick the"
        " better one a few times, then ask for the tally.",
        needs_model=True,
    ),
)


def settings() -> TrainConfig:
    """Return how the tour's model is trained: 9 s of one core on the generated log.

    Twice the epochs took 13 s and found no more (NDCG@10 0.197 after 0.198).
    """
    return replace(PRESETS["quick"], epochs=5)  # pyright: ignore[reportArgumentType]


def offer() -> None:
    """Offer the tour to somebody who has no log yet."""
    st.divider()
    if st.button("Show me on a generated log", key="tour_start", type="primary"):
        with st.spinner("Reading the generated log, looking for a timeout"):
            _begin()
        _go_to(2)
    st.caption(
        f"A tour of {plural(len(_STEPS), 'page')} over a log that was made by a program, with a"
        " small model that is trained meanwhile. It takes about three minutes."
    )


def _begin() -> None:
    """Import the log, cut it at the suggested timeout, and train a small model on it."""
    # An app without a log holds none of what reads one.
    from ui.session_figures import suggested_minutes  # noqa: PLC0415
    from ui.sessions import hint_of  # noqa: PLC0415

    dataset = import_sample(state.OWNER, _SAMPLE)
    state.choose_log(dataset)
    timeout = suggested_minutes(hint_of(dataset.owner, dataset.id)) or state.DEFAULT_TIMEOUT
    state.remember(state.TIMEOUT, timeout)
    experiment = ExperimentConfig(
        timeout_minutes=timeout, use_session_ids=False, training=settings()
    )
    run = create_run(dataset, experiment, "small model of the tour")
    state.remember(state.RUN, run.id)
    launcher().start(run)


def draw(path: str) -> None:
    """Draw the box of a page, while the tour is on."""
    if state.picked(TOUR) is None or not list_datasets(state.OWNER):
        return
    number = next((n for n, step in enumerate(_STEPS, 1) if step.page == path), None)
    with st.container(border=True, key="tour"):
        if number is None:
            at = state.picked(TOUR) or ""
            onward = int(at) if at in {str(n) for n in range(1, len(_STEPS) + 1)} else 1
            st.markdown("This page is not part of the tour. Look around; the tour waits.")
            _buttons("Back to the tour", onward)
            return
        state.remember(TOUR, number)
        step = _STEPS[number - 1]
        st.markdown(f"**Step {number} of {len(_STEPS)}.** {step.words}")
        if step.needs_model:
            _say_training()
        _buttons("Next", number + 1)


def _buttons(label: str, to: int) -> None:
    with st.container(horizontal=True):
        if to <= len(_STEPS) and st.button(label, key="tour_next", type="primary"):
            _go_to(to)
        last = to > len(_STEPS)
        if st.button("End the tour" if last else "Leave the tour", key="tour_leave"):
            state.remember(TOUR, None)
            st.rerun()


def _go_to(number: int) -> None:
    state.remember(TOUR, number)
    link = {**state.context(), TOUR: str(number)}
    st.switch_page(_STEPS[number - 1].page, query_params=link)


def _say_training() -> None:
    """Say how far the tour's model is, while it is not done; it keeps nobody."""
    run = _run()
    if run is not None and run.state() in ACTIVE:
        st.fragment(_tick, run_every=TICK_SECONDS)(run)


def _tick(run: Run) -> None:
    if run.state() not in ACTIVE:
        st.rerun()
    st.progress(run.fraction(), text="The small model is still training; it takes some 20 seconds.")


def _run() -> Run | None:
    made = state.picked(state.RUN)
    try:
        return None if made is None else open_run(state.OWNER, made)
    except HRNNError:
        return None
