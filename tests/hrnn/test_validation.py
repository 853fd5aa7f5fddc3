import math

import numpy as np
import pytest
import torch

from hrnn.model.batches import Batch
from hrnn.training import validation
from hrnn.training.roles import VALID
from tests.hrnn.reference import ITEMS, PlainHRNN, make_trainer, training_set


def slow_ndcg(trainer, chosen=None) -> float:
    """Mean gain of validation targets, ranked one by one by the plain loop; ties count against."""
    data, plain, gains = trainer.data, PlainHRNN(trainer.network), []
    histories = data.histories
    for user in range(histories.users):
        sessions = [
            histories.items[histories.session_starts[n] : histories.session_starts[n + 1]].tolist()
            for n in range(histories.user_starts[user], histories.user_starts[user + 1])
        ]
        place = histories.session_starts[histories.user_starts[user]]
        with torch.no_grad():
            before = plain.read(sessions)[0]
            for state in before:
                if data.role[place] == VALID and data.outcome[place] > 0:
                    scores, target = plain.scores(state), histories.items[place] - 1
                    rank = int((scores >= scores[target]).sum())
                    if chosen is None or place in chosen:
                        gains.append(1 / math.log2(rank + 1) if rank <= 10 else 0.0)
                place += 1
    return float(np.mean(gains))


@pytest.mark.parametrize("settings", [{}, {"user_state": "all", "num_layers": 2}])
def test_ndcg_is_that_of_ranking_every_target_by_itself(settings):
    trainer = make_trainer(**settings)
    trainer.run()
    best = trainer.history[trainer.best_epoch - 1]["valid_ndcg"]
    assert best == trainer.validate().ndcg == pytest.approx(slow_ndcg(trainer), rel=1e-6)
    assert 0 < best < 1


def test_targets_of_outcome_0_are_no_finds():
    data = training_set(loss="bce")
    validating = np.flatnonzero(data.role == VALID)
    data.outcome[validating[::2]] = 0
    trainer = make_trainer(data, loss="bce")
    assert trainer.validate().ndcg == pytest.approx(slow_ndcg(trainer), rel=1e-6)
    data.outcome[validating] = 0
    assert make_trainer(data, loss="bce").validate().ndcg is None


def test_only_evenly_spread_targets_are_ranked_of_many(monkeypatch):
    data = training_set()
    places = np.flatnonzero(data.role == VALID)
    assert len(places) > 8
    monkeypatch.setattr(validation, "_MOST_RANKED", -(-len(places) // 3))
    trainer = make_trainer(data)
    assert trainer.validate().ndcg == pytest.approx(slow_ndcg(trainer, set(places[::3])))


def test_amounts_are_not_ranked_and_nothing_is_measured_where_nothing_validates():
    assert make_trainer(loss="mse").validate().ndcg is None
    trainer = make_trainer(training_set(valid=False), epochs=1)
    assert trainer.validate() is None
    trainer.run()
    assert trainer.history[0]["valid_loss"] is trainer.history[0]["valid_ndcg"] is None


def test_validation_reads_users_of_like_length_together():
    trainer = make_trainer(training_set(log=[[[1] * n] for n in (9, 3, 8, 4, 7, 5)]), batch_size=2)
    sizes, network = [], trainer.network
    trainer.network.register_forward_pre_hook(lambda _, given: sizes.append(given[0].steps))
    trainer.validate()
    assert sizes == [4, 7, 9]
    assert Batch.of(trainer.data.histories, np.arange(6)).steps == 9
    assert network.items_IH.num_embeddings == ITEMS + 1
