"""The chart of the curves: one specification for as long as nobody asks for another.

While only the data change, the browser keeps the chart's node, and with it the zoom.
"""

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import altair as alt
import pandas as pd

from ui.charts import GREY

#: What the x axis may count: its field → the word for it.
AXES = {"epoch": "Epoch", "update": "Update", "time": "Time"}
_SERIES = "datum.label === 'update' ? 'training, smoothed' : 'validation'"
#: A wheel alone scrolls the page; a pinch on a touch pad comes as a wheel with Ctrl.
_WHEEL = "wheel![event.ctrlKey || event.metaKey || event.altKey]"
_CLOCK = "floor(datum.value / 3600000) + utcFormat(datum.value, ':%M:%S')"
#: Pixels that the outermost points are away from the frame.
_ROOM = 12
_DATA = "curves"
_EXPORT = {"background": "white", "padding": 16}
_EXPORT_PIXELS = 760


@dataclass(frozen=True)
class CurveStyle:
    """What is drawn, and how; whatever changes it draws the chart anew.

    Attributes:
        colors: pairs of what a run is called and its colour.
        axis: in :data:`AXES`.
        log: whether the loss has a log axis.
        ranked: whether NDCG@10 has a panel.
    """

    colors: tuple[tuple[str, str], ...]
    axis: str = "epoch"
    log: bool = False
    ranked: bool = True


def curves(frame: pd.DataFrame, style: CurveStyle) -> dict[str, Any]:
    """Draw losses, and below them NDCG@10, of one run or several over one another.

    Args:
        frame: as :func:`ui.curves.curves_frame` makes it.
        style: how it is drawn.

    Returns:
        A Vega-Lite specification that holds the frame as a data set.
    """
    return {**_spec(style), "datasets": {_DATA: frame}}


@lru_cache(maxsize=32)
def _spec(style: CurveStyle) -> dict[str, Any]:
    """Make the specification without data: Altair takes a tenth of a second or more over it."""
    base = alt.Chart(alt.NamedData(_DATA)).encode(color=_color(style.colors))
    panels = {"loss": _losses(base.encode(x=_x(style.axis, titled=not style.ranked)), style)}
    if style.ranked:
        panels["ndcg"] = _ndcg(base.encode(x=_x(style.axis)))
    chart = alt.vconcat(*panels.values(), spacing=12).resolve_scale(x="shared")
    spec = chart.to_dict(context={"pre_transform": False})
    for name, panel in zip(panels, spec["vconcat"], strict=True):
        panel["layer"][0]["name"] = name
    spec["params"] = [
        _zoom("move", "x", list(panels)),
        *(_zoom(f"stretch_{name}", "y", [name]) for name in panels),
    ]
    spec["autosize"] = {"type": "fit-x", "contains": "padding"}
    spec["config"] = {"legend": {"layout": {"top": {"direction": "vertical", "anchor": "start"}}}}
    return spec


def _zoom(name: str, channel: str, views: list[str]) -> dict[str, Any]:
    select = {"type": "interval", "encodings": [channel], "zoom": _WHEEL}
    return {"name": name, "select": select, "bind": "scales", "views": views}


def _x(axis: str, titled: bool = True) -> alt.X:
    if axis != "time":
        ticks = alt.Axis(format="~r", tickCount=8)
        room = alt.Scale(padding=_ROOM, nice=False)  # for marks at the first and last epoch
        return alt.X(f"{axis}:Q", title=axis if titled else None, axis=ticks, scale=room)
    clock = alt.Axis(labelExpr=_CLOCK, tickCount=6)
    title = "time in training, h:min:s" if titled else None
    room = alt.Scale(type="utc", padding=_ROOM, nice=False)
    return alt.X("time:T", title=title, scale=room, axis=clock)


def _color(colors: tuple[tuple[str, str], ...]) -> alt.Color:
    legend = alt.Legend(
        title=None,
        orient="top",
        labelLimit=240,
        columns=3,
        symbolType="stroke",
        symbolSize=500,
        symbolStrokeWidth=3,
        symbolOpacity=1,
    )
    names, tones = zip(*colors, strict=True)
    scale = alt.Scale(domain=list(names), range=list(tones))
    return alt.Color("run:N", scale=scale, legend=legend if len(colors) > 1 else None)


