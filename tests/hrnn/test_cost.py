"""What a training is expected to take."""

import pytest

from hrnn.training.config import AUTO_SAMPLE, PRESETS, TrainConfig
from hrnn.training.cost import expected_seconds


def test_cost_by_hand():
    training = TrainConfig(hidden_units=100, epochs=2, loss="cross_entropy", sampled_items=None)
    # 5 + 2 × 1,000 interactions × (5e-6 + 1.2e-9 × 100² of the GRU + 1e-10 × 100 × 50 items)
    assert expected_seconds(training, 1_000, 50) == pytest.approx(5.035)
    few = TrainConfig(hidden_units=100, epochs=2, num_negatives=50, num_layers=2)
    assert expected_seconds(few, 1_000, 3_000) == pytest.approx(5.059)


def test_a_sampled_catalogue_costs_what_its_sample_does():
    training = TrainConfig(loss="cross_entropy")
    large = expected_seconds(training, 1_000, 100_000)
    assert large == pytest.approx(expected_seconds(training, 1_000, AUTO_SAMPLE))
    whole = TrainConfig(loss="cross_entropy", sampled_items=None)
    assert expected_seconds(whole, 1_000, 100_000) == pytest.approx(106.6)


def test_presets_cost_more_and_more():
    for items in (300, 5_000):
        costs = [expected_seconds(one, 40_000, items) for one in PRESETS.values()]
        assert costs == sorted(costs)
        assert list(PRESETS) == ["quick", "standard", "best"]
