import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hrnn.model.histories import Batch, Histories, shuffled_batches
from tests.hrnn.reference import Log, laid_out, logs, random_log


def as_lists(histories: Histories) -> Log:
    users = []
    for user in range(histories.users):
        numbers = range(histories.user_starts[user], histories.user_starts[user + 1])
        starts = histories.session_starts
        users.append([histories.items[starts[n] : starts[n + 1]].tolist() for n in numbers])
    return users


@settings(derandomize=True, deadline=None)
@given(logs)
def test_sessions_of_every_user_come_back_as_they_went_in(log):
    assert as_lists(laid_out(log)) == log


def test_interleaved_sessions_are_laid_out_one_after_the_other():
    item = np.array([1, 2, 3, 4, 5], np.int32)
    session = np.array([0, 1, 0, 1, 2])
    histories = Histories.of(item, np.array([0, 0, 0, 0, 1]), session, users=2)
    assert as_lists(histories) == [[[1, 3], [2, 4]], [[5]]]
    assert histories.rows.tolist() == [0, 2, 1, 3, 4]


def test_unknown_items_vanish_and_sessions_of_nothing_else_with_them():
    item = np.array([1, 0, 2, 0, 0, 3, 0, 0], np.int32)
    user = np.array([0, 0, 0, 0, 1, 1, 2, 3])
    session = np.array([0, 0, 1, 1, 2, 3, 4, 5])
    histories = Histories.of(item, user, session, users=5)
    assert as_lists(histories) == [[[1], [2]], [[3]], [], [], []]
    assert histories.rows.tolist() == [0, 2, 5]


def test_last_session_is_lost_only_where_all_its_items_are_unknown():
    item = np.array([1, 0, 1, 0, 0, 1, 0], np.int32)
    user = np.array([0, 0, 1, 1, 2, 2, 3])
    session = np.array([0, 0, 1, 2, 3, 4, 5])
    histories = Histories.of(item, user, session, users=5)
    #      last item unknown, last session unknown, first session unknown, everything, no row
    assert histories.lost_last.tolist() == [False, True, False, True, False]


@settings(derandomize=True, deadline=None)
@given(logs, st.integers(1, 5), st.integers(1, 6))
def test_window_keeps_the_last_sessions_and_their_last_items(log, max_sessions, max_session_len):
    whole = laid_out(log)
    kept = whole.window(max_sessions, max_session_len)
    assert as_lists(kept) == [
        [session[-max_session_len:] for session in user[-max_sessions:]] for user in log
    ]
    assert np.array_equal(whole.items[np.isin(whole.rows, kept.rows)], kept.items)
    assert np.array_equal(kept.lost_last, whole.lost_last)


def test_window_that_holds_everything_changes_nothing():
    whole = laid_out(random_log(3))
    kept = whole.window(4, 5)
    for name in ("items", "rows", "session_starts", "user_starts"):
        assert np.array_equal(getattr(whole, name), getattr(kept, name))


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
    counts = [len(log[user]) for user in batch.users]
    assert counts == sorted(counts, reverse=True)
    assert len(batch.steps) == max(counts)
    assert [step.active for step in batch.steps] == [
        sum(count > number for count in counts) for number in range(len(batch.steps))
    ]


@settings(derandomize=True, deadline=None)
@given(logs)
def test_every_step_knows_whose_each_interaction_is_and_which_place_in_the_session_it_has(log):
    histories = laid_out(log)
    batch = Batch.of(histories, np.arange(len(log)))
    for number, step in enumerate(batch.steps):
        items = batch.items[step.start : step.stop].tolist()
        read = [[] for _ in range(step.active)]
        for item, lane, before in zip(items, step.lane.tolist(), step.before.tolist(), strict=True):
            by_rank = step.by_length.tolist().index(lane)
            earlier = [n for n, other in enumerate(step.lane.tolist()) if other == lane]
            place = len(read[lane])
            assert before == (step.active + earlier[place - 1] if place else by_rank)
            read[lane].append(item)
        users = batch.users[: step.active]
        assert read == [log[user][number] for user in users]
        lengths = [len(read[lane]) for lane in step.by_length.tolist()]
        assert lengths == sorted(lengths, reverse=True)
        assert step.by_length[step.back].tolist() == list(range(step.active))
        assert step.sizes.tolist() == [sum(n > p for n in lengths) for p in range(lengths[0])]
    assert [step.start for step in batch.steps] == [0, *(s.stop for s in batch.steps)][:-1]


def test_batch_moves_to_a_device_whole_but_for_the_sizes_that_torch_wants_on_the_cpu():
    batch = Batch.of(laid_out(random_log(0)), np.arange(9))
    assert batch.to(torch.device("cpu")) is batch
    moved = batch.to(torch.device("meta"))  # a device that every machine has
    assert moved.items.device.type == "meta"
    assert moved.items.shape == batch.items.shape
    for step in moved.steps:
        on = {name: value.device.type for name, value in vars(step).items()
              if isinstance(value, torch.Tensor)}  # fmt: skip
        assert on.pop("sizes") == "cpu"
        assert on.keys() == {"by_length", "back", "lane", "before"}
        assert set(on.values()) == {"meta"}


def test_batch_of_users_without_sessions_has_no_step():
    batch = Batch.of(laid_out([[], [[1]], []]), np.array([0, 2]))
    assert batch.steps == []
    assert len(batch.items) == len(batch.places) == 0
    assert batch.users.tolist() == [0, 2]


@pytest.mark.parametrize("batch_size", [1, 3, 4, 100])
def test_shuffled_batches_hold_each_user_once(batch_size):
    histories = laid_out(random_log(1, users=70))
    users = np.arange(2, 67)
    made = list(shuffled_batches(histories, users, batch_size, np.random.default_rng(0)))
    assert sorted(np.concatenate([batch.users for batch in made])) == users.tolist()
    assert all(len(batch.users) <= batch_size for batch in made)
    assert len(made) == -(-len(users) // batch_size)


def test_shuffled_batches_mix_users_anew_each_epoch_and_repeat_with_the_seed():
    histories = laid_out(random_log(1, users=40))

    def epoch(random):
        return [b.users.tolist() for b in shuffled_batches(histories, np.arange(40), 4, random)]

    first, again = np.random.default_rng(5), np.random.default_rng(5)
    one, two = epoch(first), epoch(first)
    assert {frozenset(users) for users in one} != {frozenset(users) for users in two}
    assert [epoch(again), epoch(again)] == [one, two]


def test_shuffled_batches_come_in_random_order_and_not_by_length():
    histories = laid_out([[[1]] * (user + 1) for user in range(30)])
    made = shuffled_batches(histories, np.arange(30), 3, np.random.default_rng(0))
    sizes = [len(batch.items) for batch in made]
    assert sorted(sizes) == [sum(range(n, n + 3)) for n in range(1, 30, 3)]  # like beside like
    assert sizes != sorted(sizes)
