"""Blind tests: who is asked about, which lists, and on which side they stand."""

import numpy as np
import pytest

import hrnn
from hrnn.baselines import Popularity
from hrnn.errors import DataError
from hrnn.evaluation.blind import LEAST_HISTORY, draw_questions
from hrnn.evaluation.splits import Split, make_split
from hrnn.recommend.base import Recommender
from tests.hrnn.evaluating import Spy

USERS, ITEMS = 60, 30


@pytest.fixture(scope="module")
def split() -> Split:
    """60 users of 12 interactions, and one of 5, of which too few lie before the held-out one."""
    random = np.random.default_rng(1)
    lines = ["user,item,time"]
    for user in range(USERS):
        lines += [f"u{user},i{random.integers(ITEMS)},{1000 * at}" for at in range(12)]
    lines += [f"short,i{at},{1000 * at}" for at in range(LEAST_HISTORY)]
    return make_split("leave_last_out", hrnn.read_interactions("\n".join(lines).encode()))


def fitted(model: Recommender, split: Split) -> Recommender:
    model.fit(*split.known(), split=split.name)
    return model


@pytest.fixture(scope="module")
def models(split: Split) -> dict[str, Recommender]:
    return {"spy": fitted(Spy(ties=False), split), "popularity": fitted(Popularity(), split)}


def drawn(models, split, length=5, exclude_seen=False, seed=0):
    return draw_questions(models, split, length, exclude_seen, seed)


def test_the_same_seed_draws_the_same_and_another_seed_others(models, split) -> None:
    assert drawn(models, split) == drawn(models, split)
    assert [one.row for one in drawn(models, split)] != [
        one.row for one in drawn(models, split, seed=1)
    ]
    sides = [[one.first_is_a for one in drawn(models, split, seed=seed)] for seed in (0, 1)]
    assert sides[0] != sides[1]


@pytest.mark.parametrize("seed", range(5))
def test_each_side_has_each_model_as_often_in_every_four_questions(models, split, seed) -> None:
    sides = [one.first_is_a for one in drawn(models, split, seed=seed)]
    whole = len(sides) // 4 * 4
    assert whole >= 40
    for start in range(0, whole, 4):
        assert sum(sides[start : start + 4]) == 2


def test_no_user_is_drawn_twice_nor_one_with_too_short_a_history(models, split) -> None:
    data = split.data
    users = [data.user_ids[data.user_index[one.row]] for one in drawn(models, split)]
    assert len(set(users)) == len(users)
    assert "short" not in users
    assert {one.row for one in drawn(models, split)} <= set(split.test.tolist())


@pytest.mark.parametrize("exclude_seen", [False, True])
def test_the_lists_are_what_each_model_recommends_after_the_history(
    models, split, exclude_seen
) -> None:
    data = split.data
    for one in drawn(models, split, exclude_seen=exclude_seen):
        start = data.user_starts[data.user_index[one.row]]
        history = data.slice(int(start), one.row)
        lists = {
            name: model.recommend(history, 5, exclude_seen=exclude_seen)[0].tolist()
            for name, model in models.items()
        }
        assert list(one.first) == lists["spy"]
        assert list(one.second) == lists["popularity"]
        assert set(one.first) != set(one.second)


def test_lists_that_hold_the_same_items_are_not_asked_about(split) -> None:
    twice = {"one": fitted(Popularity(), split), "other": fitted(Popularity(), split)}
    with pytest.raises(DataError, match="none gets two whole lists of 5 items that differ"):
        drawn(twice, split)


def test_a_list_shorter_than_the_other_would_give_itself_away(models, split) -> None:
    with pytest.raises(DataError, match="two whole lists of 31 items"):
        drawn(models, split, length=ITEMS + 1)


def test_a_model_that_learned_from_what_is_held_out_is_refused(models, split) -> None:
    leaked = Spy(ties=False)
    leaked.fit(split.data, np.full(len(split.data), 1, np.int8))
    with pytest.raises(DataError, match=r"^spy has learned from 60 of the 60 interactions"):
        drawn({"spy": leaked, "popularity": models["popularity"]}, split)
