from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from hrnn import CheckpointError, ConfigError, DataError, Popularity, evaluate, read_interactions
from hrnn.baselines import BASELINES
from hrnn.columns import OUTCOME
from hrnn.evaluation.splits import SPLITS, make_split, split_for
from hrnn.experiment import make_baseline, make_model, recover, train_experiment
from hrnn.recommend.session_aware import SessionRecommender
from hrnn.training.checkpoint import write_checkpoint
from hrnn.training.config import ExperimentConfig, SplitConfig, TrainConfig
from hrnn.training.roles import TRAIN, VALID
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


@pytest.mark.parametrize("name", [name for name in SPLITS if name != "all_rows"])
def test_figures_are_those_of_an_evaluation_on_the_same_split(data, name):
    config = replace(CONFIG, split=name)
    trained = train_experiment(data, config)
    report = trained.measure()
    assert trained.end == "finished"
    models = {"HRNN": make_model(config), "popularity": Popularity()}
    expected = evaluate(models, data, name)
    pd.testing.assert_frame_equal(report.table, expected.table)
    assert report.counts == expected.counts
    assert report.heading == expected.heading
    assert report.leaked is False
    split = make_split(name, data, 45)
    known, role = split.known()
    facts = trained.model.record.facts
    assert facts["trained"] == (role == TRAIN).sum() < len(known) < len(data)
    assert facts["validated"] == (role == VALID).sum() > 0
    assert facts["split"] == split.name


def test_sessions_of_the_split_are_cut_as_the_model_cuts_them(data):
    config = ExperimentConfig(split="last_session_out", timeout_minutes=200, training=TRAINING)
    split = split_for(data, config)
    assert split.test.tolist() == make_split("last_session_out", data, 200).test.tolist()
    assert split.test.tolist() != make_split("last_session_out", data, 30).test.tolist()


def test_outcomes_are_taken_before_the_log_is_split(data):
    amounts = data.with_outcome(np.arange(len(data)) % 5.0)
    config = SplitConfig(outcomes="binary", positive_from=3)
    split = split_for(amounts, config)
    assert set(split.data.outcome) == {0, 1}
    assert (amounts.outcome[split.test] >= 3).all()
    kept = split_for(amounts, replace(config, outcomes="positives"))
    assert len(kept.data) == (amounts.outcome >= 3).sum()
    assert kept.data.frame()[OUTCOME].unique().tolist() == [1]
    assert (amounts.outcome[split_for(amounts, SplitConfig()).test] < 3).any()


@pytest.mark.parametrize("name", BASELINES)
def test_baselines_cut_sessions_as_the_split_does(name):
    model = make_baseline(name, SplitConfig(timeout_minutes=12, use_session_ids=False))
    assert type(model) is BASELINES[name]
    if isinstance(model, SessionRecommender):
        assert (model.session_timeout_minutes, model.use_session_ids) == (12, False)


def test_baseline_that_does_not_exist_is_refused_with_those_that_do():
    with pytest.raises(ConfigError, match="baseline='random': it must be 'popularity' or"):
        make_baseline("random", SplitConfig())


def test_all_rows_are_trained_on_without_figures(data):
    trained = train_experiment(data, ExperimentConfig(split="all_rows", training=TRAINING))
    assert trained.measure() is None
    assert trained.model.record.facts["trained"] == len(data)
    assert trained.model.record.facts["split"] == "all rows"
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
    assert len(asked) == 1  # few questions are one part
    assert trained.measure(stop=lambda: True) is None


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


def save_at(path, epoch):
    """Write a checkpoint at the first update after an epoch, and go on."""

    def observe(record, trainer):
        if record["kind"] == "update" and trainer.epoch == epoch and not path.exists():
            write_checkpoint(path, *trainer.state())

    return observe


def test_a_training_that_broke_off_leaves_the_model_of_its_whole_epochs(data, tmp_path):
    path = tmp_path / "last.safetensors"
    train_experiment(data, CONFIG, [save_at(path, epoch=2)])
    kept = recover(data, CONFIG, path)
    twice = replace(CONFIG, training=replace(TRAINING, epochs=2))
    assert kept.model.score_items(data).equals(
        train_experiment(data, twice).model.score_items(data)
    )
    assert kept.model.estimator.config == CONFIG.training
    assert [one["epoch"] for one in kept.model.estimator.history_] == [1, 2]


def test_nothing_is_recovered_from_before_the_first_whole_epoch(data, tmp_path):
    path = tmp_path / "last.safetensors"
    train_experiment(data, CONFIG, [save_at(path, epoch=0)])
    with pytest.raises(CheckpointError, match="before the first epoch was complete"):
        recover(data, CONFIG, path)


def test_log_that_cannot_be_split_says_what_to_choose_instead():
    with pytest.raises(DataError, match="choose the split 'all rows'"):
        train_experiment(read_interactions(frame_of("u a 0\nu b 1")), CONFIG)
