"""Charts of the Sessions page."""

import numpy as np
import pandas as pd

from ui import charts


def gaps() -> pd.DataFrame:
    bins = pd.DataFrame({"low": [1.0, 2.0], "high": [2.0, 4.0], "gaps": [3, 5]})
    return bins.assign(label=["1 min to 2 min", "2 min to 4 min"])


def without_data(spec: dict) -> dict:
    return {name: part for name, part in spec.items() if name != "datasets"}


def test_moving_the_timeout_changes_nothing_but_the_data_of_the_gaps() -> None:
    short, long = charts.gap_histogram(gaps(), 1.5), charts.gap_histogram(gaps(), 3.0)
    assert without_data(short) == without_data(long)
    assert short["datasets"]["gaps"]["side"].tolist() == ["within a session", "between sessions"]
    assert long["datasets"]["gaps"]["side"].tolist() == ["within a session", "within a session"]
    assert long["datasets"]["rule"]["at"].tolist() == [3.0]


def test_gaps_of_zero_are_counted_below_the_title() -> None:
    bins = gaps()
    bins.attrs["zero"] = 1_234
    assert charts.gap_histogram(bins, 30.0)["title"]["subtitle"].startswith("1,234 gaps of zero")
    assert charts.gap_histogram(gaps(), 30.0)["title"]["subtitle"] == ""


def test_large_numbers_share_the_last_bar_of_a_distribution() -> None:
    spec = charts.distribution(np.array([1, 1, 3, 40, 70]), "items a session", "sessions")
    counts = spec["datasets"]["counts"]
    assert counts["value"].tolist() == list(range(1, 41))
    assert counts["count"].tolist() == [2, 0, 1, *[0] * 36, 2]
    assert counts["label"].iloc[-1] == "40 or more"
    other = charts.distribution(np.array([2]), "items a session", "sessions")
    assert without_data(other) == without_data(spec)


def test_a_timeline_has_a_block_a_session_and_a_point_an_interaction() -> None:
    frame = pd.DataFrame(
        {
            "place": [0.0, 1.0, 5.0],
            "session": [1, 1, 2],
            "title": ["A", "<b>", "C"],
            "time": ["t1", "t2", "t3"],
            "gap": ["", "1 min", "3 h"],
        }
    )
    figure = charts.timeline(frame)
    numbers, points = figure.data
    blocks = [(one.x0, one.x1, one.fillcolor) for one in figure.layout.shapes]
    assert blocks == [(-0.3, 1.3, charts.QUIET_TONE), (4.7, 5.3, charts.OTHER_TONE)]
    assert (list(numbers.text), list(numbers.x)) == (["1", "2"], [0.5, 5.0])
    assert list(points.x) == [0.0, 1.0, 5.0]
    assert list(points.marker.color) == [
        charts.QUIET_TONE,
        charts.QUIET_TONE,
        charts.OTHER_TONE,
    ]
    assert "&lt;b&gt;" in points.hovertext[1]
    assert "1 min after the one before" in points.hovertext[1]
