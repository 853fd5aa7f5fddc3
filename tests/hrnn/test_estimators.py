import math

import numpy as np
import pandas as pd
import pytest
import torch

import hrnn
from hrnn import (
    ConfigError,
    HRNNClassifierEstimator,
    HRNNRegressorEstimator,
    InteractionsDataset,
)
from hrnn.recommend.estimators import estimator_for
from hrnn.training.checkpoint import write_checkpoint
from hrnn.training.config import TrainConfig
from hrnn.training.roles import HISTORY, TRAIN, VALID
from hrnn.training.targets import TrainingSet
from tests.hrnn.reference import (
    ITEMS,
    LOSSES,
    VARIANTS,
    PlainHRNN,
    frame_of,
    laid_out,
    network_of,
    random_log,
)

SMALL = {"hidden_units": 4, "epochs": 2, "learning_rate": 0.05}
CLASSIFYING = [loss for loss in LOSSES if loss != "mse"]


def training_set(outcome=None, config=None, seed=0) -> TrainingSet:
    """Ten users; each one's last interaction validates."""
    histories = laid_out(random_log(seed, users=10))
    role = np.full(len(histories.items), TRAIN, np.int8)
    role[histories.session_starts[histories.user_starts[1:]] - 1] = VALID
    outcome = np.ones(len(role)) if outcome is None else outcome(histories.items)
    return TrainingSet.of(histories, role, outcome, ITEMS, config or TrainConfig())


# Names of losses.


def test_classifier_learns_by_bce_and_regressor_by_mse_unless_told_otherwise():
    assert HRNNClassifierEstimator().config == TrainConfig(loss="bce")
    assert HRNNRegressorEstimator().config == TrainConfig(loss="mse")


@pytest.mark.parametrize("loss", CLASSIFYING)
def test_classifier_takes_every_classifying_loss_by_either_name(loss):
    for names in ({"loss": loss}, {"loss_fn_name": loss}, {"loss": loss, "loss_fn_name": loss}):
        assert HRNNClassifierEstimator(**names).config.loss == loss


@pytest.mark.parametrize("name", ["loss", "loss_fn_name"])
def test_classifier_refuses_mse_and_names_what_it_takes(name):
    told = "loss='mse': with HRNNClassifierEstimator it must be 'bce' or 'cross_entropy' or"
    with pytest.raises(ConfigError, match=told) as caught:
        HRNNClassifierEstimator(**{name: "mse"})
    assert all(repr(loss) in str(caught.value) for loss in CLASSIFYING)


@pytest.mark.parametrize("loss", CLASSIFYING)
def test_regressor_refuses_every_other_loss_and_names_mse(loss):
    told = f"loss='{loss}': with HRNNRegressorEstimator it must be 'mse'"
    for name in ("loss", "loss_fn_name"):
        with pytest.raises(ConfigError, match=told):
            HRNNRegressorEstimator(**{name: loss})


def test_loss_that_does_not_exist_is_refused():
    with pytest.raises(ConfigError, match=r"loss='hinge'.*'bce'.*'top1'"):
        HRNNClassifierEstimator(loss="hinge")


def test_two_names_of_the_loss_that_disagree_are_refused():
    with pytest.raises(ConfigError, match="loss_fn_name='bce' and loss='top1' are two names"):
        HRNNClassifierEstimator(loss="top1", loss_fn_name="bce")


@pytest.mark.parametrize("loss", ["bpr_max", "top1"])
def test_losses_that_compare_with_negatives_need_one(loss):
    with pytest.raises(ConfigError, match=f"num_negatives=0: .*at least 1 with loss='{loss}'"):
        HRNNClassifierEstimator(loss=loss, num_negatives=0)
    estimator = HRNNClassifierEstimator(loss=loss)
    with pytest.raises(ConfigError, match="num_negatives=0"):
        estimator.change(num_negatives=0)


def test_losses_that_can_do_without_negatives_take_none():
    assert HRNNClassifierEstimator(num_negatives=0).config.num_negatives == 0
    assert HRNNClassifierEstimator(num_negatives=0, loss="cross_entropy").config.num_negatives == 0
    assert HRNNRegressorEstimator(num_negatives=0).config.num_negatives == 0


@pytest.mark.parametrize("loss", LOSSES)
def test_estimator_is_the_one_that_the_saved_loss_belongs_to(loss):
    made = estimator_for(TrainConfig(loss=loss, epochs=7).plain())
    expected = HRNNRegressorEstimator if loss == "mse" else HRNNClassifierEstimator
    assert type(made) is expected
    assert made.config == TrainConfig(loss=loss, epochs=7)


# The device.


