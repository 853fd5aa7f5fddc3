"""How long a training will take, before it has begun; free of torch."""

from hrnn.training.config import TrainConfig

#: Seconds a unit² of the GRU and a unit of a scored item cost for each interaction, measured with
#: benchmarks/accuracy.py on one core of a machine of 2 cores; another may be twice as fast.
_GRU, _SCORE = 1.2e-9, 1.4e-10


def expected_seconds(training: TrainConfig, interactions: int, items: int) -> float:
    """Return about how long all epochs of a training take on one core.

    Early stopping may end it sooner.

    Args:
        training: its settings.
        interactions: rows of the log.
        items: its catalogue.
    """
    units = training.hidden_units
    scored = training.num_negatives
    if training.loss == "cross_entropy":
        scored = min(training.sample_size(items) or items, items)
    each = _GRU * training.num_layers * units**2 + _SCORE * units * scored
    return training.epochs * interactions * each
