import json
import pickle
import shutil

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

import hrnn
from hrnn import CheckpointError, ConfigError, HRNNError, InteractionsDataset, Popularity
from tests.hrnn.reference import frame_of, trained_model

LOG = frame_of("u a 0\nu b 1\nu ü 2\nu c 100\nu a 101\nv c 0\nv b 1\nv ü 200\nv a 201")


@pytest.fixture(scope="module")
def model():
    return trained_model(LOG, 5, 7, timeout=45.0, num_layers=2)


@pytest.fixture
def folder(model, tmp_path):
    model.save(tmp_path / "deep" / "model")
    return tmp_path / "deep" / "model"


def test_loaded_model_scores_and_recommends_the_same(model, folder):
    again = hrnn.load(folder)
    for start in ("continue", "new"):
        assert again.score_items(LOG, start=start).equals(model.score_items(LOG, start=start))
    assert again.recommend(LOG).tolist() == model.recommend(LOG).tolist()
    assert again.record == model.record
    assert again.session_timeout_minutes == 45
    assert again.estimator.config == model.estimator.config


def test_loading_and_saving_again_changes_no_byte_of_what_matters(folder, tmp_path):
    hrnn.load(folder).save(tmp_path / "copy")
    written = [
        json.loads((one / "model.json").read_text("utf-8")) for one in (folder, tmp_path / "copy")
    ]
    assert written[0] == written[1]
    weights = [load_file(one / "model.safetensors") for one in (folder, tmp_path / "copy")]
    assert weights[0].keys() == weights[1].keys()
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


def test_saved_model_is_safetensors_and_json_and_nothing_is_unpickled(folder, monkeypatch):
    assert sorted(one.name for one in folder.iterdir()) == ["model.json", "model.safetensors"]
    assert json.loads((folder / "model.json").read_text("utf-8"))["items"] == ["a", "b", "c", "ü"]

    def refuse(*_, **__):
        raise AssertionError("something was unpickled")

    for owner, name in (
        (pickle, "load"),
        (pickle, "loads"),
        (pickle, "Unpickler"),
        (torch, "load"),
    ):
        monkeypatch.setattr(owner, name, refuse)
    assert hrnn.load(folder).recommend(LOG, top_k=1).shape == (2, 1)


def test_other_windows_can_be_asked_for_when_loading(folder):
    for windows in (
        {"max_sessions": 1},
        {"max_session_len": 1},
        {"max_sessions": 1, "max_session_len": 2},
    ):
        found = hrnn.load(folder, **windows)
        expected = trained_model(LOG, **{"max_sessions": 5, "max_session_len": 7, **windows},
                                 timeout=45.0, num_layers=2)  # fmt: skip
        assert found.score_items(LOG).equals(expected.score_items(LOG))
    assert (
        not hrnn.load(folder, max_sessions=1)
        .score_items(LOG)
        .equals(hrnn.load(folder).score_items(LOG))
    )


@pytest.mark.parametrize("windows", [{"max_sessions": 0}, {"max_session_len": -1}])
def test_window_out_of_range_is_the_callers_mistake_and_not_the_models(folder, windows):
    with pytest.raises(ConfigError, match=r"max_session.*greater than or equal to 1"):
        hrnn.load(folder, **windows)


def change(**facts):
    def rewrite(folder):
        path = folder / "model.json"
        path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), **facts}))

    return rewrite


def drop(fact):
    def rewrite(folder):
        path = folder / "model.json"
        facts = json.loads(path.read_text("utf-8"))
        del facts[fact]
        path.write_text(json.dumps(facts))

    return rewrite


def write(name, content):
    return lambda folder: (folder / name).write_bytes(content)


DAMAGE = {
    "no folder": shutil.rmtree,
    "no facts": lambda folder: (folder / "model.json").unlink(),
    "no weights": lambda folder: (folder / "model.safetensors").unlink(),
    "empty facts": write("model.json", b""),
    "facts cut off": write("model.json", b'{"format": 1, "items": ["a"'),
    "facts of no text": write("model.json", b"\xff\xfe\x00"),
    "facts of another kind": write("model.json", b"[1, 2]"),
    "empty weights": write("model.safetensors", b""),
    "weights of another kind": write("model.safetensors", b"\x80\x04pickle"),
    "another format": change(format=99),
    "another model": change(kind="oracle"),
    "another catalogue": change(items=["a", "b"]),
    "an item twice": change(items=["a", "a", "b", "c"]),
    "other settings": change(settings={"hidden_units": 3}),
    "unknown setting": change(settings={"hidden_unit": 6}),
    "timeout of words": change(session_timeout_minutes="long"),
    **{f"without {fact}": drop(fact) for fact in (
        "format", "kind", "settings", "session_timeout_minutes", "use_session_ids", "items",
        "record",
    )},
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_missing_damaged_or_foreign_folder_is_refused(folder, damage):
    damage(folder)
    with pytest.raises(CheckpointError, match="train") as caught:
        hrnn.load(folder)
    assert "\n" not in str(caught.value)


def test_file_instead_of_a_folder_is_refused(tmp_path):
    (tmp_path / "log.csv").write_text("USER_ID,ITEM_ID\n")
    with pytest.raises(CheckpointError, match="there is no model in"):
        hrnn.load(tmp_path / "log.csv")


def test_popularity_of_another_catalogue_is_refused(tmp_path):
    popular = Popularity()
    popular.train(interactions_ds=InteractionsDataset(LOG))
    popular.save(tmp_path)
    change(items=["a", "b"])(tmp_path)
    with pytest.raises(CheckpointError, match="damaged"):
        hrnn.load(tmp_path)


def test_untrained_model_cannot_be_saved(tmp_path):
    model = hrnn.HierarchicalSequentialRecommender(
        hrnn.HierarchicalScorer(hrnn.HRNNClassifierEstimator())
    )
    for one in (model, Popularity()):
        with pytest.raises(HRNNError, match="not trained; call train first"):
            one.save(tmp_path / "model")
        assert not (tmp_path / "model").exists()


def test_saving_over_a_model_replaces_it(model, folder):
    other = trained_model(LOG[LOG["USER_ID"] == "u"], num_layers=1)
    other.save(folder)
    assert hrnn.load(folder).score_items(LOG).equals(other.score_items(LOG))
    pd.testing.assert_index_equal(other.score_items(LOG).index, model.score_items(LOG).index)
    assert np.isfinite(other.score_items(LOG)).all(axis=None)
