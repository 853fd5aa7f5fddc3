import numpy as np
import pandas as pd
import pytest

from hrnn import DataError, Popularity, evaluate, read_interactions
from hrnn.evaluation.splits import leave_last_out
from hrnn.experiment import make_model, run_experiment
from hrnn.training.checkpoint import write_checkpoint
from hrnn.training.config import ExperimentConfig, TrainConfig
from tests.hrnn.reference import frame_of

TRAINING = TrainConfig(
    hidden_units=4, epochs=3, batch_size=3, loss="cross_entropy", max_sessions=4, max_session_len=5
)
CONFIG = ExperimentConfig(timeout_minutes=45, training=TRAINING)


@pytest.fixture(scope="module")
def data():
    random = np.random.default_rng(0)
    rows = [
        f"u{user} i{random.integers(8)} {minute}"
        for user in range(12)
        for minute in np.sort(random.choice(2000, random.integers(2, 12), replace=False))
    ]
    return read_interactions(frame_of("\n".join(rows)))


def test_model_is_the_one_that_the_settings_describe():
    model = make_model(CONFIG)
    assert model.estimator.config == TRAINING
    assert model.session_timeout_minutes == 45
    assert make_model(ExperimentConfig(use_session_ids=False)).use_session_ids is False


def test_figures_are_those_of_an_evaluation_on_the_same_split(data):
    outcome = run_experiment(data, CONFIG)
    assert outcome.end == "finished"
    expected = evaluate({"HRNN": make_model(CONFIG), "popularity": Popularity()}, data)
    pd.testing.assert_frame_equal(outcome.report.table, expected.table)
    assert outcome.report.counts == expected.counts
    assert outcome.report.heading == expected.heading
    known, _ = leave_last_out(data).known()
    assert outcome.model.record["trained"] < len(known) < len(data)


def test_all_rows_are_trained_on_without_figures(data):
    outcome = run_experiment(data, ExperimentConfig(split="all_rows", training=TRAINING))
    assert outcome.report is None
    assert outcome.model.record["trained"] == len(data)
    assert [one["valid_loss"] for one in outcome.model.estimator.history_] == [None] * 3


def test_stopped_training_leaves_a_model_without_figures(data):
    outcome = run_experiment(data, CONFIG, [lambda record, _: record["kind"] == "epoch"])
    assert (outcome.end, outcome.report) == ("stopped", None)
    assert len(outcome.model.estimator.history_) == 1
    assert outcome.model.recommend(data, top_k=2).shape == (len(data.user_ids), 2)


def test_resumed_experiment_ends_in_the_same_figures(data, tmp_path):
    path = tmp_path / "last.safetensors"

    def save_and_stop(record, trainer):
        if record["kind"] == "epoch" and record["epoch"] == 2:
            write_checkpoint(path, *trainer.state())
            return True
        return None

    whole = run_experiment(data, CONFIG)
    assert run_experiment(data, CONFIG, [save_and_stop]).end == "stopped"
    epochs = []
    resumed = run_experiment(
        data, CONFIG, [lambda record, _: epochs.append(record["kind"])], resume_from=path
    )
    assert epochs.count("epoch") == 1
    pd.testing.assert_frame_equal(resumed.report.table, whole.report.table)
    assert resumed.model.score_items(data).equals(whole.model.score_items(data))


def test_log_that_cannot_be_split_says_what_to_choose_instead():
    with pytest.raises(DataError, match="choose the split 'all rows'"):
        run_experiment(read_interactions(frame_of("u a 0\nu b 1")), CONFIG)
