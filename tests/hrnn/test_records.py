import json
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import hrnn
from hrnn import CheckpointError, Interactions, Popularity
from hrnn.columns import ITEM_ID, OUTCOME, TIMESTAMP, USER_ID
from hrnn.data.keys import row_keys
from hrnn.recommend.record import TrainingRecord
from hrnn.training.roles import HISTORY, TRAIN, VALID
from tests.hrnn.test_splits_random import random_log

KEYS_FILE = "trained_rows.npy"


def log_of(*rows: tuple[str, str, int]) -> Interactions:
    return hrnn.read_interactions(pd.DataFrame(rows, columns=[USER_ID, ITEM_ID, TIMESTAMP]))


def test_keys_tell_different_rows_apart_and_equal_ones_not():
    data = random_log(0, users=300, items=40)
    frame = data.frame()
    what = list(zip(frame[USER_ID], frame[ITEM_ID], frame[TIMESTAMP], strict=True))
    keys = row_keys(data)
    assert keys.dtype == np.uint64
    assert len(set(keys.tolist())) == len(set(what)) < len(what)
    assert len(set(zip(what, keys.tolist(), strict=True))) == len(set(what))


@pytest.mark.parametrize(
    "other",
    [
        ("v", "a", 60),
        ("u", "b", 60),
        ("u", "a", 61),
        ("a", "u", 60),
        ("ua", "", 60),
        ("", "ua", 60),
    ],
)
def test_key_changes_with_user_item_and_time(other):
    frame = pd.DataFrame([("u", "a", 60), other], columns=[USER_ID, ITEM_ID, TIMESTAMP])
    frame[[USER_ID, ITEM_ID]] = frame[[USER_ID, ITEM_ID]].replace("", "-")
    one, two = row_keys(hrnn.read_interactions(frame))
    assert one != two


def test_keys_of_a_grid_of_rows_all_differ():
    rows = [(f"u{u}", f"i{i}", t) for u in range(20) for i in range(20) for t in range(20)]
    assert len(np.unique(row_keys(log_of(*rows)))) == 8000


def test_keys_depend_on_user_item_and_time_alone():
    data = random_log(0)
    keys = dict(zip(data.frame()["NOTE"], row_keys(data), strict=True))
    frame = data.frame().sample(frac=1, random_state=1).assign(**{OUTCOME: 0.5, "more": "column"})
    other = hrnn.read_interactions(frame[frame[USER_ID] != "u3"])
    assert len(other) < len(data)
    for note, key in zip(other.frame()["NOTE"], row_keys(other), strict=True):
        assert keys[note] == key
    part = data.slice(20, 60)
    assert row_keys(part).tolist() == row_keys(data)[20:60].tolist()


