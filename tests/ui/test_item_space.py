"""What of the items is drawn."""

from types import SimpleNamespace

import numpy as np
import pandas as pd

from ui import item_space


def test_the_explained_item_and_its_neighbours_are_drawn_whatever_their_popularity(monkeypatch):
    monkeypatch.setattr(item_space, "_MOST_POINTS", 3)
    placed = pd.DataFrame({"ITEM_ID": list("abcde"), "X": np.arange(5.0), "Y": np.zeros(5)})
    asked = SimpleNamespace(item="b", titles={"b": "Beta"})
    popularity = {"a": 9, "b": 1, "c": 2, "d": 5}
    frame = item_space.map_frame(placed, asked, ["e"], popularity, {})
    assert frame["title"].tolist() == ["a", "e", "Beta"]  # what is drawn last lies on top
    assert frame["what"].tolist() == ["item", "neighbour", "explained"]
    assert frame["count"].tolist() == [9, 0, 1]
    assert frame["x"].tolist() == [0, 4, 1]


def test_the_largest_categories_have_colours_and_the_others_share_one(monkeypatch):
    monkeypatch.setattr(item_space, "_COLORS", ("#111111", "#222222"))
    placed = pd.DataFrame({"ITEM_ID": list("abcdefg"), "X": np.arange(7.0), "Y": np.zeros(7)})
    category = {"a": "news", "b": "sport", "c": "sport", "d": "news", "e": "sport", "f": "art"}
    frame = item_space.map_frame(placed, SimpleNamespace(item="g", titles={}), [], {}, category)
    rest, none = "other categories", "no category"
    assert frame["category"].tolist() == ["news", "sport", "sport", "news", "sport", rest, none]
    scale = item_space._category_color(frame)["scale"]
    assert scale["domain"] == ["sport", "news", rest, none]
    assert scale["range"] == ["#111111", "#222222", item_space.GREY, item_space.GREY]
