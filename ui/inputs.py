"""Inputs shared by pages."""

from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Literal, TypeVar

import pandas as pd
import streamlit as st

from hrnn.data.interactions import Interactions
from hrnn.errors import HRNNError
from ui import state
from ui.words import literal, minutes
from workspace.runs import Run, open_run

#: Usual timeouts, in minutes.
MARKS = (5.0, 15.0, 30.0, 60.0, 240.0, 1440.0)
_STOPS = (
    *(float(m) for m in range(1, 11)),
    *(12.0, 15.0, 18.0, 20.0, 22.0, 25.0, 28.0, 30.0, 35.0, 40.0, 45.0, 50.0, 55.0),
    *(
        float(60 * h)
        for h in (1, 1.25, 1.5, 1.75, 2, 2.5, 3, 3.5, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20)
    ),
    *(float(1440 * d) for d in (1, 1.5, 2, 3, 4, 5, 7, 10, 14, 21, 30)),
)
_MOST_USERS = 5_000
_MARK_KEY, _RUN_KEY, _COMPARED_KEY = "timeout_mark", "run_pick", "compare_pick"
#: More curves over one another than this cannot be told apart.
_MOST_COMPARED = 5
#: Of the recommendations, the first so many can be explained, and what really came next.
_MOST_EXPLAINED = 20
_TAKEN = ("Setting", "Differs")  # columns that stand beside those named by runs

N = TypeVar("N", int, float)

_STARTS = {
    "auto": "As in the log",
    "continue": "Continue the last session",
    "new": "Start a new session",
    "after": "After a time",
}
#: What the link says of several where none is chosen.
_NONE = "none"
_AFTER, _NOBODY = "explore_after", "explore_nobody"


def pick_timeout() -> float:
    """Let the timeout be moved on a log scale, with the usual ones a click away; minutes."""
    current = say_timeout()
    stops = sorted({*_STOPS, current})
    st.session_state[state.TIMEOUT] = current
    timeout = st.select_slider(
        "Timeout", stops, format_func=minutes, key=state.TIMEOUT, help="On a log scale."
    )
    mark = timeout if timeout in MARKS else None
    st.session_state[_MARK_KEY] = mark
    st.pills(
        "Usual timeouts",
        MARKS,
        format_func=minutes,
        key=_MARK_KEY,
        on_change=_take_mark,
        label_visibility="collapsed",
    )
    state.remember(state.TIMEOUT, float(timeout))
    return float(timeout)


def say_timeout() -> float:
    """Return the timeout in minutes; if the link's is none, say so and forget it."""
    timeout, problem = state.current_timeout()
    if problem:
        st.error(literal(problem))
        state.remember(state.TIMEOUT, None)
    return timeout


def _take_mark() -> None:
    mark = st.session_state[_MARK_KEY]
    if mark is not None:
        st.session_state[state.TIMEOUT] = mark


def pick_session_ids(data: Interactions) -> bool:
    """Let explicit session ids be used or not, where the log has some."""
    if data.session_index is None:
        return False
    state.prepare(state.SESSION_IDS, True)
    use = st.toggle("Use the log's session ids", key=state.SESSION_IDS)
    state.remember(state.SESSION_IDS, use)
    return use


def uses_session_ids(data: Interactions) -> bool:
    """Whether the log has session ids, and they are to decide."""
    picked = state.picked(state.SESSION_IDS) or "True"
    return data.session_index is not None and picked.lower() != "false"


def pick_user(users: Sequence[str], key: str, forgets: Sequence[str] = ()) -> str:
    """Let a user be chosen from the first ones, or any by typing the id.

    Args:
        users: who is offered, those that are most worth it first.
        key: of the widget.
        forgets: what was picked for one user and means nothing for another.
    """
    options = list(users[:_MOST_USERS])
    wanted = state.picked(key)
    if wanted and wanted not in options:
        options = [wanted, *options]
    state.prepare(key, options[0], options)
    user = st.selectbox(
        "User", options, key=key, accept_new_options=True, on_change=state.forget, args=forgets
    )
    state.remember(key, user)
    return str(user)


