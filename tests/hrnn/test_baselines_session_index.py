import numpy as np
import pytest
import torch

from hrnn.baselines.session_index import SessionIndex, distinct


def index_of(sessions: list[set[int]], items: int) -> SessionIndex:
    pairs = [(number, item) for number, held in enumerate(sessions) for item in held]
    session, item = np.array(pairs, np.int64).reshape(-1, 2).T
    return SessionIndex.of(session, item, items)


SESSIONS = [{0, 2}, {1}, {2, 3, 0}, {0}]


def test_rows_are_indexed_in_any_order_and_repeats_stand_once():
    session, item = np.array([2, 0, 1, 2, 0, 2, 2, 3]), np.array([3, 2, 1, 0, 0, 2, 3, 0])
    found = SessionIndex.of(session, item, 5)
    assert found.count == 4
    assert found.items.tolist() == [0, 2, 1, 0, 2, 3, 0]
    assert found.session_starts.tolist() == [0, 2, 3, 6, 7]
    assert found.sessions.tolist() == [0, 2, 3, 1, 0, 2, 2]
    assert found.item_starts.tolist() == [0, 3, 4, 6, 7, 7]


def test_items_of_sessions_come_in_the_order_asked_for():
    items, lengths = index_of(SESSIONS, 5).items_of(np.array([2, 1]))
    assert items.tolist() == [0, 2, 3, 1]
    assert lengths.tolist() == [3, 1]


@pytest.mark.parametrize(
    ("items", "most", "expected"),
    [
        ([0], 9, [0, 2, 3]),
        ([0], 2, [2, 3]),
        ([0, 2], 9, [0, 2, 3]),
        ([1, 2], 2, [1, 2]),
        ([3, 1], 1, [2]),
        ([4], 3, []),
    ],
)
def test_sessions_with_any_of_some_items_are_the_last_ones(items, most, expected):
    assert index_of(SESSIONS, 5).sessions_with(np.array(items), most).tolist() == expected


@pytest.mark.parametrize("seed", range(5))
def test_both_sides_agree_on_random_sessions(seed):
    random = np.random.default_rng(seed)
    sessions = [set(random.integers(0, 12, random.integers(1, 6)).tolist()) for _ in range(40)]
    index = index_of(sessions, 13)
    for number, held in enumerate(sessions):
        assert set(index.items_of(np.array([number]))[0].tolist()) == held
    for asked in ({3}, {0, 11}, {12}, {1, 2, 3, 4}):
        holding = [number for number, held in enumerate(sessions) if held & asked]
        for most in (1, 4, 99):
            found = index.sessions_with(np.array(sorted(asked)), most)
            assert found.tolist() == holding[-most:]


def test_weights_make_the_same_index():
    index = index_of(SESSIONS, 5)
    again = SessionIndex.of_weights(index.weights(), 5)
    assert again.sessions.tolist() == index.sessions.tolist()
    assert again.item_starts.tolist() == index.item_starts.tolist()
    assert {one.dtype for one in index.weights().values()} == {torch.int64}


def test_index_of_nothing_answers():
    index = index_of([], 3)
    assert index.count == 0
    assert index.sessions_with(np.array([0, 2]), 5).tolist() == []
    assert SessionIndex.of_weights(index.weights(), 3).count == 0


@pytest.mark.parametrize(
    ("items", "starts", "message"),
    [
        ([0, 5], [0, 2], "beyond the 5 known"),
        ([0, -1], [0, 2], "beyond the 5 known"),
        ([0, 1], [0, 1], "do not share out the 2 items"),
        ([0, 1], [1, 2], "do not share out"),
        ([0, 1], [], "do not share out"),
        ([0, 1], [0, 1, 1, 2], "has no item"),
        ([0, 1], [0, 2, 1, 2], "has no item"),
        ([[0, 1]], [0, 2], "items is int64 in 2 dimensions"),
        ([0.0, 1.0], [0, 2], "items is float32"),
        ([0, 1], [0.0, 2.0], "session_starts is float32"),
    ],
)
def test_weights_that_are_no_index_are_refused(items, starts, message):
    def tensor(values):
        return torch.tensor(values) if values else torch.empty(0, dtype=torch.int64)

    with pytest.raises(ValueError, match=message):
        SessionIndex.of_weights({"items": tensor(items), "session_starts": tensor(starts)}, 5)


def test_distinct_is_ascending():
    assert distinct(np.array([3, 1, 3, 2, 1])).tolist() == [1, 2, 3]
    assert distinct(np.empty(0, np.int64)).tolist() == []
