"""Users worth a look: where a model is right and popularity wrong, and where it is wrong."""

import numpy as np
import pandas as pd
import streamlit as st

from hrnn.training.config import MODEL_NAMES
from ui import live
from ui.inputs import pick_choice
from workspace.runs import Run

_HIT = 10
_ALL = "all"
_KINDS = {
    _ALL: "the most active",
    "right": "model right, popularity wrong",
    "wrong": "model wrong, popularity right",
    "far": "model furthest off",
    "top": "model right at once",
}


def pick_users(run: Run, users: list[str]) -> list[str]:
    """Let it be chosen which users are offered; all, the most active first, where none is known.

    Args:
        run: whose held-out figures tell which users are worth a look.
        users: of the log, the most active first.
    """
    if not run.report_folder.exists():
        return users
    kinds = list(_KINDS)
    kind = pick_choice("explore_kind", "Users", _ALL, kinds, _KINDS)
    if kind == _ALL:
        return users
    questions = live.report_in(run.report_folder).questions
    found = interesting_users(questions, MODEL_NAMES[run.experiment.model])[kind]
    if not found:
        st.caption("There is no such user here; all are offered.")
    return found or users


def interesting_users(questions: pd.DataFrame, model: str) -> dict[str, list[str]]:
    """Return users by what happened to what was held out of them.

    Args:
        questions: of a report: USER_ID and in a column a model the rank of the held-out item.
        model: its column; popularity has another.

    Returns:
        kind → users, the clearest first; of several interactions a user's best counts.
    """
    best = questions.groupby("USER_ID", sort=False)[[model, "popularity"]].min()
    own, popular = best[model], best["popularity"]

    def named(chosen: pd.Series, order: pd.Series) -> list[str]:
        return order[chosen].sort_values(kind="stable").index.astype(str).tolist()

    hit, known = own <= _HIT, popular <= _HIT
    return {
        "right": named(hit & ~known, own),
        "wrong": named(~hit & known, popular),
        "far": named(np.isfinite(own) & ~hit, -own),
        "top": named(own == 1, own),
    }
