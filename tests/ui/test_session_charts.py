"""Charts of the Sessions page: what is drawn, and that the timeout comes as data alone."""

import json

import numpy as np
import pandas as pd
import pytest
from streamlit.dataframe_util import convert_anything_to_arrow_bytes

from hrnn.sessions import default_minutes
from ui import gap_chart, session_charts
from ui.gap_chart import GapScene, Suggested
from ui.session_figures import for_browser


def scene(gaps: list[int], suggested: Suggested | None = None) -> GapScene:
    low = 2.0 ** np.arange(len(gaps))
    bins = pd.DataFrame({"low": low, "high": 2 * low, "label": "", "gaps": gaps})
    sweep = pd.DataFrame({"m": [1.0, 2.0], "w": ["1 min", "2 min"], "s": [9, 5]})
    sweep = sweep.assign(u=[3, 2], o=[4, 1], c=[0, 0])
    fit = pd.DataFrame({"x": [1.0], "y": [1.0], "part": ["all"]}) if suggested else pd.DataFrame()
    return GapScene(bins, sweep, users=3, rows=20, fit=fit, suggested=suggested)


def without_data(spec: dict) -> str:
    return json.dumps({name: part for name, part in spec.items() if name != "datasets"})


def named(spec: dict) -> list[str]:
    return [layer["data"]["name"] for layer in spec["layer"]]


def test_moving_the_timeout_changes_nothing_but_where_the_rule_stands() -> None:
    here = scene([3, 5, 4])
    one, other = gap_chart.gap_chart(here, 1.5, 0), gap_chart.gap_chart(here, 3.0, 1)
    assert without_data(one) == without_data(other)
    assert one["datasets"]["gaps"] is other["datasets"]["gaps"]
    assert one["datasets"]["sweep"] is other["datasets"]["sweep"]
    assert other["datasets"]["now"].to_dict("records") == [{"m": 3.0, "w": "3 min"}]
    assert other["datasets"]["move"].to_dict("records") == [{"v": 1}]


@pytest.mark.parametrize(("timeout", "at"), [(0.5, 1.0), (900.0, 8.0)])
def test_a_timeout_beyond_the_plot_stands_at_its_end(timeout: float, at: float) -> None:
    now = gap_chart.gap_chart(scene([3, 5, 4]), timeout, 0)["datasets"]["now"]
    assert now["m"].tolist() == [at]


def test_the_suggestion_is_drawn_only_where_there_is_one() -> None:
    bare = gap_chart.gap_chart(scene([3, 5, 4]), 2.0, 0)
    assert not {"cut", "fit"} & set(named(bare))
    found = gap_chart.gap_chart(scene([3, 5, 4], Suggested(2.0, 1.5, 3.0, "two")), 2.0, 0)
    assert {"cut", "fit"} < set(named(found))
    cut = next(one for one in found["layer"] if one["data"]["name"] == "cut")
    assert [one["mark"]["type"] for one in cut["layer"]] == ["rect", "rule", "text"]


def test_a_suggestion_without_an_interval_has_no_band() -> None:
    found = gap_chart.gap_chart(scene([3, 5, 4], Suggested(2.0, None, None, "two")), 2.0, 0)
    cut = next(one for one in found["layer"] if one["data"]["name"] == "cut")
    assert [one["mark"]["type"] for one in cut["layer"]] == ["rule", "text"]


def test_a_bar_of_many_times_the_others_is_cut_short_and_says_its_count() -> None:
    usual = gap_chart.gap_chart(scene([30, 50, 40]), 2.0, 0)
    assert named(usual).count("gaps") == 1
    assert usual["layer"][0]["encoding"]["y"]["scale"]["domain"] == [0, 1.4 * 50]
    tall = gap_chart.gap_chart(scene([30, 50, 4_000]), 2.0, 0)
    assert named(tall).count("gaps") == 2
    assert tall["layer"][0]["encoding"]["y"]["scale"]["domain"] == [0, pytest.approx(91)]


def test_the_rule_is_dragged_above_all_else_and_hands_over_a_minute_and_a_move() -> None:
    handle = gap_chart.gap_chart(scene([3, 5, 4]), 2.0, 0)["layer"][-1]
    (param,) = handle["params"]
    assert param["name"] == gap_chart.DRAG
    assert param["select"]["fields"] == ["v"]
    assert handle["encoding"]["x"]["field"] == "m"


def test_all_timeouts_of_a_large_log_go_to_the_browser_in_less_than_100_kb() -> None:
    minutes = default_minutes()
    large = np.linspace(2e9, 1e6, len(minutes)).astype(np.int64)
    names = ("sessions", "users_with_two", "single_sessions", "cut_off")
    sweep = pd.DataFrame({"minutes": minutes} | dict.fromkeys(names, large))
    made = for_browser(sweep)
    assert len(made) <= 600
    assert made["s"].tolist() == large.tolist()
    assert len(convert_anything_to_arrow_bytes(made)) < 100_000


def test_large_numbers_share_the_last_bar_of_a_distribution() -> None:
    spec = session_charts.distribution(np.array([1, 1, 3, 40, 70]), "items a session", "sessions")
    counts = spec["datasets"]["counts"]
    assert counts["value"].tolist() == list(range(1, 41))
    assert counts["count"].tolist() == [2, 0, 1, *[0] * 36, 2]
    assert counts["label"].iloc[-1] == "40 or more"
    other = session_charts.distribution(np.array([2]), "items a session", "sessions")
    assert without_data(other) == without_data(spec)


def test_a_curve_marks_the_chosen_timeout_on_the_line() -> None:
    frame = pd.DataFrame({"m": [1.0, 4.0], "y": [10.0, 20.0]})
    spec = session_charts.curve(frame, 2.0, None, "~r")
    assert spec["datasets"]["now"].to_dict("records") == [{"m": 2.0, "y": 15.0}]
    assert "cut" not in spec["datasets"]
    dotted = session_charts.curve(frame, 2.0, 3.0, "~r")
    assert dotted["datasets"]["cut"]["m"].tolist() == [3.0]


def test_a_timeout_off_a_curve_has_no_mark() -> None:
    frame = pd.DataFrame({"m": [1.0, 4.0], "y": [10.0, 20.0]})
    assert session_charts.curve(frame, 9.0, None, "~r")["datasets"]["now"].isna().all(axis=None)
