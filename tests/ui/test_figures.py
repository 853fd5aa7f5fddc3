"""Figures as people read them: intervals in cells, signs of differences, what has to be said."""

import numpy as np
import pandas as pd
import pytest

from hrnn.diagnostics import Finding
from hrnn.evaluation.report import Report
from ui.charts import ACCENT, GREY, model_colors
from ui.evaluated import both_rankings, differing, rank_words, rankings_words, trained_words
from ui.figures import best_beyond_doubt, counted, figure, figures_table

COUNTS = {
    "users": 9, "too_short": 0, "trained": 20, "validated": 9, "held_out": 8,
    "tied_last": 0, "after_last": 0, "twins": 0, "between": 0,
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
    words = trained_words(
        report({"a": 0, "b": 2, "c": 0}, after_last=5, twins=1, between=7), "last_session_out"
    )
    assert words == (
        "20 interactions to train on; 9 to choose the epoch by; 8 interactions held out"
        " (last-session-out); 1 equal to one of those and only read; 7 between those and only"
        " read; 5 after them, which no model fitted here was given. Checked row by row against"
        " each model's training record: neither trained nor validated on any held-out one: a, c."
        " Trained or validated on 2 of them: b."
    )


def test_the_best_is_marked_only_where_every_paired_difference_is_beyond_doubt():
    found = report({"a": 0, "b": 0, "c": 0})
    best = {metric: best_beyond_doubt(found, metric) for metric in ("NDCG@5", "HR@5", "coverage@5")}
    assert best == {"NDCG@5": None, "HR@5": "a", "coverage@5": None}  # c is not clearly before a
    table = figures_table(found, 5)
    assert table["HR@5"].tolist() == ["◆ 50.0 % (40.0–60.0)", *["50.0 % (40.0–60.0)"] * 2]
    assert not table["NDCG@5"].str.contains("◆").any()
    assert best_beyond_doubt(report({"a": 1, "b": 0, "c": 0}), "HR@5") is None
    assert best_beyond_doubt(report({"a": 0}), "MRR@5") is None


def test_both_rankings_stand_side_by_side_and_a_change_of_order_is_said():
    full, sampled = (report({"a": 0, "b": 0}) for _ in range(2))
    for one, values in ((full, (0.2, 0.1)), (sampled, (0.5, 0.6))):
        one.table.loc[one.table["METRIC"] == "NDCG@5", "VALUE"] = values
    table = both_rankings(full, sampled, 5)
    assert table.columns.tolist() == [
        *("Model", "HR@5, full", "NDCG@5, full", "HR@5, sampled", "NDCG@5, sampled")
    ]
    assert [cell[:5] for cell in table["NDCG@5, sampled"]] == ["0.500", "0.600"]
    words = rankings_words(full, sampled, 5)
    assert "NDCG@5 of a is 0.500 instead of 0.200" in words
    assert "not the same in both: believe the full one" in words
    assert "is the same in both" in rankings_words(full, full, 5)


def test_where_two_models_differ_the_widest_difference_comes_first():
    ranks = {"a": [1, 3, 9, 2, 1], "b": [50, np.inf, 70, 4, 11]}
    questions = pd.DataFrame({"USER_ID": list("vwxyz"), **ranks})
    assert differing(questions, "a", "b", 10)["USER_ID"].tolist() == ["x", "v", "z", "w"]
    assert differing(questions, "b", "a", 10).empty
    assert rank_words(pd.Series([1_234.0, np.inf])) == ["1,234", "–"]


@pytest.mark.parametrize("behind", ["#ffffff", "#181715"])  # as browsers draw them
def test_models_stand_out_from_what_is_behind_them(behind):
    """WCAG 2.1, 1.4.11: graphics have a contrast of 3 to 1."""

    def luminance(color: str) -> float:
        parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [
            one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts
        ]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    known = ["popularity", "own popularity", "co-occurrence", "session kNN", "flat GRU", "SASRec"]
    for color in model_colors([*"abcdef", *known]):
        darker, lighter = sorted((luminance(color), luminance(behind)))
        assert (lighter + 0.05) / (darker + 0.05) >= 3, color


def test_colours_of_baselines_stay_whatever_stands_beside_them():
    assert model_colors(["popularity", "mine"]) == [GREY, ACCENT]
    assert model_colors(["mine", "other", "popularity"])[2] == GREY
    assert len(set(model_colors([*"abcdef", "session kNN", "co-occurrence"]))) == 8
    assert model_colors(["mine", "mine, as SASRec"])[1] == model_colors(["SASRec"])[0]