def _losses(base: alt.Chart, style: CurveStyle) -> alt.LayerChart:
    scale = alt.Scale(type="log" if style.log else "linear", zero=False, nice=False, padding=_ROOM)
    title = "loss a target (log)" if style.log else "loss a target"

    def y(field: str) -> dict[str, Any]:
        return {"y": alt.Y(f"{field}:Q", title=title, scale=scale)}

    def only(kind: str, field: str) -> alt.Chart:
        above = f" && datum.{field} > 0" if style.log else ""
        return base.transform_filter(
            f"datum.kind === '{kind}' && isValid(datum.{field}){above}"
        ).encode(**y(field))

    valid = only("epoch", "valid")
    tooltip = _tooltip("loss", "valid", "ndcg")
    return alt.LayerChart(
        layer=[
            only("update", "loss").mark_line(strokeWidth=1, opacity=0.4, clip=True),
            only("update", "smooth")
            .mark_line(strokeWidth=1.5, clip=True)
            .encode(strokeDash=_dash()),
            valid.mark_line(strokeWidth=2, clip=True).encode(strokeDash=_dash()),
            valid.mark_point(filled=True, size=28, clip=True, opacity=1).encode(tooltip=tooltip),
            _ring(valid),
            valid.transform_filter("datum.best")
            .mark_text(dy=-14, fontWeight="bold", clip=True)
            .encode(text=alt.value("best")),
        ],
        height=260,
    )


def _ndcg(base: alt.Chart) -> alt.LayerChart:
    own = base.transform_filter("datum.kind === 'epoch' && isValid(datum.ndcg)").encode(
        y=alt.Y(
            "ndcg:Q",
            title="validation NDCG@10",
            scale=alt.Scale(zero=False, nice=False, padding=_ROOM),
        )
    )
    tooltip = _tooltip("ndcg", "valid")
    return alt.LayerChart(
        layer=[
            own.mark_line(strokeWidth=2, clip=True),
            own.mark_point(filled=True, size=28, clip=True, opacity=1).encode(tooltip=tooltip),
            _ring(own),
        ],
        height=140,
    )


def _ring(base: alt.Chart) -> alt.Chart:
    """Ring the epoch whose weights are kept."""
    return base.transform_filter("datum.best").mark_point(size=160, strokeWidth=2, clip=True)


def _dash() -> alt.StrokeDash:
    legend = alt.Legend(
        title=None,
        orient="top",
        columns=1,  # side by side, a phone cuts the second
        labelExpr=_SERIES,
        symbolType="stroke",
        symbolSize=500,
        symbolStrokeWidth=2,
        symbolStrokeColor=GREY,
    )
    scale = alt.Scale(domain=["update", "epoch"], range=[[5, 3], [1, 0]])
    return alt.StrokeDash("kind:N", scale=scale, legend=legend)


def _tooltip(*fields: str) -> list[alt.Tooltip]:
    words = {"loss": "training loss", "valid": "validation loss", "ndcg": "validation NDCG@10"}
    return [
        alt.Tooltip("run:N"),
        alt.Tooltip("epoch:Q"),
        alt.Tooltip("update:Q", format=","),
        *(alt.Tooltip(f"{field}:Q", title=words[field], format=".4f") for field in fields),
    ]


def picture(
    frame: pd.DataFrame, style: CurveStyle, kind: Literal["png", "svg"], width: int = _EXPORT_PIXELS
) -> bytes:
    """Draw the curves on white, without a browser."""
    import vl_convert  # noqa: PLC0415 - 60 MB that only a download needs

    rows = json.loads(frame.to_json(orient="records"))
    panels = [{**panel, "width": width} for panel in _spec(style)["vconcat"]]
    spec = {**_spec(style), "vconcat": panels, "datasets": {_DATA: rows}, **_EXPORT}
    if kind == "svg":
        return vl_convert.vegalite_to_svg(spec).encode()
    return vl_convert.vegalite_to_png(spec, scale=2)
