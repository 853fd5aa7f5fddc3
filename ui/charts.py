"""Charts: a frame in, a chart out. Altair for distributions and curves, Plotly for timelines."""

from functools import lru_cache
from html import escape
from typing import TYPE_CHECKING, Any

import altair as alt
import numpy as np
import pandas as pd

from ui.words import minutes

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

ACCENT, QUIET_TONE, OTHER_TONE, GREY = "#0d9488", "#8fb8b4", "#c9a66b", "#8a8f98"
_BASELINE_COLORS = {
    "popularity": GREY,
    "own popularity": "#57534e",
    "co-occurrence": OTHER_TONE,
    "session kNN": "#b45309",
}
#: Plotly without its tool bar.
QUIET: dict[str, Any] = {"displayModeBar": False, "displaylogo": False}
_TICKS = [1 / 60, 1 / 6, 1, 5, 15, 30, 60, 240, 1440, 1440 * 7, 1440 * 30]
_MOST_BARS = 40


def _in_words(ticks: list[float]) -> str:
    """Make a Vega expression that labels axis values in minutes with words."""
    pairs = " : ".join(f"abs(datum.value - {t:.6g}) < 1e-3 ? '{minutes(t)}'" for t in ticks)
    return f"{pairs} : ''"


def gap_histogram(bins: pd.DataFrame, timeout_minutes: float) -> dict[str, Any]:
    """Draw the gaps on a log axis in words, with the timeout as a rule.

    Args:
        bins: as :func:`ui.sessions.gap_bins` makes them.
        timeout_minutes: where the rule stands.

    Returns:
        A Vega-Lite specification that holds its data.
    """
    gaps = bins.assign(
        side=np.where(bins["low"] < timeout_minutes, "within a session", "between sessions")
    )
    rule = pd.DataFrame({"at": [timeout_minutes], "label": [f"timeout {minutes(timeout_minutes)}"]})
    ends = float(bins["low"].min()), float(bins["high"].max())
    spec = _gap_histogram(*ends, bins.attrs.get("zero", 0))
    return {**spec, "datasets": {"gaps": gaps, "rule": rule}}


# While only the data change, a specification is made once and the browser keeps what it drew.
@lru_cache(maxsize=8)
def _gap_histogram(low: float, high: float, zero: int) -> dict[str, Any]:
    axis = alt.Axis(
        values=_TICKS,
        labelExpr=_in_words(_TICKS),
        title="gap to the one before (log)",
        labelOverlap="greedy",
        labelFontSize=10,
    )
    scale = alt.Scale(type="log", domain=[low, high])
    sides = alt.Scale(
        domain=["within a session", "between sessions"], range=[QUIET_TONE, OTHER_TONE]
    )
    bars = (
        alt.Chart(alt.NamedData("gaps"))
        .mark_rect()
        .encode(
            x=alt.X("low:Q", scale=scale, axis=axis),
            x2="high:Q",
            y=alt.Y("gaps:Q", title="gaps", stack=None),
            color=alt.Color("side:N", scale=sides, legend=alt.Legend(title=None, orient="top")),
            tooltip=[alt.Tooltip("label:N", title="gap"), alt.Tooltip("gaps:Q", format=",")],
        )
    )
    rule = alt.Chart(alt.NamedData("rule")).encode(x=alt.X("at:Q", scale=scale))
    line = rule.mark_rule(color=ACCENT, strokeWidth=2)
    text = rule.mark_text(
        color=ACCENT, align="left", dx=6, baseline="top", fontWeight="bold"
    ).encode(y=alt.value(4), text="label:N")
    title = alt.TitleParams(
        "Gaps between consecutive interactions of a user",
        subtitle=f"{zero:,} gaps of zero are not drawn" if zero else "",
        anchor="start",
    )
    return _spec((bars + line + text).properties(height=280, title=title))


def distribution(values: np.ndarray, what: str, of: str) -> dict[str, Any]:
    """Draw how often each whole number occurs; the largest share one last bar.

    Args:
        values: whole numbers from 1.
        what: what each of them counts, in words.
        of: what has such a number, in words.

    Returns:
        A Vega-Lite specification that holds its data.
    """
    counts = np.bincount(np.minimum(values, _MOST_BARS))[1:]
    frame = pd.DataFrame({"value": np.arange(1, len(counts) + 1), "count": counts})
    frame["label"] = [f"{v} or more" if v == _MOST_BARS else str(v) for v in frame["value"]]
    return {**_distribution(what, of), "datasets": {"counts": frame}}


@lru_cache(maxsize=8)
def _distribution(what: str, of: str) -> dict[str, Any]:
    chart = (
        alt.Chart(alt.NamedData("counts"))
        .mark_bar(color=QUIET_TONE)
        .encode(
            x=alt.X("value:O", title=what, axis=alt.Axis(labelAngle=0, labelOverlap=True)),
            y=alt.Y("count:Q", title=of),
            tooltip=[
                alt.Tooltip("label:N", title=what),
                alt.Tooltip("count:Q", title=of, format=","),
            ],
        )
    )
    title = alt.TitleParams(what.capitalize(), anchor="start")
    return _spec(chart.properties(height=220, title=title))


def _spec(chart: alt.Chart | alt.LayerChart) -> dict[str, Any]:
    """Return the specification of a chart whose data come later, without Altair's own theme."""
    spec = chart.to_dict(context={"pre_transform": False})
    del spec["config"]
    return spec


