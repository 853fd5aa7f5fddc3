"""What if: edits of a history as chips, in the link, with undo."""

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import quote, unquote

import pandas as pd
import streamlit as st

from hrnn.data.interactions import Interactions
from hrnn.errors import ConfigError
from hrnn.explain.scenario import Scenario
from hrnn.recommend.network_recommender import NetworkRecommender
from ui import state
from ui.inputs import MARKS, told_apart
from ui.page import say_error
from ui.words import clipped, minutes

#: The first edit, if sessions are cut anew: all others count sessions and places after it.
_CUT = "cut:"
#: Edits that count places as they are then.
_COUNT_PLACES = ("remove", "move")
#: A browser takes long to list more.
_MOST_OPTIONS = 1_000
#: So many of the list can be taken with a click.
_CLICKED = 10


def edits() -> list[str]:
    """Return the edits that the link holds, or held when this page was last left."""
    text = state.picked(state.EDITS)
    state.remember(state.EDITS, text)
    return [unquote(one) for one in (text or "").split(",") if one]


def _keep(made: Sequence[str]) -> None:
    state.remember(state.EDITS, ",".join(quote(one, safe=":-") for one in made) or None)


def add(edit: str) -> None:
    """Make one more edit."""
    _keep([*edits(), edit])


def new_timeout() -> float | None:
    """Return the minutes that the sessions are cut at anew; None as the model cuts them."""
    for edit in edits()[:1]:
        if edit.startswith(_CUT):
            with suppress(ValueError):
                if 0 < (value := float(edit.removeprefix(_CUT))) < math.inf:
                    return value
    return None


def taken(model: NetworkRecommender, history: Interactions) -> Scenario:
    """Take a history as it was, its sessions cut anew where the link says so."""
    return Scenario.of(model, history, new_timeout())


def edited(was: Scenario) -> Scenario:
    """Make the edits of the link; one that cannot be made ends them, and that is said."""
    made, scenario = edits(), was
    for place, edit in enumerate(made):
        if place == 0 and new_timeout() is not None:
            continue
        try:
            scenario = scenario.edited([edit])
        except ConfigError as error:
            say_error(f"{error}. It and what came after it are left out")
            _keep(made[:place])
            break
    return scenario


def draw_edits(titles: Mapping[str, str]) -> None:
    """Draw the edits made, each with a way to take it back."""
    made = edits()
    if not made:
        return
    with st.container(horizontal=True, key="edits"):
        for place, edit in enumerate(made):
            st.button(
                _words(edit, titles),
                key=f"edit_{place}",
                icon=":material/close:",
                help="Take this edit back, and later ones that count the places behind it",
                on_click=_keep,
                args=(_without(made, place),),
            )
        if len(made) > 1:
            st.button("Undo the last", key="edit_undo", on_click=_keep, args=(made[:-1],))
            st.button("As it was", key="edit_none", on_click=_keep, args=((),))


def _without(made: list[str], place: int) -> list[str]:
    """Take one edit back, and with it later ones that count places or sessions which it changed."""
    if made[place].startswith(_CUT):
        return []
    later = (edit for edit in made[place + 1 :] if edit.partition(":")[0] not in _COUNT_PLACES)
    return [*made[:place], *later]


def _words(edit: str, titles: Mapping[str, str]) -> str:
    kind, _, rest = edit.partition(":")
    if kind == "cut":
        return f"cut at {minutes(new_timeout() or 0)}"
    if kind == "add":
        return f"added {clipped(titles.get(rest, rest))}"
    if kind == "wait":
        return "waited past the timeout"
    if kind == "move":
        place, _, to = rest.partition("-")
        return f"moved item {_from_one(place)} to {_from_one(to)}"
    what = "dropped session" if kind == "drop" else "removed item"
    return f"{what} {_from_one(rest)}"


def _from_one(text: str) -> str:
    return str(int(text) + 1) if text.isdecimal() else clipped(text)


