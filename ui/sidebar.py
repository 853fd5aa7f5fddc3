"""The sidebar: where one is, in three lines, and the pages in the order of the work."""

from collections.abc import Sequence

import streamlit as st

from hrnn.errors import HRNNError
from ui import page, state
from ui.words import clipped, minutes
from workspace.datasets import Dataset
from workspace.evaluations import Evaluation
from workspace.jobs import Job
from workspace.judgements import has_judgements
from workspace.recommendations import Recommendations
from workspace.runs import Run
from workspace.tasks import ACTIVE, State

_DONE, _RUNS, _OPEN = ":material/check:", ":material/radio_button_checked:", ":material/remove:"
_TICK_SECONDS = 2.0


def draw() -> None:
    """Draw the sidebar; every line is a link."""
    with st.sidebar:
        try:
            _draw()
        except HRNNError as error:
            page.say_error(error)


def _draw() -> None:
    dataset, _ = state.current_log()
    timeout, _ = state.current_timeout()
    runs = state.runs_of(dataset) if dataset else []
    run = state.current_run([one for one in runs if not one.tries])
    link = state.context()
    st.caption("HRNN STUDIO")
    log = clipped(dataset.name) if dataset else "none yet"
    _line(page.DATA, f"Log: **{log}**", link)
    _line(page.SESSIONS, f"Timeout: **{minutes(timeout)}**", link)
    model = clipped(run.name) if run else "none yet"
    _line(page.TRAIN, f"Model: **{model}**", link)
    st.divider()
    evaluations = state.evaluations_of(dataset) if dataset else []
    taken = state.recommendations_of(dataset) if dataset else []
    active = any(one.state() in ACTIVE for one in (*runs, *evaluations, *taken))
    st.fragment(_draw_pages, run_every=_TICK_SECONDS if active else None)(
        dataset, runs, evaluations, taken, link
    )


def _draw_pages(
    dataset: Dataset | None,
    runs: list[Run],
    evaluations: list[Evaluation],
    taken: list[Recommendations],
    link: dict[str, str],
) -> None:
    """Draw the pages; what runs carries how far it is."""
    trained = any(one.has_model() and not one.tries for one in runs)
    running = {
        "Train": _fractions(runs),
        "Evaluate": _fractions(evaluations),
        "Take home": _fractions(taken),
    }
    done = {
        "Data": dataset is not None,
        "Sessions": bool(runs or state.picked(state.TIMEOUT)),
        "Train": trained,
        "Evaluate": _any_finished(evaluations),
        "Explore": trained and state.picked(state.USER),
        "Blind test": any(has_judgements(one) for one in runs),
        "Take home": _any_finished(taken),
    }
    for path, name in page.TITLES.items():
        fractions = running.get(name)
        icon = _RUNS if fractions else _DONE if done[name] else _OPEN
        label = f"{name} · {max(fractions):.0%}".replace("%", " %") if fractions else name
        _line(path, label, link, icon)


def _line(path: str, label: str, link: dict[str, str], icon: str | None = None) -> None:
    """Draw a link to a page; to the page that is shown, it is one to what is shown."""
    here = st.query_params.to_dict() if path == state.current_page() else {}
    st.page_link(path, label=label, icon=icon, query_params=link | here)


def _fractions(tasks: Sequence[Run | Job]) -> list[float]:
    """Return how far those are that run."""
    return [one.fraction() for one in tasks if one.state() in ACTIVE]


def _any_finished(jobs: Sequence[Job]) -> bool:
    return any(one.state() == State.FINISHED for one in jobs)
