"""Items by their embeddings: neighbours of one, and a map of all."""

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from hrnn.explain.item_space import item_map, neighbours
from ui import logs
from ui.charts import ACCENT, OTHER_TONE
from ui.downloads import draw_table
from ui.why import Asked
from ui.words import literal, plural
from workspace.datasets import Dataset

Spec = dict[str, Any]
#: A browser draws so many points without delay; the least popular items are left out.
_MOST_POINTS = 5_000


@st.cache_resource(max_entries=4, show_spinner="Placing the items")
def _map(run_id: str, _asked: Asked) -> pd.DataFrame:
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
        draw_table(table, "neighbours", "neighbours")
    with right:
        frame = map_frame(_map(asked.run_id, asked), asked, near["ITEM_ID"].tolist(), popularity)
        st.vega_lite_chart(_chart(frame), key="item_map", alt="All items by their embeddings")
        dropped = len(popularity) - _MOST_POINTS
        rest = f" The least popular {dropped:,} of them are not drawn." if dropped > 0 else ""
        st.caption(
            f"{plural(len(frame), 'item')} in the two directions in which their embeddings differ"
            f" most; the stronger, the more popular.{rest}"
        )


def map_frame(
    placed: pd.DataFrame, asked: Asked, near: list[str], popularity: dict[str, int]
) -> pd.DataFrame:
    """Return ``x``, ``y``, ``title``, ``count`` and ``what`` of the items that are drawn."""
    count = placed["ITEM_ID"].map(popularity).fillna(0).to_numpy()
    what = np.full(len(placed), "item", object)
    what[placed["ITEM_ID"].isin(near).to_numpy()] = "neighbour"
    what[(placed["ITEM_ID"] == asked.item).to_numpy()] = "explained"
    titles = [asked.titles.get(one, one) for one in placed["ITEM_ID"]]
    frame = pd.DataFrame(
        {"x": placed["X"], "y": placed["Y"], "title": titles, "count": count, "what": what}
    )
    first = np.lexsort((-count, what == "item"))[:_MOST_POINTS]
    return frame.iloc[np.sort(first)].reset_index(drop=True)


def _chart(frame: pd.DataFrame) -> Spec:
    free = {"labels": False, "ticks": False, "grid": False, "domain": False}
    x, y = ({"field": name, "type": "quantitative", "title": None, "axis": free} for name in "xy")
    tooltip = [{"field": "title", "title": "item"}, {"field": "count", "title": "had by"}]
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
                    "opacity": {**many, "scale": {"type": "sqrt", "range": [0.15, 0.9]}},
                    "tooltip": tooltip,
                },
            },
            {
                "transform": [{"filter": "datum.what != 'item'"}],
                "mark": {"type": "point", "filled": True, "size": 110, "opacity": 1},
                "encoding": {
                    "x": x,
                    "y": y,
                    "color": {**color, "legend": {"title": None, "orient": "top"}},
                    "tooltip": tooltip,
                },
            },
        ],
        "datasets": {"items": frame},
    }
