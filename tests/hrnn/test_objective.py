import math

import numpy as np
import pytest
import torch

from hrnn.model import losses
from hrnn.model.network import HRNN
from hrnn.training import trainer as trainer_module
from hrnn.training.config import TrainConfig
from hrnn.training.objective import Objective
from hrnn.training.roles import HISTORY, TRAIN, VALID
from hrnn.training.targets import TrainingSet
from hrnn.training.trainer import Trainer
from tests.hrnn.reference import (
    KINDS,
    LOSSES,
    PlainHRNN,
    laid_out,
    make_trainer,
    network_of,
    random_log,
    training_set,
)

kinds = pytest.mark.parametrize("kind", KINDS)

ITEMS = 4
# Items 1 to 3 are trained on three times, once and twice; 3 validates, 4 is history, never trained.
LOG = [[[1, 1, 2], [3, 1, 3]], [[3, 4]]]
ROLES = [TRAIN, TRAIN, TRAIN, TRAIN, TRAIN, TRAIN, VALID, HISTORY]
NETWORK = network_of(items=ITEMS)
SHARE = [4 / 10, 2 / 10, 3 / 10, 1 / 10]  # one more than trained on, of the sum


def objective(**settings) -> Objective:
    config = TrainConfig(**settings)
    role = np.array(ROLES, np.int8)
    data = TrainingSet.of(laid_out(LOG), role, np.ones(len(role)), ITEMS, config)
    return Objective(data, config)


