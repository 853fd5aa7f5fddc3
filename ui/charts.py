"""Charts: a frame in, a chart out; and the colours of all charts."""

import re

import altair as alt
import numpy as np
import pandas as pd

ACCENT, QUIET_TONE, OTHER_TONE, GREY = "#0d9488", "#8fb8b4", "#c9a66b", "#8a8f98"
#: Names beside rows, in as many lines as they have parts, so that a phone has room beside them.
_NAMED = alt.Axis(
    labelExpr="split(replace(datum.label, ' (', ', ('), ', ')",
    labelLimit=180,
    labelLineHeight=12,
    labelOverlap=False,
)
_FEW = alt.Axis(tickCount=5)
#: Pixels of a line of a legend: a chart's height holds that of its legend.
_LINE = 18
_BASELINE_COLORS = {
    "flat GRU": "#2563eb",
    "SASRec": "#9333ea",
    "popularity": GREY,
    "own popularity": "#a05a78",
    "co-occurrence": "#a8802f",
    "session kNN": "#b45309",
}


def waterfall(frame: pd.DataFrame) -> alt.LayerChart:
    """Draw how many rows each step kept, and lighter beside them those that it dropped.

    Args:
        frame: Step, Rows, Dropped, in the order of the steps.
    """
    steps = frame["Step"].tolist()
    base = alt.Chart(frame.assign(before=frame["Rows"] + frame["Dropped"])).encode(
        y=alt.Y("Step:N", sort=steps, title=None, axis=alt.Axis(labelLimit=340)),
        tooltip=["Step:N", alt.Tooltip("Rows:Q", format=","), alt.Tooltip("Dropped:Q", format=",")],
    )
    axis = alt.Axis(format="~s", tickCount=5)
    dropped = base.mark_bar(color=OTHER_TONE, opacity=0.6).encode(
        x=alt.X("before:Q", title="rows", axis=axis)
    )
    kept = base.mark_bar(color=QUIET_TONE).encode(x=alt.X("Rows:Q"))
    return (dropped + kept).properties(height=alt.Step(28))


def differences(frame: pd.DataFrame, lead: str) -> alt.LayerChart:
    """Draw how far one model is ahead of others, with intervals, and a rule at no difference.

    Args:
        frame: OTHER, DIFFERENCE, LOW, HIGH.
        lead: the one model; peers that are named after it are called by what sets them apart.
    """
    frame = frame.assign(
        OTHER=[name.removeprefix(f"{lead}, ") for name in frame["OTHER"]],
        sure=np.where((frame["LOW"] > 0) | (frame["HIGH"] < 0), "beyond doubt", "may be chance"),
    )
    color = alt.Color(
        "sure:N",
        scale=alt.Scale(domain=["beyond doubt", "may be chance"], range=[ACCENT, GREY]),
        legend=alt.Legend(title=None, orient="top", columns=1, symbolSize=80),
    )
    y = alt.Y("OTHER:N", title=None, sort=None, axis=_NAMED)
    tooltip = ["OTHER:N", *_tooltips(("DIFFERENCE", "LOW", "HIGH"))]
    base = alt.Chart(frame).encode(y=y, color=color, tooltip=tooltip)
    title = ["← behind · ahead →", lead]
    bars = base.mark_rule(strokeWidth=2).encode(
        x=alt.X("LOW:Q", title=title, axis=_FEW), x2="HIGH:Q"
    )
    points = base.mark_point(filled=True, size=60).encode(x="DIFFERENCE:Q")
    at_zero = alt.Chart(pd.DataFrame({"at": [0.0]}))
    none = at_zero.mark_rule(strokeDash=[4, 3], color=GREY).encode(x="at:Q")
    lines = max(len(re.split(r", | \(", name)) for name in frame["OTHER"])  # as _NAMED breaks them
    return (none + bars + points).properties(height=alt.Step(max(36, 13 * lines + 6)))


def slices(frame: pd.DataFrame, metric: str) -> alt.LayerChart:
    """Draw a metric for each part of a slice, a row each: a point and an interval a model.

    Args:
        frame: MODEL, PART, VALUE, LOW, HIGH, N.
        metric: its name.
    """
    parts, models = (list(dict.fromkeys(frame[name])) for name in ("PART", "MODEL"))
    counts = frame.drop_duplicates("PART").set_index("PART")["N"]
    labels = {part: f"{part} ({counts[part]:,})" for part in parts}
    frame = frame.assign(label=frame["PART"].map(labels))
    base = alt.Chart(frame).encode(
        y=alt.Y("label:N", title=None, sort=list(labels.values()), axis=_NAMED),
        yOffset=alt.YOffset("MODEL:N", sort=models),
        color=_model_color(models),
        tooltip=["MODEL:N", "PART:N", *_tooltips(("VALUE", "LOW", "HIGH"))],
    )
    title = [metric, "(in brackets: of how many)"]
    bars = base.mark_rule(strokeWidth=2).encode(
        x=alt.X("LOW:Q", title=title, axis=_FEW), x2="HIGH:Q"
    )
    points = base.mark_point(filled=True, size=50).encode(x="VALUE:Q")
    row = {"step": max(12 * len(models), 40), "for": "position"}  # a legend takes nothing from it
    return (bars + points).properties(height=row)


def breadth(frame: pd.DataFrame, column: str, title: str, metric: str) -> alt.Chart:
    """Draw how accurate models are against something else that they are.

    Args:
        frame: MODEL, NDCG and the column.
        column: what lies to the right.
        title: of that axis.
        metric: name of the accuracy.
    """
    color = _model_color(frame["MODEL"].tolist())
    points = alt.Chart(frame).mark_point(filled=True, size=110, opacity=0.85)
    return points.encode(
        x=alt.X(f"{column}:Q", title=title, axis=_FEW),
        y=alt.Y("NDCG:Q", title=metric),
        color=color,
        tooltip=["MODEL:N", *_tooltips(("NDCG", column))],
    ).properties(height=300 + _LINE * len(frame))


def _model_color(models: list[str]) -> alt.Color:
    """A colour a model; names stand below one another, since side by side a phone cuts them."""
    legend = alt.Legend(title=None, orient="top", labelLimit=300, columns=1, symbolSize=80)
    scale = alt.Scale(range=model_colors(models))
    return alt.Color("MODEL:N", sort=models, scale=scale, legend=legend)


def _tooltips(names: tuple[str, ...]) -> list[alt.Tooltip]:
    return [alt.Tooltip(f"{name}:Q", format=".3f") for name in names]


def model_colors(models: list[str]) -> list[str]:
    """Return a colour a model: one for each kind on every page, the accent first for others."""
    others = iter([ACCENT, "#db2777", "#65a30d", "#ea580c", "#0891b2", "#e11d48"] * len(models))
    return [_BASELINE_COLORS.get(model.split(", as ")[-1]) or next(others) for model in models]
