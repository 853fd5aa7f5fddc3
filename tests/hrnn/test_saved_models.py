import dataclasses
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
from hrnn.baselines import BASELINES
from hrnn.data.keys import row_keys
from hrnn.training.config import TrainConfig
from tests.hrnn.reference import LOSSES, frame_of, trained_model

LOG = frame_of("u a 0\nu b 1\nu ü 2\nu c 100\nu a 101\nv c 0\nv b 1\nv ü 200\nv a 201")

READ = hrnn.read_interactions(LOG)


@pytest.fixture(scope="module")
def model():
    return trained_model(READ, 5, 7, timeout=45.0, num_layers=2)


@pytest.fixture
def folder(model, tmp_path):
    model.save(tmp_path / "deep" / "model")
    return tmp_path / "deep" / "model"


def same_answers(one, two) -> bool:
    scores = [
        [model.score_items(READ, start=start) for start in ("continue", "new")]
        for model in (one, two)
    ]
    lists = [model.recommend(READ, top_k=4).tolist() for model in (one, two)]
    return lists[0] == lists[1] and all(a.equals(b) for a, b in zip(*scores, strict=True))


def test_loaded_model_scores_and_recommends_the_same(model, folder):
    again = hrnn.load(folder)
    assert same_answers(again, model)
    assert again.session_timeout_minutes == 45
    assert again.use_session_ids
    assert again.estimator.config == model.estimator.config
    assert (again.max_sessions, again.max_session_len) == (5, 7)


def test_loaded_model_still_knows_what_it_was_trained_on(model, folder):
    again = hrnn.load(folder)
    assert again.record.facts == model.record.facts
    assert again.record.facts | {"dataset": ""} == {
        "dataset": "", "split": "given rows", "trained": 9, "validated": 0, "users": 2, "items": 4,
    }  # fmt: skip
    assert again.record.keys.dtype == np.uint64
    assert np.array_equal(again.record.keys, model.record.keys)
    assert again.record.holds(row_keys(READ)).all()
    others = hrnn.read_interactions(frame_of("u a 1\nw a 0\nu b 0"))
    assert not again.record.holds(row_keys(others)).any()


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("user_state", ["init", "all", "none"])
def test_every_loss_and_use_of_the_user_state_comes_back(tmp_path, loss, user_state):
    frame = READ.with_outcome(np.arange(9.0)) if loss == "mse" else READ
    made = trained_model(frame, loss=loss, user_state=user_state)
    made.save(tmp_path)
    again = hrnn.load(tmp_path)
    assert type(again.estimator) is type(made.estimator)
    assert again.predicts_outcome == made.predicts_outcome == (loss == "mse")
    assert again.estimator.config == made.estimator.config
    assert same_answers(again, made)


def test_settings_of_sessions_come_back(tmp_path):
    made = hrnn.HierarchicalSequentialRecommender(
        hrnn.HierarchicalScorer(hrnn.HRNNClassifierEstimator(epochs=1)),
        session_timeout_minutes=None,
    )
    ids = [f"s{n // 2}" for n in range(9)]
    frame = hrnn.read_interactions(LOG.assign(SESSION_ID=ids))
    made.train(interactions_ds=InteractionsDataset(frame))
    made.save(tmp_path)
    again = hrnn.load(tmp_path)
    assert again.session_timeout_minutes is None
    assert again.score_items(frame).equals(made.score_items(frame))
    with pytest.raises(hrnn.DataError, match="needs a SESSION_ID column"):
        again.score_items(READ)
    made = hrnn.HierarchicalSequentialRecommender(
        hrnn.HierarchicalScorer(hrnn.HRNNClassifierEstimator(epochs=1)), use_session_ids=False
    )
    made.train(interactions_ds=InteractionsDataset(frame))
    made.save(tmp_path)
    again = hrnn.load(tmp_path)
    assert not again.use_session_ids
    assert again.score_items(frame).equals(made.score_items(READ))


def test_model_of_a_device_that_this_machine_lacks_can_be_read(folder):
    change_settings(training={"device": "cuda"})(folder)
    again = hrnn.load(folder)
    assert again.estimator.config.device is None
    assert again.score_items(READ).shape == (2, 4)


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
    names = sorted(one.name for one in folder.iterdir())
    assert names == ["model.json", "model.safetensors", "trained_rows.npy"]
    assert json.loads((folder / "model.json").read_text("utf-8"))["items"] == ["a", "b", "c", "ü"]
    assert np.load(folder / "trained_rows.npy", allow_pickle=False).shape == (9,)

    def refuse(*_, **__):
        raise AssertionError("something was unpickled")

    for owner, name in (
        (pickle, "load"),
        (pickle, "loads"),
        (pickle, "Unpickler"),
        (torch, "load"),
    ):
        monkeypatch.setattr(owner, name, refuse)
    assert hrnn.load(folder).recommend(READ, top_k=1).shape == (2, 1)


