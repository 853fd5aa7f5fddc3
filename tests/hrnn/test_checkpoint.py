import json

import numpy as np
import pytest
import torch
from safetensors import SafetensorError
from safetensors.torch import save_file

from hrnn import CheckpointError
from hrnn.training.checkpoint import load_weights, read_checkpoint, write_checkpoint


def test_tensors_and_facts_come_back_as_they_were(tmp_path):
    tensors = {
        "weights": torch.tensor([[1.5, -0.0], [1e-40, float("inf")]]),
        "turned": torch.arange(6.0).reshape(2, 3).T,
        "learned": torch.nn.Parameter(torch.ones(2)),
        "state": torch.Generator().manual_seed(3).get_state(),
        "none": torch.empty(0),
    }
    order = np.random.default_rng(5).bit_generator.state
    facts = {"epoch": 3, "best_loss": 0.1 + 0.2, "name": "é\n", "order": order, "none": None}
    write_checkpoint(tmp_path / "last.safetensors", tensors, facts)
    back, told = read_checkpoint(tmp_path / "last.safetensors")
    assert told == facts
    assert back.keys() == tensors.keys()
    for name, value in tensors.items():
        assert torch.equal(back[name], value)
        assert back[name].dtype == value.dtype


def test_writing_again_replaces_and_leaves_nothing_else_behind(tmp_path):
    for epoch in (1, 2):
        write_checkpoint(tmp_path / "last", {"a": torch.zeros(epoch)}, {"epoch": epoch})
    assert read_checkpoint(tmp_path / "last")[1] == {"epoch": 2}
    assert [path.name for path in tmp_path.iterdir()] == ["last"]


def test_failed_writing_keeps_the_old_file(tmp_path):
    path = tmp_path / "last"
    write_checkpoint(path, {"a": torch.zeros(1)}, {"epoch": 1})
    with pytest.raises(TypeError):
        write_checkpoint(path, {"a": torch.ones(1)}, {"epoch": object()})
    tensors, facts = read_checkpoint(path)
    assert facts == {"epoch": 1}
    assert tensors["a"].tolist() == [0]
    assert [one.name for one in tmp_path.iterdir()] == ["last"]


def test_a_disk_without_room_is_an_error_of_the_disk(tmp_path, monkeypatch):
    def full(*_, **__):
        raise SafetensorError("No space left on device")

    monkeypatch.setattr("hrnn.training.checkpoint.save_file", full)
    with pytest.raises(OSError, match="No space left"):
        write_checkpoint(tmp_path / "last", {"a": torch.zeros(1)}, {})
    assert not list(tmp_path.iterdir())


def test_file_is_plain_safetensors_that_names_its_facts(tmp_path):
    write_checkpoint(tmp_path / "last", {"a": torch.zeros(1)}, {"epoch": 1})
    raw = (tmp_path / "last").read_bytes()
    header = json.loads(raw[8 : 8 + int.from_bytes(raw[:8], "little")])
    assert json.loads(header["__metadata__"]["facts"]) == {"epoch": 1}


def damaged(path, kind):
    write_checkpoint(path, {"a": torch.zeros(1000)}, {"epoch": 1})
    raw = path.read_bytes()
    if kind == "missing":
        path.unlink()
    elif kind == "a folder":
        path.unlink()
        path.mkdir()
    elif kind == "foreign":
        path.unlink()
        save_file({"a": torch.zeros(1)}, path)
    else:
        path.write_bytes({"empty": b"", "cut": raw[:-40], "text": b"not a model"}[kind])


@pytest.mark.parametrize("kind", ["missing", "a folder", "foreign", "empty", "cut", "text"])
def test_unreadable_checkpoint_is_named_with_the_remedy(tmp_path, kind):
    damaged(tmp_path / "last", kind)
    with pytest.raises(CheckpointError, match=r"last cannot be read .*train the model again"):
        read_checkpoint(tmp_path / "last")


def test_weights_of_another_shape_are_refused_in_one_line():
    with pytest.raises(CheckpointError, match="weights in here do not fit") as caught:
        load_weights(torch.nn.Linear(2, 3), torch.nn.Linear(3, 3).state_dict(), "here")
    assert "\n" not in str(caught.value)
