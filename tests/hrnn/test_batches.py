import numpy as np
import pytest
import torch
from hypothesis import given, settings

from hrnn.model.batches import Batch, shuffled_users
from tests.hrnn.reference import laid_out, logs, random_log


@pytest.mark.parametrize("seed", range(5))
def test_batch_reads_every_interaction_of_its_users_once(seed):
    log = random_log(seed)
    histories = laid_out(log)
    users = np.array([7, 0, 3, 4])
    batch = Batch.of(histories, users)
    bounds = histories.session_starts[histories.user_starts]
    expected = np.concatenate([np.arange(bounds[u], bounds[u + 1]) for u in users])
    assert sorted(batch.places) == sorted(expected)
    assert np.array_equal(batch.items.numpy(), histories.items[batch.places])
    assert sorted(batch.users) == sorted(users)


@settings(derandomize=True, deadline=None)
@given(logs)
def test_lanes_go_through_whole_histories_and_open_every_session_but_the_first(log):
    batch = Batch.of(laid_out(log), np.arange(len(log)))
    read = [[] for _ in log]
    for number in range(batch.steps):
        interactions, opening = batch.step(number)
        for lane in opening.tolist():
            read[lane].append([])
        for lane, item in enumerate(batch.items[interactions].tolist()):
            if not number:
                read[lane].append([])
            read[lane][-1].append(item)
        assert opening.tolist() == sorted(opening.tolist())
    assert read == [log[user] for user in batch.users]
    lengths = [sum(map(len, log[user])) for user in batch.users]
    assert lengths == sorted(lengths, reverse=True)
    assert batch.steps == max(lengths)


def test_batch_moves_to_a_device_but_for_what_the_loop_reads():
    batch = Batch.of(laid_out(random_log(0)), np.arange(9))
    assert batch.to(torch.device("cpu")) is batch
    moved = batch.to(torch.device("meta"))  # a device that every machine has
    assert moved.items.device.type == moved.opening.device.type == "meta"
    assert moved.items.shape == batch.items.shape
    assert moved.opening.shape == batch.opening.shape


def test_batch_of_users_without_sessions_has_no_step():
    batch = Batch.of(laid_out([[], [[1]], []]), np.array([0, 2]))
    assert batch.steps == 0
    assert len(batch.items) == len(batch.places) == len(batch.opening) == 0
    assert batch.users.tolist() == [0, 2]


@pytest.mark.parametrize("batch_size", [1, 3, 4, 100])
def test_shuffled_users_hold_each_user_once(batch_size):
    histories = laid_out(random_log(1, users=70))
    users = np.arange(2, 67)
    made = shuffled_users(histories, users, batch_size, np.random.default_rng(0))
    assert sorted(np.concatenate(made)) == users.tolist()
    assert all(len(one) <= batch_size for one in made)
    assert len(made) == -(-len(users) // batch_size)


def test_shuffled_users_mix_users_anew_each_epoch_and_repeat_with_the_seed():
    histories = laid_out(random_log(1, users=40))

    def epoch(random):
        return [users.tolist() for users in shuffled_users(histories, np.arange(40), 4, random)]

    first, again = np.random.default_rng(5), np.random.default_rng(5)
    one, two = epoch(first), epoch(first)
    assert {frozenset(users) for users in one} != {frozenset(users) for users in two}
    assert [epoch(again), epoch(again)] == [one, two]


def test_shuffled_users_come_in_random_order_and_not_by_length():
    histories = laid_out([[[1]] * (user + 1) for user in range(30)])
    made = shuffled_users(histories, np.arange(30), 3, np.random.default_rng(0))
    sizes = [int(users.sum()) + len(users) for users in made]  # interactions
    assert sorted(sizes) == [sum(range(n, n + 3)) for n in range(1, 30, 3)]  # like beside like
    assert sizes != sorted(sizes)