def test_keys_are_the_same_in_every_process(tmp_path):
    data = random_log(0)
    data.frame().to_parquet(tmp_path / "log.parquet")
    program = (
        "import sys, hrnn; from hrnn.data.keys import row_keys;"
        "print(*row_keys(hrnn.read_interactions(sys.argv[1])))"
    )
    for seed in ("1", "2"):
        run = subprocess.run(
            [sys.executable, "-c", program, str(tmp_path / "log.parquet")],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        assert [int(key) for key in run.stdout.split()] == row_keys(data).tolist()


def test_keys_are_those_that_saved_models_carry():
    # Changing these makes every saved record worthless, without a word: raise FORMAT with it.
    keys = row_keys(log_of(("u", "a", 1_700_000_000), ("ü", "日本", 1_700_000_060)))
    assert keys.tolist() == [12_854_656_610_854_337_184, 721_913_619_352_865_372]


def test_record_counts_and_holds_what_was_trained_and_validated_on():
    data = random_log(1)
    random = np.random.default_rng(0)
    role = random.choice([HISTORY, TRAIN, VALID], len(data))
    keys = row_keys(data)
    for key in set(keys.tolist()):
        role[keys == key] = role[keys == key][0]  # equal rows have one role
    record = TrainingRecord.of(data, role, "a split", 7)
    users = {data.user_ids[data.user_index[row]] for row in np.flatnonzero(role == TRAIN)}
    dataset = record.facts.pop("dataset")
    assert record.facts == {
        "split": "a split", "trained": (role == TRAIN).sum(), "validated": (role == VALID).sum(),
        "users": len(users), "items": 7,
    }  # fmt: skip
    assert record.holds(keys).tolist() == (role != HISTORY).tolist()
    assert not record.holds(keys ^ np.uint64(1)).any()
    assert record.holds(keys[:0]).tolist() == []
    assert len(dataset) == 16
    assert int(dataset, 16) > 0
    assert "keys" not in repr(record)


def test_fingerprint_is_of_the_rows_and_not_of_their_order_or_roles():
    data = random_log(1)

    def fingerprint(log, role):
        return TrainingRecord.of(log, np.full(len(log), role), "", 1).facts["dataset"]

    shuffled = hrnn.read_interactions(data.frame().sample(frac=1, random_state=3))
    assert fingerprint(data, TRAIN) == fingerprint(shuffled, VALID)
    assert fingerprint(data, TRAIN) != fingerprint(data.slice(1, len(data)), TRAIN)
    assert fingerprint(data, TRAIN) != fingerprint(random_log(2), TRAIN)
    assert fingerprint(data.slice(0, 0), TRAIN) != fingerprint(data, TRAIN)


def test_record_comes_back_from_a_models_folder(tmp_path):
    model = Popularity()
    data = random_log(1)
    model.fit(data, np.full(len(data), TRAIN), split="all of it")
    model.save(tmp_path)
    again = hrnn.load(tmp_path).record
    assert again.facts == model.record.facts
    assert again.facts["split"] == "all of it"
    assert again.keys.dtype == np.uint64
    assert again.keys.tolist() == sorted(row_keys(data).tolist())


def garbage(path) -> None:
    path.write_bytes(b"these are no keys")


def cut_short(path) -> None:
    path.write_bytes(path.read_bytes()[:-5])


def half_a_header(path) -> None:
    path.write_bytes(path.read_bytes()[:20])


def emptied(path) -> None:
    path.write_bytes(b"")


def gone(path) -> None:
    path.unlink()


def pickled(path) -> None:
    np.save(path, np.array([{"any": "object"}]), allow_pickle=True)


def zipped(path) -> None:
    path.write_bytes(b"PK\x03\x04 is how an archive begins")


def several(path) -> None:
    with path.open("wb") as file:
        np.savez(file, a=np.arange(3), b=np.arange(3))


def other_type(path) -> None:
    np.save(path, np.load(path).astype(np.float64))


def other_shape(path) -> None:
    np.save(path, np.load(path)[:, None])


def fewer(path) -> None:
    np.save(path, np.load(path)[:-1])


def none(path) -> None:
    np.save(path, np.empty(0, np.uint64))


@pytest.mark.parametrize(
    "damage",
    [
        garbage, cut_short, half_a_header, emptied, gone, pickled,
        zipped, several, other_type, other_shape, fewer, none,
    ],
)  # fmt: skip
def test_damaged_record_is_refused(damage, tmp_path):
    model, data = Popularity(), random_log(1)
    model.fit(data, np.full(len(data), TRAIN))
    model.save(tmp_path / "model")
    damage(tmp_path / "model" / KEYS_FILE)
    with pytest.raises(CheckpointError, match=r"model .*train it again"):
        hrnn.load(tmp_path / "model")


@pytest.mark.parametrize("facts", [None, 3, "text"])
def test_record_without_facts_is_refused(facts, tmp_path):
    model, data = Popularity(), random_log(1)
    model.fit(data, np.full(len(data), TRAIN))
    model.save(tmp_path / "model")
    path = tmp_path / "model" / "model.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "record": facts}))
    with pytest.raises(CheckpointError, match="train it again"):
        hrnn.load(tmp_path / "model")
