"""A model that was trained or validated on what it is measured on never passes for honest."""

import shutil

import numpy as np
import pandas as pd
import pytest

import hrnn
from hrnn import ConfigError, Interactions, InteractionsDataset, Popularity, evaluate
from hrnn.baselines import BASELINES
from hrnn.columns import ITEM_ID, OUTCOME, TIMESTAMP, USER_ID
from hrnn.data.keys import row_keys
from hrnn.evaluation import bootstrap
from hrnn.evaluation.protocol import measure
from hrnn.evaluation.splits import leave_last_out, make_split
from hrnn.training.roles import HISTORY, TRAIN, VALID
from tests.hrnn.evaluating import Spy, small_hrnn
from tests.hrnn.test_splits_random import CUTS, random_log

SOME = ["HRNN", *BASELINES]


@pytest.fixture(autouse=True)
def _few_resamples(monkeypatch):
    monkeypatch.setattr(bootstrap, "_RESAMPLES", 20)


def made(name: str):
    return small_hrnn() if name == "HRNN" else BASELINES[name]()


def fitted(model, data: Interactions, role=None):
    model.fit(data, np.full(len(data), TRAIN, np.int8) if role is None else role)
    return model


def leaked_rows(report) -> dict[str, list[bool]]:
    parts = report.table.groupby("MODEL", sort=False)["LEAKED"]
    return {str(name): part.unique().tolist() for name, part in parts}


@pytest.mark.parametrize("name", SOME)
@pytest.mark.parametrize("cut", CUTS)
def test_model_that_was_trained_on_all_rows_leaks(cut, name):
    data = random_log(0)
    models = {"leaky": fitted(made(name), data), "honest": Popularity()}
    report = evaluate(models, data, cut)
    assert report.leaked is True
    assert report.trained_on == {"leaky": report.counts["evaluated"], "honest": 0}
    assert leaked_rows(report) == {"leaky": [True], "honest": [False]}
    assert len(report.table) == 2 * 18


@pytest.mark.parametrize("name", SOME)
@pytest.mark.parametrize("cut", CUTS)
def test_model_that_was_fitted_on_the_same_split_does_not_leak_wherever_it_is_saved(
    cut, name, tmp_path
):
    data = random_log(0)
    model = made(name)
    first = evaluate({name: model}, data, cut, timeout_minutes=30)
    model.save(tmp_path / "here")
    shutil.move(tmp_path / "here", tmp_path / "there" / "model")
    again = hrnn.load(tmp_path / "there" / "model")
    for one in (model, again):
        report = evaluate({name: one}, data, cut, timeout_minutes=30)
        assert report.leaked is False
        assert report.trained_on == {name: 0}
        pd.testing.assert_frame_equal(report.table, first.table)
    assert again.record.facts["split"] == make_split(cut, data).name


def test_leak_is_known_after_save_and_load_too(tmp_path):
    data = random_log(0)
    fitted(small_hrnn(), data).save(tmp_path)
    report = evaluate({"HRNN": hrnn.load(tmp_path)}, data)
    assert report.leaked
    assert report.trained_on["HRNN"] == report.counts["evaluated"]
    assert report.table["LEAKED"].all()


@pytest.mark.parametrize("role", [TRAIN, VALID])
def test_each_held_out_row_that_was_trained_or_validated_on_is_counted(role):
    data = random_log(0)
    split = leave_last_out(hrnn.segment(data))
    for count in (0, 1, 5):
        roles = split.role.copy()
        roles[split.hidden] = HISTORY
        roles[split.test[:count]] = role
        report = evaluate({"popularity": fitted(Popularity(), data, roles)}, data)
        assert report.counts["cold"] == 0
        assert report.trained_on == {"popularity": count}
        assert report.leaked == (count > 0)
        assert report.table["LEAKED"].unique().tolist() == [count > 0]


def test_rows_that_are_not_measured_do_not_count():
    data = random_log(0)
    split = leave_last_out(hrnn.segment(data))
    opens = split.sessions.opens[split.test]
    roles = split.role.copy()
    roles[split.test[~opens]] = TRAIN
    model = fitted(Popularity(), data, roles)
    assert evaluate({"popularity": model}, data).trained_on["popularity"] == (~opens).sum() > 0
    first = evaluate({"popularity": model}, data, targets="first")
    assert first.trained_on["popularity"] == 0
    assert first.leaked is False


def test_leak_is_known_when_the_same_rows_were_read_from_another_file(tmp_path):
    data = random_log(0)
    frame = data.frame()[[USER_ID, ITEM_ID, TIMESTAMP, OUTCOME]]
    shuffled = frame.sample(frac=1, random_state=0).assign(source="elsewhere")
    shuffled.to_csv(tmp_path / "log.csv", index=False)
    model = Popularity()
    model.train(interactions_ds=InteractionsDataset(tmp_path / "log.csv"))
    assert set(model.record.keys) == set(row_keys(data))  # equal rows became one
    report = evaluate({"popularity": model}, data)
    assert report.trained_on["popularity"] == report.counts["evaluated"]


