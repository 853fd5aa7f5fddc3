"""Timelines of chosen users: one timeout above another, with what splits and what merges."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd
import streamlit as st

from hrnn.data.interactions import Interactions
from hrnn.sessions import MINUTE_US, Sessions, segment
from ui import logs, state
from ui.charts import ACCENT, GREY, OTHER_TONE, QUIET_TONE
from ui.session_charts import INK, Spec
from ui.words import literal, minutes, moment, plural
from workspace.datasets import Dataset

USERS, OTHER = "sessions_user", "timeout_other"
_USERS_KEY, _OTHER_KEY = "timeline_users", "timeline_other"
_USUAL = (5.0, 15.0, 30.0, 60.0, 240.0, 1440.0, 10080.0)
#: The browser makes all options anew with each move of the timeout: 5,000 take it 150 ms.
_MOST_USERS, _MOST_OPTIONS, _MOST_ROWS = 4, 1_000, 80
_MOST_DATES, _MOST_GAPS = 7, 12
_LEAST_WIDTH = 12.0  # of the axis: a few interactions do not fill it
_MARGIN = 0.3  # of a block, beside its outermost marks
_UPPER, _LOWER = 1.0, 0.0


def draw_timelines(
    dataset: Dataset, sessions: Sessions, timeout: float, by_ids: bool, suggested: float | None
) -> None:
    """Draw the sessions of chosen users, and what another timeout would make of them.

    Args:
        dataset: the log.
        sessions: the log, cut as chosen.
        timeout: minutes.
        by_ids: whether session ids decide.
        suggested: the suggested timeout, if there is one.
    """
    st.subheader("Timelines", anchor=False)
    left, right = st.columns(2, gap="medium", vertical_alignment="bottom")
    with left:
        users = _pick_users(dataset, sessions)
    with right:
        other = _pick_other(timeout, suggested)
    st.caption(
        "A mark is an interaction, a block a session. Distance grows with the log of the gap."
        " Dotted: only one of the two starts another session there."
    )
    data, titles = sessions.data, logs.titles_of(dataset.owner, dataset.id)
    names = ("by session ids" if by_ids else f"at {minutes(timeout)}"), f"at {minutes(other)}"
    for place, user in enumerate(users):
        own = data.of_user(user)
        if not len(own):
            st.warning(f"User {literal(user)} is not in this log. Choose another.")
            continue
        both = segment(own, timeout, by_ids), segment(own, other, use_session_ids=False)
        line = lay_out(own, *both, titles)
        with st.container(key=f"timeline_{place}"):
            st.markdown(f"**{literal(user)}** · {in_words(line, *names)}")
            alt = f"Sessions along the line of user {place + 1}"
            st.vega_lite_chart(timeline(line, names), alt=alt)


def _pick_users(dataset: Dataset, sessions: Sessions) -> list[str]:
    """Let a few users be chosen; the first ones are typical and the one with most sessions."""
    known = logs.users_of(dataset.owner, dataset.id)
    text = state.picked(USERS)
    most = str(sessions.data.user_ids[int(sessions.per_user.argmax())])
    chosen = [known[len(known) // 2], most] if text is None else from_link(text)
    chosen = list(dict.fromkeys(chosen))[:_MOST_USERS]
    st.session_state[_USERS_KEY] = chosen
    longer = len(known) > _MOST_OPTIONS
    typed = f" Listed are the first {_MOST_OPTIONS:,}; type any other id." if longer else ""

    def choose() -> None:
        state.remember(USERS, to_link(st.session_state[_USERS_KEY]) or None)

    return st.multiselect(
        "Users",
        list(dict.fromkeys([*chosen, *known[:_MOST_OPTIONS]])),
        key=_USERS_KEY,
        on_change=choose,
        max_selections=_MOST_USERS,
        accept_new_options=longer,
        help="At first: one with as many interactions as most, and the one with most sessions."
        + typed,
    )


def to_link(users: list[str]) -> str:
    """Write user ids into one text; a comma in an id is written so that it parts nothing."""
    return ",".join(user.replace("%", "%25").replace(",", "%2C") for user in users)


def from_link(text: str) -> list[str]:
    """Read what :func:`to_link` wrote."""
    return [one.replace("%2C", ",").replace("%25", "%") for one in text.split(",") if one]


def _pick_other(timeout: float, suggested: float | None) -> float:
    """Let a second timeout be chosen: a usual one, or the suggested one."""
    offered = sorted({*_USUAL, *([suggested] if suggested else [])} - {timeout})
    try:
        wanted = float(state.picked(OTHER) or "")
    except ValueError:
        wanted = suggested
    far = 240.0 if timeout < 240 else 30.0
    st.session_state[_OTHER_KEY] = wanted if wanted in offered else far

    def choose() -> None:
        state.remember(OTHER, st.session_state[_OTHER_KEY])

    return st.selectbox(
        "Beside a timeout of",
        offered,
        format_func=lambda one: minutes(one) + (", suggested" if one == suggested else ""),
        key=_OTHER_KEY,
        on_change=choose,
    )


@dataclass(frozen=True)
class Line:
    """A user's interactions along a line, cut in two ways.

    Attributes:
        frame: the last ones: ``place``, ``upper`` and ``lower`` (session, from 1), ``title``,
            ``time`` and ``gap`` in words.
        rows: how many there are in all.
        sessions: how many sessions the upper and the lower cut make of all.
        falls, comes: pairs of all that only the upper, only the lower cut parts.
    """

    frame: pd.DataFrame
    rows: int
    sessions: tuple[int, int]
    falls: int
    comes: int


def lay_out(data: Interactions, upper: Sessions, lower: Sessions, titles: dict[str, str]) -> Line:
    """Lay one user's interactions out along a line, in the order of the upper sessions."""
    order = np.argsort(upper.number, kind="stable")
    up, low = upper.number[order] + 1, lower.number[order] + 1
    cuts_up, cuts_low = np.diff(up) != 0, np.diff(low) != 0
    time_us = data.time_us[order]
    gap = np.maximum(np.diff(time_us, prepend=time_us[0]), 0) / MINUTE_US
    last = slice(max(len(order) - _MOST_ROWS, 0), None)
    items = data.item_ids[data.item_index[order[last]]]
    words = ["", *map(minutes, gap[1:].tolist())][last]
    frame = pd.DataFrame(
        {
            "place": _places(gap[last]),
            "upper": up[last],
            "lower": low[last],
            "title": [titles.get(item, item) for item in items],
            "time": [moment(one) for one in time_us[last].tolist()],
            "gap": words,
        }
    )
    falls, comes = int((cuts_up & ~cuts_low).sum()), int((cuts_low & ~cuts_up).sum())
    return Line(frame, len(order), (upper.count, lower.count), falls, comes)


