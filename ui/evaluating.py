"""The Evaluate page: what is measured, how far it is, and what was found."""

from dataclasses import replace

import streamlit as st

from hrnn.evaluation.report import Report
from hrnn.training.config import MODEL_NAMES
from ui import charts, jobs, live, state
from ui.downloads import draw_table
from ui.experiment import SPLIT_NAMES, pick_split
from ui.figures import draw_figures
from ui.inputs import pick_choice, run_words, told_apart
from ui.launching import launcher
from ui.page import say_error
from ui.verdict import draw_verdict, verdict_of
from ui.words import literal, minutes, plural
from workspace.datasets import Dataset
from workspace.evaluations import (
    BASELINES,
    Evaluation,
    EvaluationConfig,
    create_evaluation,
)
from workspace.runs import Run, list_runs
from workspace.tasks import ACTIVE, State

_TARGETS = {"all": "all held-out interactions", "first": "those that begin a session"}
_RANKINGS = {"full": "full, among all items", "sampled": "sampled, 1 + 100 unseen items"}
_PEERS = {name: words for name, words in MODEL_NAMES.items() if name != "hrnn"}
_RULES = {"out": "left out of the lists", "in": "may be recommended again"}


def pick_settings(runs: list[Run], current: Run) -> EvaluationConfig | None:
    """Let it be chosen what is measured; None while nothing is."""
    known = {run.id: run for run in runs}
    left, right = st.columns([3, 2], gap="large")
    with left:
        chosen = st.multiselect(
            "Models",
            list(known),
            default=[current.id],
            format_func=run_words(runs).__getitem__,
            key="evaluate_runs",
        )
        simple = st.multiselect(
            "Beside them", BASELINES, default=BASELINES, key="evaluate_baselines"
        )
        twins = st.toggle(
            "Train each once more without a user state",
            key="evaluate_twins",
            help="What the user state is worth is the difference between two models trained alike,"
            " one with and one without. It takes as long as the training did.",
        )
        peers = st.multiselect(
            "Train beside each HRNN, with its settings",
            list(_PEERS),
            format_func=_PEERS.__getitem__,
            key="evaluate_peers",
            help="What sessions are worth is the difference to the same network without them.",
            placeholder="flat GRU, SASRec",
        )
    with right:
        options = [name for name in SPLIT_NAMES if name != "all_rows"]
        first = current.experiment.split
        split = pick_split("evaluate_split", sorted(options, key=lambda name: name != first))
        with st.expander("More settings"):
            ranking = pick_choice("ranking", "Ranking", "full", list(_RANKINGS), _RANKINGS)
            seen = pick_choice("seen_rule", "Items seen before", "out", list(_RULES), _RULES)
            targets = pick_choice("targets", "Measured on", "all", list(_TARGETS), _TARGETS)
    if not chosen and not simple:
        return None
    lead = known[chosen[0]] if chosen else current
    return EvaluationConfig(
        runs=tuple(chosen),
        baselines=tuple(simple),
        twins=twins,
        peers=tuple(peers),
        split=replace(lead.experiment.cut, split=split, measured_on="test"),
        ranking=ranking,
        exclude_seen=seen == "out",
        targets=targets,
    )


def start(dataset: Dataset, settings: EvaluationConfig) -> None:
    """Start an evaluation in the background and show it."""
    evaluation = create_evaluation(dataset, settings)
    st.session_state[state.EVALUATION] = evaluation.id
    state.remember(state.EVALUATION, evaluation.id)
    launcher().start(evaluation)
    st.rerun()


def pick_evaluation(dataset: Dataset) -> Evaluation | None:
    """Let one of the log's evaluations be chosen; None where there is none."""
    known = {one.id: one for one in state.evaluations_of(dataset)}
    if not known:
        return None
    state.prepare(state.EVALUATION, next(iter(known)), known)
    titles = told_apart({made: _title(one) for made, one in known.items()})
    made = st.selectbox(
        "Evaluation", list(known), format_func=titles.__getitem__, key=state.EVALUATION
    )
    state.remember(state.EVALUATION, made)
    return known[made]


def _title(one: Evaluation) -> str:
    settings = one.settings
    models = [plural(len(settings.runs), "run"), plural(len(settings.baselines), "simple model")]
    models += [_PEERS[peer] for peer in settings.peers] + ["twins"] * settings.twins
    split = SPLIT_NAMES[settings.split.split]
    return f"{one.made} · {split}, {settings.ranking} · {', '.join(models)}"


