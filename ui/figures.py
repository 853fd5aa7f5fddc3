"""Figures of an evaluation as tables, and the sentences without which they mean nothing."""

import math
from functools import partial

import pandas as pd
import streamlit as st

from hrnn.evaluation.report import Report
from ui.downloads import draw_table
from ui.findings import say_findings
from ui.words import literal, plural, share

#: Metrics in the order of the columns: the start of their name in a report, the title, what it is.
_COLUMNS = {
    "HR": ("HR", "Share of held-out interactions whose item is among the first k."),
    "NDCG": ("NDCG", "1 / log2(rank + 1) within the first k, 0 behind; the mean."),
    "MRR": ("MRR", "1 / rank within the first k, 0 behind; the mean."),
    "coverage": ("Coverage", "Share of the ranked items that stand in anybody's list."),
    "popularity_bias": (
        "Popularity bias",
        "Mean popularity of recommended items, as a multiple of that of the held-out ones.",
    ),
    "popularity_overlap": (
        "Like popularity",
        "Share of recommended items that popularity recommends too, by the same rule for seen ones",
    ),
}
#: Before the best figure of a column, where every paired difference to it is beyond doubt.
BEYOND_DOUBT = "◆ "
_ACCURACY = ("HR", "NDCG", "MRR")
_PERCENT = ("HR", "coverage", "popularity_overlap")


def figure(metric: str, value: float, low: float, high: float) -> str:
    """Write a figure with its interval."""
    if metric.partition("@")[0] in _PERCENT:
        bounds = "" if math.isnan(low) else f" ({100 * low:.1f}–{100 * high:.1f})"
        return share(value) + bounds
    digits = 2 if metric.startswith("popularity_bias") else 3
    bounds = "" if math.isnan(low) else f" ({low:.{digits}f}–{high:.{digits}f})"
    return f"{value:.{digits}f}{bounds}"


def figures_table(report: Report, k: int) -> pd.DataFrame:
    """Lay a report's figures at one cut-off out: models by rows."""
    own = report.table[report.table["METRIC"].isin([*(f"{m}@{k}" for m in _COLUMNS), "RMSE"])]
    cells = own[["METRIC", "VALUE", "LOW", "HIGH"]].itertuples(index=False)
    own = own.assign(figure=[figure(*cell) for cell in cells])
    best = {metric: best_beyond_doubt(report, metric) for metric in own["METRIC"].unique()}
    is_best = own["MODEL"] == own["METRIC"].map(best)
    own["figure"] = own["figure"].where(~is_best, BEYOND_DOUBT + own["figure"])
    wide = own.pivot_table(index="MODEL", columns="METRIC", values="figure", aggfunc="first")
    order = [metric for metric in (*(f"{m}@{k}" for m in _COLUMNS), "RMSE") if metric in wide]
    titles = {f"{m}@{k}": f"{title}@{k}" for m, (title, _) in _COLUMNS.items()}
    models = list(dict.fromkeys(own["MODEL"]))
    table = wide.loc[models, order].rename(columns=titles).rename_axis("Model").reset_index()
    if report.leaked:
        marks = ["leaked" if report.trained_on[model] else "" for model in models]
        table.insert(1, "Leak", marks)
    return table


def best_beyond_doubt(report: Report, metric: str) -> str | None:
    """Return the model that is best by a metric, if its paired difference to each other says so.

    Only metrics that say how well held-out items are found have a best; nothing leaked has.
    """
    if metric.partition("@")[0] not in _ACCURACY or report.leaked:
        return None
    for model in report.trained_on:
        against = report.against(model, metric)
        if len(against) and (against["LOW"] > 0).all():
            return model
    return None


def meanings(table: pd.DataFrame, k: int) -> list[tuple[str, str]]:
    """Say what each figure of a table is."""
    known = [(f"{title}@{k}", words) for title, words in _COLUMNS.values()]
    known.append(("RMSE", "Root of the mean squared error of the outcome; lower is better."))
    return [(title, words) for title, words in known if title in table]


def draw_figures(report: Report, dataset_name: str, k: int, note: str = "") -> None:
    """Draw a report's table under what it is a table of, and what has to be said of it."""
    st.caption(f"{literal(dataset_name)} · {literal(report.heading)} (bootstrap){note}")
    helps = {f"{t}@{k}": st.column_config.Column(help=h) for t, h in _COLUMNS.values()}
    numbers = partial(getattr, report, "table")
    draw_table(figures_table(report, k), "figures", "figures_table", numbers, column_config=helps)
    for text in counted(report):
        st.caption(text)
    say_findings(report.findings, "report_findings")
    if report.leaked:
        for model, rows in report.trained_on.items():
            if rows:
                st.error(
                    f"{literal(model)} was trained or validated on {rows:,} of the"
                    f" {report.counts['evaluated']:,} held-out interactions: its figures are leaked"
                    " and prove nothing. Choose the split that it was trained with."
                )


def counted(report: Report) -> list[str]:
    """Say what the intervals are, and what was left out or decided by a rule."""
    counts = report.counts
    parts = ["95 % bootstrap intervals over users"]
    metrics = report.table["METRIC"].unique()
    if len(report.trained_on) > 1 and any(best_beyond_doubt(report, one) for one in metrics):
        parts.append(f"{BEYOND_DOUBT}best, its paired difference to every other beyond doubt")
    if counts["too_short"]:
        parts.append(f"{plural(counts['too_short'], 'user')} not measured: nothing is held out")
    if counts["cold"]:
        parts.append(
            f"{plural(counts['cold'], 'held-out interaction')} not measured: not every model was"
            " trained on the item"
        )
    if counts["tied_last"]:
        parts.append(
            f"{plural(counts['tied_last'], 'held-out interaction')} tied in time with the one"
            " before; the order of the file decides"
        )
    if counts["short_pool"]:
        parts.append(f"{plural(counts['short_pool'], 'question')} with fewer than 100 unseen items")
    told = [" · ".join(parts)]
    seen = counts["seen_before"]
    if seen and "left out" in report.heading:
        told.append(
            f"{plural(seen, 'held-out item')} had been seen by the user before. A list without seen"
            " items cannot hold them, so each is a miss and no HR can exceed"
            f" {share(1 - seen / counts['evaluated'])}."
        )
    return told
