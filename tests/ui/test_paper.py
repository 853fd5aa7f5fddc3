"""Charts on paper: what is drawn, and that titles stay titles."""

from base64 import b64decode
from xml.etree import ElementTree

import pandas as pd
import pytest

from hrnn.explain.leaving_out import Effects
from tests.ui.test_session_charts import scene
from ui.charts import ACCENT
from ui.effects_chart import effects_chart, lines
from ui.gap_chart import Suggested, gap_picture
from ui.paper import Picture, picture_of

HOSTILE = ("</text></svg><script>alert(1)</script>", '=HYPERLINK("http://a.example")', "'\"><b>&x;")


def drawn(picture: Picture) -> str:
    head, _, code = picture.address.partition(",")
    assert head == "data:image/svg+xml;base64"
    return b64decode(code).decode()


@pytest.mark.parametrize("title", HOSTILE)
def test_titles_are_drawn_letter_by_letter(title: str) -> None:
    own = pd.DataFrame(
        {"PLACE": [0], "ITEM_ID": ["x"], "SESSION": [0], "EFFECT": [0.5], "RANK": [3]}
    )
    effects = Effects("x", 0.1, 1, False, own, own[["SESSION", "EFFECT", "RANK"]])
    frame = lines(effects, {"x": title}, {0: "Monday"}, {0})
    svg = drawn(picture_of(effects_chart(frame, title), 240, "bars"))
    tree = ElementTree.fromstring(svg)
    tags = {one.tag.rpartition("}")[2] for one in tree.iter()}
    assert tags <= {"svg", "g", "path", "text", "rect", "line", "defs", "clipPath", "title"}
    assert title[:20] in " ".join(one.text or "" for one in tree.iter())


def test_the_gaps_are_drawn_with_the_timeout_and_the_suggestion_and_nothing_to_drag() -> None:
    spec = gap_picture(scene([3, 5, 4], Suggested(2.0, 1.5, 3.0, "suggested 2 min")), 4.0)
    svg = drawn(picture_of(spec, 440, "gaps"))
    words = {one.text for one in ElementTree.fromstring(svg).iter()}
    assert {"suggested 2 min", "4 min", "gaps"} <= words
    assert not any("↔" in (word or "") for word in words)
    assert ACCENT in svg  # the rule; Streamlit's name for the colour means nothing on paper
    assert '"primary"' not in svg
