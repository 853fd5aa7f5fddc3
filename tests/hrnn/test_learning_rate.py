"""How the learning rate goes on."""

import math

import pytest

from tests.hrnn.reference import make_trainer


def test_a_cosine_takes_the_learning_rate_to_a_hundredth_over_all_epochs():
    trainer = make_trainer(epochs=4, learning_rate=0.02, learning_rate_decay="cosine")
    rates = []

    def note(record, running):
        rates.append((record["kind"], running._optimizer.param_groups[0]["lr"]))

    trainer.run([note])
    found = [rate for kind, rate in rates if kind == "update"]
    count = len(found)
    assert count == 12
    expected = [0.01 * (1.01 + 0.99 * math.cos(math.pi * done / count)) for done in range(count)]
    assert found == pytest.approx(expected)
    assert found[0] == 0.02
