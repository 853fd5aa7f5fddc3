"""Arguments of another type are refused in a sentence, before anything is trained."""

import pandas as pd
import pytest

import hrnn
from hrnn import ConfigError
from hrnn.baselines import FlatGRU
from tests.hrnn.reference import LOG, trained_model, untrained_model

DATA = hrnn.read_interactions(LOG)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"seed": -1}, "seed=-1: it must be a whole number of at least 0"),
        ({"seed": 1.5}, "seed=1.5"),
        ({"seed": None}, "seed=None"),
        ({"k": 5}, r"k=5: it must be several cut-offs, such as \(5, 10\)"),
        ({"k": "5"}, "k='5'"),
        ({"models": {1: hrnn.Popularity()}}, "models has the name 1"),
        ({"models": {"p": hrnn.Popularity}}, "model 'p' is <class"),
        ({"data": LOG}, "data is of type DataFrame; read it first: hrnn.read_interactions"),
        ({"timeout_minutes": "x"}, "timeout_minutes='x': it must be above 0"),
        ({"split": "x"}, "split='x': it must be 'leave_last_out' or"),
    ],
)
def test_evaluate_refuses_before_it_trains(wrong, words):
    model = untrained_model()
    with pytest.raises(ConfigError, match=words):
        hrnn.evaluate(**{"models": {"m": model}, "data": DATA, **wrong})
    assert not len(model.vocabulary)


@pytest.mark.parametrize("call", [hrnn.segment, hrnn.sweep_timeouts, hrnn.suggest_timeout])
def test_a_log_that_was_not_read_is_refused(call):
    for other in (LOG, "log.csv", None):
        with pytest.raises(ConfigError, match="read it first"):
            call(other)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: hrnn.segment(DATA, "30"), "timeout_minutes='30'"),
        (
            lambda: hrnn.segment(DATA, float("inf")),
            "timeout_minutes=inf: it must be above",
        ),
        (lambda: hrnn.sweep_timeouts(DATA, minutes=5), "minutes=5: it must be several timeouts"),
        (lambda: hrnn.sweep_timeouts(DATA, minutes="30"), "minutes='30': it must be several"),
        (lambda: hrnn.sweep_timeouts(DATA, minutes=["a"]), "timeout_minutes='a'"),
        (lambda: hrnn.sweep_timeouts(DATA, minutes=[10, None]), "minutes holds None"),
        (lambda: hrnn.suggest_timeout(DATA, seed=-1), "seed=-1"),
        (lambda: FlatGRU(hrnn.HRNNClassifierEstimator()), "pass a TrainConfig"),
        (
            lambda: hrnn.HierarchicalSequentialRecommender(hrnn.HRNNClassifierEstimator()),
            r"pass hrnn.HierarchicalScorer\(estimator\)",
        ),
        (
            lambda: untrained_model().train(interactions_ds=LOG),
            r"interactions_ds is of type DataFrame; pass hrnn.InteractionsDataset",
        ),
    ],
)
def test_what_is_of_another_type_is_refused_with_the_right_one(call, words):
    with pytest.raises(ConfigError, match=words):
        call()


def test_a_model_is_not_saved_into_a_file(tmp_path):
    (tmp_path / "model").write_text("mine")
    with pytest.raises(hrnn.HRNNError, match="is a file; a model is saved into a folder"):
        trained_model(LOG).save(tmp_path / "model")
    assert (tmp_path / "model").read_text() == "mine"


def test_timeouts_of_a_sweep_may_be_any_iterable():
    found = hrnn.sweep_timeouts(DATA, minutes=pd.Series([60, 10, 10.0]))
    assert found["minutes"].tolist() == [10.0, 60.0]
