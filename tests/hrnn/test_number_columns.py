"""Columns of numbers: digits that stay, and digits that were lost before the log came here."""

import numpy as np
import pandas as pd
import pytest

from hrnn import read_interactions
from tests.hrnn.logs import codes, lines_of, parquet


def test_whole_floats_are_integers_and_others_stay():
    frame = pd.DataFrame(
        {"user_id": [1.0, 2.5, None], "item_id": [1, "x", 2.0], "timestamp": [1.7e9, 1.7e9, 1.7e9]}
    )
    data = read_interactions(frame)
    assert data.frame()["USER_ID"].tolist() == ["1", "2.5"]
    assert data.frame()["ITEM_ID"].tolist() == ["1", "x"]


def test_large_integers_keep_all_digits():
    frame = pd.DataFrame(
        {"user_id": [2**63 - 1], "item_id": [2**53 + 1], "timestamp": [1_704_456_000_123_456_789]}
    )
    row = read_interactions(frame).frame().iloc[0]
    assert (row["USER_ID"], row["ITEM_ID"]) == ("9223372036854775807", "9007199254740993")
    assert row["TIMESTAMP"].isoformat() == "2024-01-05T12:00:00.123456+00:00"


def test_ids_that_lost_digits_as_floats_are_warned_about():
    frame = pd.DataFrame(
        {"user": [900719925474099301, None], "item": ["a", "b"], "time": [100, 200]}
    )
    data = read_interactions(frame)
    assert lines_of(data, "FLOAT_LIKE_IDS") == (2,)
    assert "last digits may be lost" in data.report.warnings[0].message


@pytest.mark.parametrize("write", [lambda frame: frame, parquet])
def test_columns_of_32_bits_are_warned_of(write):
    frame = pd.DataFrame(
        {
            "user_id": ["u", "u"],
            "item_id": np.array([1, 2], np.float32),
            "timestamp": np.array([1_704_456_000, 1_704_456_040], np.float32),
        }
    )
    (found,) = (
        one
        for one in read_interactions(write(frame)).report.warnings
        if one.code == "COARSE_NUMBERS"
    )
    assert found.message.startswith("2 columns hold floats of 32 bits or less ('item_id', 'timest")
    wide = frame.astype({"item_id": "float64", "timestamp": "float64"})
    assert "COARSE_NUMBERS" not in codes(read_interactions(write(wide)))
