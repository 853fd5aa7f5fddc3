"""Why an item is recommended: what each session and item did, in words and for the bars."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import streamlit as st

from hrnn.baselines.flat import FlatRecommender
from hrnn.explain.fewest import MOST, Dethroned, fewest_sessions
from hrnn.explain.gradients import integrated_gradients
from hrnn.explain.leaving_out import Effects, leave_out
from hrnn.explain.scenario import Scenario
from hrnn.model.network import HRNN
from hrnn.recommend.network_recommender import NetworkRecommender
from ui.words import literal


@dataclass(frozen=True)
class Asked:
    """What is explained, and what it is explained with.

    Attributes:
        stamp: tells the model from all others.
        model: a trained network.
        scenario: the history.
        item: why it?
        begins: whether what comes next begins a new session.
        exclude: whether items of the history are left out of the ranking.
        titles: item → title.
    """

    stamp: str
    model: NetworkRecommender
    scenario: Scenario
    item: str
    begins: bool
    exclude: bool
    titles: Mapping[str, str]

    @property
    def title(self) -> str:
        """What the item is called."""
        return self.titles.get(self.item, self.item)

    @property
    def key(self) -> tuple[str, int, bool, bool]:
        """What the answers depend on; Streamlit would take a second over a long scenario."""
        return self.stamp, hash(self.scenario), self.begins, self.exclude


@st.cache_resource(max_entries=64, show_spinner=False)
def _effects(key: tuple[str, int, bool, bool], item: str, _asked: Asked) -> Effects:
    return leave_out(_asked.model, _asked.scenario, item, _asked.begins, _asked.exclude)


@st.cache_resource(max_entries=64, show_spinner=False)
def _fewest(key: tuple[str, int, bool, bool], _asked: Asked) -> Dethroned:
    return fewest_sessions(_asked.model, _asked.scenario, _asked.begins, _asked.exclude)


def draw_why(asked: Asked) -> Effects | None:
    """Say what speaks for an item; return what the bars of the history are to show, if anything."""
    st.subheader(f"Why {literal(asked.title)}?", anchor=False)
    effects = _effects(asked.key, asked.item, asked)
    if not len(effects.sessions):
        st.markdown("There is nothing before it: it is what the model says to somebody new.")
        return None
    title = f"**{literal(asked.title)}**"
    st.markdown(why_words(effects, title, has_user_state(asked.model)))
    st.markdown(fewest_words(_fewest(asked.key, asked), asked.titles))
    st.caption(
        "The bars beside the history: by how much the logarithm of the item's share among all items"
        " (softmax of the scores) falls when the session or the item is left out; to the right what"
        " speaks for it. A session that is left out has not been, so an older one may be read"
        " instead; an item leaves a gap, and sessions begin where they began. Items that say the"
        " same can each be spared, so their bars may be small while that of their session is long."
    )
    if isinstance(asked.model.estimator.fitted(), HRNN) and st.toggle(
        "A second opinion: integrated gradients", key="why_gradients"
    ):
        return _by_gradients(asked, effects)
    return effects


def _by_gradients(asked: Asked, effects: Effects) -> Effects:
    """Return the effects by gradients, and say how they are to be read."""
    found = integrated_gradients(asked.model, asked.scenario, asked.item, asked.begins)
    own = effects.interactions.assign(EFFECT=found)
    summed = own.groupby("SESSION")["EFFECT"].sum()
    sessions = effects.sessions.assign(EFFECT=effects.sessions["SESSION"].map(summed))
    left, right = effects.interactions["EFFECT"], own["EFFECT"]
    alike = np.corrcoef(left.rank(), right.rank())[0, 1] if len(own) > 2 else np.nan
    told = "" if np.isnan(alike) else f" Rank correlation with leaving out: {alike:.2f}."
    st.caption(
        "The bars are now gradients of the same share along the way from empty embeddings to what"
        " they are, summed an item (32 steps); a session has the sum of its items. Ranks are still"
        f" those without it.{told}"
    )
    return replace(effects, interactions=own, sessions=sessions)


def has_user_state(model: NetworkRecommender) -> bool:
    """Say whether a model carries a user state from session to session."""
    network = model.estimator.fitted()
    flat = isinstance(model, FlatRecommender)
    return isinstance(network, HRNN) and network.remembers and not flat


def why_words(effects: Effects, title: str, by_state: bool = True) -> str:
    """Say in a sentence what an item owes its place to.

    Args:
        effects: of the item.
        title: what it is called, as it is to be written.
        by_state: whether earlier sessions speak through a user state.
    """
    sessions = effects.sessions
    best = sessions.loc[sessions["EFFECT"].idxmax()]
    place = f"{title} stands at rank {effects.rank:,}"
    if best["EFFECT"] <= 0:
        return f"{place}; no session speaks for it."
    latest = int(sessions["SESSION"].iloc[-1])
    number, rank = int(best["SESSION"]), int(best["RANK"])
    goes_on = number == latest and not effects.begins
    which = "the latest session" if goes_on else f"session {number + 1}"
    still = "still " * (rank == effects.rank)
    without = f"without it, it would {still}be at rank {rank:,}"
    because = f"{place}, most of all because of {which}: {without}."
    if rank == effects.rank:
        because = f"{place}; {which} speaks for it most, but {without}."
    return because + _through(effects, by_state)


def _through(effects: Effects, by_state: bool) -> str:
    """Say how much comes from earlier sessions, and how much from the session that goes on."""
    if effects.begins:
        return " A new session begins, so all of it comes through the user state." * by_state
    speaks = effects.sessions["EFFECT"].clip(lower=0)
    part = round(100 * speaks.iloc[:-1].sum() / speaks.sum())
    return (
        f" Of what speaks for it, {part} % comes{' through the user state,' * by_state} from"
        f" earlier sessions, and {100 - part} % from the session that goes on."
    )


def fewest_words(found: Dethroned, titles: Mapping[str, str]) -> str:
    """Say what it would take for another item to come first."""
    if found.top is None:
        return "Every item has been seen, so nothing is recommended."
    top = literal(titles.get(found.top, found.top))
    if found.sessions is None or found.instead is None:
        return f"Up to {MOST} sessions left out, whichever, leave **{top}** first."
    *most, last = (str(number + 1) for number in found.sessions)
    named = f"{', '.join(most)} and {last}" if most else last
    which = f"session{'s' if len(found.sessions) > 1 else ''} {named}"
    instead = literal(titles.get(found.instead, found.instead))
    return f"Without {which}, the fewest that matter, **{instead}** would be first, not **{top}**."