def timeline(frame: pd.DataFrame) -> "Figure":
    """Draw a user's interactions in order, sessions as blocks in two alternating tones.

    Args:
        frame: as :func:`ui.sessions.user_gaps` makes it.
    """
    import plotly.graph_objects as go  # noqa: PLC0415 - heavy, and only this chart needs it

    # In three pieces: Plotly takes a millisecond and more for each that is added to a figure.
    ends = frame.groupby("session")["place"].agg(["min", "max"])
    tones = {session: QUIET_TONE if session % 2 else OTHER_TONE for session in ends.index.tolist()}
    blocks = [
        {"type": "rect", "x0": first - 0.3, "x1": last + 0.3, "y0": -0.5, "y1": 0.5}
        | {"fillcolor": tone, "opacity": 0.35, "line": {"width": 0}}
        for first, last, tone in zip(ends["min"], ends["max"], tones.values(), strict=True)
    ]
    numbers = go.Scatter(
        x=ends.mean(axis=1),
        y=np.full(len(ends), 0.72),
        mode="text",
        text=[str(session) for session in tones],
        textfont={"size": 11},
        hoverinfo="skip",
    )
    columns = (frame[name] for name in ("session", "title", "time", "gap"))
    texts = [
        f"<b>{escape(title)}</b><br>{time} UTC<br>session {session}"
        + (f"<br>{gap} after the one before" if gap else "")
        for session, title, time, gap in zip(*columns, strict=True)
    ]
    points = go.Scatter(
        x=frame["place"],
        y=np.zeros(len(frame)),
        mode="markers",
        marker={
            "color": frame["session"].map(tones),
            "size": 9,
            "line": {"width": 1, "color": GREY},
        },
        hovertext=texts,
        hoverinfo="text",
    )
    layout = {
        "shapes": blocks,
        "showlegend": False,
        "xaxis": {
            "title": "interactions in order; distance grows with the log of the gap",
            "showticklabels": False,
        },
        "yaxis": {"visible": False, "range": [-0.8, 1]},
        "height": 190,
        "margin": {"l": 8, "r": 8, "t": 8, "b": 40},
    }
    return go.Figure([numbers, points], layout)


def differences(frame: pd.DataFrame, lead: str) -> alt.LayerChart:
    """Draw how far one model is ahead of others, with intervals, and a rule at no difference.

    Args:
        frame: OTHER, DIFFERENCE, LOW, HIGH.
        lead: the one model.
    """
    frame = frame.assign(
        sure=np.where((frame["LOW"] > 0) | (frame["HIGH"] < 0), "beyond doubt", "may be chance")
    )
    color = alt.Color(
        "sure:N",
        scale=alt.Scale(domain=["beyond doubt", "may be chance"], range=[ACCENT, GREY]),
        legend=alt.Legend(title=None, orient="top"),
    )
    y = alt.Y("OTHER:N", title=None, sort=None, axis=alt.Axis(labelLimit=340))
    tooltip = ["OTHER:N", *_tooltips(("DIFFERENCE", "LOW", "HIGH"))]
    base = alt.Chart(frame).encode(y=y, color=color, tooltip=tooltip)
    title = f"← behind      {lead}      ahead →"
    bars = base.mark_rule(strokeWidth=2).encode(x=alt.X("LOW:Q", title=title), x2="HIGH:Q")
    points = base.mark_point(filled=True, size=60).encode(x="DIFFERENCE:Q")
    none = alt.Chart(pd.DataFrame({"at": [0.0]})).mark_rule(strokeDash=[4, 3]).encode(x="at:Q")
    return (none + bars + points).properties(height=alt.Step(30))


def slices(frame: pd.DataFrame, metric: str) -> alt.LayerChart:
    """Draw a metric for each part of a slice: a point and an interval a model.

    Args:
        frame: MODEL, PART, VALUE, LOW, HIGH, N.
        metric: its name.
    """
    parts, models = (list(dict.fromkeys(frame[name])) for name in ("PART", "MODEL"))
    counts = frame.drop_duplicates("PART").set_index("PART")["N"]
    labels = {part: f"{part} ({counts[part]:,})" for part in parts}
    frame = frame.assign(label=frame["PART"].map(labels))
    base = alt.Chart(frame).encode(
        x=alt.X("label:N", title="part (held-out interactions)", sort=list(labels.values()),
                axis=alt.Axis(labelAngle=0, labelLimit=180)),
        xOffset=alt.XOffset("MODEL:N", sort=models),
        color=alt.Color(
            "MODEL:N", sort=models, scale=alt.Scale(range=model_colors(models)),
            legend=alt.Legend(title=None, orient="top", labelLimit=260, columns=3),
        ),
        tooltip=["MODEL:N", "PART:N", *_tooltips(("VALUE", "LOW", "HIGH"))],
    )  # fmt: skip
    bars = base.mark_rule(strokeWidth=2).encode(y=alt.Y("LOW:Q", title=metric), y2="HIGH:Q")
    points = base.mark_point(filled=True, size=50).encode(y="VALUE:Q")
    return (bars + points).properties(height=380)


def _tooltips(names: tuple[str, ...]) -> list[alt.Tooltip]:
    return [alt.Tooltip(f"{name}:Q", format=".3f") for name in names]


def model_colors(models: list[str]) -> list[str]:
    """Return a colour a model: one for each baseline on every page, the accent first for others."""
    others = iter([ACCENT, "#2563eb", "#9333ea", "#db2777", "#65a30d", "#ea580c"] * len(models))
    return [_BASELINE_COLORS.get(model) or next(others) for model in models]
