import numpy as np
import pytest

from hrnn.recommend import estimators
from hrnn.recommend.estimators import HRNNClassifierEstimator
from hrnn.recommend.scorer import HierarchicalScorer
from tests.hrnn.reference import ITEMS, PlainHRNN, enliven, laid_out, random_log

CLOSE = {"rtol": 1e-4, "atol": 1e-5}


def scorer_of(**settings) -> HierarchicalScorer:
    estimator = HRNNClassifierEstimator(**{"hidden_units": 5, **settings})
    estimator.network_ = estimator.make_network(ITEMS)
    enliven(estimator.network_)
    return HierarchicalScorer(estimator)


@pytest.mark.parametrize("at_once", [512, 4])
@pytest.mark.parametrize("user_state", ["init", "all", "none"])
def test_scores_stand_in_the_order_of_the_histories(user_state, at_once, monkeypatch):
    monkeypatch.setattr(estimators, "_USERS_AT_ONCE", at_once)
    scorer, log = scorer_of(user_state=user_state), random_log(3, users=11)
    new = np.arange(11) % 2 == 0
    scores = scorer.score(laid_out(log), new)
    plain = PlainHRNN(scorer.estimator.network_)
    for row, sessions, begins in zip(scores, log, new.tolist(), strict=True):
        _, session, user = plain.read(sessions)
        state = plain.start(user)[-1] if begins else session[-1]
        np.testing.assert_allclose(row, plain.scores(state).detach().numpy(), **CLOSE)


def test_nobody_has_no_scores():
    assert scorer_of().score(laid_out([]), np.empty(0, bool)).shape == (0, ITEMS)


@pytest.mark.parametrize("num_layers", [1, 2])
@pytest.mark.parametrize("user_state", ["init", "all", "none"])
def test_going_on_equals_reading_the_whole_history_while_it_fits(user_state, num_layers):
    scorer = scorer_of(user_state=user_state, num_layers=num_layers)
    log = [[[1, 2], [3]], [], [[4]]]
    standing = scorer.stand(laid_out(log))
    steps = [([5, 1, 2], [True, False, False]), ([6, 3, 7], [False, False, True])]
    for items, new in steps:
        for user, item, begins in zip(log, items, new, strict=True):
            user.append([item]) if begins or not user else user[-1].append(item)
        standing = scorer.advance(standing, np.array(items), np.array(new))
        for next_new in (np.zeros(3, bool), np.ones(3, bool)):
            whole = scorer.score(laid_out(log), next_new)
            np.testing.assert_allclose(scorer.score_from(standing, next_new), whole, **CLOSE)
    assert log == [[[1, 2], [3], [5, 6]], [[1, 3]], [[4, 2], [7]]]
