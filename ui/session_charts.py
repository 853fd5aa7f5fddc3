"""Charts of the Sessions page: frames in, Vega-Lite specifications out.

A specification depends on the log alone, never on the timeout: that comes as data, so that the
browser keeps what it drew when the timeout moves.
"""

from typing import Any

import numpy as np
import pandas as pd

from ui.charts import ACCENT, GREY, OTHER_TONE, QUIET_TONE
from ui.words import minutes

Spec = dict[str, Any]

#: Streamlit turns these two names into colours that fit its light and its dark theme.
INK, ACTIVE = {"value": "gray"}, {"value": "primary"}
#: Minutes where an axis is labelled.
TICKS = (1 / 60, 1 / 6, 1, 5, 15, 30, 60, 240, 1440, 1440 * 7, 1440 * 30, 1440 * 180, 1440 * 730)
_FEW = (1, 10, 60, 480, 2880, 43200)
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
#: How a tried timeout stands beside the best one, and its colour.
TRIED = {"best": ACCENT, "may be as good": OTHER_TONE, "behind beyond doubt": GREY}
_MOST_BARS, _LEAST_BARS = 40, 8


def distribution(values: np.ndarray, what: str, of: str) -> Spec:
    """Draw how often each whole number occurs; the largest share one last bar.

    Args:
        values: whole numbers from 1.
        what: what each of them counts, in words.
        of: what has such a number, in words.
    """
    counts = np.bincount(np.minimum(values, _MOST_BARS), minlength=_LEAST_BARS + 1)[1:]
    frame = pd.DataFrame({"value": np.arange(1, len(counts) + 1), "count": counts})
    frame["label"] = [f"{v} or more" if v == _MOST_BARS else str(v) for v in frame["value"]]
    last = f"datum.value == {_MOST_BARS} ? '{_MOST_BARS}+' : datum.value"
    axis = {"labelAngle": 0, "labelOverlap": True, "labelExpr": last}
    return {
        "height": 200,
        "data": {"name": "counts"},
        "mark": {"type": "bar", "color": QUIET_TONE},
        "encoding": {
            "x": {"field": "value", "type": "ordinal", "title": what, "axis": axis},
            "y": _count("count", of),
            "tooltip": [_told("label", what), _told("count", of, ",")],
        },
        "datasets": {"counts": frame},
    }


def durations(bins: pd.DataFrame, of: str) -> Spec:
    """Draw how long sessions last.

    Args:
        bins: ``low``, ``high`` (minutes), ``label`` and ``count``.
        of: what is counted, in words.
    """
    ends = [float(bins["low"].min()), float(bins["high"].max())]
    scale = {"type": "log", "domain": ends, "nice": False}
    axis = axis_in_words(TICKS, "first to last interaction, log scale")
    return {
        "height": 200,
        "data": {"name": "durations"},
        "mark": {"type": "rect", "color": QUIET_TONE},
        "encoding": {
            "x": {"field": "low", "type": "quantitative", "scale": scale, "axis": axis},
            "x2": {"field": "high"},
            "y": _count("count", of),
            "y2": {"datum": 0},
            "tooltip": [_told("label", "duration"), _told("count", of, ",")],
        },
        "datasets": {"durations": bins},
    }


def hours(frame: pd.DataFrame) -> Spec:
    """Draw how many sessions begin in each hour of the week.

    Args:
        frame: ``day`` (of :data:`DAYS`), ``hour`` (0 to 23, UTC), ``sessions``.
    """
    every_third = "datum.value % 3 == 0 ? datum.value + ' h' : ''"
    axis = {"labelAngle": 0, "labelExpr": every_third, "labelOverlap": False}
    return {
        "height": 200,
        "data": {"name": "hours"},
        "mark": {"type": "rect", "color": ACCENT},
        "encoding": {
            "x": {"field": "hour", "type": "ordinal", "title": "hour, UTC", "axis": axis},
            "y": {"field": "day", "type": "ordinal", "sort": list(DAYS), "title": None},
            "opacity": {
                "field": "sessions",
                "type": "quantitative",
                "scale": {"type": "sqrt", "range": [0.04, 1], "zero": True},
                "legend": None,
            },
            "tooltip": [_told("day", "day"), _told("hour", "hour"), _told("sessions", "begun")],
        },
        "datasets": {"hours": frame},
    }