@pytest.mark.parametrize("device", ["cuda", "mps"])
def test_device_that_the_machine_lacks_is_refused(device, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    estimator = HRNNClassifierEstimator(device=device, **SMALL)
    with pytest.raises(ConfigError, match=f"device='{device}': torch sees none.*use 'cpu'"):
        estimator.fit(training_set())
    assert estimator.network_ is None


@pytest.mark.parametrize("device", [None, "cpu"])
def test_without_a_gpu_the_cpu_is_taken(device, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    made = HRNNClassifierEstimator(device=device, **SMALL).make_network(ITEMS)
    assert {value.device.type for value in made.parameters()} == {"cpu"}


# What a training tells.


@pytest.mark.parametrize("verbose", [1, 2])
@pytest.mark.parametrize("valid", [True, False])
def test_verbose_writes_a_line_an_epoch_to_standard_error(capsys, verbose, valid):
    data = training_set()
    if not valid:
        data.role[data.role == VALID] = HISTORY
    estimator = HRNNClassifierEstimator(verbose=verbose, **SMALL)
    estimator.fit(data)
    told = capsys.readouterr()
    assert told.out == ""
    lines = told.err.splitlines()
    assert len(lines) == 2
    for line, record in zip(lines, estimator.history_, strict=True):
        assert line.startswith(f"epoch {record['epoch']:3d}  train {record['train_loss']:.4f}  ")
        assert ("validation" in line) == valid
        if valid:
            told = f"validation {record['valid_loss']:.4f}  best epoch {record['best_epoch']}"
            assert told in line


def test_without_verbose_a_training_is_silent(capsys):
    HRNNClassifierEstimator(**SMALL).fit(training_set())
    assert capsys.readouterr() == ("", "")


def test_callbacks_of_the_estimator_and_of_the_training_both_see_the_records():
    seen = {"own": [], "given": []}
    estimator = HRNNClassifierEstimator(
        callbacks=[lambda record, _: seen["own"].append(record["kind"])], **SMALL
    )
    estimator.fit(training_set(), [lambda record, _: seen["given"].append(record["kind"])])
    assert seen["own"] == seen["given"]
    assert seen["own"].count("epoch") == 2
    assert estimator.end_ == "finished"
    assert [one["epoch"] for one in estimator.history_] == [1, 2]


def test_verbose_changes_no_weight(capsys):
    made = []
    for verbose in (0, 1):
        estimator = HRNNClassifierEstimator(verbose=verbose, **SMALL)
        estimator.fit(training_set())
        made.append(estimator.network_.state_dict())
    assert all(torch.equal(made[0][name], made[1][name]) for name in made[0])


# Windows.


@pytest.mark.parametrize(("user_state", "num_layers"), VARIANTS)
def test_same_sessions_score_the_same_at_every_window_that_holds_them(user_state, num_layers):
    log = random_log(11, users=8)
    longest = max(len(session) for sessions in log for session in sessions)
    most = max(len(sessions) for sessions in log)
    new = np.arange(len(log)) % 3 == 0
    plain = PlainHRNN(network_of(user_state, num_layers))
    expected = []
    with torch.no_grad():
        for sessions, begins in zip(log, new, strict=True):
            _, state, user = plain.read(sessions)
            expected.append(plain.scores((plain.start(user) if begins else state)[-1]).numpy())
    for windows in ((most, longest), (most, 1000), (1000, longest), (50, 60)):
        estimator = HRNNClassifierEstimator(
            max_sessions=windows[0], max_session_len=windows[1], user_state=user_state,
            num_layers=num_layers, hidden_units=5,
        )  # fmt: skip
        estimator.network_ = network_of(user_state, num_layers)
        scorer = hrnn.HierarchicalScorer(estimator)
        np.testing.assert_allclose(scorer.score(laid_out(log), new), expected, rtol=1e-5)
        for user, sessions in enumerate(log):
            alone = scorer.score(laid_out([sessions]), new[[user]])
            np.testing.assert_allclose(alone[0], expected[user], rtol=1e-5)


# The regressor.


def test_regressor_starts_every_item_from_the_mean_outcome_of_the_training_rows():
    config = TrainConfig(loss="mse")
    data = training_set(lambda items: np.where(items == 3, np.nan, 10.0 * items), config)
    observed = data.outcome[data.role == TRAIN]
    assert 0 < len(observed) < (data.role != VALID).sum()  # some were not observed
    assert np.mean(observed) != pytest.approx(np.nanmean(data.outcome), rel=1e-3)
    estimator = HRNNRegressorEstimator(hidden_units=4, epochs=1, learning_rate=1e-12)
    estimator.fit(data)
    np.testing.assert_allclose(estimator.network_.bias_I.detach(), observed.mean(), rtol=1e-6)


def test_classifier_starts_every_item_from_no_bias():
    estimator = HRNNClassifierEstimator(hidden_units=4, epochs=1, learning_rate=1e-12)
    estimator.fit(training_set())
    assert estimator.network_.bias_I.abs().max() < 1e-9


def plain_rmse(network, log, data: TrainingSet, role: int) -> float:
    plain, squares, row = PlainHRNN(network), [], 0
    with torch.no_grad():
        for sessions in log:
            items = [item for session in sessions for item in session]
            for state, item in zip(plain.read(sessions)[0], items, strict=True):
                if data.role[row] == role:
                    squares.append(float(plain.scores(state)[item - 1] - data.outcome[row]) ** 2)
                row += 1
    return math.sqrt(sum(squares) / len(squares))


@pytest.mark.parametrize("user_state", ["init", "all", "none"])
def test_rmse_of_the_records_is_that_of_a_plain_loop_in_the_unit_of_the_outcomes(user_state):
    config = TrainConfig(loss="mse")
    data = training_set(lambda items: np.where(items == 3, np.nan, 100.0 * items), config)
    settings = {"user_state": user_state, "dropout_rate": 0.0, "restore_best_weights": False}
    estimator = HRNNRegressorEstimator(**SMALL, **settings)
    start = estimator.make_network(ITEMS)
    with torch.no_grad():
        start.bias_I.fill_(float(data.outcome[data.role == TRAIN].mean()))
    estimator.fit(data)
    first, last = estimator.history_
    log = random_log(0, users=10)
    assert first["train_rmse"] == pytest.approx(plain_rmse(start, log, data, TRAIN), rel=1e-4)
    assert last["valid_rmse"] == pytest.approx(
        plain_rmse(estimator.network_, log, data, VALID), rel=1e-4
    )
    assert first["valid_rmse"] != pytest.approx(last["valid_rmse"], rel=1e-6)
    for record in (first, last):
        assert record["valid_rmse"] ** 2 == pytest.approx(record["valid_loss"])
        assert record["train_rmse"] ** 2 == pytest.approx(record["train_loss"])


def test_resumed_regression_is_as_if_never_interrupted(tmp_path):
    data = training_set(lambda items: items.astype(float), TrainConfig(loss="mse"))
    settings = {**SMALL, "epochs": 4, "restore_best_weights": False}
    whole = HRNNRegressorEstimator(**settings)
    whole.fit(data)

    def save_and_stop(record, trainer):
        if record["kind"] == "epoch" and record["epoch"] == 2:
            write_checkpoint(tmp_path / "last", *trainer.state())
            return True
        return None

    HRNNRegressorEstimator(callbacks=[save_and_stop], **settings).fit(data)
    resumed = HRNNRegressorEstimator(**settings)
    resumed.fit(data, resume_from=tmp_path / "last")
    assert [one["valid_rmse"] for one in resumed.history_] == [
        one["valid_rmse"] for one in whole.history_
    ]
    ours, theirs = (one.network_.state_dict() for one in (resumed, whole))
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def planted_log(seed: int, users: int = 60) -> pd.DataFrame:
    """Ratings = 3 + the item's effect + the mood in which the user's first session put them."""
    random = np.random.default_rng(seed)
    rows, ratings = [], []
    for user in range(users):
        mood = random.choice(["merry", "sad"])
        rows.append(f"u{user} {mood} 0")
        ratings.append(3.0)
        for place, item in enumerate(random.choice(8, 5, replace=False)):
            rows.append(f"u{user} i{item} {120 + place}")
            ratings.append(3 + (item - 3.5) / 3 + (1 if mood == "merry" else -1))
    return frame_of("\n".join(rows)).assign(OUTCOME=ratings)


@pytest.mark.parametrize("user_state", ["init", "all"])
def test_regressor_predicts_a_planted_log_better_than_means_can(user_state):
    """Whoever knows the item alone is wrong by the mood, 1 star; the user state tells the mood."""
    frame = planted_log(0)
    last = ~frame.duplicated("USER_ID", keep="last")
    known, held_out = frame[~last], frame[last].set_index("USER_ID")
    estimator = HRNNRegressorEstimator(
        hidden_units=12, epochs=50, batch_size=16, learning_rate=0.02, dropout_rate=0.0,
        user_state=user_state,
    )  # fmt: skip
    model = hrnn.HierarchicalSequentialRecommender(hrnn.HierarchicalScorer(estimator))
    assert model.predicts_outcome
    model.train(interactions_ds=InteractionsDataset(known))
    scores = model.score_items(known)
    predicted = [scores.loc[user, item] for user, item in held_out["ITEM_ID"].items()]
    truth = held_out["OUTCOME"].to_numpy()
    by_item = held_out["ITEM_ID"].map(known.groupby("ITEM_ID")["OUTCOME"].mean())

    def rmse(guess) -> float:
        return float(np.sqrt(np.mean((np.asarray(guess) - truth) ** 2)))

    assert rmse(known["OUTCOME"].mean()) > 1.1
    assert rmse(by_item) > 0.9
    assert rmse(predicted) < 0.2