def test_model_file_says_what_it_holds(folder):
    facts = json.loads((folder / "model.json").read_text("utf-8"))
    assert facts.keys() == {"format", "kind", "settings", "items", "record", "sha256"}
    assert (facts["format"], facts["kind"]) == (2, "hrnn")
    settings = facts["settings"]
    assert settings.keys() == {"training", "session_timeout_minutes", "use_session_ids"}
    assert settings["training"].keys() == {one.name for one in dataclasses.fields(TrainConfig)}
    assert settings["training"]["max_sessions"] == 5


def test_other_windows_can_be_asked_for_when_loading(folder):
    for windows in (
        {"max_sessions": 1},
        {"max_session_len": 1},
        {"max_sessions": 1, "max_session_len": 2},
    ):
        found = hrnn.load(folder, **windows)
        expected = trained_model(READ, **{"max_sessions": 5, "max_session_len": 7, **windows},
                                 timeout=45.0, num_layers=2)  # fmt: skip
        assert found.score_items(READ).equals(expected.score_items(READ))
    assert (
        not hrnn.load(folder, max_sessions=1)
        .score_items(READ)
        .equals(hrnn.load(folder).score_items(READ))
    )


@pytest.mark.parametrize("name", BASELINES)
@pytest.mark.parametrize("window", ["max_sessions", "max_session_len"])
def test_baseline_has_no_windows_to_change(tmp_path, name, window):
    made = BASELINES[name]()
    made.train(interactions_ds=InteractionsDataset(READ))
    made.save(tmp_path)
    with pytest.raises(ConfigError, match=f"{window}=3: a model of kind '{made.kind}' has none"):
        hrnn.load(tmp_path, **{window: 3})
    assert hrnn.load(tmp_path).kind == made.kind


@pytest.mark.parametrize("windows", [{"max_sessions": 0}, {"max_session_len": -1}])
def test_window_out_of_range_is_the_callers_mistake_and_not_the_models(folder, windows):
    with pytest.raises(ConfigError, match=r"max_session.*greater than or equal to 1"):
        hrnn.load(folder, **windows)


def change(**facts):
    def rewrite(folder):
        path = folder / "model.json"
        path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), **facts}))

    return rewrite


def change_settings(training=None, **settings):
    """Change some of the settings, and some of the training's."""

    def rewrite(folder):
        saved = json.loads((folder / "model.json").read_text("utf-8"))["settings"]
        both = {**saved, **settings, "training": {**saved["training"], **(training or {})}}
        change(settings=both)(folder)

    return rewrite


def drop(fact, *path):
    """Take a fact out, or one inside the facts that the path leads to."""

    def rewrite(folder):
        file = folder / "model.json"
        facts = json.loads(file.read_text("utf-8"))
        inner = facts
        for name in path:
            inner = inner[name]
        del inner[fact]
        file.write_text(json.dumps(facts))

    return rewrite


def write(name, content):
    return lambda folder: (folder / name).write_bytes(content)


def unlink(name):
    return lambda folder: (folder / name).unlink()


def pickled_keys(folder):
    np.save(folder / "trained_rows.npy", np.array([{}], object), allow_pickle=True)


