"""A report's figures, as JSON can hold them."""

import math
from collections.abc import Hashable, Mapping
from typing import Any

from hrnn.evaluation.report import Report

_DIGITS = 4


def figures(report: Report) -> dict[str, dict[str, list[float | None]]]:
    """Return value, low and high of each model and metric, None for none."""
    found: dict[str, dict[str, list[float | None]]] = {}
    for row in report.table.to_dict("records"):
        found.setdefault(row["MODEL"], {})[row["METRIC"]] = _three(row, "VALUE")
    return found


def differences(report: Report, model: str, metric: str) -> dict[str, list[float | None]]:
    """Return how far a model is ahead of each later one in a metric: value, low and high."""
    chosen = (report.pairs["METRIC"] == metric) & (report.pairs["MODEL"] == model)
    rows = report.pairs[chosen].to_dict("records")
    return {row["OTHER"]: _three(row, "DIFFERENCE") for row in rows}


def _three(row: Mapping[Hashable, Any], value: str) -> list[float | None]:
    values = [float(row[name]) for name in (value, "LOW", "HIGH")]
    return [None if math.isnan(one) else round(one, _DIGITS) for one in values]
