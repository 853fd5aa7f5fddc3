"""A training whose loss or gradient is not finite ends before it spoils the weights."""

import pytest
import torch

from hrnn import HRNNError
from tests.hrnn.reference import make_trainer


def test_gradient_that_is_not_finite_leaves_the_weights_as_they_were(monkeypatch):
    trainer = make_trainer()
    good = {name: value.clone() for name, value in trainer.network.state_dict().items()}
    loss_of = trainer._objective.of

    def steep(*asked):
        loss, count = loss_of(*asked)
        return loss + (trainer.network.bias_I.sum() * 0).sqrt(), count  # slope 1/0, value 0

    monkeypatch.setattr(trainer._objective, "of", steep)
    with pytest.raises(HRNNError, match="gradient became nan at update 1"):
        trainer.run()
    left = trainer.network.state_dict()
    assert all(torch.equal(left[name], value) for name, value in good.items())


def test_loss_that_is_not_finite_ends_the_training_with_the_remedy():
    def spoil(record, running):
        with torch.no_grad():
            running.network.bias_I.fill_(float("nan"))

    with pytest.raises(HRNNError, match="became nan at update 2; lower the learning rate"):
        make_trainer().run([spoil])
