"""Which timeout pays: small models at several timeouts, measured on the same interactions."""

from collections import Counter
from collections.abc import Mapping

import pandas as pd
import streamlit as st

from hrnn.data.interactions import Interactions
from hrnn.errors import HRNNError
from hrnn.evaluation.report import Report
from hrnn.evaluation.trials import compare
from hrnn.training.config import MODEL_NAMES, PRESETS, SplitConfig
from hrnn.training.cost import expected_seconds
from hrnn.training.roles import check_learnable
from ui import live, logs, session_charts, state
from ui.launching import TICK_SECONDS, launcher
from ui.page import say_error
from ui.session_figures import Curve
from ui.words import literal, minutes, plural, seconds
from workspace.datasets import Dataset
from workspace.runs import Run
from workspace.tasks import ACTIVE, State
from workspace.trials import MOST, create_trial, newest_trial, trial_cut

_OFFERED = (5.0, 15.0, 30.0, 60.0, 120.0, 480.0, 1440.0, 10080.0)
_USUAL = (5.0, 30.0, 120.0, 1440.0)
_MODEL = MODEL_NAMES["hrnn"]
ONE_SEED = "One training a timeout: another seed may move a point by as much as its interval."
_ENDED = {
    State.STOPPED: "it was stopped",
    State.INTERRUPTED: "its worker was ended from outside",
}


def draw_trial(
    dataset: Dataset,
    data: Interactions,
    timeout: float,
    suggested: float | None,
    sessions_a_user: Curve,
) -> None:
    """Let timeouts be tried, and draw what came of it."""
    st.subheader("Which timeout pays?", anchor=False)
    st.caption(
        "Trains a small model at each of these timeouts and asks all of them about the same"
        " interactions: each user's last but one. The last one is put aside, so that the choice of"
        " a timeout does not flatter the figures later."
    )
    _offer(dataset, data, timeout, suggested)
    tried = newest_trial(state.runs_of(dataset))
    if tried:
        active = any(run.state() in ACTIVE for run in tried.values())
        st.fragment(_draw, run_every=TICK_SECONDS if active else None)(
            tried, sessions_a_user.frame, suggested, _states(tried)
        )


def _offer(dataset: Dataset, data: Interactions, timeout: float, suggested: float | None) -> None:
    extra = [one for one in (timeout, suggested) if one is not None]
    options = sorted({*_OFFERED, *extra})
    usual = sorted({*_USUAL, *extra})[:MOST]
    words = Counter(map(minutes, options))
    left, right = st.columns([3, 1], vertical_alignment="bottom")
    with left:
        chosen = st.multiselect(
            "Timeouts to try",
            options,
            default=usual,
            # A browser hands back the words, so no two options may have the same.
            format_func=lambda one: minutes(one) if words[minutes(one)] == 1 else f"{one:g} min",
            max_selections=MOST,
            key="trial_minutes",
        )
    training = PRESETS["quick"]
    each = expected_seconds(training, len(data), len(data.item_ids))
    with right:
        go = st.button("Try these timeouts", key="trial_go", disabled=len(chosen) < 2)
    amounts = data.report.outcome_mode in ("soft", "continuous")
    st.caption(
        f"{plural(len(chosen), 'run')} of about {seconds(each)} each, one after the other, in the"
        " background. The move of the rule above adds its timeout to the list."
        + ("" if data.session_index is None else " Session ids are left out of account.")
        + (" Every outcome above 0 counts as a positive." if amounts else "")
    )
    if not go:
        return
    cut = SplitConfig(use_session_ids=False, outcomes="positives" if amounts else "as_found")
    try:
        split = logs.split_of(dataset.owner, dataset.id, trial_cut(cut))
        items = len(split.data.item_ids)
        check_learnable(split.role, split.data.outcome, items, training.loss)
        for run in create_trial(dataset, cut, chosen, training):
            launcher().start(run)
    except HRNNError as error:
        say_error(error)
        return
    st.rerun()


def _states(tried: Mapping[float, Run]) -> list[object]:
    return [(run.id, run.state(), run.report_folder.exists()) for run in tried.values()]


