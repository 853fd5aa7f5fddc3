import math
import random

import numpy as np
import pytest
import torch

from hrnn import CheckpointError
from hrnn.model.batches import Batch
from hrnn.training import trainer as trainer_module
from hrnn.training.checkpoint import read_checkpoint, write_checkpoint
from hrnn.training.config import TrainConfig
from hrnn.training.roles import TRAIN, VALID
from hrnn.training.targets import TrainingSet
from hrnn.training.trainer import Trainer
from tests.hrnn.reference import KINDS, make_trainer, random_log, training_set

kinds = pytest.mark.parametrize("kind", KINDS)
user_states = pytest.mark.parametrize("user_state", ["init", "all", "none"])


def weights(trainer: Trainer) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in trainer.network.state_dict().items()}


def same(one, two) -> bool:
    return one.keys() == two.keys() and all(torch.equal(one[name], two[name]) for name in one)


def changed_by_training(log, **settings) -> dict[str, bool]:
    """For each weight, whether one epoch on a log changes it."""
    trainer = make_trainer(training_set(log, valid=False, **settings), epochs=1, **settings)
    before = weights(trainer)
    assert trainer.run() == "finished"
    return {name: not torch.equal(before[name], new) for name, new in weights(trainer).items()}


@kinds
@user_states
@pytest.mark.parametrize(
    "log",
    [
        [[[1], [2], [3]], [[4], [5]], [[6], [7], [1], [2]]],
        [[[1, 2, 3], [4, 5], [6]], [[7, 1], [2, 3], [4, 5, 6]]],
    ],
    ids=["sessions of one interaction", "longer sessions"],
)
def test_every_weight_is_trained_by_every_loss_and_use_of_the_user_state(kind, user_state, log):
    settings = {"max_sessions": 1, "max_session_len": 1, "user_state": user_state, **KINDS[kind]}
    changed = changed_by_training(log, **settings)
    untouched = {name for name, has in changed.items() if not has}
    expected = set()
    if user_state == "none":
        expected = {"start.0.weight"}  # its input is zero always
        if all(len(session) == 1 for user in log for session in user):
            # What a session's only item leaves behind is read by nobody.
            expected |= {name for name in changed if name.startswith("session_gru")}
    assert untouched == expected


@pytest.mark.parametrize("optimizer_name", ["adam", "sgd"])
@pytest.mark.parametrize("num_layers", [1, 2])
def test_either_optimizer_trains_every_weight_of_every_layer(optimizer_name, num_layers):
    changed = changed_by_training(
        random_log(3), optimizer_name=optimizer_name, num_layers=num_layers, user_state="all"
    )
    assert all(changed.values())


@kinds
@user_states
def test_loss_falls_on_a_small_log(kind, user_state):
    log = [[[1, 2, 3, 4], [5, 6, 7]], [[4, 3, 2, 1], [7, 6, 5]]] * 2
    settings = {"user_state": user_state, "dropout_rate": 0.0, **KINDS[kind]}
    data = training_set(log, valid=False, **settings)
    trainer = make_trainer(data, epochs=20, **settings)
    trainer.run()
    told = [one["train_loss"] for one in trainer.history]
    assert np.mean(told[-3:]) < 0.9 * told[0]  # TOP1 cannot fall below 0.62 a negative


@pytest.mark.parametrize(("optimizer_name", "decay"), [("sgd", 0.0), ("sgd", 0.5), ("adam", 0.0)])
def test_update_is_a_step_of_the_optimizer_along_the_clipped_gradient(optimizer_name, decay):
    trainer = make_trainer(
        epochs=1, restore_best_weights=False, batch_size=100, dropout_rate=0.0,
        optimizer_name=optimizer_name, weight_decay=decay,
    )  # fmt: skip
    with torch.no_grad():
        for parameter in trainer.network.parameters():
            parameter *= 6  # so that the gradient is long enough to be clipped
    before = weights(trainer)
    batch = Batch.of(trainer.data.histories, np.arange(20))
    scores = trainer.network.scores(trainer.network(batch).before_NH)
    chosen = torch.from_numpy(trainer.data.role[batch.places] == TRAIN)
    loss = torch.nn.functional.cross_entropy(scores[chosen], batch.items[chosen] - 1)
    named = dict(trainer.network.named_parameters())
    slopes = dict(zip(named, torch.autograd.grad(loss, list(named.values())), strict=True))
    norm = math.sqrt(sum(float((slope**2).sum()) for slope in slopes.values()))
    assert norm > 5
    trainer.run()
    assert trainer.updates == 1
    for name, after in weights(trainer).items():
        clipped = slopes[name] * 5 / norm
        step = before[name] - after
        if optimizer_name == "sgd":
            expected = 0.05 * (clipped + decay * before[name])
            torch.testing.assert_close(step, expected, rtol=1e-3, atol=1e-6)
        else:  # the first step of Adam is the learning rate, whatever the slope
            steep = clipped.abs() > 1e-4
            expected = 0.05 * clipped[steep].sign()
            torch.testing.assert_close(step[steep], expected, rtol=1e-2, atol=1e-5)


