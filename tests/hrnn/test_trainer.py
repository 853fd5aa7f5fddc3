import itertools
import random

import numpy as np
import pytest
import torch

from hrnn import CheckpointError, HRNNError
from hrnn.model.network import HRNN
from hrnn.training import trainer as trainer_module
from hrnn.training.checkpoint import read_checkpoint, write_checkpoint
from hrnn.training.config import TrainConfig
from hrnn.training.roles import HISTORY, TRAIN, VALID
from hrnn.training.targets import TrainingSet
from hrnn.training.trainer import Trainer
from tests.hrnn.reference import ITEMS, PlainHRNN, laid_out, network_of, random_log


def training_set(log=None, loss="cross_entropy", valid=True) -> TrainingSet:
    """Every user's last interaction validates, the one before it is history only."""
    histories = laid_out(random_log(0, users=20) if log is None else log)
    role = np.full(len(histories.items), TRAIN, np.int8)
    bounds = histories.session_starts[histories.user_starts]
    for start, stop in itertools.pairwise(bounds):
        if valid and stop - start >= 3:
            role[stop - 2 : stop] = HISTORY, VALID
    return TrainingSet.of(histories, role, np.ones(len(role)), ITEMS, loss)


def make_trainer(data=None, loss="cross_entropy", user_state="init", **settings) -> Trainer:
    config = TrainConfig(
        **{
            "hidden_units": 6,
            "learning_rate": 0.05,
            "epochs": 4,
            "batch_size": 5,
            "loss": loss,
            "user_state": user_state,
            **settings,
        }
    )
    generator = torch.Generator().manual_seed(config.random_state)
    network = HRNN(ITEMS, 6, config.num_layers, config.dropout_rate, config.user_state, generator)
    return Trainer(network, data or training_set(loss=loss), config)


def weights(trainer: Trainer) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in trainer.network.state_dict().items()}


def same(one, two) -> bool:
    return one.keys() == two.keys() and all(torch.equal(one[name], two[name]) for name in one)


@pytest.mark.parametrize("loss", ["bce", "cross_entropy"])
def test_sessions_of_one_interaction_train_every_weight(loss):
    log = [[[1], [2], [3]], [[4], [5]], [[6], [7], [1], [2]]]
    trainer = make_trainer(training_set(log, loss, valid=False), loss, epochs=1)
    before = weights(trainer)
    assert trainer.run() == "finished"
    after = weights(trainer)
    untouched = [name for name in before if torch.equal(before[name], after[name])]
    assert untouched == []


def test_padding_keeps_its_zero_embedding():
    trainer = make_trainer(weight_decay=0.1, loss="bce")
    trainer.run()
    assert not trainer.network.items_IH.weight[0].any()
    assert trainer.network.bias_I[0] == 0


def test_validation_loss_equals_a_plain_loop():
    log = random_log(5, users=12)
    data = training_set(log)
    network = network_of()
    trainer = Trainer(
        network, data, TrainConfig(hidden_units=5, loss="cross_entropy", batch_size=5)
    )
    plain, costs = PlainHRNN(network), []
    with torch.no_grad():
        for sessions in log:
            items = [item for one in sessions for item in one]
            if len(items) >= 3:
                scores = plain.scores(plain.read(sessions)[0][-1])
                costs.append(torch.log(torch.exp(scores).sum()) - scores[items[-1] - 1])
    assert trainer.validation_loss() == pytest.approx(float(torch.stack(costs).mean()), rel=1e-9)


@pytest.mark.parametrize("loss", ["bce", "cross_entropy"])
def test_validation_loss_repeats_and_does_not_depend_on_how_users_are_cut_into_batches(loss):
    data = training_set(loss=loss)
    one = make_trainer(data, loss, num_negatives=0, batch_size=3)
    other = make_trainer(data, loss, num_negatives=0, batch_size=100)
    assert one.validation_loss() == one.validation_loss()
    assert one.validation_loss() == pytest.approx(other.validation_loss(), rel=1e-6)


def test_validation_always_draws_the_same_negatives_and_none_from_the_training():
    trainer = make_trainer(loss="bce", num_negatives=3)
    draws = trainer.state()[0]["draws"]
    assert trainer.validation_loss() == trainer.validation_loss()
    assert torch.equal(trainer.state()[0]["draws"], draws)


def test_targets_of_training_and_validation_are_those_of_their_role(monkeypatch):
    # Every interaction has an item of its own, so that an item tells which row it was.
    log = [[[1, 2], [3]], [[4, 5, 6, 7]]]
    data = training_set(log)
    asked = {True: [], False: []}
    real = trainer_module.cross_entropy

    def spy(states_MH, items_IH, bias_I, target_M):
        asked[torch.is_grad_enabled()] += (target_M + 1).tolist()
        return real(states_MH, items_IH, bias_I, target_M)

    monkeypatch.setattr(trainer_module, "cross_entropy", spy)
    make_trainer(data, epochs=1, batch_size=1).run()
    assert sorted(asked[True]) == [1, 4, 5]
    assert sorted(asked[False]) == [3, 7]


