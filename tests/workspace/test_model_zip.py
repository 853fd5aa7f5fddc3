"""A model as one file: whole, safe to unpack, and the same bytes each time."""

import io
import os
import zipfile
from pathlib import Path

import pytest

import hrnn
from hrnn.training.config import ExperimentConfig, TrainConfig
from workspace.home import WorkspaceError
from workspace.importing import import_log
from workspace.model_zip import zip_model
from workspace.runs import Run, create_run, rename_run
from workspace.training import train_run

QUICK = TrainConfig(hidden_units=4, batch_size=2, loss="cross_entropy", epochs=2)


def trained(small_log: Path, model: str = "hrnn") -> Run:
    dataset = import_log("local", small_log, "small")
    run = create_run(dataset, ExperimentConfig(model=model, training=QUICK), "../../mine")  # pyright: ignore
    train_run("local", run.id)
    return run


@pytest.mark.parametrize("model", ["hrnn", "flat_gru", "sasrec"])
def test_an_unpacked_model_scores_as_the_run_does(
    home: Path, small_log: Path, tmp_path: Path, model: str
) -> None:
    run = trained(small_log, model)
    with zipfile.ZipFile(io.BytesIO(zip_model(run))) as zipped:
        assert zipped.testzip() is None
        zipped.extractall(tmp_path / "there")
    here, there = hrnn.load(run.model_folder), hrnn.load(tmp_path / "there/model")
    data = hrnn.read_interactions(small_log)
    assert there.score_items(data).equals(here.score_items(data))
    assert there.record.facts == here.record.facts  # pyright: ignore


def test_it_holds_the_model_and_how_to_open_it_under_names_of_ours(
    home: Path, small_log: Path
) -> None:
    run = trained(small_log)
    (run.model_folder / ".model.json").write_text("half")
    with zipfile.ZipFile(io.BytesIO(zip_model(run))) as zipped:
        names = ["model.json", "model.safetensors", "trained_rows.npy"]
        assert zipped.namelist() == ["README.txt", *(f"model/{name}" for name in names)]
        text = zipped.read("README.txt").decode()
    assert 'hrnn.load("model")' in text
    assert f"hrnn {hrnn.__version__}" in text


def test_the_same_model_gives_the_same_bytes(home: Path, small_log: Path) -> None:
    run = trained(small_log)
    first = zip_model(run)
    for path in run.model_folder.iterdir():
        os.utime(path, (1, 1))
        path.chmod(0o600)
    rename_run(run, "other")
    assert zip_model(run) == first
    with zipfile.ZipFile(io.BytesIO(first)) as zipped:
        assert {one.date_time for one in zipped.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_without_a_model_there_is_a_sentence(home: Path, small_log: Path) -> None:
    dataset = import_log("local", small_log, "small")
    run = create_run(dataset, ExperimentConfig(training=QUICK), "empty")
    with pytest.raises(WorkspaceError, match="run 'empty' has no model"):
        zip_model(run)
