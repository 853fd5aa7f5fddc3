"""Settings compared on the same interactions."""

import numpy as np
import pandas as pd
import pytest

from hrnn import ConfigError
from hrnn.evaluation.report import Report
from hrnn.evaluation.trials import compare


def report(ranks: list[float], users: list[str] | None = None, order: list[int] | None = None):
    count = len(ranks)
    questions = pd.DataFrame(
        {
            "USER_ID": users or [f"u{number}" for number in range(count)],
            "ITEM_ID": [f"i{number}" for number in range(count)],
            "TIMESTAMP": pd.to_datetime(np.arange(count), unit="s", utc=True),
            "HRNN": ranks,
        }
    )
    none = pd.DataFrame()
    questions = questions.iloc[order or range(count)]
    return Report(none, none, none, none, questions, {}, {"HRNN": 0}, (), "")


def test_figures_by_hand_and_the_best_is_nobodys_better():
    made = {5.0: report([1, 3, np.inf, 11]), 30.0: report([1, 1, 1, np.inf])}
    found = compare(made, "HRNN").set_index("SETTING")
    assert found.loc[5.0, "VALUE"] == pytest.approx((1 + 0.5) / 4)
    assert found.loc[30.0, "VALUE"] == pytest.approx(0.75)
    assert found.loc[30.0, ["BEHIND", "BEHIND_LOW", "BEHIND_HIGH"]].tolist() == [0, 0, 0]
    assert found.loc[5.0, "BEHIND"] == pytest.approx(0.375)
    assert found.loc[5.0, "LOW"] <= found.loc[5.0, "VALUE"] <= found.loc[5.0, "HIGH"]


def test_differences_are_paired():
    random = np.random.default_rng(0)
    hard = random.random(400) < 0.5
    better = np.where(hard, np.inf, 5.0)
    worse = np.where(hard, np.inf, 6.0)  # always a little behind, whatever the user
    found = compare({1.0: report(better.tolist()), 2.0: report(worse.tolist())}, "HRNN")
    one, two = found.to_dict("records")
    assert one["LOW"] < two["HIGH"]  # by themselves the two may be equal
    assert two["BEHIND_LOW"] > 0  # and yet there is no doubt


def test_the_order_of_questions_means_nothing():
    one, two = [1.0, 2.0, 5.0], [2.0, 1.0, 4.0]
    straight = compare({1: report(one), 2: report(two)}, "HRNN")
    assert compare({1: report(one), 2: report(two, order=[2, 0, 1])}, "HRNN").equals(straight)


def test_different_interactions_are_refused():
    with pytest.raises(ConfigError, match="different interactions"):
        compare({1: report([1.0, 2.0]), 2: report([1.0])}, "HRNN")
    with pytest.raises(ConfigError, match="different interactions"):
        compare({1: report([1.0]), 2: report([1.0], users=["v"])}, "HRNN")
    with pytest.raises(ConfigError, match="no report"):
        compare({}, "HRNN")
