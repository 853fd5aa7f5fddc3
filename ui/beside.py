"""What other models say to the same history, and where they agree."""

from collections.abc import Mapping, Sequence
from copy import copy

import numpy as np
import pandas as pd
import streamlit as st

from hrnn.columns import ITEM_ID, RANK
from hrnn.data.interactions import Interactions
from hrnn.explain.ranking import ranked_by
from hrnn.explain.scenario import Scenario
from hrnn.recommend.base import Recommender
from hrnn.recommend.session_aware import SessionRecommender
from hrnn.training.config import SplitConfig
from ui import state
from ui.inputs import labels
from ui.models import baseline_of, model_of
from ui.words import literal, plural
from workspace.datasets import Dataset
from workspace.evaluations import BASELINES
from workspace.runs import Run

_KEY, _PICK = "explore_beside", "beside_pick"
_MOST = 2
_SHARED = "● "


def pick_beside(runs: Sequence[Run], current: Run) -> list[str]:
    """Let other models be chosen: ids of runs, or names of baselines; at most two."""
    others = [run for run in runs if run.id != current.id]
    names = dict(zip((run.id for run in others), labels(others), strict=True))
    names |= {name: name for name in BASELINES}
    made = (state.picked(_KEY) or "").split(".")
    kept = [one for one in made if one in names][:_MOST]
    if unknown := [one for one in made if one and one not in names]:
        state.say_unused(_KEY, ", ".join(unknown), ", ".join(kept) or "no other model")
        state.remember(_KEY, ".".join(kept) or None)
    st.session_state[_PICK] = kept

    def choose() -> None:
        state.remember(_KEY, ".".join(st.session_state[_PICK]) or None)

    return st.multiselect(
        "Beside it",
        list(names),
        format_func=names.__getitem__,
        key=_PICK,
        on_change=choose,
        max_selections=_MOST,
        placeholder="Up to two other models",
    )


def ranks_beside(
    chosen: Sequence[str],
    runs: Sequence[Run],
    dataset: Dataset,
    cut: SplitConfig,
    scenario: Scenario,
    history: Interactions,
    begins: bool,
    exclude: bool,
) -> dict[str, Mapping[str, int]]:
    """Return what others say to a scenario: their name → item → rank.

    Args:
        chosen: of :func:`pick_beside`.
        runs: of the log.
        dataset: the log.
        cut: what the baselines are fitted on, as the model was.
        scenario: what was, or might have been, done before.
        history: the rows that the scenario was taken from.
        begins: whether what comes next begins a new session.
        exclude: whether items of the history are left out.
    """
    known = {run.id: run for run in runs}
    named = dict(zip(known, labels(runs), strict=True))
    found = {}
    for one in chosen:
        run = known.get(one)
        model = model_of(run) if run else _baseline(dataset, cut, one)
        ranked = ranked_by(model, scenario, history, begins, exclude)
        found[named.get(one, one)] = dict(zip(ranked[ITEM_ID], ranked[RANK], strict=True))
    return found


def _baseline(dataset: Dataset, cut: SplitConfig, name: str) -> Recommender:
    model = copy(baseline_of(dataset.owner, dataset.id, cut, name))
    if isinstance(model, SessionRecommender):
        model.use_session_ids = True  # a scenario says by ids which sessions it has
    return model


def add_ranks(
    table: pd.DataFrame, ranks: Mapping[str, Mapping[str, int]], top: int
) -> pd.DataFrame:
    """Put the rank that each other model gives before the notes; ● where it is on top too."""
    for name, rank in ranks.items():
        place = table.columns.get_loc("Note")
        assert isinstance(place, int)
        own = [rank.get(item) for item in table["Item"]]
        words = ["–" if one is None else f"{_SHARED * (one <= top)}{one:,}" for one in own]
        table.insert(place, name if name not in table.columns else f"{name} (beside)", words)
    return table


def overlap_words(table: pd.DataFrame, ranks: Mapping[str, Mapping[str, int]], top: int) -> str:
    """Say how much of a list the others' lists share."""
    shared = {
        name: int(np.sum([rank.get(item, np.inf) <= top for item in table["Item"]]))
        for name, rank in ranks.items()
    }
    told = ", ".join(f"{count} with {literal(name)}" for name, count in shared.items())
    return f"● stands among that model's first {top} too. Of {plural(len(table), 'item')}: {told}."


def may_know(chosen: Sequence[str], runs: Sequence[Run], cut: SplitConfig) -> str:
    """Say which models beside may have learned what is held out here; nothing if none may."""
    others = [run for run in runs if run.id in chosen and run.experiment.cut != cut]
    if not others:
        return ""
    named = ", ".join(literal(run.name) for run in others)
    return f"Trained by another split, so it may have learned what is held out here: {named}."
