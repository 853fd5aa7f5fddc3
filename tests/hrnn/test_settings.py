import dataclasses
import json
import math

import pytest

from hrnn import ConfigError, HRNNClassifierEstimator
from hrnn.data.outcomes import IN_WORDS
from hrnn.evaluation.splits import SPLITS
from hrnn.training.config import (
    AUTO_SAMPLE,
    AUTO_WHOLE,
    PRESETS,
    RECOMMENDED,
    ExperimentConfig,
    SplitConfig,
    TrainConfig,
)

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
    ("loss", "hinge", "'bce', 'cross_entropy', 'bpr_max', 'top1' or 'mse'"),
    ("user_state", "some", "'init', 'all' or 'none'"),
    ("truncate_training", "perhaps", "boolean"),
    ("sampled_items", 0, "greater than or equal to 1"),
    ("sampled_items", 2.5, "integer"),
    ("learning_rate_decay", "linear", "'none' or 'cosine'"),
    ("scoring", "euclid", "'product' or 'cosine'"),
    ("optimizer_name", "rmsprop", "'adam' or 'sgd'"),
    ("device", "tpu", "'cpu', 'cuda' or 'mps'"),
    ("verbose", -1, "greater than or equal to 0"),
    ("verbose", "loud", "integer"),
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


@pytest.mark.parametrize("loss", ["bpr_max", "top1"])
def test_comparing_losses_need_a_negative_and_say_so(loss):
    with pytest.raises(ConfigError, match=f"num_negatives=0: .*at least 1 with loss='{loss}'"):
        TrainConfig(loss=loss, num_negatives=0)
    with pytest.raises(ConfigError, match="num_negatives=-1: it must be greater than or equal to"):
        TrainConfig(loss=loss, num_negatives=-1)
    assert TrainConfig(loss=loss, num_negatives=1).num_negatives == 1


@pytest.mark.parametrize("loss", ["bce", "cross_entropy", "mse"])
def test_other_losses_may_go_without_negatives(loss):
    assert TrainConfig(loss=loss, num_negatives=0).loss == loss


def test_settings_of_the_reference_are_the_defaults():
    """Names and values of the guide of the reference."""
    guide = {
        "hidden_units": 50, "num_layers": 1, "dropout_rate": 0.2, "num_negatives": 1,
        "max_sessions": 10, "max_session_len": 20, "learning_rate": 0.001, "epochs": 200,
        "batch_size": 128, "weight_decay": 0.0, "early_stopping_patience": None,
        "restore_best_weights": True, "random_state": 42,
    }  # fmt: skip
    ours = TrainConfig().plain()
    assert {name: ours[name] for name in guide} == guide
    silent = {"truncate_training": False, "sampled_items": "auto", "device": None, "verbose": 0}
    assert {name: ours[name] for name in silent} == silent
    assert (ours["loss"], ours["user_state"], ours["optimizer_name"]) == ("bce", "init", "adam")


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
        ({"split": "random"}, "split='random'.*leave_last_out.*last_session_out.*temporal.*all_r"),
        ({"outcomes": "stars"}, "outcomes='stars'.*as_found.*positives.*binary.*soft.*continuous"),
        ({"positive_from": math.nan}, "positive_from=nan.*finite"),
        ({"positive_from": math.inf}, "positive_from=inf.*finite"),
        ({"positive_from": "four"}, "positive_from='four'.*number"),
        ({"use_session_ids": "perhaps"}, "use_session_ids='perhaps'.*boolean"),
        ({"timeout_minutes": 0}, "timeout_minutes=0.*greater than 0"),
        ({"timeout_minutes": math.inf}, "timeout_minutes=inf.*finite"),
        ({"training": {"epochs": 0}}, "training.epochs=0"),
        (
            {"training": {"loss": "top1", "num_negatives": 0}},
            "num_negatives=0: it must be at least 1 with loss='top1'",
        ),
        ({"training": {"epoch": 1}}, "epoch is not a setting; the settings are hidden_units"),
        ({"timeout": 30}, "timeout is not a setting.*timeout_minutes"),
    ],
)
def test_experiment_names_its_wrong_settings(settings, message):
    with pytest.raises(ConfigError, match=message):
        ExperimentConfig(**settings)