DAMAGE = {
    "no folder": shutil.rmtree,
    "no facts": unlink("model.json"),
    "no weights": unlink("model.safetensors"),
    "no record": unlink("trained_rows.npy"),
    "empty facts": write("model.json", b""),
    "facts cut off": write("model.json", b'{"format": 2, "items": ["a"'),
    "facts of no text": write("model.json", b"\xff\xfe\x00"),
    "facts of another kind": write("model.json", b"[1, 2]"),
    "empty weights": write("model.safetensors", b""),
    "weights of another kind": write("model.safetensors", b"\x80\x04pickle"),
    "empty record": write("trained_rows.npy", b""),
    "record of another kind": write("trained_rows.npy", b"\x80\x04pickle"),
    "pickled record": pickled_keys,
    "the format before": change(format=1),
    "another format": change(format=99),
    "another model": change(kind="oracle"),
    "a baseline": change(kind="popularity"),
    "another catalogue": change(items=["a", "b"]),
    "an item twice": change(items=["a", "a", "b", "c"]),
    "other settings": change_settings({"hidden_units": 3}),
    "other use of the user state": change_settings({"user_state": "all"}),
    "more layers": change_settings({"num_layers": 3}),
    "setting out of range": change_settings({"hidden_units": 0}),
    "unknown setting": change_settings({"hidden_unit": 6}),
    "settings of another kind": change(settings=[1]),
    "training of another kind": change(settings={"training": 1}),
    "timeout of words": change_settings(session_timeout_minutes="long"),
    "timeout of 0": change_settings(session_timeout_minutes=0),
    "facts of the record in words": change(record="lost"),
    **{f"without {fact}": drop(fact) for fact in ("format", "kind", "settings", "items", "record")},
    **{f"without {fact}": drop(fact, "settings") for fact in (
        "training", "session_timeout_minutes", "use_session_ids",
    )},
    "without max_sessions": drop("max_sessions", "settings", "training"),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_missing_damaged_or_foreign_folder_is_refused(folder, damage):
    damage(folder)
    with pytest.raises(CheckpointError, match="train") as caught:
        hrnn.load(folder)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (change(format=1), "has format 1, this version reads 2; train it again"),
        (change(kind="oracle"), "is of an unknown kind, 'oracle'"),
        (unlink("trained_rows.npy"), "the training record of model model cannot be read"),
        (change_settings({"hidden_units": 3}), "the weights in model do not fit the settings"),
        (unlink("model.json"), "there is no model in"),
    ],
)
def test_refusal_says_what_is_wrong_with_the_folder(folder, damage, told):
    damage(folder)
    with pytest.raises(CheckpointError, match=told):
        hrnn.load(folder)


def test_damaged_settings_are_the_models_fault_even_where_windows_are_asked_for(folder):
    change_settings({"hidden_units": 0})(folder)
    with pytest.raises(CheckpointError, match="damaged"):
        hrnn.load(folder, max_sessions=3)


@pytest.mark.parametrize("keys", [np.zeros(3), np.zeros((2, 2), np.uint64), np.uint64([7])])
def test_training_record_of_another_shape_is_refused(folder, keys):
    np.save(folder / "trained_rows.npy", keys)
    with pytest.raises(CheckpointError, match="train"):
        hrnn.load(folder)


@pytest.mark.parametrize("name", ["model.safetensors", "trained_rows.npy"])
def test_one_byte_that_was_changed_is_found(folder, name):
    raw = bytearray((folder / name).read_bytes())
    raw[-1] ^= 1  # a number of another value, in a file that is sound
    (folder / name).write_bytes(raw)
    with pytest.raises(
        CheckpointError, match=f"{name} of the model in model is not what was saved"
    ):
        hrnn.load(folder)


def test_a_model_saved_before_there_were_sums_is_opened(folder):
    facts = json.loads((folder / "model.json").read_text())
    del facts["sha256"]
    (folder / "model.json").write_text(json.dumps(facts))
    assert hrnn.load(folder).kind == "hrnn"


def test_file_instead_of_a_folder_is_refused(tmp_path):
    (tmp_path / "log.csv").write_text("USER_ID,ITEM_ID\n")
    with pytest.raises(CheckpointError, match="there is no model in"):
        hrnn.load(tmp_path / "log.csv")


def test_popularity_of_another_catalogue_is_refused(tmp_path):
    popular = Popularity()
    popular.train(interactions_ds=InteractionsDataset(READ))
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
    other = trained_model(READ.of_user("u"), num_layers=1)
    other.save(folder)
    assert hrnn.load(folder).score_items(READ).equals(other.score_items(READ))
    pd.testing.assert_index_equal(other.score_items(READ).index, model.score_items(READ).index)
    assert np.isfinite(other.score_items(READ)).all(axis=None)


def test_model_whose_user_state_is_zeroed_is_not_saved(folder, tmp_path):
    bare = hrnn.load(folder).without_user_state()
    with pytest.raises(hrnn.HRNNError, match="for measuring"):
        bare.save(tmp_path / "bare")


@pytest.mark.parametrize("setting", ["loss", "hidden_units", "user_state"])
def test_model_without_one_of_its_settings_is_damaged(folder, setting):
    path = folder / "model.json"
    facts = json.loads(path.read_text())
    del facts["settings"]["training"][setting]
    path.write_text(json.dumps(facts))
    with pytest.raises(CheckpointError, match=f"damaged .*{setting}"):
        hrnn.load(folder)


@pytest.mark.parametrize(
    ("setting", "was"), [("learning_rate_decay", "none"), ("scoring", "product")]
)
def test_model_saved_before_there_was_a_setting_is_opened(folder, setting, was):
    facts = json.loads((folder / "model.json").read_text())
    del facts["settings"]["training"][setting]
    (folder / "model.json").write_text(json.dumps(facts))
    assert getattr(hrnn.load(folder).estimator.config, setting) == was