def test_every_interaction_is_a_target_once_however_short_the_window(monkeypatch):
    log = [[[1, 2, 3], [4]], [[5, 6], [7]]]
    asked = []
    real = trainer_module.cross_entropy

    def spy(states_MH, items_IH, bias_I, target_M):
        asked.extend((target_M + 1).tolist())
        return real(states_MH, items_IH, bias_I, target_M)

    monkeypatch.setattr(trainer_module, "cross_entropy", spy)
    data = training_set(log, valid=False)
    make_trainer(data, epochs=1, max_sessions=1, max_session_len=1).run()
    assert sorted(asked) == [1, 2, 3, 4, 5, 6, 7]


def test_records_count_updates_and_epochs_and_average_over_targets():
    records = []
    trainer = make_trainer(epochs=2)
    trainer.run([lambda record, _: records.append(record)])
    users = len(trainer.data.users_with(TRAIN))
    batches = -(-users // 5)
    updates = [one for one in records if one["kind"] == "update"]
    epochs = [one for one in records if one["kind"] == "epoch"]
    assert [one["update"] for one in updates] == list(range(1, 2 * batches + 1))
    assert [one["epoch"] for one in updates] == pytest.approx(
        [(n + 1) / batches for n in range(2 * batches)]
    )
    assert {one["updates"] for one in updates} == {batches}
    assert [one["epoch"] for one in epochs] == [1, 2]
    assert [one["updates"] for one in epochs] == [batches, 2 * batches]
    assert epochs == trainer.history
    valid_batches = -(-len(trainer.data.users_with(VALID)) // 5)
    kinds = ["update"] * batches + ["validation"] * valid_batches + ["epoch"]
    assert [one["kind"] for one in records] == 2 * kinds
    seconds = [one["seconds"] for one in records if one["kind"] != "validation"]
    assert seconds == sorted(seconds)
    means = [one["loss"] for one in updates[:batches]]
    assert min(means) < epochs[0]["train_loss"] < max(means)


def test_train_loss_is_the_mean_over_targets_not_over_batches():
    # One user with one target, one with six: batches of one user.
    data = training_set([[[1]], [[2, 3, 4, 5, 6, 7]]], valid=False)
    trainer = make_trainer(data, epochs=1, batch_size=1, learning_rate=1e-9, dropout_rate=0)
    losses = []
    trainer.run([lambda record, _: losses.append(record.get("loss"))])
    one, six = losses[:2] if trainer_first_is_single(data, trainer.config) else losses[1::-1]
    assert one != pytest.approx(six, rel=1e-4)
    assert trainer.history[0]["train_loss"] == pytest.approx((one + 6 * six) / 7, rel=1e-6)
    assert trainer.history[0]["valid_loss"] is None


def trainer_first_is_single(data: TrainingSet, config: TrainConfig) -> bool:
    order = np.random.default_rng(config.random_state)
    batches = trainer_module.shuffled_batches(data.histories, np.arange(2), 1, order)
    return len(next(iter(batches)).items) == 1


def learned_by_heart(**settings) -> Trainer:
    """A training whose validation loss soon rises: what follows an item has no pattern."""
    return make_trainer(epochs=12, hidden_units=6, dropout_rate=0.0, **settings)


def run_watched(trainer: Trainer, also=()):
    """Run and return how it ended, and the weights after each epoch."""
    seen = {}

    def watch(record, running):
        if record["kind"] == "epoch":
            seen[record["epoch"]] = weights(running)

    return trainer.run([watch, *also]), seen


def test_best_weights_come_back_without_patience():
    trainer = learned_by_heart()
    end, seen = run_watched(trainer)
    valid = [one["valid_loss"] for one in trainer.history]
    assert end == "finished"
    assert trainer.best_epoch == 1 + int(np.argmin(valid)) < 12
    assert same(weights(trainer), seen[trainer.best_epoch])
    assert same(trainer.network.state_dict(), seen[trainer.best_epoch])
    assert trainer.validation_loss() == min(valid) == trainer.best_loss


def test_last_weights_stay_where_the_best_are_not_wanted():
    trainer = learned_by_heart(restore_best_weights=False)
    _, seen = run_watched(trainer)
    assert trainer.best_epoch < 12
    assert same(weights(trainer), seen[12])
    assert same(trainer.network.state_dict(), seen[12])


def test_without_validation_the_last_weights_stay():
    trainer = make_trainer(training_set(valid=False), early_stopping_patience=1)
    end, seen = run_watched(trainer)
    assert (end, len(trainer.history), trainer.best_loss) == ("finished", 4, None)
    assert same(weights(trainer), seen[4])


@pytest.mark.parametrize("patience", [1, 3])
def test_patience_stops_so_many_epochs_after_the_best(patience):
    whole = learned_by_heart()
    whole.run()
    trainer = learned_by_heart(early_stopping_patience=patience)
    end, seen = run_watched(trainer)
    assert end == "early"
    assert len(trainer.history) == trainer.best_epoch + patience < 12
    told = [one["valid_loss"] for one in trainer.history]
    assert told == [one["valid_loss"] for one in whole.history[: len(told)]]
    assert same(weights(trainer), seen[trainer.best_epoch])


def test_callback_that_returns_true_after_an_update_stops_and_the_best_weights_stay():
    trainer = learned_by_heart()
    trainer.run()
    best = trainer.best_epoch
    trainer = learned_by_heart()
    stop_at = (best + 2) * -(-len(trainer.data.users_with(TRAIN)) // 5) + 2
    end, seen = run_watched(trainer, [lambda record, _: record.get("update") == stop_at])
    assert end == "stopped"
    assert trainer.updates == stop_at
    assert trainer.epoch == best + 2
    assert same(weights(trainer), seen[best])


def test_callback_that_returns_true_before_any_validation_keeps_what_was_learned():
    trainer = make_trainer()
    before = weights(trainer)
    assert trainer.run([lambda record, _: True]) == "stopped"
    assert trainer.updates == 1
    assert not same(before, weights(trainer))
    assert same(trainer.network.state_dict(), weights(trainer))


def test_every_callback_sees_every_record_even_after_one_said_stop():
    seen = []
    trainer = make_trainer()
    trainer.run([lambda *_: True, lambda record, _: seen.append(record["kind"])])
    assert seen == ["update"]


@pytest.mark.parametrize("loss", ["bce", "cross_entropy"])
def test_same_seed_gives_the_same_weights_bit_for_bit(loss):
    made = {}
    for name, seed in (("one", 1), ("again", 1), ("other", 2)):
        trainer = make_trainer(loss=loss, random_state=seed, dropout_rate=0.3, num_layers=2)
        trainer.run()
        made[name] = weights(trainer)
    assert same(made["one"], made["again"])
    assert not same(made["one"], made["other"])


def test_global_random_states_are_neither_read_nor_moved():
    made = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        np.random.seed(seed)  # noqa: NPY002 - the global state is what must not matter
        random.seed(seed)
        before = torch.get_rng_state(), np.random.get_state()[1].tolist(), random.getstate()  # noqa: NPY002
        trainer = make_trainer(loss="bce", dropout_rate=0.3)
        trainer.run()
        after = torch.get_rng_state(), np.random.get_state()[1].tolist(), random.getstate()  # noqa: NPY002
        assert torch.equal(before[0], after[0])
        assert before[1:] == after[1:]
        made.append(weights(trainer))
    assert same(*made)


@pytest.mark.parametrize("loss", ["bce", "cross_entropy"])
@pytest.mark.parametrize("interrupted_after", [1, 3, 6])
def test_training_continues_from_a_checkpoint_as_if_never_interrupted(
    tmp_path, loss, interrupted_after
):
    settings = {"loss": loss, "epochs": 6, "dropout_rate": 0.3, "num_negatives": 2}
    settings["restore_best_weights"] = False  # so that the last weights can be compared
    whole = make_trainer(**settings)
    whole.run()

    def save_and_stop(record, running):
        if record["kind"] == "epoch" and record["epoch"] == interrupted_after:
            write_checkpoint(tmp_path / "last", *running.state())
            return True
        return None

    make_trainer(**settings).run([save_and_stop])
    resumed = make_trainer(**settings)
    resumed.restore(*read_checkpoint(tmp_path / "last"))
    assert resumed.epoch == interrupted_after
    assert resumed.run() == "finished"

    (tensors, facts), (expected, told) = resumed.state(), whole.state()
    assert same(tensors, expected)
    timeless = ("epoch", "updates", "best_epoch", "best_loss", "order")
    assert [facts[name] for name in timeless] == [told[name] for name in timeless]
    losses = [
        [(one["train_loss"], one["valid_loss"]) for one in t.history] for t in (resumed, whole)
    ]
    assert losses[0] == losses[1]
    assert resumed.seconds >= resumed.history[interrupted_after - 1]["seconds"]


def test_resumed_training_still_knows_its_patience(tmp_path):
    whole = learned_by_heart(early_stopping_patience=2)
    whole.run()
    stop = whole.best_epoch + 1
    first = learned_by_heart(early_stopping_patience=2)

    def save(record, running):
        if record["kind"] == "epoch" and record["epoch"] == stop:
            write_checkpoint(tmp_path / "last", *running.state())

    first.run([save])
    resumed = learned_by_heart(early_stopping_patience=2)
    resumed.restore(*read_checkpoint(tmp_path / "last"))
    assert resumed.run() == "early"
    assert resumed.epoch == whole.epoch
    assert same(weights(resumed), weights(whole))


def test_checkpoint_of_other_settings_is_refused(tmp_path):
    trainer = make_trainer(user_state="none", epochs=1)
    trainer.run()
    write_checkpoint(tmp_path / "last", *trainer.state())
    with pytest.raises(CheckpointError, match="do not fit the settings"):
        make_trainer(epochs=1).restore(*read_checkpoint(tmp_path / "last"))


def test_loss_that_is_not_finite_ends_the_training_with_the_remedy():
    def spoil(record, running):
        with torch.no_grad():
            running.network.bias_I.fill_(float("nan"))

    with pytest.raises(HRNNError, match="became nan at update 2; lower the learning rate"):
        make_trainer().run([spoil])
