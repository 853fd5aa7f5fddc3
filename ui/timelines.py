"""Timelines of chosen users: one timeout above another, with what splits and what merges."""

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import streamlit as st

from hrnn.data.interactions import Interactions
from hrnn.sessions import MINUTE_US, Sessions, segment
from ui import logs, state
from ui.charts import ACCENT, GREY, OTHER_TONE, QUIET, QUIET_TONE
from ui.words import literal, minutes, moment, plural
from workspace.datasets import Dataset

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

USERS, OTHER = "sessions_user", "timeout_other"
_USERS_KEY, _OTHER_KEY = "timeline_users", "timeline_other"
_USUAL = (5.0, 15.0, 30.0, 60.0, 240.0, 1440.0, 10080.0)
_MOST_USERS, _MOST_OPTIONS, _MOST_ROWS = 4, 5_000, 80
_MOST_DATES, _MOST_GAPS = 7, 12
_LEAST_WIDTH = 12.0  # of the axis: a few interactions do not fill it
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
        st.markdown(f"**{literal(user)}** · {in_words(line, *names)}")
        st.plotly_chart(timeline(line, names), key=f"timeline_{place}", config=QUIET)


def _pick_users(dataset: Dataset, sessions: Sessions) -> list[str]:
    """Let a few users be chosen; the first ones are typical and the one with most sessions."""
    known = logs.users_of(dataset.owner, dataset.id)
    text = state.picked(USERS)
    most = str(sessions.data.user_ids[int(sessions.per_user.argmax())])
    chosen = [known[len(known) // 2], most] if text is None else from_link(text)
    chosen = list(dict.fromkeys(chosen))[:_MOST_USERS]
    st.session_state[_USERS_KEY] = chosen

    def choose() -> None:
        state.remember(USERS, to_link(st.session_state[_USERS_KEY]) or None)

    return st.multiselect(
        "Users",
        list(dict.fromkeys([*chosen, *known[:_MOST_OPTIONS]])),
        key=_USERS_KEY,
        on_change=choose,
        max_selections=_MOST_USERS,
        accept_new_options=len(known) > _MOST_OPTIONS,
        help="At first: one with as many interactions as most, and the one with most sessions.",
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


def timeline(line: Line, names: tuple[str, str]) -> "Figure":
    """Draw a line: two rows of blocks, marks on both, dots where only one of them cuts.

    Args:
        line: as :func:`lay_out` makes it.
        names: how the upper and the lower row are cut: "at 30 min", "by session ids".
    """
    import plotly.graph_objects as go  # noqa: PLC0415 - heavy, and only this chart needs it

    frame = line.frame
    place = frame["place"].to_numpy()
    up, low = frame["upper"].to_numpy(), frame["lower"].to_numpy()
    # In few pieces: Plotly takes a millisecond and more for each that is added to a figure.
    shapes = [*_blocks(place, up, _UPPER), *_blocks(place, low, _LOWER)]
    one_sided = np.flatnonzero((np.diff(up) != 0) ^ (np.diff(low) != 0))
    middle = (place[one_sided] + place[one_sided + 1]) / 2
    said = _apart(middle, place[-1] / _MOST_GAPS)
    shapes.extend(_dots(middle, said))
    columns = (frame[name] for name in ("title", "time", "gap", "upper", "lower"))
    texts = [
        f"<b>{escape(title)}</b><br>{time} UTC" + (f"<br>{gap} after the one before" if gap else "")
        + f"<br>session {a} above, {b} below"
        for title, time, gap, a, b in zip(*columns, strict=True)
    ]  # fmt: skip
    marks = go.Scatter(
        x=np.tile(place, 2),
        y=np.repeat([_UPPER, _LOWER], len(frame)),
        mode="markers",
        marker={"size": 8, "color": _tones(up) + _tones(low), "line": {"width": 1, "color": GREY}},
        hovertext=texts * 2,
        hoverinfo="text",
    )
    gaps = go.Scatter(
        x=middle[said],
        y=np.full(len(said), 0.5),
        mode="text",
        text=[frame["gap"].iloc[at + 1] for at in one_sided[said].tolist()],
        textfont={"size": 11},
        hoverinfo="skip",
    )
    return go.Figure([marks, gaps], _layout(shapes, frame, names))


def _blocks(place: np.ndarray, session: np.ndarray, y: float) -> list[dict[str, Any]]:
    """Make a block for each run of interactions of one session, in two alternating tones."""
    starts = np.flatnonzero(np.diff(session, prepend=session[0] - 1))
    stops = np.append(starts[1:], len(session)) - 1
    shape = {"type": "rect", "y0": y - 0.3, "y1": y + 0.3, "opacity": 0.4, "line": {"width": 0}}
    ends = zip(place[starts].tolist(), place[stops].tolist(), _tones(session[starts]), strict=True)
    return [shape | {"x0": a - 0.3, "x1": b + 0.3, "fillcolor": tone} for a, b, tone in ends]


def _dots(middle: np.ndarray, said: list[int]) -> list[dict[str, Any]]:
    """Make a dotted line at each place, broken where its gap is written."""
    shape = {"type": "line", "line": {"color": ACCENT, "width": 2, "dash": "dot"}}
    ends = [
        (x, *pair)
        for at, x in enumerate(middle.tolist())
        for pair in (((-0.4, 0.36), (0.64, 1.4)) if at in said else ((-0.4, 1.4),))
    ]
    return [shape | {"x0": x, "x1": x, "y0": low, "y1": high} for x, low, high in ends]


def _tones(session: np.ndarray) -> list[str]:
    return [QUIET_TONE if one % 2 else OTHER_TONE for one in session.tolist()]


def _apart(places: np.ndarray, least: float) -> list[int]:
    """Choose places, from the left, that are far enough apart to be written at."""
    chosen: list[int] = []
    for at, place in enumerate(places.tolist()):
        if not chosen or place - places[chosen[-1]] >= least:
            chosen.append(at)
    return chosen


def _layout(
    shapes: list[dict[str, Any]], frame: pd.DataFrame, names: tuple[str, str]
) -> dict[str, Any]:
    starts = np.flatnonzero(np.diff(frame["upper"], prepend=0))
    width = max(frame["place"].iloc[-1], _LEAST_WIDTH)
    room = max(0.8, width / 50)
    dated = starts[_apart(frame["place"].to_numpy()[starts], frame["place"].iloc[-1] / _MOST_DATES)]
    return {
        "shapes": shapes,
        "showlegend": False,
        "xaxis": {
            "tickvals": frame["place"].iloc[dated].tolist(),
            "ticktext": [one[4:10] for one in frame["time"].iloc[dated]],
            "tickangle": 0,
            "range": [-room, width + room],
            "showgrid": False,
            "zeroline": False,
        },
        "yaxis": {
            "tickvals": [_UPPER, _LOWER],
            "ticktext": list(names),
            "range": [-0.5, 1.5],
            "showgrid": False,
            "zeroline": False,
            "fixedrange": True,
        },
        "height": 190,
        "margin": {"l": 8, "r": 8, "t": 8, "b": 30},
    }
