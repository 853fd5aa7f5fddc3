"""Beyond a list: the history replayed, the user state over sessions, and the items around."""

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from hrnn.explain.replay import MOST, replay
from hrnn.explain.scenario import Scenario
from hrnn.explain.states import similar_users, state_path
from hrnn.recommend.recommender import HierarchicalSequentialRecommender
from ui import logs, state
from ui.charts import ACCENT, OTHER_TONE, QUIET_TONE
from ui.downloads import draw_table
from ui.item_space import draw_items
from ui.why import Asked
from ui.words import plural
from workspace.datasets import Dataset

Spec = dict[str, Any]
_VIEW = "beyond"
_VIEWS = {
    "replay": "Replay: where what came next stood",
    "states": "User state over sessions",
    "items": "Items like it",
}


def draw_beyond(asked: Asked, dataset: Dataset, user: str | None) -> None:
    """Draw a history from its beginning, or the items around, once somebody asks for it."""
    model = asked.model
    remembers = (
        isinstance(model, HierarchicalSequentialRecommender) and model.estimator.fitted().remembers
    )
    st.subheader("Beyond this list", anchor=False)
    views = {name: words for name, words in _VIEWS.items() if remembers or name != "states"}
    if _VIEW not in st.session_state or state.from_outside(_VIEW):
        wanted = state.picked(_VIEW)
        if wanted and wanted not in views:
            state.say_unused(_VIEW, wanted, "none")
        st.session_state[_VIEW] = wanted if wanted in views else None
    view = st.segmented_control(
        "Beyond this list", list(views), format_func=views.__getitem__, key=_VIEW,
        label_visibility="collapsed",
    )  # fmt: skip
    state.remember(_VIEW, view)
    if view == "replay":
        _draw_replay(_replayed(asked.key, asked), asked, learned=user is not None)
    elif view == "states":
        assert isinstance(model, HierarchicalSequentialRecommender)
        _draw_states(model, asked.scenario)
        if user is not None:
            _draw_similar(model, asked.stamp, dataset, user)
    elif view == "items":
        draw_items(asked, dataset)


@st.cache_resource(max_entries=16, show_spinner="Replaying the history")
def _replayed(key: tuple[str, int, bool, bool], _asked: Asked) -> pd.DataFrame:
    return replay(_asked.model, _asked.scenario, _asked.exclude)


@st.cache_data(max_entries=16, show_spinner="Looking at the other users")
def _similar(stamp: str, made: str, user: str, _model: Any, _dataset: Dataset) -> pd.DataFrame:
    return similar_users(_model, logs.rows_of(_dataset.owner, made), user)


def _draw_similar(
    model: HierarchicalSequentialRecommender, stamp: str, dataset: Dataset, user: str
) -> None:
    """Draw the users whose states, after all they did, are most like this one's."""
    data = logs.rows_of(dataset.owner, dataset.id)
    if user not in data.user_ids:
        return
    found = _similar(stamp, dataset.id, user, model, dataset)
    table = pd.DataFrame({"User": found["USER_ID"], "Cosine": found["SIMILARITY"].round(3)})
    st.markdown("**Users in a similar state, after all that they did**")
    draw_table(table, "similar-users", "similar_users")


def _draw_replay(found: pd.DataFrame, asked: Asked, learned: bool) -> None:
    if found.empty:
        st.caption("There is no interaction that the model knows.")
        return
    rank = found["RANK"].to_numpy()
    ranked = np.isfinite(rank)
    first = int((rank <= 10).sum())
    st.markdown(
        f"**{first:,} of {plural(len(found), 'interaction')}** stood among the first 10 before"
        " they came."
    )
    frame = pd.DataFrame(
        {
            "n": found["PLACE"] + 1,
            "rank": np.where(ranked, rank, np.nan),
            "item": [asked.titles.get(item, item) for item in found["ITEM_ID"]],
            "session": found["SESSION"] + 1,
            "what": np.where(found["OPENS"], "begins a session", "goes on"),
        }
    )
    st.vega_lite_chart(_replay_chart(frame), key="replay_chart", alt="Ranks over the history")
    missed = int((~ranked).sum())
    told = "Lower is better; log scale."
    if learned:
        told += " The model learned from most of these interactions itself."
    if asked.exclude and missed:
        told += f" {plural(missed, 'item')} had been seen before and cannot be ranked by this rule."
    if len(found) == MOST:
        told += f" The last {MOST:,} are shown."
    st.caption(told)


