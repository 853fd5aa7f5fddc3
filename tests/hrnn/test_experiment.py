from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from hrnn import DataError, Popularity, evaluate, read_interactions
from hrnn.evaluation.splits import leave_last_out
from hrnn.experiment import make_model, train_experiment
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
    trained = train_experiment(data, CONFIG)
    report = trained.measure()
    assert trained.end == "finished"
    expected = evaluate({"HRNN": make_model(CONFIG), "popularity": Popularity()}, data)
    pd.testing.assert_frame_equal(report.table, expected.table)
    assert report.counts == expected.counts
    assert report.heading == expected.heading
    known, _ = leave_last_out(data).known()
    assert trained.model.record["trained"] < len(known) < len(data)


def test_all_rows_are_trained_on_without_figures(data):
    trained = train_experiment(data, ExperimentConfig(split="all_rows", training=TRAINING))
    assert trained.measure() is None
    assert trained.model.record["trained"] == len(data)
    assert [one["valid_loss"] for one in trained.model.estimator.history_] == [None] * 3


def test_stopped_training_leaves_a_model_that_recommends(data):
    trained = train_experiment(data, CONFIG, [lambda record, _: record["kind"] == "epoch"])
    assert trained.end == "stopped"
    assert len(trained.model.estimator.history_) == 1
    assert trained.model.recommend(data, top_k=2).shape == (len(data.user_ids), 2)


def test_validation_can_be_stopped_and_keeps_the_best_weights_so_far(data):
    def in_second_validation(record, _):
        return record["kind"] == "validation" and record["epoch"] == 1

    trained = train_experiment(data, CONFIG, [in_second_validation])
    assert trained.end == "stopped"
    assert len(trained.model.estimator.history_) == 1
    once = replace(CONFIG, training=replace(TRAINING, epochs=1))
    assert trained.model.score_items(data).equals(
        train_experiment(data, once).model.score_items(data)
    )


def test_measuring_can_be_stopped_between_parts(data):
    trained = train_experiment(data, CONFIG)
    asked = []
    assert trained.measure(stop=lambda: bool(asked.append(1))) is not None
    assert len(asked) == 2  # one part of users for each of the two models
    answers = iter([False, True])
    assert trained.measure(stop=lambda: next(answers)) is None


def test_resumed_experiment_ends_in_the_same_figures(data, tmp_path):
    path = tmp_path / "last.safetensors"

    def save_and_stop(record, trainer):
        if record["kind"] == "epoch" and record["epoch"] == 2:
            write_checkpoint(path, *trainer.state())
            return True
        return None

    whole = train_experiment(data, CONFIG)
    assert train_experiment(data, CONFIG, [save_and_stop]).end == "stopped"
    epochs = []
    resumed = train_experiment(
        data, CONFIG, [lambda record, _: epochs.append(record["kind"])], resume_from=path
    )
    assert epochs.count("epoch") == 1
    pd.testing.assert_frame_equal(resumed.measure().table, whole.measure().table)
    assert resumed.model.score_items(data).equals(whole.model.score_items(data))


def test_log_that_cannot_be_split_says_what_to_choose_instead():
    with pytest.raises(DataError, match="choose the split 'all rows'"):
        train_experiment(read_interactions(frame_of("u a 0\nu b 1")), CONFIG)