def test_padding_keeps_its_zero_embedding():
    trainer = make_trainer(weight_decay=0.1, loss="bce")
    trainer.run()
    assert not trainer.network.items_IH.weight[0].any()
    assert trainer.network.bias_I[0] == 0


@pytest.mark.parametrize("kind", ["bce", "cross_entropy", "sampled", "mse"])
def test_validation_loss_repeats_and_does_not_depend_on_how_users_are_cut_into_batches(kind):
    settings = {**KINDS[kind], "num_negatives": 0}
    data = training_set(**settings)
    one = make_trainer(data, batch_size=3, **settings)
    other = make_trainer(data, batch_size=100, **settings)
    assert one.validate() == one.validate()
    assert one.validate().loss == pytest.approx(other.validate().loss, rel=1e-6)


def test_validation_of_sampled_cross_entropy_compares_with_the_whole_catalogue():
    data = training_set()
    assert make_trainer(data, sampled_items=1).validate() == (make_trainer(data).validate())


@kinds
def test_validation_always_draws_the_same_negatives_and_none_from_the_training(kind):
    trainer = make_trainer(training_set(**KINDS[kind]), **KINDS[kind])
    draws = trainer.state()[0]["draws"]
    assert trainer.validate() == trainer.validate()
    assert torch.equal(trainer.state()[0]["draws"], draws)


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
    return trainer_module.shuffled_users(data.histories, np.arange(2), 1, order)[0][0] == 0


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
    assert trainer.validate().loss == min(valid) == trainer.best_loss


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


@pytest.fixture
def _one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.usefixtures("_one_thread")
@kinds
def test_same_seed_gives_the_same_weights_bit_for_bit(kind):
    made = {}
    data = training_set(**KINDS[kind])
    settings = {"dropout_rate": 0.3, "num_layers": 2, "user_state": "all", **KINDS[kind]}
    for name, seed in (("one", 1), ("again", 1), ("other", 2)):
        trainer = make_trainer(data, random_state=seed, epochs=2, **settings)
        trainer.run()
        made[name] = weights(trainer)
    assert same(made["one"], made["again"])
    assert not same(made["one"], made["other"])


@kinds
def test_global_random_states_are_neither_read_nor_moved(kind):
    made = []
    data = training_set(**KINDS[kind])
    for seed in (1, 2):
        torch.manual_seed(seed)
        np.random.seed(seed)  # noqa: NPY002 - the global state is what must not matter
        random.seed(seed)
        before = torch.get_rng_state(), np.random.get_state()[1].tolist(), random.getstate()  # noqa: NPY002
        trainer = make_trainer(data, dropout_rate=0.3, epochs=2, **KINDS[kind])
        trainer.run()
        after = torch.get_rng_state(), np.random.get_state()[1].tolist(), random.getstate()  # noqa: NPY002
        assert torch.equal(before[0], after[0])
        assert before[1:] == after[1:]
        made.append(weights(trainer))
    assert same(*made)


@kinds
@pytest.mark.parametrize(
    ("moment", "number", "optimizer_name"),
    [
        ("epoch", 1, "adam"),
        ("epoch", 2, "sgd"),
        ("epoch", 3, "adam"),
        ("update", 1, "adam"),
        ("update", 3, "adam"),  # the last of the first epoch, before it is validated
        ("update", 5, "sgd"),
    ],
)
def test_training_continues_from_a_checkpoint_as_if_never_interrupted(
    tmp_path, kind, moment, number, optimizer_name
):
    settings = {"epochs": 3, "dropout_rate": 0.3, "optimizer_name": optimizer_name, **KINDS[kind]}
    settings["learning_rate_decay"] = "cosine"
    settings["restore_best_weights"] = False  # so that the last weights can be compared
    data = training_set(**KINDS[kind])
    whole = make_trainer(data, **settings)
    whole.run()

    def save_and_stop(record, running):
        if record["kind"] == moment and record[moment] == number:
            write_checkpoint(tmp_path / "last", *running.state())
            return True
        return None

    make_trainer(data, **settings).run([save_and_stop])
    resumed = make_trainer(data, **settings)
    resumed.restore(*read_checkpoint(tmp_path / "last"))
    assert (resumed.epoch if moment == "epoch" else resumed.updates) == number
    before = resumed.seconds
    assert resumed.run() == "finished"
    assert whole.updates == 9

    (tensors, facts), (expected, told) = resumed.state(), whole.state()
    assert same(tensors, expected)
    timeless = ("epoch", "updates", "interactions", "best_epoch", "best_loss", "order")
    assert [facts[name] for name in timeless] == [told[name] for name in timeless]
    records = [[{**one, "seconds": 0} for one in t.history] for t in (resumed, whole)]
    assert records[0] == records[1]
    assert resumed.seconds >= before > 0


def test_checkpoint_of_another_version_is_refused(tmp_path):
    trainer = make_trainer(epochs=1)
    trainer.run()
    tensors, facts = trainer.state()
    del facts["interactions"]
    with pytest.raises(CheckpointError, match="another version"):
        make_trainer(epochs=1).restore(tensors, facts)


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
