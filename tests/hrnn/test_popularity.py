import numpy as np
import pandas as pd
import pytest

import hrnn
from hrnn import HRNNError, Popularity, read_interactions
from hrnn.training.roles import HISTORY, TRAIN, VALID


def log(*rows) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["USER_ID", "ITEM_ID", "OUTCOME"])
    frame["TIMESTAMP"] = 1_700_000_000 + 60 * np.arange(len(frame))
    return frame


ROWS = log(
    ("u", "a", 1), ("u", "b", 1), ("u", "a", 1), ("v", "c", 1), ("v", "a", 0), ("v", "c", 0.5),
    ("w", "d", 0), ("w", "b", None), ("x", "b", 1), ("x", "c", 1),
)  # fmt: skip


def fitted(role=None) -> Popularity:
    data = read_interactions(ROWS)
    model = Popularity()
    model.fit(data, np.full(len(data), TRAIN) if role is None else np.asarray(role))
    return model


def test_items_are_counted_where_the_outcome_is_above_zero():
    scores = fitted().score_items(ROWS)
    assert scores.columns.tolist() == ["a", "b", "c", "d"]
    assert scores.index.tolist() == ["u", "v", "w", "x"]
    assert scores.to_numpy().tolist() == [[2, 2, 3, 0]] * 4


def test_only_training_rows_count_and_only_their_items_can_be_recommended():
    role = [TRAIN, TRAIN, VALID, TRAIN, TRAIN, HISTORY, HISTORY, TRAIN, TRAIN, VALID]
    model = fitted(role)
    assert model.vocabulary.ids.tolist() == ["a", "b", "c"]
    assert model.counts.tolist() == [1, 2, 1]
    assert model.record == {"trained": 6, "validated": 2, "users": 4, "items": 3}


def test_most_popular_come_first_and_ties_go_by_id():
    assert fitted().recommend(log(("new", "d", 1)), top_k=3).tolist() == [["c", "a", "b"]]


def test_unseen_items_of_a_catalogue_rank_last():
    model = Popularity()
    items = hrnn.ItemsDataset(pd.DataFrame({"ITEM_ID": ["z", "a"]}))
    model.train(items_ds=items, interactions_ds=hrnn.InteractionsDataset(ROWS))
    assert model.recommend(ROWS.head(1), top_k=9).tolist() == [
        ["c", "a", "b", "d", "z", None, None, None, None]
    ]


def test_saved_counts_come_back(tmp_path):
    model = fitted()
    model.save(tmp_path / "model")
    again = hrnn.load(tmp_path / "model")
    assert isinstance(again, Popularity)
    pd.testing.assert_frame_equal(again.score_items(ROWS), model.score_items(ROWS))
    assert again.record == model.record


def test_untrained_model_says_so():
    with pytest.raises(HRNNError, match="not trained; call train first"):
        Popularity().recommend(ROWS)