def _draw(
    tried: Mapping[float, Run],
    sessions_a_user: pd.DataFrame,
    suggested: float | None,
    seen: list[object],
) -> None:
    if _states(tried) != seen:
        st.rerun()
    waiting = [one for one, run in tried.items() if run.state() in ACTIVE]
    if waiting:
        running = sum(tried[one].fraction() for one in waiting)
        done = (len(tried) - len(waiting) + running) / len(tried)
        left, right = st.columns([5, 1], vertical_alignment="center")
        left.progress(done, text=f"{plural(len(waiting), 'timeout')} still to come")
        if right.button("Cancel", key="trial_cancel", width="stretch"):
            for one in waiting:
                launcher().stop(tried[one])
            st.rerun()
    reports, without = measured_trials(tried), []
    for one, run in tried.items():
        now = run.state()
        if one not in reports and now not in ACTIVE:
            why = (run.final() or {}).get("message") or _ENDED.get(now, "it has none")
            without.append(f"\n- {minutes(one)}: {literal(why)}.")
    if without:
        st.warning(f"{plural(len(without), 'timeout')} without figures:{''.join(without)}")
    if not reports:
        return
    found = compare_trials(reports)
    st.markdown("So far: " * bool(waiting) + trial_words(found))
    spec = session_charts.trial(trial_frame(found), sessions_a_user, suggested)
    st.vega_lite_chart(spec, key="trial_chart", alt="NDCG@10 by timeout")
    name = next(iter(tried.values())).dataset_name
    dotted = "" if suggested is None else " Dotted: the suggested timeout."
    st.caption(
        f"{literal(name)} · {literal(measured_how(tried, reports))} · line: sessions a user, mean."
        f"{dotted} {ONE_SEED}"
    )


def measured_trials(tried: Mapping[float, Run]) -> dict[float, Report]:
    """Return the reports of the runs of a trial that have one, by their timeout."""
    return {
        one: live.report_in(run.report_folder)
        for one, run in tried.items()
        if run.state() == State.FINISHED and run.report_folder.exists()
    }


def compare_trials(reports: Mapping[float, Report]) -> pd.DataFrame:
    """Lay the figures of a trial out, see :func:`hrnn.evaluation.trials.compare`."""
    return compare(reports, _MODEL)


def measured_how(tried: Mapping[float, Run], reports: Mapping[float, Report]) -> str:
    """Say what the figures of a trial were measured on, and what was trained."""
    training = next(iter(tried.values())).experiment.training
    return (
        f"{next(iter(reports.values())).heading} (bootstrap), {training.random_state} (training) ·"
        f" {training.hidden_units} units, {training.epochs} epochs"
    )


def trial_frame(found: pd.DataFrame) -> pd.DataFrame:
    """Make what the chart shows of compared timeouts."""
    return pd.DataFrame(
        {
            "m": found["SETTING"],
            "timeout": found["SETTING"].map(minutes),
            "value": found["VALUE"],
            "low": found["LOW"],
            "high": found["HIGH"],
            "state": [_state(*row) for row in found[["BEHIND", "BEHIND_LOW"]].to_numpy()],
        }
    )


def _state(behind: float, low: float) -> str:
    best, near, far = session_charts.TRIED
    return best if behind == 0 else far if low > 0 else near


def trial_words(found: pd.DataFrame) -> str:
    """Say which timeouts are best, and which of the others may be as good."""
    frame = trial_frame(found)
    named = {name: frame.loc[frame["state"] == name, "timeout"] for name in session_charts.TRIED}
    best, near, far = named.values()
    top = frame.loc[frame["state"] == "best"].iloc[0]
    figure = f"{top['value']:.3f} ({top['low']:.3f}–{top['high']:.3f})"
    if len(frame) == 1:
        return f"**{best.iloc[0]}** has {figure}; there is nothing yet to compare it with."
    told = f"**{', '.join(best)}** {'is' if len(best) == 1 else 'are all'} best: {figure}."
    if len(near):
        told += f" As good, for all these figures say: {', '.join(near)}."
    if len(far):
        told += f" Behind beyond doubt: {', '.join(far)}."
    return told
