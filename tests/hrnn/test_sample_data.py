"""The logs that come with the project are what they are said to be."""

from pathlib import Path

import numpy as np
import pytest

from hrnn import read_interactions, segment
from hrnn.data.interactions import Interactions
from hrnn.synthetic import Synthetic, generate
from tests.hrnn.logs import codes

SAMPLES = Path(__file__).parent.parent.parent / "sample_data"
DAY = 24 * 60


@pytest.fixture(scope="module")
def made() -> Synthetic:
    return generate()


@pytest.fixture(scope="module")
def generated() -> Interactions:
    return read_interactions(SAMPLES / "generated.csv")


def test_generated_log_is_what_the_generator_gives(made, generated):
    expected = made.frame.sort_values(["USER_ID", "TIMESTAMP"], kind="stable", ignore_index=True)
    found = generated.frame()
    for name in ("USER_ID", "ITEM_ID", "title", "theme"):
        assert found[name].tolist() == expected[name].tolist()
    off = (found["TIMESTAMP"] - expected["TIMESTAMP"]).abs()
    assert off.max().total_seconds() <= 0.001


def test_generated_log_holds_the_planted_sessions_at_25_minutes(made, generated):
    order = np.lexsort((made.frame["TIMESTAMP"], made.frame["USER_ID"]))
    assert np.array_equal(segment(generated, 25).in_user, made.session[order])


def test_generated_log_has_the_promised_size_and_shape(generated):
    assert len(generated) == 40_000
    assert len(generated.user_ids) == 600
    assert len(generated.item_ids) == generated.frame()["title"].nunique() == 400
    assert np.median(segment(generated, 25).per_user) >= 6
    assert segment(generated, 5).count >= 2 * segment(generated, DAY).count
    assert not generated.report.warnings
    assert not generated.report.rejected


def test_news_reading():
    data = read_interactions(SAMPLES / "news_reading.csv")
    assert len(data) == data.report.rows == 14_718
    assert [segment(data, minutes).count for minutes in (5, 30, DAY)] == [5458, 4697, 2367]
    assert codes(data) == {"NAIVE_TIMES"}


def test_shop_baskets():
    data = read_interactions(SAMPLES / "shop_baskets.csv", {"SESSION_ID": None})
    assert [segment(data, minutes).count for minutes in (5, 30, DAY)] == [2465, 2430, 2385]
    assert codes(data) == {"NAIVE_TIMES", "TIED_TIMES"}