def _places(gap: np.ndarray) -> np.ndarray:
    steps = 0.4 + np.log2(1 + gap)
    return np.cumsum(steps) - steps[0]


def in_words(line: Line, upper: str, lower: str) -> str:
    """Say what becomes of a user's sessions from one cut to the other."""
    many = plural(line.rows, "interaction")
    if line.rows > len(line.frame):
        many += f" (the last {len(line.frame)} drawn)"
    above, below = line.sessions
    one = plural(above, "session")
    if not line.falls and not line.comes:
        return f"{many} · {one} {upper}, the same {lower}"
    parts = [
        *([f"{plural(line.falls, 'cut')} fewer: sessions merge"] if line.falls else []),
        *([f"{plural(line.comes, 'cut')} more: sessions split"] if line.comes else []),
    ]
    return f"{many} · {one} {upper}, {below:,} {lower} ({'; '.join(parts)})"


def timeline(line: Line, names: tuple[str, str]) -> Spec:
    """Draw a line: two rows of blocks, marks on both, dots where only one of them cuts.

    All that depends on the line comes as data, so that the browser keeps the chart when it changes.

    Args:
        line: as :func:`lay_out` makes it.
        names: how the upper and the lower row are cut: "at 30 min", "by session ids".
    """
    frame = line.frame
    end = max(frame["place"].iloc[-1], _LEAST_WIDTH)
    room = max(0.8, end / 50)
    place = (frame["place"].to_numpy() + room) / (end + 2 * room)
    margin = _MARGIN / (end + 2 * room)
    up, low = frame["upper"].to_numpy(), frame["lower"].to_numpy()
    blocks = [_blocks(place, up, _UPPER, margin), _blocks(place, low, _LOWER, margin)]
    one_sided = np.flatnonzero((np.diff(up) != 0) ^ (np.diff(low) != 0))
    middle = (place[one_sided] + place[one_sided + 1]) / 2
    shown = place[-1] - place[0]
    said = _apart(middle, shown / _MOST_GAPS)
    texts = frame["gap"].iloc[one_sided[said] + 1].tolist()
    starts = np.flatnonzero(np.diff(up, prepend=0))
    dated = starts[_apart(place[starts], shown / _MOST_DATES)]
    marks = frame[["title", "time", "gap", "upper", "lower"]].assign(x=place)
    rows = [marks.assign(y=y, tone=_tones(one)) for y, one in ((_UPPER, up), (_LOWER, low))]
    days = frame["time"].iloc[dated].str.slice(4, 10).tolist()
    return _drawing() | {
        "datasets": {
            "blocks": pd.concat(blocks, ignore_index=True),
            "dots": _dots(middle, said),
            "marks": pd.concat(rows, ignore_index=True),
            "gaps": pd.DataFrame({"x": middle[said], "words": pd.Series(texts, dtype=str)}),
            "dates": pd.DataFrame({"x": place[dated], "words": days}),
            "names": pd.DataFrame({"y": [_UPPER, _LOWER], "words": names}),
        }
    }


