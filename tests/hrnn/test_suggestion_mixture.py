import math

import numpy as np
import pytest

from hrnn.sessions.mixture import Mixtures, fit, improve, normal_below, separation

AT = np.linspace(-10, 20, 600)


def mixture(*parts: tuple[float, float, float]) -> Mixtures:
    return Mixtures(*(np.array([column]) for column in zip(*parts, strict=True)))


def counts_of(made: Mixtures, gaps: float = 1e6) -> np.ndarray:
    """As many gaps at each point as the mixture has there, without chance."""
    density = made.density(AT[None])[0].sum(0)
    return gaps * density / density.sum()


def test_a_mixture_is_got_back_from_its_own_counts():
    made = mixture((0.5, -2.0, 1.0), (0.3, 4.0, 1.5), (0.2, 12.0, 0.8))
    found, _ = fit(AT, counts_of(made), parts=3)
    for one, other in ((found.weight_RK, made.weight_RK), (found.mean_RK, made.mean_RK)):
        assert one[0] == pytest.approx(other[0], abs=0.01)
    assert found.sd_RK[0] == pytest.approx(made.sd_RK[0], abs=0.01)


def test_each_round_raises_the_likelihood():
    counts = counts_of(mixture((0.6, 0.0, 2.0), (0.4, 5.0, 1.0)))[None]
    now, before = mixture((0.5, -5.0, 1.0), (0.5, 1.0, 3.0)), -math.inf
    for _ in range(30):
        now, (likelihood,) = improve(now, AT, counts, rounds=1)
        assert likelihood >= before
        before = likelihood


def test_parts_are_held_to_a_width():
    found, _ = fit(AT, counts_of(mixture((1.0, 5.0, 4.0))), parts=2, most_sd=2.5)
    assert found.sd_RK.max() == 2.5


def test_equal_parts_weigh_the_same_in_the_middle():
    assert mixture((0.5, 1.0, 2.0), (0.5, 9.0, 2.0)).crossing(1) == pytest.approx(5)


def test_a_heavier_side_moves_the_place_by_the_logarithm_of_the_weights():
    place = mixture((0.8, 0.0, 1.0), (0.2, 8.0, 1.0)).crossing(1)
    assert place == pytest.approx(4 + math.log(4) / 8, abs=1e-4)


def test_a_side_that_never_weighs_more_gives_no_place():
    assert np.isnan(mixture((0.1, 0.0, 1.0), (0.9, 1.0, 5.0)).crossing(1)).all()


def test_sides_have_the_moments_of_all_their_parts():
    made = mixture((0.2, 0.0, 1.0), (0.2, 4.0, 1.0), (0.6, 10.0, 2.0))
    weight, mean, sd = made.sides(2)
    assert weight[0] == pytest.approx([0.4, 0.6])
    assert mean[0] == pytest.approx([2, 10])
    assert sd[0] == pytest.approx([math.sqrt(1 + 4), 2])
    assert separation(mean, sd) == pytest.approx(math.sqrt(2) * 8 / 3)


def test_shares_below_a_point():
    below = normal_below(1.0, np.array([1.0, 0.0]), np.array([3.0, 1.0]))
    assert below == pytest.approx([0.5, 0.841345], abs=1e-6)
