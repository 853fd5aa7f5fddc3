import itertools
import math

import numpy as np
import pytest

import hrnn
from hrnn import ConfigError
from hrnn.recommend.ranking import sampled_places, top_places, top_places_of_all
from hrnn.training.roles import TRAIN
from tests.hrnn.test_evaluation import Spy
from tests.hrnn.test_splits_random import random_log


def slow_top(scores, top_k: int) -> list[int]:
    return sorted(range(len(scores)), key=lambda place: (-scores[place], place))[:top_k]


def test_top_places_are_those_of_a_stable_sort():
    random = np.random.default_rng(0)
    for items in (1, 2, 7, 30):
        for _ in range(40):
            scores = random.integers(0, 6, items).astype(np.float32)
            scores[random.random(items) < 0.2] = -np.inf
            for top_k in (1, 2, 5, items, items + 3):
                assert top_places(scores, top_k).tolist() == slow_top(scores, top_k)


@pytest.mark.parametrize("top_k", [1, 3, 100, 101, 400])
def test_top_places_of_many_rows_are_those_of_each(top_k):
    scores = np.random.default_rng(1).integers(0, 40, (25, 300)).astype(np.float32)
    scores[3] = -np.inf
    scores[:, 7] = -np.inf
    expected = [slow_top(row, top_k) for row in scores.tolist()]
    assert top_places_of_all(scores, top_k).tolist() == expected
    assert top_places_of_all(scores[:0], top_k).shape == (0, min(top_k, 300))
    assert top_places_of_all(scores.T, top_k)[7].tolist() == slow_top(scores.T[7].tolist(), top_k)


def test_no_scores_have_no_places():
    assert top_places(np.empty(0, np.float32), 3).tolist() == []
    assert sampled_places(np.empty(0), 3, 1.0, np.random.default_rng(0)).tolist() == []


def one_after_the_other(scores, temperature: float) -> dict[tuple[int, ...], float]:
    """Probability of each order when items are drawn in turn with softmax probabilities."""
    weights = [math.exp(score / temperature) for score in scores]
    found = {}
    for order in itertools.permutations(range(len(scores))):
        left, probability = sum(weights), 1.0
        for place in order:
            probability *= weights[place] / left
            left -= weights[place]
        found[order] = probability
    return found


@pytest.mark.parametrize("temperature", [0.5, 1.0, 4.0])
def test_sampling_draws_in_turn_with_softmax_probabilities(temperature):
    scores, draws = np.array([1.0, 0.2, -0.5], np.float32), 6000
    random = np.random.default_rng(0)
    count = dict.fromkeys(itertools.permutations(range(3)), 0)
    for _ in range(draws):
        count[tuple(sampled_places(scores, 3, temperature, random).tolist())] += 1
    expected = one_after_the_other(scores.tolist(), temperature)
    chi = sum((count[o] - draws * p) ** 2 / (draws * p) for o, p in expected.items())
    assert chi < 20.5  # the 99.9 % point with 5 degrees of freedom


def test_short_samples_are_the_beginnings_of_long_ones():
    scores, draws = np.array([1.0, 0.2, -0.5], np.float32), 4000
    count = np.zeros(3)
    random = np.random.default_rng(1)
    for _ in range(draws):
        (place,) = sampled_places(scores, 1, 1.0, random)
        count[place] += 1
    expected = np.exp(scores) / np.exp(scores).sum() * draws
    assert ((count - expected) ** 2 / expected).sum() < 13.8  # 99.9 %, 2 degrees of freedom
    seeds = [np.random.default_rng(5) for _ in range(2)]
    assert sampled_places(scores, 2, 1.0, seeds[0]).tolist() == (
        sampled_places(scores, 3, 1.0, seeds[1])[:2].tolist()
    )


def test_low_temperature_gives_the_best_and_a_high_one_anything():
    scores = np.array([0.3, 0.9, 0.1, 0.5], np.float32)
    for seed in range(50):
        random = np.random.default_rng(seed)
        assert sampled_places(scores, 3, 1e-4, random).tolist() == [1, 3, 0]
    random = np.random.default_rng(0)
    first = [int(sampled_places(scores, 1, 1e6, random)[0]) for _ in range(4000)]
    assert np.bincount(first).tolist() == pytest.approx([1000] * 4, abs=120)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("temperature", [1e-39, 1e-300])
def test_lowest_temperature_gives_the_best(temperature):
    scores = np.array([0.5, 0.3, 0.1, 0.9], np.float32)
    found = sampled_places(scores, 2, temperature, np.random.default_rng(0))
    assert found.tolist() == [3, 0]


def test_items_that_are_ruled_out_are_drawn_last():
    scores = np.array([0.0, -np.inf, 0.0, -np.inf], np.float32)
    for seed in range(20):
        places = sampled_places(scores, 4, 10.0, np.random.default_rng(seed))
        assert set(places[:2].tolist()) == {0, 2}


@pytest.fixture(scope="module")
def model():
    made, data = Spy(ties=False), random_log(0)
    made.fit(data, np.full(len(data), TRAIN))
    return made


def test_sampled_recommendations_repeat_with_their_seed_and_come_near_the_best(model):
    data = random_log(0)
    best = model.recommend(data, top_k=4)
    once, again, other = (
        model.recommend(data, top_k=4, sampling_temperature=1.0, seed=seed) for seed in (1, 1, 2)
    )
    assert (once == again).all()
    assert (once != other).any(axis=1).mean() > 0.9
    assert (once != best).any(axis=1).mean() > 0.9
    assert all(len(set(row)) == 4 for row in once)
    near = model.recommend(data, top_k=4, sampling_temperature=1e-7)
    assert (near == best).all()


def test_sampled_recommendations_leave_out_what_was_seen_and_what_is_not_in_the_subset(model):
    data = random_log(0)
    frame = model.recommend_frame(data, 12, exclude_seen=True, sampling_temperature=9.0)
    seen = set(map(tuple, data.frame()[["USER_ID", "ITEM_ID"]].to_numpy().tolist()))
    found = set(map(tuple, frame[["USER_ID", "ITEM_ID"]].to_numpy().tolist()))
    assert not found & seen
    everything = {(user, item) for user in data.user_ids for item in model.vocabulary.ids}
    assert found == everything - seen
    scores = model.score_items(data)
    assert frame["SCORE"].tolist() == [
        scores.loc[user, item]
        for user, item in zip(frame["USER_ID"], frame["ITEM_ID"], strict=True)
    ]
    model.set_item_subset(["i1", "i4"])
    drawn = model.recommend(data, top_k=2, sampling_temperature=9.0)
    model.clear_item_subset()
    assert {tuple(sorted(row)) for row in drawn} == {("i1", "i4")}


@pytest.mark.parametrize("temperature", [-1.0, math.nan, math.inf])
def test_temperature_that_is_none_is_refused(model, temperature):
    with pytest.raises(ConfigError, match=r"sampling_temperature=.*0 or above"):
        model.recommend(random_log(0), sampling_temperature=temperature)


def test_draws_of_users_are_their_own():
    data = random_log(0)
    flat = Spy(constant=0.0)
    flat.fit(data, np.full(len(data), TRAIN))
    drawn = flat.recommend(data, top_k=1, sampling_temperature=1.0)[:, 0]
    assert len(set(drawn)) > 8
    assert isinstance(data, hrnn.Interactions)