def watch(evaluation: Evaluation) -> None:
    """Draw an evaluation; while it is active, ask again every second."""
    if evaluation.state() in ACTIVE:
        jobs.watch(evaluation, "evaluate_stop")
        return
    ended = evaluation.state()
    if ended == State.FINISHED:
        _draw(evaluation, live.report_in(evaluation.report_folder))
    elif ended == State.INTERRUPTED:
        st.info("Interrupted: its worker was ended from outside.")
        if st.button("Start again", key="evaluate_resume", type="primary"):
            launcher().start(evaluation)
            st.rerun()
    else:
        say_error((evaluation.final() or {}).get("message") or "it was cancelled")
        if tail := evaluation.log_tail():
            with st.expander("Log of the worker"):
                st.code(tail, language=None)


def _draw(evaluation: Evaluation, report: Report) -> None:
    settings = evaluation.settings
    k = st.pills("Cut-off k", settings.k, default=settings.k[len(settings.k) // 2], key="cut_off")
    k = k or settings.k[0]
    note = f" · sessions cut at {minutes(settings.split.timeout_minutes or 0)}"
    _draw_verdict(evaluation, report)
    draw_figures(report, evaluation.dataset_name, k, note)
    if settings.twins:
        st.caption(
            "What the user state is worth is the difference to the model *trained without user"
            " state*: same settings, budget and seed. *User state zeroed* only shows how much the"
            " scores depend on it; the model was never trained for that."
        )
    _draw_differences(report, k)
    _draw_slices(report, k)
    st.subheader("What was trained on", anchor=False)
    st.markdown(literal(trained_words(report, settings.split.split)))
    ranked = report.questions
    with st.expander("Each held-out interaction and its ranks"):
        draw_table(ranked.head(1000), f"{evaluation.id}-ranks", "ranks_table", lambda: ranked)
        if len(ranked) > 1000:
            st.caption(f"The first 1,000 of {len(ranked):,}; the CSV holds all.")


def _draw_verdict(evaluation: Evaluation, report: Report) -> None:
    """Say whether the first run pays, where it was measured beside rivals."""
    first = next(
        (one for one in list_runs(state.OWNER) if one.id in evaluation.settings.runs[:1]), None
    )
    decided = first and verdict_of(evaluation, report, first)
    if decided:
        draw_verdict(decided)


def _draw_differences(report: Report, k: int) -> None:
    models = list(report.trained_on)
    if len(models) < 2:
        return
    st.subheader("Is the difference real?", anchor=False)
    lead = pick_choice("lead", "Model", models[0], models, {one: one for one in models})
    st.altair_chart(charts.differences(report.against(lead, f"NDCG@{k}"), lead), key="differences")
    st.caption(
        f"Difference in NDCG@{k} to each other model, paired bootstrap over users, 95 %. It is"
        " beyond doubt where the interval does not touch 0."
    )


def _draw_slices(report: Report, k: int) -> None:
    st.subheader("For whom, and where", anchor=False)
    names = {name: name.capitalize() for name in dict.fromkeys(report.slices["SLICE"])}
    name = pick_choice("slice", "By", next(iter(names)), list(names), names)
    own = report.slices[(report.slices["SLICE"] == name) & (report.slices["METRIC"] == f"NDCG@{k}")]
    st.altair_chart(charts.slices(own, f"NDCG@{k}"), key="slices")


def trained_words(report: Report, split: str) -> str:
    """Say which rows trained, which validated and which were held out."""
    counts = report.counts
    held = plural(counts["held_out"], "interaction")
    told = [f"{held} held out ({SPLIT_NAMES[split].lower()})"]
    if counts["after_last"]:
        told.append(f"{counts['after_last']:,} after them, which no model fitted here was given")
    clean = [model for model, rows in report.trained_on.items() if not rows]
    leaked = {model: rows for model, rows in report.trained_on.items() if rows}
    words = f"{'; '.join(told)}."
    if clean:
        words += f" Neither trained nor validated on any of them: {', '.join(clean)}."
    for model, rows in leaked.items():
        words += f" Trained or validated on {rows:,} of them: {model}."
    return words