def test_every_setting_of_an_experiment_survives_json():
    made = ExperimentConfig(
        outcomes="binary", positive_from=3.5, split="temporal", timeout_minutes=None,
        use_session_ids=False, training=TrainConfig(loss="top1", user_state="all", device="cpu"),
    )  # fmt: skip
    written = json.loads(json.dumps(dataclasses.asdict(made)))
    assert ExperimentConfig(**written) == made
    assert made != ExperimentConfig()


def test_experiment_is_a_split_and_a_training():
    cut = SplitConfig(outcomes="positives", positive_from=4, split="temporal", timeout_minutes=5)
    training = TrainConfig(epochs=3)
    made = ExperimentConfig.of(cut, training)
    assert made.cut == cut
    assert made.training == training
    assert (made.split, made.positive_from, made.timeout_minutes) == ("temporal", 4, 5)
    with pytest.raises(ConfigError, match="training is not a setting; the settings are outcomes"):
        SplitConfig(training=training)


def test_experiment_leaves_outcomes_alone_unless_told_otherwise():
    assert ExperimentConfig().outcomes == "as_found"
    assert ExperimentConfig().positive_from is None
    for split in SPLITS:
        assert ExperimentConfig(split=split).split == split
    for outcomes in ("as_found", *IN_WORDS):
        assert ExperimentConfig(outcomes=outcomes).outcomes == outcomes


def test_experiment_reads_its_training_from_plain_settings():
    made = ExperimentConfig(training=RECOMMENDED.plain())  # pyright: ignore
    assert made == ExperimentConfig()


def test_amounts_are_no_cosines():
    with pytest.raises(ConfigError, match="scoring='cosine': it must be 'product' with loss='mse'"):
        TrainConfig(loss="mse", scoring="cosine")


def test_settings_for_another_loss_take_products_where_it_needs_them():
    best = PRESETS["best"]
    assert (best.scoring, best.for_loss("bce").scoring) == ("cosine", "cosine")
    assert best.for_loss("bce").loss == "bce"
    assert best.for_loss("mse") == dataclasses.replace(best, loss="mse", scoring="product")


def test_large_catalogues_are_sampled_unless_told_otherwise():
    auto = TrainConfig(loss="cross_entropy")
    sizes = [auto.sample_size(items) for items in (2, AUTO_WHOLE, AUTO_WHOLE + 1, 10**6)]
    assert sizes == [None, None, AUTO_SAMPLE, AUTO_SAMPLE]
    assert AUTO_SAMPLE < AUTO_WHOLE
    assert TrainConfig(loss="cross_entropy", sampled_items=None).sample_size(10**6) is None
    assert TrainConfig(loss="cross_entropy", sampled_items=7).sample_size(10) == 7


@pytest.mark.parametrize("loss", ["bce", "bpr_max", "top1", "mse"])
def test_sampled_items_mean_nothing_but_for_cross_entropy(loss):
    with pytest.raises(ConfigError, match="sampled_items=5: it must be 'auto' or None"):
        TrainConfig(loss=loss, sampled_items=5)
    assert TrainConfig(loss="cross_entropy", sampled_items=5).sampled_items == 5


@pytest.mark.parametrize("outcomes", ["as_found", "soft", "continuous"])
def test_threshold_means_nothing_where_no_outcome_is_made_positive(outcomes):
    with pytest.raises(ConfigError, match="positive_from=4: it must be None"):
        ExperimentConfig(outcomes=outcomes, positive_from=4)
    assert ExperimentConfig(outcomes="binary", positive_from=4).positive_from == 4
