import numpy as np
import pandas as pd
import pytest

from hrnn import read_interactions
from hrnn.baselines import OwnPopularity
from hrnn.recommend.request import Request
from hrnn.training.roles import HISTORY, TRAIN, VALID


def log(*rows: str) -> pd.DataFrame:
    """Read rows of user, item and, if it is not 1, outcome, a minute apart."""
    cells = [[*row.split(), "1"][:3] for row in rows]
    frame = pd.DataFrame(cells, columns=["USER_ID", "ITEM_ID", "OUTCOME"])
    frame["OUTCOME"] = frame["OUTCOME"].replace("-", None).astype(float)
    frame["TIMESTAMP"] = 1_700_000_000 + 60 * np.arange(len(frame))
    return frame


#: c is the most popular of the training, then b, then a and d, then e.
TRAINED = log("t c", "t c", "t c", "s b", "s b", "r a", "r d", "r e 0")


@pytest.fixture(scope="module")
def model() -> OwnPopularity:
    data = read_interactions(TRAINED)
    model = OwnPopularity()
    model.fit(data, np.full(len(data), TRAIN))
    return model


def test_scores_are_the_times_in_the_history_and_popularity_as_a_fraction(model):
    found = model.score_items(log("u a", "u b", "u a", "v e", "u a"))
    filled = np.array([1, 2, 3, 1, 0]) / 7  # counts by 2 × 3 + 1
    expected = np.array([[3, 1, 0, 0, 0], [0, 0, 0, 0, 1]]) + filled
    assert found.columns.tolist() == ["a", "b", "c", "d", "e"]
    assert found.index.tolist() == ["u", "v"]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_own_items_come_first_then_the_popular_ones(model):
    asked = log("u d", "u e", "u a", "u e")
    assert model.recommend(asked, top_k=5).tolist() == [["e", "a", "d", "c", "b"]]


def test_only_rows_with_an_outcome_above_zero_are_own_items(model):
    found = model.score_items(log("u a 0", "u b -", "u d 0.1", "u e -1", "u d 1"))
    np.testing.assert_allclose(found, [[1 / 7, 2 / 7, 3 / 7, 2 + 1 / 7, 0]], rtol=1e-6)


def test_unknown_items_are_passed_over(model):
    with pytest.warns(UserWarning, match="unknown to the model"):
        found = model.score_items(log("u ?", "u a", "u ?"))
    assert found.equals(model.score_items(log("u a")))


def test_history_counts_whatever_was_trained_on():
    data = read_interactions(log("u a", "u b", "u b", "u a", "u a"))
    model = OwnPopularity()
    model.fit(data, np.array([TRAIN, TRAIN, HISTORY, VALID, HISTORY]))
    assert model.counts.tolist() == [1, 1]
    np.testing.assert_allclose(model.score_items(data), [[3 + 1 / 3, 2 + 1 / 3]], rtol=1e-6)


def test_user_asked_about_twice_is_scored_by_each_range(model):
    data = read_interactions(log("u a", "u b", "u a", "u d"))
    users = np.array(["u", "u", "u", "who"], object)
    start, stop = np.array([0, 1, 2, 0]), np.array([4, 3, 2, 0])
    found = model.score(Request(data, users, start, stop, np.zeros(4, bool)))
    whole = np.floor(found).astype(int)
    assert whole.tolist() == [[2, 1, 0, 1, 0], [1, 1, 0, 0, 0], [0] * 5, [0] * 5]
    assert np.argmax(found[3]) == 2
