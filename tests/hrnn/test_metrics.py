import math

import numpy as np
import pytest

from hrnn.evaluation.metrics import METRICS, hit_rate, mrr, ndcg, ranks

# 20 items, k = 5: target's place, scores, pessimistic rank, HR@5.
CONSTANT = [0.5] * 20
TIES_AND_NAN = [
    ("constant", 0, CONSTANT, 20, 0),
    ("constant, target last", 19, CONSTANT, 20, 0),
    ("tied pair", 1, [1.0, 1.0, *[0.0] * 18], 2, 1),
    ("clear rank 3", 2, [0.9, 0.8, 0.7, *[0.1] * 17], 3, 1),
    ("all NaN", 0, [math.nan] * 20, math.inf, 0),
    ("target NaN", 0, [math.nan, *[0.1] * 19], math.inf, 0),
]


@pytest.mark.parametrize(("name", "target", "scores", "rank", "hit"), TIES_AND_NAN)
def test_ties_rank_the_target_last_and_nan_never_hits(name, target, scores, rank, hit):
    found = ranks(np.array([scores]), np.array([target]))
    assert found.tolist() == [rank]
    assert hit_rate(found, 5).tolist() == [hit]
    assert (ndcg(found, 5) > 0).tolist() == (mrr(found, 5) > 0).tolist() == [bool(hit)]


@pytest.mark.parametrize("place", range(20))
def test_constant_scorer_hits_for_no_k_below_the_pool(place):
    rank = ranks(np.zeros((1, 20)), np.array([place]))
    assert [hit_rate(rank, k)[0] for k in (1, 5, 19, 20)] == [0, 0, 0, 1]
    assert [ndcg(rank, k)[0] for k in (1, 5, 19)] == [0, 0, 0]
    assert [mrr(rank, k)[0] for k in (1, 5, 19)] == [0, 0, 0]


def slow_rank(scores, target, excluded) -> float:
    if math.isnan(scores[target]) or excluded[target]:
        return math.inf
    ahead = 0
    for item, score in enumerate(scores):
        if item != target and not excluded[item] and not score < scores[target]:
            ahead += 1
    return ahead + 1


def test_ranks_equal_a_loop_over_items():
    random = np.random.default_rng(0)
    scores = random.integers(0, 5, (300, 12)).astype(np.float32)
    scores[random.random(scores.shape) < 0.1] = np.nan
    target = random.integers(0, 12, 300)
    excluded = random.random(scores.shape) < 0.3
    expected = [slow_rank(*row) for row in zip(scores, target, excluded, strict=True)]
    assert ranks(scores, target, excluded).tolist() == expected
    nothing = np.zeros_like(excluded)
    expected = [slow_rank(*row) for row in zip(scores, target, nothing, strict=True)]
    assert ranks(scores, target).tolist() == expected


def test_excluded_items_do_not_stand_ahead_and_an_excluded_target_is_a_miss():
    scores = np.array([[4.0, 3.0, 2.0, 1.0]] * 3)
    excluded = np.array([[1, 1, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]], bool)
    assert ranks(scores, np.array([2, 2, 2]), excluded).tolist() == [1, 3, np.inf]


def test_scores_beyond_a_nan_stand_behind_it():
    assert ranks(np.array([[np.nan, 2.0, 1.0]]), np.array([1])).tolist() == [2]


def test_hit_rate_counts_the_kth_place():
    assert hit_rate(np.array([1, 5, 6, np.inf]), 5).tolist() == [1, 1, 0, 0]


def test_ndcg_discounts_by_the_logarithm_of_the_rank():
    rank = np.array([1, 2, 3, 7, 8, np.inf])
    expected = [1, 1 / math.log2(3), 0.5, 1 / 3, 0, 0]
    assert ndcg(rank, 7).tolist() == pytest.approx(expected)


def test_mrr_is_one_over_the_rank_up_to_the_kth_place():
    rank = np.array([1, 2, 4, 5, 6, np.inf])
    assert mrr(rank, 5).tolist() == pytest.approx([1, 0.5, 0.25, 0.2, 0, 0])


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_metrics_are_one_for_the_first_place_and_fall_with_the_rank(metric):
    for k in (1, 4, 10):
        values = metric(np.array([*range(1, 12), np.inf]), k)
        assert values[0] == 1
        assert (np.diff(values) <= 0).all()
        assert (values > 0).sum() == k
        assert values.dtype == np.float64


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_no_cases_give_no_values(metric):
    assert metric(np.empty(0), 5).shape == (0,)
    none = ranks(np.empty((0, 4), np.float32), np.empty(0, np.int64))
    assert none.shape == (0,)
