"""Charts: a frame in, a chart out. Altair for distributions and curves, Plotly for timelines."""

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


def gap_histogram(bins: pd.DataFrame, timeout_minutes: float) -> alt.LayerChart:
    """Draw the gaps on a log axis in words, with the timeout as a rule."""
    axis = alt.Axis(
        values=_TICKS,
        labelExpr=_in_words(_TICKS),
        title="gap to the one before (log)",
        labelOverlap="greedy",
        labelFontSize=10,
    )
    scale = alt.Scale(type="log", domain=[float(bins["low"].min()), float(bins["high"].max())])
    zero = bins.attrs.get("zero", 0)
    title = "Gaps between consecutive interactions of a user"
    note = f"{zero:,} gaps of zero are not drawn" if zero else ""
    frame = bins.assign(
        side=np.where(bins["low"] < timeout_minutes, "within a session", "between sessions")
    )
    bars = (
        alt.Chart(frame)
        .mark_rect()
        .encode(
            x=alt.X("low:Q", scale=scale, axis=axis),
            x2="high:Q",
            y=alt.Y("gaps:Q", title="gaps", stack=None),
            color=alt.Color(
                "side:N",
                scale=alt.Scale(
                    domain=["within a session", "between sessions"], range=[QUIET_TONE, OTHER_TONE]
                ),
                legend=alt.Legend(title=None, orient="top"),
            ),
            tooltip=[alt.Tooltip("label:N", title="gap"), alt.Tooltip("gaps:Q", format=",")],
        )
    )
    rule_data = pd.DataFrame(
        {"at": [timeout_minutes], "label": [f"timeout {minutes(timeout_minutes)}"]}
    )
    rule = (
        alt.Chart(rule_data)
        .mark_rule(color=ACCENT, strokeWidth=2)
        .encode(x=alt.X("at:Q", scale=scale))
    )
    text = (
        alt.Chart(rule_data)
        .mark_text(color=ACCENT, align="left", dx=6, baseline="top", fontWeight="bold")
        .encode(x=alt.X("at:Q", scale=scale), y=alt.value(4), text="label:N")
    )
    return (bars + rule + text).properties(
        height=280, title=alt.TitleParams(title, subtitle=note, anchor="start")
    )


def distribution(values: np.ndarray, what: str, of: str) -> alt.Chart:
    """Draw how often each whole number occurs; the largest share one last bar."""
    counts = np.bincount(np.minimum(values, _MOST_BARS))[1:]
    frame = pd.DataFrame({"value": np.arange(1, len(counts) + 1), "count": counts})
    frame["label"] = [f"{v} or more" if v == _MOST_BARS else str(v) for v in frame["value"]]
    return (
        alt.Chart(frame)
        .mark_bar(color=QUIET_TONE)
        .encode(
            x=alt.X("value:O", title=what, axis=alt.Axis(labelAngle=0, labelOverlap=True)),
            y=alt.Y("count:Q", title=of),
            tooltip=[
                alt.Tooltip("label:N", title=what),
                alt.Tooltip("count:Q", title=of, format=","),
            ],
        )
        .properties(height=220, title=alt.TitleParams(what.capitalize(), anchor="start"))
    )


def timeline(frame: pd.DataFrame) -> "Figure":
    """Draw a user's interactions in order, sessions as blocks in two alternating tones.

    Args:
        frame: as :func:`ui.sessions.user_gaps` makes it.
    """
    import plotly.graph_objects as go  # noqa: PLC0415 - heavy, and only this chart needs it

    figure = go.Figure()
    for session, part in frame.groupby("session"):
        tone = QUIET_TONE if int(session) % 2 else OTHER_TONE
        left, right = float(part["place"].iloc[0]) - 0.3, float(part["place"].iloc[-1]) + 0.3
        figure.add_shape(
            type="rect",
            x0=left,
            x1=right,
            y0=-0.5,
            y1=0.5,
            fillcolor=tone,
            opacity=0.35,
            line_width=0,
        )
        figure.add_annotation(
            x=(left + right) / 2, y=0.72, text=str(session), showarrow=False, font={"size": 11}
        )
        texts = [
            f"<b>{escape(title)}</b><br>{time} UTC<br>session {session}"
            + (f"<br>{gap} after the one before" if gap else "")
            for title, time, gap in zip(part["title"], part["time"], part["gap"], strict=True)
        ]
        figure.add_scatter(
            x=part["place"],
            y=np.zeros(len(part)),
            mode="markers",
            marker={"color": tone, "size": 9, "line": {"width": 1, "color": GREY}},
            hovertext=texts,
            hoverinfo="text",
            showlegend=False,
        )
    figure.update_yaxes(visible=False, range=[-0.8, 1])
    figure.update_xaxes(
        title="interactions in order; distance grows with the log of the gap", showticklabels=False
    )
    figure.update_layout(height=190, margin={"l": 8, "r": 8, "t": 8, "b": 40})
    return figure


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
