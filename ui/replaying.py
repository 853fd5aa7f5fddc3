"""A history over time: where what came next stood, and how the user state went on."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from hrnn.explain.replay import MOST, replay
from hrnn.explain.scenario import Scenario
from hrnn.explain.states import state_path
from hrnn.recommend.network_recommender import NetworkRecommender
from hrnn.recommend.recommender import HierarchicalSequentialRecommender
from ui.charts import ACCENT, OTHER_TONE, QUIET_TONE
from ui.words import literal, plural

Spec = dict[str, Any]
_VIEWS = {"replay": "Replay: where what came next stood", "states": "User state over sessions"}


def draw_over_time(
    run_id: str,
    model: NetworkRecommender,
    scenario: Scenario,
    exclude: bool,
    titles: Mapping[str, str],
) -> None:
    """Draw a history from its beginning, once somebody asks for it."""
    st.subheader("Over time", anchor=False)
    remembers = (
        isinstance(model, HierarchicalSequentialRecommender) and model.estimator.fitted().remembers
    )
    views = _VIEWS if remembers else {"replay": _VIEWS["replay"]}
    view = st.segmented_control(
        "Over time", list(views), format_func=views.__getitem__, key="over_time",
        label_visibility="collapsed",
    )  # fmt: skip
    if view == "replay":
        _draw_replay(_replayed(run_id, hash(scenario), exclude, model, scenario), exclude, titles)
    elif view == "states":
        assert isinstance(model, HierarchicalSequentialRecommender)
        _draw_states(model, scenario)


@st.cache_resource(max_entries=16, show_spinner="Replaying the history")
def _replayed(
    run_id: str, key: int, exclude: bool, _model: Any, _scenario: Scenario
) -> pd.DataFrame:
    return replay(_model, _scenario, exclude)


def _draw_replay(found: pd.DataFrame, exclude: bool, titles: Mapping[str, str]) -> None:
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
            "item": [titles.get(item, item) for item in found["ITEM_ID"]],
            "session": found["SESSION"] + 1,
            "what": np.where(found["OPENS"], "begins a session", "goes on"),
        }
    )
    st.vega_lite_chart(_replay_chart(frame), key="replay_chart", alt="Ranks over the history")
    missed = int((~ranked).sum())
    told = "Lower is better; log scale. The model learned from most of these interactions itself."
    if exclude and missed:
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
    st.markdown(
        f"**The user state jumped most in session {jump + 1}**: its cosine to the one before is"
        f" {1 - path.jump[jump]:.2f}."
    )
    number = np.arange(1, count + 1)
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
        st.caption(literal("Cosine of the states after two sessions: dark where they are alike."))


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