def draw_click(ranked: pd.DataFrame, titles: Mapping[str, str]) -> None:
    """Let one of the first recommendations be taken, as the user would."""
    items = ranked["ITEM_ID"].head(_CLICKED).tolist()
    words = told_apart({item: clipped(titles.get(item, item)) for item in items})

    def make() -> None:
        if (item := st.session_state.edit_click) is not None:
            add(f"add:{item}")
            st.session_state.edit_click = None

    st.pills(
        "Act as the user: take one of these next",
        items,
        format_func=words.__getitem__,
        key="edit_click",
        on_change=make,
    )


def draw_editor(
    scenario: Scenario, items: Sequence[str], names: Mapping[str, str], *, recut: bool
) -> None:
    """Offer the edits that can be made of a scenario.

    Args:
        scenario: as it is now.
        items: ids of the catalogue, the most popular first; any other id can be typed.
        names: item → what it is called among the options.
        recut: whether its sessions can be cut anew.
    """
    with st.expander("What if this history were another?", key="what_if"):
        left, right = st.columns(2, gap="medium", vertical_alignment="bottom")
        numbers = sorted(set(scenario.sessions), reverse=True)[:_MOST_OPTIONS]
        places = list(range(len(scenario)))[::-1][:_MOST_OPTIONS]
        with left:
            _offer("drop", "Drop a session", numbers, lambda one: f"Session {one + 1}")
            _offer(
                "add",
                "Add an item at the end",
                items[:_MOST_OPTIONS],
                lambda one: names.get(one, one),
                accept_new_options=len(items) > _MOST_OPTIONS,
            )
        with right:
            _offer(
                "remove",
                "Remove an item",
                places,
                lambda one: f"{one + 1} · {names.get(scenario.items[one], scenario.items[one])}",
            )
            st.button(
                "Wait past the timeout",
                key="edit_wait",
                help="What comes next then begins a new session.",
                disabled=scenario.waits,
                on_click=add,
                args=("wait",),
            )
        if len(places) > 1:
            _offer_move(scenario, names)
        if recut:
            _offer_cut()


def _offer(
    kind: str, label: str, options: Sequence[Any], words: Callable[[Any], str], **more: Any
) -> None:
    """Offer one kind of edit as a choice that is made at once, and then stands empty again."""

    def make() -> None:
        chosen = st.session_state[f"edit_{kind}"]
        if chosen is not None:
            add(f"{kind}:{chosen}")
            st.session_state[f"edit_{kind}"] = None

    st.selectbox(
        label, options, index=None, format_func=words, key=f"edit_{kind}", on_change=make,
        disabled=not len(options), **more,
    )  # fmt: skip


def _offer_cut() -> None:
    def make() -> None:
        if (value := st.session_state.edit_cut) is not None:
            _keep([f"{_CUT}{value:g}"])

    st.session_state.edit_cut = next((one for one in MARKS if one == new_timeout()), None)
    st.pills(
        "Cut the history anew at",
        MARKS,
        format_func=minutes,
        key="edit_cut",
        help="The model stays as it was trained. Other edits are taken back: they count sessions.",
        on_change=make,
    )


def _offer_move(scenario: Scenario, names: Mapping[str, str]) -> None:
    count = len(scenario)
    last = range(max(count - _MOST_OPTIONS, 0), count)

    def words(place: int) -> str:
        return f"{place + 1} · {names.get(scenario.items[place], scenario.items[place])}"

    def make() -> None:
        place, to = st.session_state.edit_from, st.session_state.edit_to - 1
        if place is not None and place != to:
            add(f"move:{place}-{to}")
        st.session_state.edit_from = None

    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox("Move an item", last[::-1], index=None, format_func=words, key="edit_from")
        st.number_input("to place", 1, count, count, key="edit_to")
        st.button("Move", key="edit_move", on_click=make)