@lru_cache(maxsize=1)
def _drawing() -> Spec:
    """Make what is the same for all lines."""
    x = {"field": "x", "type": "quantitative", "scale": {"domain": [0, 1], "nice": False}}
    y = {"field": "y", "type": "quantitative", "scale": {"domain": [-0.5, 1.5], "nice": False}}
    still = {"grid": False, "ticks": False, "title": None}
    dates = {"values": {"expr": "pluck(data('dates'), 'x')"}, "labelExpr": _named("dates", "x")}
    names = {"values": [_UPPER, _LOWER], "labelExpr": _named("names", "y"), "domain": False}
    apart = {"labelAngle": 0, "labelFlush": False, "labelOverlap": "greedy", "labelSeparation": 4}
    x["axis"] = still | dates | apart
    y["axis"] = still | names | {"labelLimit": 110}
    tone = {"field": "tone", "type": "nominal", "scale": None}
    told = (
        "{title: datum.title, time: datum.time + ' UTC', session:"
        " format(datum.upper, ',') + ' above, ' + format(datum.lower, ',') + ' below'}"
    )
    gap = f"merge({told}, {{gap: datum.gap + ' after the one before'}})"
    marks = {
        "type": "point",
        "filled": True,
        "size": 60,
        "opacity": 1,
        "stroke": GREY,
        "strokeWidth": 1,
    }
    return {
        "height": 190,
        "layer": [
            {
                "data": {"name": "blocks"},
                "mark": {"type": "rect", "opacity": 0.4, "tooltip": False},
                "encoding": {
                    "x": x,
                    "x2": {"field": "x2"},
                    "y": y,
                    "y2": {"field": "y2"},
                    "color": tone,
                },
            },
            {
                "data": {"name": "dots"},
                "mark": {
                    "type": "rule",
                    "color": ACCENT,
                    "strokeWidth": 2,
                    "strokeDash": [3, 3],
                    "tooltip": False,
                    "aria": False,
                },
                "encoding": {"x": x, "y": y, "y2": {"field": "y2"}},
            },
            {
                "data": {"name": "gaps"},
                "mark": {"type": "text", "fontSize": 11, "tooltip": False},
                "encoding": {
                    "x": x,
                    "y": {"datum": 0.5, "type": "quantitative"},
                    "text": {"field": "words"},
                    "color": INK,
                },
            },
            {
                "data": {"name": "marks"},
                "mark": marks,
                "encoding": {
                    "x": x,
                    "y": y,
                    "color": tone,
                    "description": {"field": "title"},
                    "tooltip": {"value": {"expr": f"datum.gap ? {gap} : {told}"}},
                },
            },
            # Draws nothing: an axis alone does not make Vega-Lite keep the data it reads.
            *(
                {"data": {"name": name}, "mark": {"type": "text", "text": "", "tooltip": False}}
                for name in ("dates", "names")
            ),
        ],
    }


def _named(data: str, field: str) -> str:
    """Write an expression that finds the words of a tick."""
    place = f"indexof(pluck(data('{data}'), '{field}'), datum.value)"
    return f"{place} < 0 ? '' : data('{data}')[{place}].words"


def _blocks(place: np.ndarray, session: np.ndarray, y: float, margin: float) -> pd.DataFrame:
    """Make a block for each run of interactions of one session, in two alternating tones."""
    starts = np.flatnonzero(np.diff(session, prepend=session[0] - 1))
    stops = np.append(starts[1:], len(session)) - 1
    left, right = place[starts] - margin, place[stops] + margin
    tones = _tones(session[starts])
    return pd.DataFrame({"x": left, "x2": right, "y": y - 0.3, "y2": y + 0.3, "tone": tones})


def _dots(middle: np.ndarray, said: list[int]) -> pd.DataFrame:
    """Make a dotted line at each place, broken where its gap is written."""
    ends = [
        (x, *pair)
        for at, x in enumerate(middle.tolist())
        for pair in (((-0.4, 0.36), (0.64, 1.4)) if at in said else ((-0.4, 1.4),))
    ]
    return pd.DataFrame(ends, columns=["x", "y", "y2"], dtype=float)


def _tones(session: np.ndarray) -> list[str]:
    return [QUIET_TONE if one % 2 else OTHER_TONE for one in session.tolist()]


def _apart(places: np.ndarray, least: float) -> list[int]:
    """Choose places, from the left, that are far enough apart to be written at."""
    chosen: list[int] = []
    for at, place in enumerate(places.tolist()):
        if not chosen or place - places[chosen[-1]] >= least:
            chosen.append(at)
    return chosen
