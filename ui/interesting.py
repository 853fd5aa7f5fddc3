"""Users worth a look: where a model is right or wrong, and whom the user state matters for."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from hrnn.explain.states import user_state_effects
from hrnn.recommend.network_recommender import NetworkRecommender
from hrnn.recommend.recommender import HierarchicalSequentialRecommender
from hrnn.training.config import MODEL_NAMES
from ui import live, logs, state
from ui.inputs import pick_choice
from ui.models import model_of
from ui.words import plural, share
from workspace.datasets import Dataset
from workspace.runs import Run

_HIT = 10
#: Users, evenly spread, who are asked about with and without the user state.
_MOST_ASKED = 500
_ALL, _SESSIONS, _STATE = "all", "sessions", "state"
_KINDS = {
    _ALL: "the most active",
    _SESSIONS: "with the most sessions",
    _STATE: "most moved by the user state",
    "right": "model right, popularity wrong",
    "wrong": "model wrong, popularity right",
    "far": "model furthest off",
    "top": "model right at once",
}


def pick_users(dataset: Dataset, run: Run, of_a_user: Sequence[str]) -> list[str]:
    """Let it be chosen which users are offered; all, the most active first, where none is known.

    Args:
        dataset: the log.
        run: whose model and held-out figures tell which users are worth a look.
        of_a_user: what was picked for one user and means nothing for another.
    """
    model = model_of(run)
    users = logs.users_of(dataset.owner, dataset.id)
    remembers = isinstance(model, HierarchicalSequentialRecommender) and (
        model.estimator.fitted().remembers
    )
    measured = run.report_folder.exists()
    kinds = [_ALL, _SESSIONS, *([_STATE] * (remembers and measured))]
    kinds += [kind for kind in _KINDS if kind not in (_ALL, _SESSIONS, _STATE)] if measured else []
    forgets = (state.USER, *of_a_user)
    kind = pick_choice("explore_kind", "Users", _ALL, kinds, _KINDS, forgets)
    if kind == _ALL:
        return users
    if kind == _SESSIONS:
        return _by_sessions(dataset, run)
    if kind == _STATE:
        return _by_state(dataset.owner, dataset.id, run, model)
    questions = live.report_in(run.report_folder).questions
    found = interesting_users(questions, MODEL_NAMES[run.experiment.model])[kind]
    st.caption(
        "By the run's own figures, measured without items seen before."
        if found
        else "There is no such user here; all are offered."
    )
    return found or users


def _by_sessions(dataset: Dataset, run: Run) -> list[str]:
    sessions = logs.split_of(dataset.owner, dataset.id, run.experiment.cut).sessions
    order = np.argsort(-sessions.per_user, kind="stable")
    return sessions.data.user_ids[order].tolist()


def _by_state(owner: str, made: str, run: Run, model: NetworkRecommender) -> list[str]:
    effects = _state_effects(owner, made, run, model)
    most = effects.iloc[0]
    st.caption(
        "Before what was held out, the sessions before the current one decide"
        f" {share(most)} of what is recommended to the first user here, {share(effects.median())}"
        f" to the one in the middle, of {plural(len(effects), 'user')} looked at."
    )
    return effects.index.tolist()


@st.cache_data(
    max_entries=4,
    show_spinner="Asking the model without the user state",
    hash_funcs={Run: Run.model_stamp},
)
def _state_effects(owner: str, made: str, run: Run, _model: NetworkRecommender) -> pd.Series:
    """Return by how much the user state moves each of some users, the most first."""
    assert isinstance(_model, HierarchicalSequentialRecommender)
    split = logs.split_of(owner, made, run.experiment.cut)
    data = split.data
    _, first = np.unique(data.user_index[split.test], return_index=True)
    rows = split.test[first][:: max(1, -(-len(first) // _MOST_ASKED))]
    users = data.user_ids[data.user_index[rows]]
    effects = pd.Series(user_state_effects(_model, data, rows), index=users)
    return effects.sort_values(ascending=False, kind="stable")


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