def test_model_of_another_log_does_not_leak():
    frame = random_log(0).frame()
    other = hrnn.read_interactions(
        frame.assign(**{TIMESTAMP: frame[TIMESTAMP] + pd.Timedelta("1D")})
    )
    report = evaluate({"popularity": fitted(Popularity(), other)}, random_log(0))
    assert report.trained_on == {"popularity": 0}
    assert report.leaked is False


def test_model_of_one_split_leaks_on_another():
    data, model = random_log(0), Popularity()
    assert not evaluate({"popularity": model}, data, "leave_last_out").leaked
    held = leave_last_out(hrnn.segment(data))
    earlier = evaluate({"popularity": model}, data, "last_session_out")
    what = list(data.frame()[[USER_ID, ITEM_ID, TIMESTAMP]].itertuples(index=False, name=None))
    trained = {what[row] for row in np.flatnonzero(held.role != HISTORY)}
    test = make_split("last_session_out", data).test
    assert earlier.trained_on["popularity"] == sum(what[row] in trained for row in test) > 0
    assert earlier.leaked


@pytest.mark.filterwarnings("ignore:.*validation interactions are among the training ones")
def test_protocol_of_the_reference_guide_leaks_and_is_said_to():
    # Train on all rows, validate with each user's last but one, rank the last among 100 others.
    data = random_log(0, users=20, items=110)
    split = leave_last_out(hrnn.segment(data))
    frame = data.frame()
    before_last = InteractionsDataset(frame[split.role == VALID])
    settings = {"epochs": 40, "hidden_units": 16, "learning_rate": 0.03, "dropout_rate": 0.0}
    settings |= {"batch_size": 20, "restore_best_weights": False}
    leaky, honest = small_hrnn(**settings), small_hrnn(**settings)
    leaky.train(interactions_ds=InteractionsDataset(frame), valid_interactions_ds=before_last)
    models = {"leaky": leaky, "popularity": Popularity()}
    report = evaluate(models, data, ranking="sampled", k=(10,), exclude_seen=False)
    assert report.leaked is True
    assert report.trained_on == {"leaky": report.counts["evaluated"], "popularity": 0}
    assert leaked_rows(report) == {"leaky": [True], "popularity": [False]}
    # What the leak is worth, and why it has to be said.
    fair = evaluate({"honest": honest}, data, ranking="sampled", k=(10,), exclude_seen=False)
    assert fair.leaked is False
    hit = report.table.set_index(["MODEL", "METRIC"])["VALUE"]["leaky", "HR@10"]
    assert hit > fair.table.set_index("METRIC")["VALUE"]["HR@10"] + 0.2


def test_trained_model_without_a_record_is_refused():
    data = random_log(0)
    model = fitted(Spy(), data)
    model.record = None
    with pytest.raises(ConfigError, match="'mine' is trained, but has no record of what on"):
        evaluate({"new": Popularity(), "mine": model}, data)
    with pytest.raises(ConfigError, match="'mine' is trained, but has no record of what on"):
        measure({"mine": model}, make_split("leave_last_out", data))


def test_model_whose_training_failed_is_trained_anew():
    data, model = random_log(0), Spy()
    fitted(model, data)

    def fail(*_):
        raise RuntimeError("no memory")

    learn, model.learn = model.learn, fail
    with pytest.raises(RuntimeError, match="no memory"):
        fitted(model, data)
    model.learn = learn
    assert evaluate({"spy": model}, data).leaked is False


@pytest.mark.parametrize("cut", CUTS)
def test_rows_equal_to_a_held_out_one_are_neither_trained_nor_validated_on(cut):
    frame = random_log(0).frame()
    twice = pd.concat(
        [frame, frame.assign(NOTE=frame["NOTE"] + " again")]
    )  # every row has an equal one
    data = hrnn.read_interactions(twice)
    assert len(data) == 2 * len(frame)
    model = small_hrnn()
    report = evaluate({"HRNN": model}, data, cut)
    assert report.trained_on == {"HRNN": 0}
    assert (report.counts["twins"] > 0) == (cut != "temporal")


def test_every_figure_that_a_leaked_model_has_a_part_in_says_so():
    data, seen = random_log(0), Popularity()
    seen.fit(data, np.full(len(data), TRAIN))
    report = evaluate({"seen": seen, "spy": Spy(), "other": Spy(1)}, data, k=(3,))
    for frame in (report.table, report.slices):
        assert (frame["LEAKED"] == (frame["MODEL"] == "seen")).all()
    either = (report.pairs[["MODEL", "OTHER"]] == "seen").any(axis=1)
    assert (report.pairs["LEAKED"] == either).all()
    assert either.any()
    assert not either.all()
