"""Items by their embeddings: neighbours of one, and a map of all."""

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from hrnn.explain.item_space import item_map, neighbours
from ui import logs
from ui.charts import ACCENT, GREY, OTHER_TONE
from ui.downloads import draw_table
from ui.inputs import pick_choice
from ui.why import Asked
from ui.words import literal, plural
from workspace.datasets import Dataset

Spec = dict[str, Any]
#: A browser draws so many points without delay; the least popular items are left out.
_MOST_POINTS = 5_000
#: Colours of the categories that hold most items; all others are grey.
_COLORS = (
    *("#4c78a8", "#f58518", "#e45756", "#72b7b2", "#54a24b", "#b279a2", "#9d755d", "#d4a017"),
    *("#6b4c9a", "#1f9e89", "#c2185b", "#7f8c3b"),
)
_REST, _NO_CATEGORY = "other categories", "no category"
_BY = {"category": "category", "popularity": "popularity alone"}


@st.cache_resource(max_entries=4, show_spinner="Placing the items")
def _map(stamp: str, _asked: Asked) -> pd.DataFrame:
    return item_map(_asked.model)


def draw_items(asked: Asked, dataset: Dataset) -> None:
    """Draw the neighbours of the item that is explained, and where it lies among all."""
    near = neighbours(asked.model, asked.item)
    popularity = logs.popularity_of(dataset.owner, dataset.id)
    left, right = st.columns([2, 3], gap="medium")
    with left:
        st.markdown(f"**Most like {literal(asked.title)}**")
        table = pd.DataFrame(
            {
                "Title": [asked.titles.get(one, one) for one in near["ITEM_ID"]],
                "Cosine": near["SIMILARITY"].round(2),
                "Had by": [popularity.get(one, 0) for one in near["ITEM_ID"]],
                "Item": near["ITEM_ID"],
            }
        )
        two_digits = {"Cosine": st.column_config.NumberColumn(format="%.2f")}
        draw_table(table, "neighbours", "neighbours", column_config=two_digits)
    with right:
        placed, by = _map(asked.stamp, asked), "popularity"
        category = logs.categories_of(dataset.owner, dataset.id)
        if category:
            by = pick_choice("map_by", "Colour by", "category", list(_BY), _BY)
        frame = map_frame(placed, asked, near["ITEM_ID"].tolist(), popularity, category)
        chart = _chart(frame, by == "category")
        st.vega_lite_chart(chart, key="item_map", alt="All items by their embeddings")
        dropped = len(popularity) - _MOST_POINTS
        rest = f" The least popular {dropped:,} of them are not drawn." if dropped > 0 else ""
        st.caption(
            f"{plural(len(frame), 'item')} in the two directions in which their embeddings differ"
            f" most; the stronger, the more popular.{rest}"
        )


def map_frame(
    placed: pd.DataFrame,
    asked: Asked,
    near: list[str],
    popularity: dict[str, int],
    category: dict[str, str],
) -> pd.DataFrame:
    """Return ``x``, ``y``, ``title``, ``count``, ``what`` and ``category`` of what is drawn.

    A category outside those that hold most items is called by one name with the others. The
    explained item comes last, so that it is drawn over all others.
    """
    count = placed["ITEM_ID"].map(popularity).fillna(0).to_numpy()
    what = np.full(len(placed), "item", object)
    what[placed["ITEM_ID"].isin(near).to_numpy()] = "neighbour"
    what[(placed["ITEM_ID"] == asked.item).to_numpy()] = "explained"
    titles = [asked.titles.get(one, one) for one in placed["ITEM_ID"]]
    held = pd.Series([category.get(one) for one in placed["ITEM_ID"]], dtype=object)
    large = _by_size(held)[: len(_COLORS)]
    frame = pd.DataFrame(
        {
            "x": placed["X"],
            "y": placed["Y"],
            "title": titles,
            "count": count,
            "what": what,
            "category": held.where(held.isin(large) | held.isna(), _REST).fillna(_NO_CATEGORY),
        }
    )
    first = np.lexsort((-count, what == "item"))[:_MOST_POINTS]
    drawn = frame.iloc[np.sort(first)]
    return drawn.sort_values("what", key=lambda what: what == "explained", kind="stable")


def _chart(frame: pd.DataFrame, by_category: bool) -> Spec:
    free = {"labels": False, "ticks": False, "grid": False, "domain": False}
    x, y = ({"field": name, "type": "quantitative", "title": None, "axis": free} for name in "xy")
    tooltip = [{"field": "title", "title": "item"}, {"field": "count", "title": "had by"}]
    faint = [0.45 if by_category else 0.15, 0.9]
    if by_category:
        tooltip.append({"field": "category", "title": "category"})
    many = {"field": "count", "type": "quantitative", "legend": None}
    marked = {"domain": ["neighbour", "explained"], "range": [OTHER_TONE, "#db2777"]}
    color = {"field": "what", "type": "nominal", "scale": marked}
    return {
        "height": 360,
        "data": {"name": "items"},
        "layer": [
            {
                "transform": [{"filter": "datum.what == 'item'"}],
                "mark": {"type": "point", "filled": True, "size": 24, "color": ACCENT},
                "encoding": {
                    "x": x,
                    "y": y,
                    "opacity": {**many, "scale": {"type": "sqrt", "range": faint}},
                    "tooltip": tooltip,
                    **({"color": _category_color(frame)} if by_category else {}),
                },
            },
            {
                "transform": [{"filter": "datum.what != 'item'"}],
                "mark": {"type": "point", "size": 110, "strokeWidth": 3, "opacity": 1},
                "encoding": {
                    "x": x,
                    "y": y,
                    "color": {**color, "legend": {"title": None, "orient": "top"}},
                    "tooltip": tooltip,
                },
            },
        ],
        "resolve": {"scale": {"color": "independent"}},
        "datasets": {"items": frame},
    }


def _by_size(held: pd.Series) -> list[str]:
    """Return the categories that items have, those of most items first, then by name."""
    return (
        held.value_counts().sort_index().sort_values(ascending=False, kind="stable").index.tolist()
    )


def _category_color(frame: pd.DataFrame) -> Spec:
    """Colour categories by how many items they hold; what stands for the rest comes last."""
    rest = [name for name in (_REST, _NO_CATEGORY) if (frame["category"] == name).any()]
    own = [name for name in _by_size(frame["category"]) if name not in rest]
    scale = {"domain": own + rest, "range": [*_COLORS[: len(own)], *[GREY] * len(rest)]}
    legend = {"title": None, "orient": "bottom", "columns": 3}
    return {"field": "category", "type": "nominal", "scale": scale, "legend": legend}