def states(count: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(4)
    return 0.3 * torch.randn(count, 5, generator=generator, dtype=torch.float64)


def ask(made: Objective, targets, training=True, outcome=None, seed=0, draws=None):
    """Ask what some targets cost, and return it with the generator that was passed."""
    draws = draws or torch.Generator().manual_seed(seed)
    outcomes = torch.ones(len(targets)) if outcome is None else torch.tensor(outcome)
    target_M = torch.tensor(targets)
    with torch.no_grad():
        found = made(NETWORK, states(len(targets)), target_M, outcomes.double(), draws, training)
    return found.item(), draws


def scores(count: int) -> torch.Tensor:
    """Scores of all items in the states that the objective is asked about."""
    with torch.no_grad():
        return NETWORK.scores(states(count))


@pytest.fixture
def passed(monkeypatch) -> dict[str, list]:
    """What each loss is given after the scores' makings, by the name of the loss."""
    found = {}

    def spied(name):
        real = getattr(losses, name)

        def spy(*given):
            found.setdefault(name, []).append(given[3:])
            return real(*given)

        return spy

    for name in ("binary_cross_entropy", "bpr_max", "top1", "sampled_cross_entropy"):
        monkeypatch.setattr(losses, name, spied(name))
    return found


@pytest.mark.parametrize(
    ("loss", "name"),
    [("bce", "binary_cross_entropy"), ("bpr_max", "bpr_max"), ("top1", "top1")],
)
@pytest.mark.parametrize("training", [True, False])
def test_negatives_are_as_many_as_set_and_never_the_target(passed, loss, name, training):
    targets = [0, 1, 2, 3] * 25
    ask(objective(loss=loss, num_negatives=5), targets, training)
    ((target_M, *_, drawn_MK),) = passed[name]
    assert list(passed) == [name]
    assert target_M.tolist() == targets
    assert drawn_MK.shape == (100, 5)
    assert not (drawn_MK == target_M[:, None]).any()
    assert set(drawn_MK.ravel().tolist()) == {0, 1, 2, 3}


@pytest.mark.parametrize("loss", ["bce", "bpr_max", "top1", "cross_entropy"])
def test_draws_come_from_the_generator_that_is_passed(loss):
    sampled_items = 3 if loss == "cross_entropy" else "auto"
    made = objective(loss=loss, num_negatives=3, sampled_items=sampled_items)
    one, draws = ask(made, [0, 1, 2, 3], seed=1)
    assert ask(made, [0, 1, 2, 3], seed=1)[0] == one
    assert ask(made, [0, 1, 2, 3], seed=2)[0] != one
    assert ask(made, [0, 1, 2, 3], draws=draws)[0] != one  # it went on


@pytest.mark.parametrize(
    ("settings", "training"),
    [
        ({"loss": "mse"}, True),
        ({"loss": "cross_entropy"}, True),
        ({"loss": "cross_entropy", "sampled_items": 2}, False),
    ],
)
def test_losses_that_need_no_draws_leave_the_generator_alone(settings, training):
    _, draws = ask(objective(**settings), [0, 1], training)
    assert torch.equal(draws.get_state(), torch.Generator().manual_seed(0).get_state())


def test_outcomes_reach_the_losses_that_learn_from_them():
    outcome = [4.0, -1.0]
    expected = ((scores(2)[[0, 1], [2, 0]] - torch.tensor(outcome)) ** 2).sum().item()
    assert ask(objective(loss="mse"), [2, 0], outcome=outcome)[0] == pytest.approx(expected)
    bce = objective(loss="bce", num_negatives=0)
    own = scores(2)[[0, 1], [2, 0]]
    expected = torch.nn.functional.softplus(torch.stack([-own[0], own[1]])).sum().item()
    assert ask(bce, [2, 0], outcome=[1.0, 0.0])[0] == pytest.approx(expected)


def test_full_cross_entropy_compares_with_the_whole_catalogue():
    expected = torch.nn.functional.cross_entropy(
        scores(3), torch.tensor([0, 3, 1]), reduction="sum"
    ).item()
    assert ask(objective(loss="cross_entropy"), [0, 3, 1])[0] == pytest.approx(expected)
    sampling = objective(loss="cross_entropy", sampled_items=2)
    assert ask(sampling, [0, 3, 1], training=False)[0] == pytest.approx(expected)
    assert ask(sampling, [0, 3, 1], training=True)[0] != pytest.approx(expected)


def test_one_sample_serves_all_targets_of_an_update(passed):
    ask(objective(loss="cross_entropy", sampled_items=6), [0, 3, 1])
    ((target_M, sample_S, log_count_S),) = passed["sampled_cross_entropy"]
    assert target_M.tolist() == [0, 3, 1]
    assert sample_S.shape == log_count_S.shape == (6,)


def test_sample_goes_by_how_often_items_are_trained_on_and_leaves_none_out(passed):
    made = objective(loss="cross_entropy", sampled_items=20_000)
    ask(made, [0])
    ((_, sample_S, log_count_S),) = passed["sampled_cross_entropy"]
    counts = np.bincount(sample_S.numpy(), minlength=ITEMS)
    expected = 20_000 * np.array(SHARE)
    assert ((counts - expected) ** 2 / expected).sum() < 16.27  # chi-square, 3 degrees, 0.1 %
    told = np.array([log_count_S[sample_S == item][0].item() for item in range(ITEMS)])
    assert np.exp(told) == pytest.approx(expected, rel=1e-5)
    assert (log_count_S == torch.from_numpy(told)[sample_S]).all()


@pytest.mark.parametrize(("target", "size"), [(0, 1), (1, 3), (3, 3)])
def test_mean_denominator_over_many_samples_is_the_full_one(target, size):
    made = objective(loss="cross_entropy", sampled_items=size)
    own = scores(1)[0, target]
    draws = torch.Generator().manual_seed(target)
    found = torch.tensor([ask(made, [target], draws=draws)[0] for _ in range(1000)])
    denominators = (found.double() + own).exp()
    full = scores(1)[0].exp().sum()
    error = denominators.std() / len(denominators) ** 0.5
    assert error < 0.05 * full  # so that the next line says something
    assert abs(denominators.mean() - full) < 3.5 * error


def test_target_that_is_the_whole_sample_costs_nothing():
    """Copies of the target in the sample are no negatives."""
    made = objective(loss="cross_entropy", sampled_items=1)
    draws = torch.Generator().manual_seed(0)
    found = {round(ask(made, [0], draws=draws)[0], 6) for _ in range(60)}
    assert 0 in found
    assert len(found) == ITEMS  # itself, and each of the other items alone


# What the training asks it.


def plain_cost(loss: str, scores: torch.Tensor, item: int) -> float:
    """The cost of a target among two items, so that the one negative is the other item."""
    own, other = float(scores[item - 1]), float(scores[2 - item])
    if loss == "mse":
        return (own - item) ** 2
    if loss == "cross_entropy":
        return math.log(math.exp(own) + math.exp(other)) - own
    if loss == "bce":
        return math.log(1 + math.exp(-own)) + math.log(1 + math.exp(other))
    if loss == "bpr_max":
        return math.log(1 + math.exp(other - own)) + other**2
    own, other = math.tanh(own), math.tanh(other)
    return 1 / (1 + math.exp(own - other)) + 1 / (1 + math.exp(-(other**2)))


def plain_losses(network: HRNN, log, data: TrainingSet, loss: str) -> dict[int, float]:
    """Mean cost of the targets of each role, one user and one interaction after the other."""
    plain, costs, row = PlainHRNN(network), {TRAIN: [], VALID: [], HISTORY: []}, 0
    with torch.no_grad():
        for sessions in log:
            items = [item for one in sessions for item in one]
            for state, item in zip(plain.read(sessions)[0], items, strict=True):
                costs[int(data.role[row])].append(plain_cost(loss, plain.scores(state), item))
                row += 1
    return {role: sum(found) / len(found) for role, found in costs.items()}


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("user_state", ["init", "all", "none"])
def test_losses_of_an_epoch_equal_those_of_a_plain_loop(loss, user_state):
    log = random_log(5, users=12, items=2)
    settings = {"loss": loss, "user_state": user_state, "batch_size": 12, "epochs": 1}
    settings |= {"num_negatives": 1, "dropout_rate": 0.0, "hidden_units": 5}
    data = training_set(log, items=2, **settings)
    network = network_of(user_state, items=2).float()
    before = plain_losses(network, log, data, loss)
    trainer = Trainer(network, data, TrainConfig(**settings))
    assert trainer.validate().loss == pytest.approx(before[VALID], rel=1e-4)
    trainer.run()
    (record,) = trainer.history
    after = plain_losses(network, log, data, loss)
    assert record["train_loss"] == pytest.approx(before[TRAIN], rel=1e-4)
    assert record["valid_loss"] == pytest.approx(after[VALID], rel=1e-4)
    assert after[VALID] != pytest.approx(before[VALID], rel=1e-3)
    if loss == "mse":
        assert record["train_rmse"] == pytest.approx(math.sqrt(before[TRAIN]), rel=1e-4)
        assert record["valid_rmse"] == pytest.approx(math.sqrt(after[VALID]), rel=1e-4)
    else:
        assert record.keys().isdisjoint({"train_rmse", "valid_rmse"})


def test_regression_without_validation_has_no_rmse_of_it():
    trainer = make_trainer(training_set(valid=False, loss="mse"), "mse", epochs=1)
    trainer.run()
    (record,) = trainer.history
    assert record["valid_rmse"] is None
    assert record["train_rmse"] == math.sqrt(record["train_loss"])


@pytest.fixture
def asked(monkeypatch) -> dict[bool, list[int]]:
    """The targets that any loss was asked about, in training and in validation."""
    found = {True: [], False: []}
    real = trainer_module.Objective.__call__

    def spy(self, network, states_MH, target_M, outcome_M, draws, training):
        assert training == torch.is_grad_enabled()
        assert len(states_MH) == len(target_M) == len(outcome_M)
        found[training] += (target_M + 1).tolist()
        return real(self, network, states_MH, target_M, outcome_M, draws, training)

    monkeypatch.setattr(trainer_module.Objective, "__call__", spy)
    return found


@kinds
def test_targets_of_training_and_validation_are_those_of_their_role(kind, asked):
    # Every interaction has an item of its own, so that an item tells which row it was.
    data = training_set([[[1, 2], [3]], [[4, 5, 6, 7]]], **KINDS[kind])
    make_trainer(data, epochs=1, batch_size=1, **KINDS[kind]).run()
    assert sorted(asked[True]) == [1, 4, 5]
    assert sorted(asked[False]) == [3, 7]


@kinds
def test_every_interaction_is_a_target_once_however_short_the_window(kind, asked):
    settings = {"max_sessions": 1, "max_session_len": 1, **KINDS[kind]}
    data = training_set([[[1, 2, 3], [4]], [[5, 6], [7]]], valid=False, **settings)
    make_trainer(data, epochs=1, **settings).run()
    assert sorted(asked[True]) == [1, 2, 3, 4, 5, 6, 7]


def test_truncated_training_reads_and_targets_what_scoring_reads(asked):
    settings = {"max_sessions": 2, "max_session_len": 2, "truncate_training": True}
    data = training_set([[[1], [2, 3, 4], [5]], [[6, 7]]], valid=False, **settings)
    make_trainer(data, epochs=1, **settings).run()
    assert sorted(asked[True]) == [4, 5, 6, 7]  # 3 is the first that is left of its session
    assert data.histories.items.tolist() == [3, 4, 5, 6, 7]