def _replay_chart(frame: pd.DataFrame) -> Spec:
    x = {"field": "n", "type": "quantitative", "title": "interaction", "axis": {"tickMinStep": 1}}
    scale = {"type": "log", "reverse": True, "domainMin": 1}
    axis = {"tickCount": 4, "format": ",d"}
    y = {"field": "rank", "type": "quantitative", "title": "rank", "scale": scale, "axis": axis}
    kinds = {"domain": ["begins a session", "goes on"], "range": [OTHER_TONE, ACCENT]}
    color = {"field": "what", "type": "nominal", "scale": kinds}
    color["legend"] = {"title": None, "orient": "top"}
    tooltip = [
        {"field": name, "title": title}
        for name, title in (("item", "item"), ("rank", "rank"), ("session", "session"))
    ]
    return {
        "height": 220,
        "data": {"name": "replay"},
        "layer": [
            {
                "mark": {"type": "line", "color": QUIET_TONE, "strokeWidth": 1},
                "encoding": {"x": x, "y": y},
            },
            {
                "mark": {"type": "point", "filled": True, "size": 40, "opacity": 1},
                "encoding": {"x": x, "y": y, "color": color, "tooltip": tooltip},
            },
        ],
        "datasets": {"replay": frame},
    }


def _draw_states(model: HierarchicalSequentialRecommender, scenario: Scenario) -> None:
    path = state_path(model, scenario)
    count = len(path.states)
    if count < 2:
        st.caption("There is one session, so the user state has nowhere to go.")
        return
    jump = int(np.nanargmax(path.jump))
    number = path.sessions + 1
    st.markdown(
        f"**The user state jumped most in session {number[jump]}**: its cosine to the one before is"
        f" {1 - path.jump[jump]:.2f}."
    )
    frame = pd.DataFrame({"x": path.drawing[:, 0], "y": path.drawing[:, 1], "session": number})
    one, two = np.meshgrid(number, number)
    likeness = pd.DataFrame(
        {"one": one.ravel(), "two": two.ravel(), "cosine": path.similarity.ravel()}
    )
    left, right = st.columns(2, gap="medium")
    with left:
        st.vega_lite_chart(_path_chart(frame), key="path_chart", alt="The user state's way")
        st.caption("Its way in the two directions in which it differs most (principal components).")
    with right:
        st.vega_lite_chart(_likeness_chart(likeness), key="likeness_chart", alt="Likeness")
        st.caption("Cosine of the states after two sessions: the stronger, the more alike.")


def _path_chart(frame: pd.DataFrame) -> Spec:
    plain = {"labels": False, "ticks": False, "grid": False, "domain": False}
    x, y = (
        {
            "field": name,
            "type": "quantitative",
            "title": None,
            "axis": plain,
            "scale": {"zero": False},
        }
        for name in "xy"
    )
    order = {"field": "session", "type": "quantitative"}
    shared = {"x": x, "y": y, "order": order}
    return {
        "height": 280,
        "data": {"name": "path"},
        "layer": [
            {"mark": {"type": "line", "color": QUIET_TONE}, "encoding": shared},
            {
                "mark": {
                    "type": "point",
                    "filled": True,
                    "size": 60,
                    "color": ACCENT,
                    "opacity": 1,
                },
                "encoding": {
                    "x": x,
                    "y": y,
                    "tooltip": [{"field": "session", "title": "after session"}],
                },
            },
            {
                "mark": {"type": "text", "dy": -10, "color": "gray"},
                "encoding": {"x": x, "y": y, "text": {"field": "session"}},
            },
        ],
        "datasets": {"path": frame},
    }


def _likeness_chart(frame: pd.DataFrame) -> Spec:
    axis = {"labelAngle": 0, "labelOverlap": True}
    one, two = (
        {"field": name, "type": "ordinal", "title": "after session", "axis": axis}
        for name in ("one", "two")
    )
    return {
        "height": 280,
        "data": {"name": "likeness"},
        "mark": {"type": "rect", "color": ACCENT},
        "encoding": {
            "x": one,
            "y": two,
            "opacity": {
                "field": "cosine",
                "type": "quantitative",
                "scale": {"domain": [-1, 1], "range": [0.02, 1]},
                "legend": None,
            },
            "tooltip": [
                {"field": "one", "title": "session"},
                {"field": "two", "title": "session"},
                {"field": "cosine", "title": "cosine", "format": ".2f"},
            ],
        },
        "datasets": {"likeness": frame},
    }
