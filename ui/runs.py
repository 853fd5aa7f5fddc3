"""Runs on the Train page: what can be done with one, several over one another, all in a table."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any
from urllib.parse import urlencode

import pandas as pd
import streamlit as st

from hrnn.errors import HRNNError
from hrnn.training.config import MODEL_NAMES
from ui import curves, live, state
from ui.charts import model_colors
from ui.curve_charts import AXES, CurveStyle, picture
from ui.downloads import draw_table
from ui.experiment import fill_inputs, settings_table
from ui.inputs import labels
from ui.launching import TICK_SECONDS, launcher
from ui.page import say_error
from ui.words import literal, minutes, plural, seconds, sentence, share
from workspace.runs import Run, broken_runs, rename_run
from workspace.tasks import ACTIVE

_ASKED = "run_delete_asked"
_SMOOTHING = 0.25
_SMOOTHINGS = (0.0, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0)
_PICTURES = {"png": "image/png", "svg": "image/svg+xml"}


def actions(run: Run) -> None:
    """Offer what can be done with a run, whatever it does just now."""
    with st.container(horizontal=True):
        live.controls(run)
        st.button(
            "Clone",
            key="run_clone",
            on_click=_clone,
            args=(run,),
            help="Puts its settings into the inputs beside this; change some, then start.",
        )
        with st.popover("Rename", key="run_rename"):
            name = st.text_input("Name of the run", run.name, key=f"run_name_{run.id}")
            if st.button("Rename", key="run_rename_go"):
                rename_run(run, name)
                st.rerun()
        with st.popover("Link", key="run_link"):
            st.caption("Opens this page on this run, for everybody who reaches this address.")
            st.code(link_to(run), language=None, wrap_lines=True)
        active = run.state() in ACTIVE
        why = "It is active. Stop it first." if active else None
        if st.button("Delete", key="run_delete", disabled=active, help=why):
            st.session_state[_ASKED] = run.id
    if st.session_state.get(_ASKED) == run.id:  # asked until answered, whatever ticks meanwhile
        _ask_to_delete(run)


def _clone(run: Run) -> None:
    fill_inputs(run.experiment)
    st.toast(f"The inputs are those of {literal(run.name)}. Change some, then start.")


def link_to(run: Run) -> str:
    """Return the address of this page on a run, compared with what it is compared with now."""
    pick = {state.COMPARED: state.picked(state.COMPARED) or ""}
    link = {**state.context(), **pick, state.LOG: run.dataset, state.RUN: run.id}
    return f"{st.context.url or '/train'}?{urlencode({k: v for k, v in link.items() if v})}"


def _answered() -> None:
    st.session_state.pop(_ASKED, None)


@st.dialog("Delete this run?", on_dismiss=_answered)
def _ask_to_delete(run: Run) -> None:
    st.markdown(
        f"**{literal(run.name)}**, started {literal(run.made)}: its model, curves and figures are"
        " removed for good."
    )
    with st.container(horizontal=True):
        sure = st.button("Delete it", key="run_delete_go", type="primary")
        keep = st.button("Keep it", key="run_delete_no")
    if sure:
        try:
            launcher().delete(run)
        except HRNNError as error:
            say_error(error)
            return
        state.remember(state.RUN, None)
    if sure or keep:
        _answered()
        st.rerun()


def draw_curves(shown: Sequence[Run]) -> None:
    """Draw the curves of runs over one another, and how they are drawn and taken away."""
    if not any(map(live.events_of, shown)):
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        style, smoothing = _pick_style(shown)
        with st.popover("Export", key="curves_export"):
            _offer("csv", "text/csv", shown[0], partial(_csv, shown))
            for kind, mime in _PICTURES.items():
                _offer(kind, mime, shown[0], partial(_picture, shown, style, smoothing, kind))
    live.watch_curves(shown, style, smoothing)
    st.caption(_notes(shown, style))


def _offer(kind: str, mime: str, run: Run, make: Callable[[], bytes]) -> None:
    """Offer a file that is made once it is asked for, of what there is then."""
    name = f"{run.id}.{kind}"
    st.download_button(kind.upper(), make, name, mime, key=f"curves_{kind}", on_click="ignore")


def _csv(shown: Sequence[Run]) -> bytes:
    return curves.csv_of(shown, {run.id: run.events() for run in shown})


def _picture(shown: Sequence[Run], style: CurveStyle, smoothing: float, kind: Any) -> bytes:
    names = [name for name, _ in style.colors]
    records = {name: run.events() for name, run in zip(names, shown, strict=True)}
    return picture(curves.curves_frame(records, smoothing), style, kind)


def _pick_style(shown: Sequence[Run]) -> tuple[CurveStyle, float]:
    state.prepare("curve_axis", "epoch", AXES)
    axis = st.segmented_control(
        "By", list(AXES), format_func=AXES.__getitem__, key="curve_axis", required=True
    )
    state.remember("curve_axis", axis if axis != "epoch" else None)
    state.prepare("curve_smoothing", _SMOOTHING, _SMOOTHINGS)
    smoothing = st.select_slider(
        "Smoothing",
        _SMOOTHINGS,
        format_func=_smoothing_words,
        key="curve_smoothing",
        width=130,
        help="The dashed line averages the updates before, weighing half after so many epochs."
        " It is made of all of them; the faint line is what was measured.",
    )
    state.remember("curve_smoothing", smoothing if smoothing != _SMOOTHING else None)
    state.prepare("curve_log", False)
    log = st.toggle("Log axis", key="curve_log")
    state.remember("curve_log", log or None)
    names = labels(shown)
    colors = tuple(zip(names, model_colors(names), strict=True))
    ranked = any(map(_is_ranked, shown))
    return CurveStyle(colors, axis or "epoch", log, ranked), float(smoothing)


def _smoothing_words(epochs: float) -> str:
    return f"{epochs:g} epoch{'s' if epochs > 1 else ''}" if epochs else "off"


def _is_ranked(run: Run) -> bool:
    """Say whether a run has NDCG@10 in its curves, or will have."""
    if run.state() in ACTIVE:
        return run.experiment.split != "all_rows" and run.experiment.training.loss != "mse"
    return any(one.get("valid_ndcg") is not None for one in live.events_of(run))


def _notes(shown: Sequence[Run], style: CurveStyle) -> str:
    """Say what the curves are, where that is not seen."""
    told = [
        "Ctrl and the wheel, or a pinch, zooms; dragging moves; a double click shows all again."
    ]
    if style.ranked:
        told.append(
            "NDCG@10 is that of the validation targets, ranked among all items, seen ones too."
        )
    if len({run.experiment.training.loss for run in shown}) > 1:
        told.append("These runs have different losses, which cannot be compared; NDCG@10 can.")
    return " ".join(told)


def compare(shown: Sequence[Run]) -> None:
    """Lay the settings of runs out side by side, where there are several."""
    if len(shown) < 2:
        return
    st.subheader("Settings side by side", anchor=False)
    experiments = dict(zip(labels(shown), (run.experiment for run in shown), strict=True))
    draw_table(settings_table(experiments), "settings", "settings_table")


def watch_all(runs: Sequence[Run]) -> None:
    """Draw the runs as a table, the newest first, which follows those that are active.

    Which runs cannot be read is said too, so that none is missing without a word.
    """
    if runs:
        st.subheader("Runs on this log", anchor=False)
        active = any(run.state() in ACTIVE for run in runs)
        st.fragment(_draw_table, run_every=2 * TICK_SECONDS if active else None)(runs)
    broken = broken_runs(state.OWNER)
    if broken:
        told = "".join(f"\n- {literal(sentence(one))}" for one in broken)
        st.warning(f"{plural(len(broken), 'run')} cannot be shown:{told}")


def _draw_table(runs: Sequence[Run]) -> None:
    draw_table(pd.DataFrame([_row(run) for run in runs]), "runs", "runs_table")


def _row(run: Run) -> dict[str, Any]:
    settings, training = run.experiment, run.experiment.training
    model = MODEL_NAMES[settings.model]
    final = run.final() or {}
    figures = {}
    if run.report_folder.exists():
        table = live.report_in(run.report_folder).table
        figures = table[table["MODEL"] == model].set_index("METRIC")["VALUE"]
    cut = minutes(settings.timeout_minutes or 0)
    loss = training.loss.replace("_", "-")
    return {
        "State": str(run.state()),
        "Name": run.name,
        "Split": "validation rows" if run.tries else settings.split.replace("_", "-"),
        "Sessions": "by ids" if settings.use_session_ids else cut,
        "Model": f"{model} {training.user_state}" if settings.model == "hrnn" else model,
        "Settings": f"{training.hidden_units} units, {training.epochs} epochs, {loss},"
        f" seed {training.random_state}",
        "HR@10": share(figures.get("HR@10", float("nan"))),
        "NDCG@10": f"{figures['NDCG@10']:.3f}" if "NDCG@10" in figures else "–",
        "Time": seconds(final["seconds"]) if "seconds" in final else "–",
        "Started, UTC": run.made[5:16],
    }
