"""How long a training will take, before it has begun; free of torch."""

from hrnn.training.config import TrainConfig

#: Seconds to start and to measure; and for each interaction by itself, a unit² of the GRU, and a
#: unit of a scored item. Measured on one core of a machine of two: another may be twice as fast.
_START = 5.0
_EACH, _GRU, _SCORE = 5e-6, 1.2e-9, 1e-10


def expected_seconds(training: TrainConfig, interactions: int, items: int) -> float:
    """Return about how long a run of all epochs takes on one core.

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
    each = _EACH + _GRU * training.num_layers * units**2 + _SCORE * units * scored
    return _START + training.epochs * interactions * each
