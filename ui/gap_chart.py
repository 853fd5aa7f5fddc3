"""The gap histogram, whose rule is dragged: a frame in, a Vega-Lite specification out.

The specification depends on the log alone; where the rule stands comes as data.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ui.charts import OTHER_TONE, QUIET_TONE
from ui.session_charts import ACTIVE, INK, TICKS, Spec, axis_in_words
from ui.words import minutes

#: The selection that a dragged rule leaves, and its fields: the timeout, and the move it begins.
DRAG, DRAGGED, MOVE = "drag", "m", "v"
#: Room for words above the bars; where words change sides; what makes a bar be cut short.
_HEADROOM, _HALF, _MOST_TIMES = 1.4, 0.6, 3
#: Held: the rule was dragged since Python last said where it stands.
_HELD = f"{DRAG}.{MOVE} && {DRAG}.{MOVE}[0] === data('move')[0].{MOVE}"
_AT = f"held ? {DRAG}.{DRAGGED}[0] : data('now')[0].{DRAGGED}"


@dataclass(frozen=True)
class Suggested:
    """A suggested timeout: minutes, its interval (None where there is none), and its label."""

    at: float
    low: float | None
    high: float | None
    label: str


@dataclass(frozen=True)
class GapScene:
    """What the gap histogram is of; all of it follows from the log alone.

    Attributes:
        bins: ``low``, ``high`` (minutes), ``gaps``.
        sweep: ``m`` (timeout, minutes), ``w`` (in words), ``s`` sessions, ``u`` users with two or
            more, ``o`` single-interaction sessions, ``c`` interactions cut off; short names,
            because the browser gets it.
        users, rows: of the log.
        fit: ``x`` (minutes), ``y`` (gaps a bin) and ``part`` of the mixture; empty for none.
        suggested: the suggested timeout, if there is one.
    """

    bins: pd.DataFrame
    sweep: pd.DataFrame
    users: int
    rows: int
    fit: pd.DataFrame
    suggested: Suggested | None


def gap_chart(scene: GapScene, timeout: float, move: int) -> Spec:
    """Draw the gaps with a rule that can be dragged, which reads what a timeout does as it goes.

    While the rule is dragged the browser alone works. :data:`DRAG` then holds the timeout, and the
    number of the move it begins, so that an older drag never overrides a newer timeout.

    Args:
        scene: the histogram, and what a timeout does.
        timeout: where the rule stands, minutes; at an end of the plot if it lies beyond.
        move: how many drags there were before.
    """
    spec = _plot(scene, timeout, _HELD, _AT)
    # Apart from what moves: all timeouts that can be dragged to are made anew when it changes.
    spec["datasets"] |= {"sweep": scene.sweep, "move": pd.DataFrame({MOVE: [move]})}
    spec["params"].insert(0, {"name": "cursor", "value": "ew-resize"})
    spec["layer"] += [
        _grip(),
        _beside({"name": "now"}, [], "'↔ ' + datum.w", "!held", 7),
        _figures(scene.users, scene.rows),
        _handle(),
    ]
    return spec


def gap_picture(scene: GapScene, timeout: float) -> Spec:
    """Draw the gaps with the rule where it stands, for paper, where nothing can be dragged."""
    spec = _plot(scene, timeout, "false", f"data('now')[0].{DRAGGED}")
    spec["layer"].append(_beside({"name": "now"}, [], "datum.w", "true", 7))
    return spec


def _plot(scene: GapScene, timeout: float, held: str, at: str) -> Spec:
    """Draw the gaps, the suggestion and the rule.

    Args:
        scene: the histogram.
        timeout: where the rule stands unless it is dragged, minutes.
        held: an expression, whether it is dragged.
        at: an expression, where it stands now.
    """
    ends = float(scene.bins["low"].min()), float(scene.bins["high"].max())
    tallest = _tallest(scene.bins["gaps"])
    half = ends[0] * (ends[1] / ends[0]) ** _HALF
    place = min(max(timeout, ends[0]), ends[1])
    now = pd.DataFrame({DRAGGED: [place], "w": [minutes(timeout)]})
    data = {"gaps": scene.bins, "now": now}
    layers = [_bars(ends, tallest)]
    if scene.bins["gaps"].max() > tallest:
        layers.append(_cut_short(tallest))
    if len(scene.fit):
        layers.append(_fit())
        data["fit"] = scene.fit
    if scene.suggested is not None:
        layers.extend(_suggestion(scene.suggested, half))
        data["cut"] = pd.DataFrame([vars(scene.suggested)])
    return {
        "height": 330,
        "params": [
            {"name": "held", "expr": held},
            {"name": "at", "expr": at},
            {"name": "flip", "expr": f"at > {half:.6g}"},
        ],
        "layer": [*layers, *_rule()],
        "datasets": data,
    }


def _tallest(gaps: pd.Series) -> float:
    """Return how high bars are drawn: one that is many times the others would hide them."""
    second, first = np.sort(gaps.to_numpy(float))[-2:].tolist()
    return first if first <= _MOST_TIMES * second or not second else 1.3 * second


def _cut_short(tallest: float) -> Spec:
    """Write its count on a bar that is not drawn in full."""
    return {
        "data": {"name": "gaps"},
        "transform": [
            {"filter": f"datum.gaps > {tallest:.6g}"},
            {"calculate": "'↑ ' + format(datum.gaps, ',d')", "as": "words"},
        ],
        "mark": {"type": "text", "align": "left", "dx": 10, "baseline": "top", "fontSize": 11},
        "encoding": {
            "x": {"field": "high", "type": "quantitative"},
            "y": {"datum": tallest},
            "text": {"field": "words"},
            "color": INK,
        },
    }


def _bars(ends: tuple[float, float], tallest: float) -> Spec:
    scale = {"type": "log", "domain": list(ends), "nice": False}
    axis = axis_in_words(TICKS, "gap to the one before, log scale")
    count = {
        "field": "drawn",
        "type": "quantitative",
        "title": "gaps",
        "scale": {"domain": [0, _HEADROOM * tallest], "nice": False},
        "axis": {"tickCount": 4, "format": ",d"},
    }
    return {
        "data": {"name": "gaps"},
        "transform": [{"calculate": f"min(datum.gaps, {tallest:.6g})", "as": "drawn"}],
        "mark": {"type": "rect", "opacity": 0.8, "tooltip": False},
        "encoding": {
            "x": {"field": "low", "type": "quantitative", "scale": scale, "axis": axis},
            "x2": {"field": "high"},
            "y": count,
            "y2": {"datum": 0},
            "color": {
                "condition": {"test": "datum.low < at", "value": QUIET_TONE},
                "value": OTHER_TONE,
            },
        },
    }


def _fit() -> Spec:
    """Draw the parts of the mixture thin, their sum thick."""
    whole = "datum.part === 'all'"
    return {
        "data": {"name": "fit"},
        "mark": {"type": "line", "tooltip": False, "clip": True},
        "encoding": {
            "x": {"field": "x", "type": "quantitative"},
            "y": {"field": "y", "type": "quantitative"},
            "detail": {"field": "part"},
            "color": INK,
            "strokeWidth": {"condition": {"test": whole, "value": 1.6}, "value": 1},
            "opacity": {"condition": {"test": whole, "value": 0.9}, "value": 0.55},
        },
    }


def _suggestion(one: Suggested, half: float) -> list[Spec]:
    """Draw the suggested cut dotted, its interval as a band, and its label above the plot."""
    side = "right" if one.at > half else "left"
    at = {"field": "at", "type": "quantitative"}
    label = {"type": "text", "align": side, "baseline": "bottom", "fontSize": 12}
    band = {
        "mark": {"type": "rect", "opacity": 0.16, "tooltip": False},
        "encoding": {
            "x": {"field": "low", "type": "quantitative"},
            "x2": {"field": "high"},
            "color": INK,
        },
    }
    dotted = {
        "mark": {
            "type": "rule",
            "strokeDash": [2, 3],
            "strokeWidth": 1.5,
            "opacity": {"expr": "held ? 0.4 : 1"},
            "tooltip": False,
        },
        "encoding": {"x": at, "y": {"value": -6}, "y2": {"value": "height"}, "color": INK},
    }
    text = {
        "mark": label,
        "encoding": {"x": at, "y": {"value": -8}, "text": {"field": "label"}, "color": INK},
    }
    marks = [dotted, text] if one.low is None else [band, dotted, text]
    return [{"data": {"name": "cut"}, "layer": marks}]


def _rule() -> list[Spec]:
    """Draw the rule, and what lies on either side of it."""
    at = {"x": {"datum": {"expr": "at"}, "type": "quantitative"}}
    line = {
        "data": {"name": "now"},
        "mark": {"type": "rule", "strokeWidth": 2, "tooltip": False, "aria": False},
        "encoding": {**at, "color": ACTIVE},
    }
    sides = [
        {
            "data": {"name": "now"},
            "mark": {
                "type": "text",
                "align": align,
                "dx": dx,
                "baseline": "top",
                "fontSize": 11,
                "text": words,
                "clip": True,
                "opacity": {"expr": f"held ? 0 : {room} > 120 ? 1 : 0"},
            },
            "encoding": {**at, "y": {"value": 24}, "color": INK},
        }
        for align, dx, words, room in (
            ("right", -10, "inside sessions", "scale('x', at)"),
            ("left", 10, "between sessions", "width - scale('x', at)"),
        )
    ]
    return [line, *sides]


def _grip() -> Spec:
    """Draw what the rule is held by."""
    return {
        "data": {"name": "move"},
        "mark": {
            "type": "point",
            "filled": True,
            "size": 130,
            "opacity": 1,
            "tooltip": False,
            "aria": False,
        },
        "encoding": {
            "x": {"datum": {"expr": "at"}, "type": "quantitative"},
            "y": {"value": 0},
            "color": ACTIVE,
        },
    }


def _figures(users: int, rows: int) -> Spec:
    """Write beside a dragged rule what its timeout does."""
    sessions = "format(datum.s, ',') + (datum.s === 1 ? ' session' : ' sessions')"
    lines = (
        f"datum.w + ' · ' + {sessions}",
        f"format(datum.s / {users}, '.2f') + ' a user · '"
        f" + format({rows} / datum.s, '.2f') + ' items each'",
        f"format(100 * datum.o / datum.s, '.1f') + ' % single-item · '"
        f" + format(100 * datum.c / {rows}, '.1f') + ' % cut off'",
        "format(datum.u, ',') + (datum.u === 1 ? ' user' : ' users') + ' with ≥ 2'",
    )
    only = [{"filter": f"held && datum.{DRAGGED} === at"}]
    return _beside({"name": "sweep"}, only, f"[{', '.join(lines)}]", "true", 7)


def _beside(data: Spec, only: list[Spec], words: str, shown: str, y: float) -> Spec:
    """Write words to the right of the rule, or to the left where there is no room."""
    return {
        "data": data,
        "transform": [*only, {"calculate": words, "as": "words"}, {"filter": shown}],
        "mark": {
            "type": "text",
            "align": {"expr": "flip ? 'right' : 'left'"},
            "dx": {"expr": "flip ? -10 : 10"},
            "baseline": "top",
            "fontSize": 12,
            "fontWeight": "bold",
            "lineHeight": 16,
            "clip": True,  # else the plot would shrink where words reach beyond it
            "tooltip": False,
        },
        "encoding": {
            "x": {"datum": {"expr": "at"}, "type": "quantitative"},
            "y": {"value": y},
            "text": {"field": "words"},
            "color": INK,
        },
    }


def _handle() -> Spec:
    """Lay the timeouts that can be dragged to over the whole plot, unseen."""
    select = {
        "type": "point",
        "encodings": ["x"],
        "fields": [MOVE],
        "nearest": True,
        "on": "pointerdown, [pointerdown, window:pointerup] > pointermove",
        "toggle": False,
        "clear": False,
    }
    return {
        "data": {"name": "sweep"},
        "transform": [{"calculate": f"data('move')[0].{MOVE}", "as": MOVE}],
        "params": [{"name": DRAG, "select": select}],
        "mark": {"type": "point", "opacity": 0, "tooltip": False, "aria": False},
        "encoding": {"x": {"field": DRAGGED, "type": "quantitative"}, "y": {"value": 0}},
    }
