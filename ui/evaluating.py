"""The Evaluate page: what is measured, and how far that is."""

from dataclasses import replace

import streamlit as st

from hrnn.training.config import MODEL_NAMES
from ui import jobs, live, state
from ui.evaluated import draw_found
from ui.experiment import SPLIT_NAMES, pick_split
from ui.inputs import pick_choice, pick_several, pick_whether, run_words
from ui.launching import launcher
from ui.words import literal, plural
from workspace.datasets import Dataset
from workspace.evaluations import (
    BASELINES,
    Evaluation,
    EvaluationConfig,
    create_evaluation,
)
from workspace.runs import Run

_TARGETS = {"all": "all held-out interactions", "first": "those that begin a session"}
_RANKINGS = {"full": "full, among all items", "sampled": "sampled, 1 + 100 unseen items"}
_PEERS = {name: words for name, words in MODEL_NAMES.items() if name != "hrnn"}
_RULES = {"out": "left out of the lists", "in": "may be recommended again"}


def pick_settings(runs: list[Run], current: Run) -> EvaluationConfig | None:
    """Let it be chosen what is measured; None while nothing is."""
    known = {run.id: run for run in runs}
    left, right = st.columns([3, 2], gap="large")
    with left:
        words = run_words(runs).__getitem__
        chosen = pick_several(
            state.EVALUATED, "Models", list(known), [current.id], format_func=words
        )
        simple = pick_several("evaluate_baselines", "Beside them", BASELINES, BASELINES)
        twins = pick_whether(
            "evaluate_twins",
            "Train each once more without a user state",
            "What the user state is worth is the difference between two models trained alike, one"
            " with and one without. It takes as long as the training did.",
        )
        peers = pick_several(
            "evaluate_peers",
            "Train beside each HRNN, with its settings",
            list(_PEERS),
            (),
            format_func=_PEERS.__getitem__,
            help="What sessions are worth is the difference to the same network without them.",
            placeholder="none; a verdict wants a flat GRU",
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
    if other := [words(one) for one in chosen if known[one].experiment.split != split]:
        st.warning(
            f"Trained with another split: {literal(', '.join(other))}. Some of what is held out"
            " here may have been learned from; figures of such a model are marked as leaked."
        )
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
    known = state.evaluations_of(dataset)
    return jobs.pick(known, "Evaluation", state.EVALUATION, _title)


def _title(one: Evaluation) -> str:
    settings = one.settings
    models = [plural(len(settings.runs), "run"), plural(len(settings.baselines), "simple model")]
    models += [_PEERS[peer] for peer in settings.peers] + ["without user state"] * settings.twins
    split = SPLIT_NAMES[settings.split.split]
    return f"{one.made} · {split}, {settings.ranking} · {', '.join(models)}"


def watch(evaluation: Evaluation, dataset: Dataset) -> None:
    """Draw an evaluation; while it is active, ask again every second."""
    if jobs.has_finished(evaluation, "evaluate"):
        draw_found(evaluation, dataset, live.report_in(evaluation.report_folder))
