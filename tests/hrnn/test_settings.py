import dataclasses
import json
import math

import pytest

from hrnn import ConfigError, HRNNClassifierEstimator
from hrnn.training.config import RECOMMENDED, ExperimentConfig, TrainConfig

WRONG = [
    ("hidden_units", 0, "greater than or equal to 1"),
    ("hidden_units", 2.5, "integer"),
    ("num_layers", 0, "greater than or equal to 1"),
    ("dropout_rate", -0.1, "greater than or equal to 0"),
    ("dropout_rate", 1.0, "less than 1"),
    ("dropout_rate", math.nan, "less than 1"),
    ("num_negatives", -1, "greater than or equal to 0"),
    ("max_sessions", 0, "greater than or equal to 1"),
    ("max_session_len", 0, "greater than or equal to 1"),
    ("learning_rate", 0, "greater than 0"),
    ("learning_rate", -0.1, "greater than 0"),
    ("learning_rate", 1.5, "less than or equal to 1"),
    ("learning_rate", math.nan, "1"),
    ("epochs", 0, "greater than or equal to 1"),
    ("epochs", "many", "integer"),
    ("batch_size", 0, "greater than or equal to 1"),
    ("weight_decay", -1e-9, "greater than or equal to 0"),
    ("weight_decay", math.nan, "finite"),
    ("weight_decay", math.inf, "finite"),
    ("early_stopping_patience", 0, "greater than or equal to 1"),
    ("restore_best_weights", "perhaps", "boolean"),
    ("random_state", -1, "greater than or equal to 0"),
    ("random_state", 2**63, f"less than {2**63}"),
    ("loss", "hinge", "'bce' or 'cross_entropy'"),
    ("user_state", "all", "'init' or 'none'"),
]


@pytest.mark.parametrize(("name", "value", "allowed"), WRONG)
def test_setting_out_of_range_is_named_with_its_value_and_its_range(name, value, allowed):
    with pytest.raises(ConfigError) as caught:
        TrainConfig(**{name: value})
    message = str(caught.value)
    assert message.startswith(f"{name}={value!r}: it must be ")
    assert allowed in message
    assert "\n" not in message


def test_every_setting_has_a_value_that_is_refused():
    assert {name for name, _, _ in WRONG} == {one.name for one in dataclasses.fields(TrainConfig)}


def test_unknown_setting_is_named_beside_those_that_exist():
    with pytest.raises(ConfigError, match=r"hidden_size is not a setting.*hidden_units"):
        HRNNClassifierEstimator(hidden_size=64)


def test_several_wrong_settings_are_all_named():
    with pytest.raises(ConfigError) as caught:
        TrainConfig(epochs=0, batch_size=-3)
    assert "epochs=0" in str(caught.value)
    assert "batch_size=-3" in str(caught.value)


def test_settings_cannot_be_changed_afterwards():
    with pytest.raises(dataclasses.FrozenInstanceError):
        TrainConfig().epochs = 3


def test_settings_survive_json():
    written = json.loads(json.dumps(RECOMMENDED.plain()))
    assert TrainConfig(**written) == RECOMMENDED
    assert written["user_state"] == "init"


def test_estimator_defaults_are_those_of_the_settings():
    assert HRNNClassifierEstimator().config == TrainConfig()


def test_change_to_a_wrong_value_is_refused_and_leaves_the_settings():
    estimator = HRNNClassifierEstimator(max_sessions=4)
    with pytest.raises(ConfigError, match="max_sessions=0"):
        estimator.change(max_sessions=0)
    assert estimator.config.max_sessions == 4


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"split": "random"}, "split='random'.*leave_last_out"),
        ({"timeout_minutes": 0}, "timeout_minutes=0.*greater than 0"),
        ({"timeout_minutes": math.inf}, "timeout_minutes=inf.*finite"),
        ({"training": {"epochs": 0}}, "training.epochs=0"),
        ({"training": {"epoch": 1}}, "epoch is not a setting; the settings are hidden_units"),
        ({"timeout": 30}, "timeout is not a setting.*timeout_minutes"),
    ],
)
def test_experiment_names_its_wrong_settings(settings, message):
    with pytest.raises(ConfigError, match=message):
        ExperimentConfig(**settings)


def test_experiment_reads_its_training_from_plain_settings():
    made = ExperimentConfig(training=RECOMMENDED.plain())  # pyright: ignore
    assert made == ExperimentConfig()
