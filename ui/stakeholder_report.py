"""A report for stakeholders: one HTML file that loads nothing and runs nothing."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined

import hrnn
from hrnn.diagnostics import about_training
from hrnn.errors import HRNNError
from hrnn.training.config import MODEL_NAMES
from ui import curves, live, logs, state, trials
from ui import run_facts as facts
from ui import sessions as gaps
from ui.charts import ACCENT
from ui.chosen_users import RULE, any_users, choose_users
from ui.curve_charts import CurveStyle
from ui.curve_charts import picture as curves_picture
from ui.evaluated import trained_words
from ui.figures import counted, figures_table, meanings
from ui.gap_chart import gap_picture
from ui.paper import Picture, as_picture, picture_of
from ui.report import waterfall
from ui.session_figures import session_tiles, suggested_minutes
from ui.verdict import rivals_table
from ui.words import minutes, plural, share
from workspace.datasets import Dataset
from workspace.runs import Run
from workspace.trials import newest_trial

_TEMPLATE = Path(__file__).with_name("stakeholder_report.html.jinja")
_PIXELS, _K, _SMOOTHING = 440, 10, 0.25
_COUNTS = ("No user", "One user", "Two users", "Three users", "Four users", "Five users")

Parts = dict[str, Any]


def report_html(run: Run, dataset: Dataset, *, named: bool, blind: str | None = None) -> bytes:
    """Write what somebody needs who decides about a run; what is missing is said.

    Args:
        run: of the log.
        dataset: the log.
        named: whether users are called by their ids; else they are User A, User B and so on.
        blind: what a blind test found, a finished sentence, if there was one.
    """
    measured, missing = facts.tried(dataset, run)
    told = {
        "version": hrnn.__version__,
        "made": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "log": dataset.name,
        "run": run.name,
        "run_id": run.id,
        "started": run.made,
        "model": MODEL_NAMES[run.experiment.model],
        "blind": blind,
        **_verdict(run, measured),
        **_figures(run, measured, missing),
        **_data(dataset, named),
        **_sessions(dataset, run),
        **_trial(dataset),
        **_training(run, measured),
        **_users(dataset, run, measured, named),
    }
    pages = Environment(
        loader=FileSystemLoader(_TEMPLATE.parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    return pages.get_template(_TEMPLATE.name).render(told).encode()


def _verdict(run: Run, measured: facts.Measured | None) -> Parts:
    verdict = measured.verdict if measured else None
    known = verdict is not None and verdict.answer != "none"
    return {
        "verdict": verdict,
        "no_verdict": "" if verdict else facts.no_verdict(run),
        "rivals": rivals_table(verdict) if verdict and known else None,
    }


def _figures(run: Run, measured: facts.Measured | None, missing: str) -> Parts:
    if measured is None:
        return {"figures": None, "no_figures": missing}
    report = measured.report
    table = figures_table(report, _K).fillna("–")
    return {
        "figures": table,
        "lead": measured.lead,
        "heading": report.heading,
        "seed": run.experiment.training.random_state,
        "counted": counted(report),
        "meanings": meanings(table, _K),
        "findings": report.findings,
        "leaked": report.leaked,
    }


def _data(dataset: Dataset, named: bool) -> Parts:
    data = logs.rows_of(dataset.owner, dataset.id)
    kept = waterfall(dataset, data.report)
    dropped = bool(kept["Dropped"].any())
    for name in kept.columns[1:]:
        kept[name] = [f"{one:,.0f}" if pd.notna(one) else "–" for one in kept[name]]
    return {
        "note": dataset.note,
        "facts": facts.log_facts(dataset, data).items(),
        "kept": kept if dropped else None,
        "odd": facts.oddities(data, named),
    }


def _sessions(dataset: Dataset, run: Run) -> Parts:
    """Say what cut the log, what came of it, and what a look at the gaps suggests."""
    made = dataset.owner, dataset.id
    data, hint = logs.rows_of(*made), gaps.hint_of(*made)
    said = suggested_minutes(hint)
    opening = "No timeout is suggested." if said is None else f"Suggested: {minutes(said)}."
    timeout = run.experiment.timeout_minutes
    told: Parts = {
        "cut": facts.cut_said(run, data),
        "sessions": [],
        "gaps": None,
        "gaps_note": "",
        "suggestion": f"{opening} {hint.words}",
    }
    try:
        cut = logs.split_of(*made, run.experiment.cut).sessions
        shown = session_tiles(cut).items()
        told["sessions"] = [one for one in shown if not one[0].startswith("Cut off")]
    except HRNNError as error:
        told["cut"] += f" They cannot be counted: {error}."
    if hint.gaps and timeout is not None:
        spec = gap_picture(gaps.scene_of(*made), timeout)
        alt = "Histogram of the gaps between interactions, with the timeout as a rule"
        told["gaps"] = picture_of(spec, _PIXELS, alt)
        zero = f" {plural(hint.zero_gaps, 'gap')} of zero not drawn." if hint.zero_gaps else ""
        alone = " Session ids are left out of account." if data.session_index is not None else ""
        fit = " Thin lines: the humps fitted; thick: their sum." if hint.parts else ""
        told["gaps_note"] = f"Rule: the timeout used.{alone}{fit}{zero}"
    return told


def _trial(dataset: Dataset) -> Parts:
    """Lay out what was measured at several timeouts, if that was tried."""
    tried = newest_trial(state.runs_of(dataset))
    reports = trials.measured_trials(tried)
    if len(reports) < 2:
        return {"trial": None}
    found = trials.trial_frame(trials.compare_trials(reports))
    bounds = zip(found["low"], found["high"], strict=True)
    table = {
        "Timeout": found["timeout"],
        f"NDCG@{_K}": found["value"].map("{:.3f}".format),
        "95 % interval": [f"{low:.3f}–{high:.3f}" for low, high in bounds],
        "So": found["state"],
    }
    how = f"{trials.measured_how(tried, reports)}. {trials.ONE_SEED}"
    return {"trial": pd.DataFrame(table), "trial_how": how}


def _training(run: Run, measured: facts.Measured | None) -> Parts:
    records, settings = live.events_of(run), facts.settings_of(run)
    half = (len(settings) + 1) // 2
    split = run.experiment.split
    return {
        "curves": _curves(run),
        "training": facts.training_said(run, records),
        "training_findings": list(about_training(records, run.experiment.training)),
        "learned": trained_words(measured.report, split) if measured else "",
        "settings": [settings[:half], settings[half:]],
    }


def _curves(run: Run) -> Picture | None:
    records = live.events_of(run)
    if not any(one["kind"] in ("update", "epoch") for one in records):
        return None
    ranked = any(one.get("valid_ndcg") is not None for one in records)
    style = CurveStyle(((run.name, ACCENT),), ranked=ranked)
    frame = curves.curves_frame({run.name: records}, _SMOOTHING)
    svg = curves_picture(frame, style, "svg", _PIXELS)
    return as_picture(svg, "Loss a target, and NDCG@10 of what validates, over the epochs")


def _users(dataset: Dataset, run: Run, measured: facts.Measured | None, named: bool) -> Parts:
    """Explain some users, called by letters unless they are to be named."""
    told: Parts = {"users_title": "Users explained", "users": [], "no_users": "", "kinds": []}
    if not run.has_model():
        return told | {"no_users": "The run has no model, so nothing can be explained."}
    from ui.explained_users import explained  # noqa: PLC0415 - brings torch

    try:
        split = logs.split_of(dataset.owner, dataset.id, run.experiment.cut)
        if measured is not None:
            chosen, counts = choose_users(measured.report.questions, measured.lead, split)
            every = max(sum(counts.values()), 1)
            told["kinds"] = [
                (kind, f"{plural(count, 'user')}, {share(count / every)}")
                for kind, count in counts.items()
            ]
            told["rule"] = RULE
        else:
            chosen = any_users(logs.users_of(dataset.owner, dataset.id), split)
            told["rule"] = (
                "They are spread over all users, ordered by how active they are: without figures"
                " nobody knows for whom the model is right."
            )
        told["users"] = [
            explained(dataset, run, one, one.user if named else f"User {chr(65 + place)}")
            for place, one in enumerate(chosen)
        ]
    except HRNNError as error:
        return told | {"no_users": f"No user can be explained: {error}."}
    told["users_title"] = f"{_COUNTS[len(chosen)]} explained"
    told["names"] = (
        "Users are called as in the log."
        if named
        else "Users are called by letters; what they did, and on which days, is as in the log, so"
        " somebody who knows the log could recognise them."
    )
    if run.experiment.model != "hrnn":
        told["names"] += (
            " The model knows nothing of sessions and reads a history as one sequence; sessions are"
            " shown as the timeout cuts them."
        )
    return told