def pick_run(runs: list[Run], label: str = "Run") -> Run | None:
    """Let one of some runs be chosen; None where there is none."""
    known = {run.id: run for run in runs}
    current = state.current_run(runs)
    if current is None:
        return None
    made = state.picked(state.RUN)
    if made is not None and made not in known and not _exists(made):
        state.say_unused(state.RUN, made, f"the newest, {current.name}")
        state.remember(state.RUN, None)
    st.session_state[_RUN_KEY] = current.id
    words = run_words(runs)

    def choose() -> None:
        state.remember(state.RUN, st.session_state[_RUN_KEY])

    st.selectbox(
        label,
        list(known),
        format_func=words.__getitem__,
        key=_RUN_KEY,
        on_change=choose,
    )
    return current


def pick_shown(runs: list[Run]) -> list[Run]:
    """Let a run be chosen, and others that are shown over it; the chosen one comes first."""
    left, right = st.columns(2)
    with left:
        run = pick_run(runs)
    if run is None:
        return []
    others = [one for one in runs if one.id != run.id]
    with right:
        return [run, *_pick_compared(others)]


def _pick_compared(runs: list[Run]) -> list[Run]:
    known = {run.id: (run, label) for run, label in zip(runs, labels(runs), strict=True)}
    made = (state.picked(state.COMPARED) or "").split(".")
    kept = [one for one in made if one in known][:_MOST_COMPARED]
    unknown = [one for one in made if one and one not in known]
    if unknown and state.from_outside(state.COMPARED):
        state.say_unused(state.COMPARED, ", ".join(unknown), ", ".join(kept) or "no other run")
        state.remember(state.COMPARED, ".".join(kept) or None)
    if not runs:
        return []
    st.session_state[_COMPARED_KEY] = kept

    def choose() -> None:
        state.remember(state.COMPARED, ".".join(st.session_state[_COMPARED_KEY]) or None)

    chosen = st.multiselect(
        "Compare with",
        list(known),
        format_func=lambda made: known[made][1],
        key=_COMPARED_KEY,
        on_change=choose,
        max_selections=_MOST_COMPARED,
        placeholder="Other runs on this log",
    )
    return [known[one][0] for one in chosen]


def labels(runs: Sequence[Run]) -> list[str]:
    """Return what runs are called beside one another, telling those of one name apart."""
    return list(told_apart({run.id: run.name for run in runs}, _TAKEN).values())


def run_words(runs: Iterable[Run]) -> dict[str, str]:
    """Say which run is which in a list of runs: id → words."""
    return told_apart({run.id: f"{run.name} · {run.made[5:16]}" for run in runs})


def told_apart(words: Mapping[str, str], taken: Iterable[str] = ()) -> dict[str, str]:
    """Tell things of the same words apart by their ids.

    A browser hands back the words of an option, so two of the same words would be mixed up.

    Args:
        words: id → words.
        taken: words that none may have.
    """
    count = Counter([*words.values(), *taken])
    shared = {made: text for made, text in words.items() if count[text] > 1}
    short = Counter(f"{text} ({made[-6:]})" for made, text in shared.items())
    told = {}
    for made, text in shared.items():
        brief = f"{text} ({made[-6:]})"
        told[made] = brief if short[brief] == 1 else f"{text} ({made})"
    return {**words, **told}


def _exists(made: str) -> bool:
    try:
        return open_run(state.OWNER, made).id == made
    except HRNNError:
        return False


class _Between(Container[float]):
    """The numbers from one to another; nothing that is not a number."""

    def __init__(self, low: float, high: float) -> None:
        self.low, self.high = low, high

    def __contains__(self, value: object) -> bool:
        return isinstance(value, int | float) and self.low <= value <= self.high


def pick_number(key: str, label: str, default: N, low: N, high: N) -> N:
    """Let a number be chosen; it stands in the link if it is not the default."""
    state.prepare(key, default, _Between(low, high))
    form = "%g" if isinstance(default, float) else None
    step = None if isinstance(default, int) else low if low > 0 else 0.05
    value = st.number_input(label, low, high, key=key, format=form, step=step)
    state.remember(key, value if value != default else None)
    return value


def pick_choice(
    key: str,
    label: str,
    default: str,
    options: list[str],
    names: Mapping[str, str],
    forgets: Sequence[str] = (),
) -> str:
    """Let one of some options be chosen; it stands in the link if it is not the default.

    ``forgets`` is what was picked for one of them and means nothing for another.
    """
    state.prepare(key, default, options)
    value = st.selectbox(
        label,
        options,
        format_func=lambda one: names.get(one, one.replace("_", "-")),
        key=key,
        on_change=state.forget,
        args=forgets,
    )
    state.remember(key, value if value != default else None)
    return value


