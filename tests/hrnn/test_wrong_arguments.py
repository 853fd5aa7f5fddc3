"""Arguments of the wrong kind: one sentence that names the argument, before anything is done."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import hrnn

FRAME = pd.DataFrame(
    {"USER_ID": ["u"] * 6, "ITEM_ID": ["0", "1", "2", "10", "0", "1"], "TIMESTAMP": range(6)}
)
DATA = hrnn.read_interactions(FRAME)


def trained() -> hrnn.Popularity:
    model = hrnn.Popularity()
    model.train(interactions_ds=hrnn.InteractionsDataset(FRAME))
    return model


def evaluated(models: Any = None, **wrong: Any) -> Any:
    return hrnn.evaluate(models or {"p": hrnn.Popularity()}, DATA, **wrong)


def trained_on_items(items: Any) -> None:
    hrnn.Popularity().train(items_ds=items, interactions_ds=hrnn.InteractionsDataset(FRAME))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: trained().set_item_subset("10"), "item_subset='10': it must be several ids"),
        (lambda: trained().set_item_subset(None), "item_subset=None: it must be several ids"),  # pyright: ignore
        (lambda: trained_on_items(FRAME), "items_ds is of type DataFrame; pass hrnn.ItemsDataset"),
        (lambda: trained_on_items(""), "items_ds is of type str"),
        (lambda: trained().recommend(FRAME, exclude_seen="yes"), "exclude_seen='yes': it must be"),  # pyright: ignore
        (lambda: trained().save(None), "folder=None: it must be the path of a folder"),  # pyright: ignore
        (lambda: hrnn.load(None), "folder=None: it must be the path of a folder"),  # pyright: ignore
        (lambda: evaluated(exclude_seen="no"), "exclude_seen='no': it must be True or False"),
        (lambda: evaluated([hrnn.Popularity()]), "models is of type list; pass name → model"),
        (lambda: evaluated(k=(5, 10, 5)), r"k=\(5, 10, 5\): each cut-off must stand there once"),
        (lambda: hrnn.segment(DATA, 30, use_session_ids="no"), "use_session_ids='no': it must be"),  # pyright: ignore
    ],
)
def test_the_argument_is_named(call: Callable[[], Any], words: str) -> None:
    with pytest.raises(hrnn.ConfigError, match=words):
        call()


def test_a_wrong_split_is_told_only_splits_that_can_be_taken() -> None:
    with pytest.raises(hrnn.ConfigError) as error:
        evaluated(split="x")
    assert "all_rows" not in str(error.value)


def test_switches_of_numpy_are_switches() -> None:
    assert evaluated(exclude_seen=np.True_).heading == evaluated(exclude_seen=True).heading


@pytest.mark.parametrize("value", [True, 2.0, "2"])
def test_a_length_is_a_whole_number(value: Any, tmp_path: Path) -> None:
    model = hrnn.HierarchicalSequentialRecommender(
        hrnn.HierarchicalScorer(hrnn.HRNNClassifierEstimator(hidden_units=2, epochs=1))
    )
    model.train(interactions_ds=hrnn.InteractionsDataset(FRAME))
    model.save(tmp_path / "model")
    with pytest.raises(hrnn.ConfigError, match=f"max_sessions={value!r}: it must be a whole"):
        hrnn.load(tmp_path / "model", max_sessions=value)


def test_one_value_is_one_id_whatever_holds_it() -> None:
    items = [True, {"k": [True, None]}, "true", ("x", 1)]
    frame = FRAME.head(4).assign(ITEM_ID=items)
    found = hrnn.read_interactions(frame).frame()["ITEM_ID"].tolist()
    assert found == ["true", '{"k": [true, null]}', "true", '["x", 1]']


def test_session_ids_that_were_floats_are_told() -> None:
    rows = "user_id,item_id,timestamp,session_id\nu,a,1,7\nu,b,2,7.0\nu,c,3,\nu,d,4,7.0\n"
    warnings = hrnn.read_interactions(rows.encode()).report.warnings
    (told,) = (one.message for one in warnings if one.code == "FLOAT_LIKE_IDS")
    assert told.startswith("session '7.0' (2 rows) may be the same id as '7' (1 row)")


def test_one_amount_is_not_called_two() -> None:
    warnings = hrnn.read_interactions(FRAME.assign(OUTCOME=5.0)).report.warnings
    (told,) = (one.message for one in warnings if one.code == "TWO_OUTCOMES")
    assert told.startswith("every outcome is 5, ")


def test_years_are_asked_about_and_other_small_numbers_are_not() -> None:
    def told(*times: int) -> bool:
        data = hrnn.read_interactions(FRAME.head(len(times)).assign(TIMESTAMP=times))
        return any(one.code == "COUNTED_DAYS" for one in data.report.warnings)

    assert told(2019, 2020, 2021)
    assert not told(2019, 2020, 2100)


def test_decimal_commas_are_blamed_on_the_outcome() -> None:
    rows = b"user_id;item_id;timestamp;rating\nu;a;1600000000;3,5\n"
    with pytest.raises(hrnn.DataError, match="decimal point; choose another column for them"):
        hrnn.read_interactions(rows, columns={"OUTCOME": "rating"})


def test_lists_in_json_are_told_as_what_they_are() -> None:
    with pytest.raises(hrnn.DataError, match="not a JSON object"):
        hrnn.read_interactions(b'[["user_id","item_id","timestamp"],["a","x",1600000000]]')