def curve(
    frame: pd.DataFrame, timeout: float, suggested: float | None, form: str, unit: str = ""
) -> Spec:
    """Draw how a figure moves over all timeouts, the chosen one marked.

    Args:
        frame: ``m`` (timeout, minutes) ascending, and ``y``.
        timeout: the chosen one.
        suggested: the suggested one, if any, gets a dotted rule.
        form: D3 format of the figure.
        unit: what stands behind it.
    """
    m, y = frame["m"].to_numpy(), frame["y"].to_numpy()
    inside = m[0] <= timeout <= m[-1]
    here = float(np.interp(np.log2(timeout), np.log2(m), y)) if inside else np.nan
    now = pd.DataFrame({"m": [timeout if inside else np.nan], "y": [here]})
    scale = {"type": "log", "domain": [float(m[0]), float(m[-1])], "nice": False}
    x = {"field": "m", "type": "quantitative", "scale": scale, "axis": axis_in_words(_FEW, None)}
    top = float(y.max()) or 1.0
    high = {"field": "y", "type": "quantitative", "title": None, "scale": {"domain": [0, top]}}
    high["axis"] = {"tickCount": 3, "labelExpr": f"format(datum.value, '{form}') + '{unit}'"}
    layers: list[Spec] = [
        {
            "data": {"name": "curve"},
            "mark": {"type": "line", "tooltip": False, "strokeWidth": 2, "color": QUIET_TONE},
            "encoding": {"x": x, "y": high},
        },
        {
            "data": {"name": "now"},
            "mark": {"type": "rule", "strokeWidth": 1.5, "tooltip": False},
            "encoding": {"x": x, "color": ACTIVE},
        },
        {
            "data": {"name": "now"},
            "mark": {"type": "point", "filled": True, "size": 60, "opacity": 1, "tooltip": False},
            "encoding": {"x": x, "y": high, "color": ACTIVE},
        },
    ]
    data = {"curve": frame, "now": now}
    if suggested is not None:
        dotted = {"type": "rule", "strokeDash": [2, 3], "strokeWidth": 1.5, "tooltip": False}
        cut = {"data": {"name": "cut"}, "mark": dotted, "encoding": {"x": x, "color": INK}}
        layers.insert(1, cut)
        data["cut"] = pd.DataFrame({"m": [suggested]})
    return {"height": 140, "layer": layers, "datasets": data}


def trial(tried: pd.DataFrame, sessions: pd.DataFrame, suggested: float | None) -> Spec:
    """Draw what models at some timeouts are worth, over how many sessions a user there are.

    Args:
        tried: ``m`` (timeout, minutes), ``value``, ``low``, ``high`` and ``state``.
        sessions: ``m`` and ``y``, over all timeouts.
        suggested: the suggested timeout, if any, gets a dotted rule.
    """
    every = [*sessions["m"], *tried["m"]]
    scale = {"type": "log", "domain": [float(min(every)), float(max(every))], "nice": False}
    axis = axis_in_words(TICKS, "timeout, log scale")
    x = {"field": "m", "type": "quantitative", "scale": scale, "axis": axis}
    right = {"orient": "right", "tickCount": 4, "grid": False}
    a_user = {"field": "y", "type": "quantitative", "title": "sessions a user", "axis": right}
    ndcg = {"scale": {"zero": False}, "axis": {"tickCount": 4}, "title": "NDCG@10, validation"}
    value, low = ({"field": name, "type": "quantitative", **ndcg} for name in ("value", "low"))
    told = [_told("timeout", "timeout"), _told("state", "beside the best")]
    told += [_told(name, name, ".3f") for name in ("value", "low", "high")]
    color = {
        "field": "state",
        "type": "nominal",
        "scale": {"domain": list(TRIED), "range": list(TRIED.values())},
        "legend": {"title": None, "orient": "top", "columns": 1},
    }
    behind: list[Spec] = [
        {
            "data": {"name": "sessions"},
            "mark": {"type": "line", "strokeWidth": 2, "color": QUIET_TONE, "opacity": 0.6},
            "encoding": {"x": x, "y": a_user},
        }
    ]
    data = {"sessions": sessions, "tried": tried}
    if suggested is not None:
        dotted = {"type": "rule", "strokeDash": [2, 3], "strokeWidth": 1.5, "tooltip": False}
        cut = {"data": {"name": "cut"}, "mark": dotted, "encoding": {"x": x, "color": INK}}
        behind.append(cut)
        data["cut"] = pd.DataFrame({"m": [suggested]})
    front: list[Spec] = [
        {
            "data": {"name": "tried"},
            "mark": {"type": "rule", "strokeWidth": 2},
            "encoding": {
                "x": x,
                "y": low,
                "y2": {"field": "high"},
                "color": color,
                "tooltip": told,
            },
        },
        {
            "data": {"name": "tried"},
            "mark": {"type": "point", "filled": True, "size": 80, "opacity": 1},
            "encoding": {"x": x, "y": value, "color": color, "tooltip": told},
        },
    ]
    return {
        "height": 340,
        "layer": [{"layer": behind}, {"layer": front}],
        "resolve": {"scale": {"y": "independent"}},
        "datasets": data,
    }


def axis_in_words(ticks: tuple[float, ...], title: str | None) -> Spec:
    """Make an axis that says minutes in words."""
    said = " : ".join(f"abs(datum.value / {t:.6g} - 1) < 1e-3 ? '{minutes(t)}'" for t in ticks)
    return {
        "values": list(ticks),
        "labelExpr": f"{said} : ''",
        "title": title,
        "labelOverlap": "greedy",
        "labelSeparation": 6,
        "grid": False,
    }


def _count(field: str, title: str) -> Spec:
    axis = {"tickCount": 4, "format": ",d"}
    return {"field": field, "type": "quantitative", "title": title, "axis": axis}


def _told(field: str, title: str, form: str | None = None) -> Spec:
    return {"field": field, "title": title} | ({"format": form} if form else {})
