import numpy as np
import pandas as pd
import pytest

import hrnn
from hrnn import HRNNError, Popularity, read_interactions
from hrnn.baselines.popularity import fraction
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
    counted = {"trained": 6, "validated": 2, "users": 4, "items": 3}
    assert model.record.facts.items() >= counted.items()
    assert len(model.record.keys) == 8


def test_most_popular_come_first_and_ties_go_by_id():
    assert fitted().recommend(log(("new", "a", 1)), top_k=3).tolist() == [["c", "a", "b"]]


def test_unseen_items_of_a_catalogue_rank_last():
    model = Popularity()
    items = hrnn.ItemsDataset(pd.DataFrame({"ITEM_ID": ["z", "a"]}))
    model.train(items_ds=items, interactions_ds=hrnn.InteractionsDataset(ROWS))
    with pytest.warns(UserWarning, match="beyond the catalogue"):
        answer = model.recommend(ROWS.head(1), top_k=9)
    assert answer.tolist() == [["c", "a", "b", "d", "z", None, None, None, None]]


def test_saved_counts_come_back(tmp_path):
    model = fitted()
    model.save(tmp_path / "model")
    again = hrnn.load(tmp_path / "model")
    assert isinstance(again, Popularity)
    pd.testing.assert_frame_equal(again.score_items(ROWS), model.score_items(ROWS))
    assert again.record.facts == model.record.facts
    assert again.record.keys.tolist() == model.record.keys.tolist()


def test_counts_of_another_catalogue_are_refused():
    model, counts = fitted(), fitted().weights()["counts"]
    for wrong in (counts[:-1], counts[None], counts.double()):
        with pytest.raises(ValueError, match="counts for 4 items"):
            model.take_weights({"counts": wrong}, "a folder")


def test_untrained_model_says_so():
    with pytest.raises(HRNNError, match="not trained; call train first"):
        Popularity().recommend(ROWS)


def test_fraction_keeps_the_order_of_counts_and_never_reaches_the_next_whole_number():
    counts = np.array([0, 1, 2, 999_999, 1_000_000], np.float32)
    found = fraction(counts)
    assert found.dtype == np.float32
    assert (np.diff(found) > 0).all()
    assert found[0] == 0
    for whole in (1, 1000, 1_000_000, 4_000_000):
        assert found[-1] + np.float32(whole) < whole + 1
    assert fraction(np.zeros(2, np.float32)).tolist() == [0, 0]
    assert fraction(np.empty(0, np.float32)).tolist() == []
