"""Why an item is recommended: what each session and item did, drawn and said."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import streamlit as st

from hrnn.explain.fewest import MOST, Dethroned, fewest_sessions
from hrnn.explain.gradients import integrated_gradients
from hrnn.explain.leaving_out import Effects, leave_out
from hrnn.explain.ranking import seen
from hrnn.explain.scenario import Scenario
from hrnn.model.network import HRNN
from hrnn.recommend.network_recommender import NetworkRecommender
from ui.effects_chart import effects_chart, lines
from ui.words import literal

_OPENED = 3


@st.cache_resource(max_entries=64, show_spinner=False)
def _effects(
    run_id: str, key: int, item: str, begins: bool, exclude: bool, _model: Any, _scenario: Scenario
) -> Effects:
    excluded = seen(_model, _scenario) if exclude else None
    return leave_out(_model, _scenario, item, begins, excluded)


@st.cache_resource(max_entries=64, show_spinner=False)
def _fewest(
    run_id: str, key: int, begins: bool, exclude: bool, _model: Any, _scenario: Scenario
) -> Dethroned:
    excluded = seen(_model, _scenario) if exclude else None
    return fewest_sessions(_model, _scenario, begins, excluded)


def draw_why(
    run_id: str,
    model: NetworkRecommender,
    scenario: Scenario,
    item: str,
    begins: bool,
    exclude: bool,
    titles: Mapping[str, str],
    when: Mapping[int, str],
) -> None:
    """Draw what speaks for an item, and say it in a sentence."""
    title = titles.get(item, item)
    st.subheader(f"Why {literal(title)}?", anchor=False)
    asked = run_id, hash(scenario)  # Streamlit would take a second over a long one
    effects = _effects(*asked, item, begins, exclude, model, scenario)
    if not len(effects.sessions):
        st.markdown("There is nothing before it: it is what the model says to somebody new.")
        return
    st.markdown(why_words(effects, title, begins or scenario.waits))
    most = effects.sessions["EFFECT"].abs().nlargest(_OPENED).index
    opened = {int(effects.sessions["SESSION"].iloc[-1]), *effects.sessions["SESSION"][most]}
    if len(effects.sessions) > len(opened) and st.toggle("All items", key="why_all"):
        opened = set(effects.sessions["SESSION"])
    frame = lines(effects, titles, when, opened)
    st.vega_lite_chart(effects_chart(frame, title), key="why_chart", alt="What speaks for it")
    st.caption(
        "A bar is by how much the logarithm of the item's share among all items (softmax of the"
        " scores) falls when the session or the item is left out; sessions begin where they began,"
        " and nothing older comes in instead. Items that say the same can each be spared, so their"
        " bars may be small while that of their session is long."
    )
    st.markdown(fewest_words(_fewest(*asked, begins, exclude, model, scenario), titles))
    if isinstance(model.estimator.fitted(), HRNN) and st.toggle(
        "A second opinion: integrated gradients", key="why_gradients"
    ):
        _draw_gradients(model, scenario, item, begins, effects, title, titles, when)


def _draw_gradients(
    model: NetworkRecommender,
    scenario: Scenario,
    item: str,
    begins: bool,
    effects: Effects,
    title: str,
    titles: Mapping[str, str],
    when: Mapping[int, str],
) -> None:
    found = integrated_gradients(model, scenario, item, begins)
    own = effects.interactions.assign(EFFECT=found)
    summed = own.groupby("SESSION")["EFFECT"].sum()
    per_session = effects.sessions.assign(EFFECT=effects.sessions["SESSION"].map(summed))
    second = Effects(effects.item, effects.share, effects.rank, own, per_session)
    every = set(effects.sessions["SESSION"])
    frame = lines(second, titles, when, every)
    st.vega_lite_chart(effects_chart(frame, title), key="gradients_chart", alt="Gradients")
    left, right = effects.interactions["EFFECT"], own["EFFECT"]
    alike = np.corrcoef(left.rank(), right.rank())[0, 1] if len(own) > 2 else np.nan
    told = "" if np.isnan(alike) else f" Rank correlation with leaving out: {alike:.2f}."
    st.caption(
        "Gradients of the same share along the way from empty embeddings to what they are, summed"
        f" an item (32 steps); a session has the sum of its items.{told}"
    )


def why_words(effects: Effects, title: str, begins: bool) -> str:
    """Say in a sentence what an item owes its place to."""
    sessions = effects.sessions
    best = sessions.loc[sessions["EFFECT"].idxmax()]
    place = f"**{literal(title)}** stands at rank {effects.rank:,}"
    if best["EFFECT"] <= 0:
        return f"{place}; no session speaks for it."
    latest = int(sessions["SESSION"].iloc[-1])
    number, rank = int(best["SESSION"]), int(best["RANK"])
    which = "the latest session" if number == latest else f"session {number + 1}"
    without = f"without it, it would be at rank {rank:,}"
    return f"{place}, most of all because of {which}: {without}. {_through(effects, begins)}"


def _through(effects: Effects, begins: bool) -> str:
    """Say how much comes through the user state, and how much from the session that goes on."""
    if begins:
        return "A new session begins, so all of it comes through the user state."
    speaks = effects.sessions["EFFECT"].clip(lower=0)
    part = 100 * speaks.iloc[:-1].sum() / speaks.sum()
    return (
        f"Of what speaks for it, {part:.0f} % comes through the user state, from earlier sessions,"
        f" and {100 - part:.0f} % from the session that goes on."
    )


def fewest_words(found: Dethroned, titles: Mapping[str, str]) -> str:
    """Say what it would take for another item to come first."""
    top = literal(titles.get(found.top, found.top))
    if found.sessions is None or found.instead is None:
        return f"No {MOST} sessions or fewer, left out, would put another item before **{top}**."
    named = " and ".join(str(number + 1) for number in found.sessions)
    which = f"session{'s' if len(found.sessions) > 1 else ''} {named}"
    instead = literal(titles.get(found.instead, found.instead))
    return f"Without {which}, the fewest that matter, **{instead}** would be first, not **{top}**."
