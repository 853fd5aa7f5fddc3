"""Figures as people read them: intervals in cells, signs of differences, what has to be said."""

import numpy as np
import pandas as pd
import pytest

from hrnn.diagnostics import Finding
from hrnn.evaluation.report import Report
from ui.charts import ACCENT, GREY, model_colors
from ui.evaluating import trained_words
from ui.figures import counted, figure, figures_table

COUNTS = {
    "users": 9, "too_short": 0, "held_out": 8, "tied_last": 0, "after_last": 0, "twins": 0,
    "cold": 0, "seen_before": 0, "evaluated": 8, "evaluated_users": 8, "short_pool": 0,
}  # fmt: skip


def report(trained_on: dict[str, int], **counts: int) -> Report:
    metrics = [f"{m}@{k}" for m in ("HR", "NDCG", "coverage") for k in (1, 5)]
    rows = [
        (model, metric, 0.5, 0.4, 0.6, 8, rows > 0)
        for model, rows in trained_on.items()
        for metric in metrics
    ]
    table = pd.DataFrame(rows, columns=["MODEL", "METRIC", "VALUE", "LOW", "HIGH", "N", "LEAKED"])
    table.loc[table["METRIC"].str.startswith("coverage"), ["LOW", "HIGH"]] = np.nan
    pairs = pd.DataFrame(
        [
            ("a", "b", "NDCG@5", 0.1, 0.05, 0.2),
            ("a", "c", "NDCG@5", -0.1, -0.3, 0.1),
            ("b", "c", "NDCG@5", -0.2, -0.4, -0.1),
            ("a", "b", "HR@5", 0.9, 0.8, 1.0),
        ],
        columns=["MODEL", "OTHER", "METRIC", "DIFFERENCE", "LOW", "HIGH"],
    )
    heading = "leave-last-out · items seen before left out · seed 0"
    none = pd.DataFrame()
    return Report(
        table,
        pairs,
        none,
        none,
        none,
        {**COUNTS, **counts},
        trained_on,
        (Finding("X", "e", "r"),),
        heading,
    )


@pytest.mark.parametrize(
    ("metric", "value", "low", "high", "text"),
    [
        ("HR@10", 0.3514, 0.305, 0.3952, "35.1 % (30.5–39.5)"),
        ("NDCG@10", 0.1913, 0.16, 0.22, "0.191 (0.160–0.220)"),
        ("coverage@10", 0.5, np.nan, np.nan, "50.0 %"),
        ("popularity_bias@5", 2.404, 2.39, 2.41, "2.40 (2.39–2.41)"),
        ("RMSE", 0.98765, 0.9, 1.05, "0.988 (0.900–1.050)"),
    ],
)
def test_figure_is_written_with_its_interval(metric, value, low, high, text):
    assert figure(metric, value, low, high) == text


def test_models_stand_in_rows_and_one_cut_off_in_columns():
    table = figures_table(report({"z": 0, "a": 0}), 5)
    assert table.columns.tolist() == ["Model", "HR@5", "NDCG@5", "Coverage@5"]
    assert table["Model"].tolist() == ["z", "a"]


def test_leaked_models_are_marked_beside_their_names():
    table = figures_table(report({"clean": 0, "seen": 3}), 1)
    assert table.columns[1] == "Leak"
    assert table["Leak"].tolist() == ["", "leaked"]


def test_differences_are_turned_towards_the_chosen_model():
    turned = report({"a": 0, "b": 0, "c": 0}).against("b", "NDCG@5")
    assert turned.to_dict(orient="list") == {
        "OTHER": ["a", "c"],
        "DIFFERENCE": [-0.1, -0.2],
        "LOW": [-0.2, -0.4],
        "HIGH": [-0.05, -0.1],
    }


def test_what_was_not_measured_is_counted():
    text = " ".join(counted(report({"a": 0}, too_short=3, cold=1, tied_last=2, short_pool=4)))
    assert "3 users not measured" in text
    assert "1 held-out interaction not measured" in text
    assert "2 held-out interactions tied in time" in text
    assert "4 questions with fewer than 100" in text
    assert counted(report({"a": 0})) == ["95 % bootstrap intervals over users"]


def test_items_seen_before_bound_the_hit_rate():
    assert "no HR can exceed 75.0 %" in counted(report({"a": 0}, seen_before=2))[1]


def test_what_was_trained_on_is_said_of_each_model():
    words = trained_words(report({"a": 0, "b": 2, "c": 0}, after_last=5), "last_session_out")
    assert words == (
        "8 interactions held out (last-session-out); 5 after them, which no model fitted here was"
        " given. Neither trained nor validated on any of them: a, c. Trained or validated on 2 of"
        " them: b."
    )


def test_colours_of_baselines_stay_whatever_stands_beside_them():
    assert model_colors(["popularity", "mine"]) == [GREY, ACCENT]
    assert model_colors(["mine", "other", "popularity"])[2] == GREY
    assert len(set(model_colors([*"abcdef", "session kNN", "co-occurrence"]))) == 8
    assert model_colors(["mine", "mine, as SASRec"])[1] == model_colors(["SASRec"])[0]