def pick_several(
    key: str, label: str, options: Sequence[str], usual: Sequence[str], **more: Any
) -> list[str]:
    """Let several of some options be chosen; they stand in the link if they are not the usual ones.

    What the link names that is not here is left out, and said; of nothing but such, the usual ones
    are taken.
    """
    made = state.picked(key) or ""
    named = [one for one in made.split(".") if one and made != _NONE]
    kept = [one for one in named if one in options]
    if unknown := [one for one in named if one not in options]:
        state.say_unused(key, ", ".join(unknown), ", ".join(kept) or "the usual")
        state.remember(key, ".".join(kept) or None)
    widget = f"{key}_pick"
    st.session_state[widget] = kept if kept or made == _NONE else list(usual)

    def choose() -> None:
        chosen = st.session_state[widget]
        told = ".".join(chosen) or _NONE
        state.remember(key, told if set(chosen) != set(usual) else None)

    return st.multiselect(label, options, key=widget, on_change=choose, **more)


def pick_begins(as_in_log: bool, timeout_minutes: float | None, over: bool) -> bool:
    """Let it be chosen whether what comes next begins a new session.

    Args:
        as_in_log: whether what really came next did.
        over: whether the last session is over whatever is chosen, by a wait or since it is dropped.
        timeout_minutes: a longer time since the last interaction begins one; None never does.
    """
    state.prepare("explore_start", "auto", _STARTS)
    start = st.radio(
        "The next interaction",
        list(_STARTS),
        format_func=lambda one: _STARTS[one],
        key="explore_start",
        horizontal=True,
    )
    state.remember("explore_start", start)
    if start == "after":
        state.prepare(_AFTER, 60.0, _STOPS)
        after = st.select_slider("It comes", _STOPS, format_func=_later, key=_AFTER)
        state.remember(_AFTER, float(after))
        new = picked_start(timeout_minutes) == "new"
        if not over:
            words = "begins a new session" if new else "continues the last session"
            st.caption(f"So it {words}.")
    else:
        new = as_in_log if start == "auto" else start == "new"
    if over:
        st.caption("The last session is over, so it begins a new one.")
    return new


def picked_start(timeout_minutes: float | None) -> Literal["auto", "continue", "new"]:
    """Return what was picked of :func:`pick_begins`; of a time, what follows from it."""
    start = state.picked("explore_start")
    if start == "after":
        with suppress(ValueError):
            after = float(state.picked(_AFTER) or 0)
            return "new" if timeout_minutes is not None and after > timeout_minutes else "continue"
    return "new" if start == "new" else "continue" if start == "continue" else "auto"


def _later(after: float) -> str:
    return f"{minutes(after)} later"


def pick_exclude_seen() -> bool:
    """Let items of the history be left out of the recommendations."""
    state.prepare("exclude_seen", False)
    exclude = st.toggle("Leave out items seen before", key="exclude_seen")
    state.remember("exclude_seen", exclude)
    return exclude


def pick_nobody() -> bool:
    """Let somebody be acted as who has done nothing yet."""
    return pick_whether(_NOBODY, "Start from nobody", "A history that you make yourself.")


def pick_whether(key: str, label: str, more: str) -> bool:
    """Let something be switched on; it stands in the link then."""
    state.prepare(key, False)
    on = st.toggle(label, key=key, help=more)
    state.remember(key, on or None)
    return on


def pick_item(ranked: pd.DataFrame, held_out: str | None, names: Mapping[str, str]) -> str | None:
    """Let an item be chosen that is explained: one of the first, or the one that came next.

    Its rank is no part of its name: a browser hands that back, and an edit moves ranks in between.
    """
    options = ranked["ITEM_ID"].head(_MOST_EXPLAINED).tolist()
    wanted = state.picked(state.ITEM)
    for extra in (wanted, held_out):
        if extra is not None and extra not in options and extra in set(ranked["ITEM_ID"]):
            options.append(extra)
    if not options:
        return None
    state.prepare(state.ITEM, options[0], options)
    item = st.selectbox(
        "Explained", options, format_func=lambda one: names.get(one, one), key=state.ITEM
    )
    state.remember(state.ITEM, item if item != options[0] else None)
    return item
