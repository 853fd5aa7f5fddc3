"""The seventeen faults measured in the reference's release, each as a test that it would fail."""

import logging
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch

import hrnn
from hrnn.model.batches import Batch
from hrnn.model.losses import binary_cross_entropy
from hrnn.recommend import ranking
from tests.hrnn.logs import faults
from tests.hrnn.reference import enliven, laid_out, network_of

START = 1_700_000_000


def log_of(users: int = 20, per_user: int = 8, items: int = 6, gap: int = 60) -> pd.DataFrame:
    """Users who walk round the items in steps."""
    rows = [
        (f"u{u:02d}", f"i{(u + place) % items}", START + gap * place, 1.0)
        for u in range(users)
        for place in range(per_user)
    ]
    return pd.DataFrame(rows, columns=["USER_ID", "ITEM_ID", "TIMESTAMP", "OUTCOME"])


def model_of(kind=hrnn.HRNNClassifierEstimator, timeout=30, lengths=(10, 20), **settings):
    sizes = dict(zip(("max_sessions", "max_session_len"), lengths, strict=True))
    settings = {"epochs": 1, "hidden_units": 8, **settings}
    return hrnn.HierarchicalSequentialRecommender(
        hrnn.HierarchicalScorer(kind(**sizes, **settings)),
        **sizes,
        session_timeout_minutes=timeout,
    )


def train(model, frame: pd.DataFrame, valid: pd.DataFrame | None = None):
    validating = None if valid is None else hrnn.InteractionsDataset(valid)
    model.train(interactions_ds=hrnn.InteractionsDataset(frame), valid_interactions_ds=validating)
    return model


def test_01_train_takes_validation_interactions():
    log = log_of()
    last = log.groupby("USER_ID").cumcount(ascending=False) == 0
    model = train(model_of(epochs=3), log[~last], log[last])
    assert all(record["valid_loss"] > 0 for record in model.estimator.history_)


def test_02_shipped_schema_keeps_times_as_times_and_session_ids():
    schema = "skrec/dataset/required_schemas/interactions_schema_with_timestamp_training.yaml"
    log = log_of().assign(SESSION_ID="s")
    log["TIMESTAMP"] %= 1000  # numbers of one to three digits: as text "40" comes after "100"
    data = hrnn.InteractionsDataset(log, client_schema_path=schema).data
    assert (np.diff(data.time_us)[np.diff(data.user_index) == 0] >= 0).all()
    assert data.time_us.max() == log["TIMESTAMP"].max() * 1_000_000
    assert data.session_index is not None


def test_03_validation_rows_are_no_training_targets_even_where_both_files_hold_them():
    log = log_of()
    second_to_last = log[log.groupby("USER_ID").cumcount(ascending=False) == 1]
    model = model_of()
    with pytest.warns(UserWarning, match="20 validation interactions are among the training ones"):
        train(model, log, second_to_last)
    assert model.record.facts["trained"] == len(log) - 20
    leaked = hrnn.evaluate({"HRNN": model}, hrnn.read_interactions(log), exclude_seen=False)
    assert leaked.leaked  # its example goes on to test on a row that was trained on
    assert leaked.table["LEAKED"].all()


def test_04_more_negatives_weigh_more():
    states, items, bias = torch.ones(1, 1), torch.tensor([[2.0], [0.3], [0.3]]), torch.zeros(3)

    def cost(negatives: list[int]) -> float:
        target, outcome = torch.tensor([0]), torch.ones(1)
        return binary_cross_entropy(
            states, items, bias, target, outcome, torch.tensor([negatives])
        ).item()

    none = torch.empty(1, 0, dtype=torch.int64)
    positive = binary_cross_entropy(
        states, items, bias, torch.tensor([0]), torch.ones(1), none
    ).item()
    assert cost([1, 2, 1, 2]) - positive == pytest.approx(4 * (cost([1]) - positive), rel=1e-5)


def test_05_padding_stands_nowhere_between_the_user_state_and_the_first_item():
    network = network_of(items=9, hidden_units=8)
    users = [[[1, 2, 3], [4, 5]], [[7, 8, 9], [4, 5]], [[6] * 30]]
    batch = Batch.of(laid_out(users), np.arange(3))
    with torch.no_grad():
        alone = network(Batch.of(laid_out(users[:1]), np.arange(1))).session_LBH[-1, 0]
        beside = network(batch).session_LBH[-1]
    first, other = (beside[batch.users.tolist().index(user)] for user in (0, 1))
    torch.testing.assert_close(first, alone)
    assert (first - other).abs().max() > 0.01  # equal two-item sessions after unlike first ones


def test_06_first_items_are_targets_and_a_new_session_can_be_asked_for():
    singles = log_of(per_user=4, gap=86_400)  # each interaction a session of its own
    model = train(model_of(epochs=1), singles)
    assert model.record.facts["trained"] == len(singles)
    enliven(model.estimator.network_)
    user = singles[singles["USER_ID"] == "u00"]
    going_on = model.score_items(user, start="continue")
    anew = model.score_items(user, start="new")
    assert not np.allclose(going_on, anew)


@pytest.mark.parametrize(("gap", "lengths"), [(86_400, (10, 20)), (60, (10, 1))])
def test_07_sessions_and_windows_of_one_item_train_every_weight(gap, lengths):
    once = log_of(gap=gap)
    later = [once.assign(TIMESTAMP=once["TIMESTAMP"] + 100 * 86_400 * n) for n in range(3)]
    log = pd.concat(later)
    model = model_of(epochs=2, lengths=lengths)
    before = model.estimator.make_network(6).state_dict()
    after = train(model, log).estimator.network_.state_dict()
    assert [name for name in before if torch.equal(before[name], after[name])] == []


def test_08_best_weights_come_back_though_patience_never_fires():
    log = log_of()
    last = log.groupby("USER_ID").cumcount(ascending=False) == 0
    noise = log[last].assign(ITEM_ID="i0")  # validation that gets worse as the model learns
    model = train(model_of(epochs=12, learning_rate=0.05), log[~last], noise)
    losses = [record["valid_loss"] for record in model.estimator.history_]
    best = int(np.argmin(losses))
    assert best < len(losses) - 1, "the test needs a best epoch before the last"
    again = train(model_of(epochs=best + 1, learning_rate=0.05), log[~last], noise)
    for name, value in again.estimator.network_.state_dict().items():
        assert torch.equal(value, model.estimator.network_.state_dict()[name]), name


@pytest.mark.parametrize(
    "times",
    [
        [START * 1000 + 1000 * n for n in (0, 60, 7200)],  # milliseconds
        [START + 0.25 + n for n in (0, 60, 7200)],  # float seconds
        pd.Series([START + n for n in (0, 60, 7200)], dtype=object),
        [
            "9/1/2024 10:00",
            "9/1/2024 10:01",
            "10/1/2024 12:00",
        ],  # sorted as text, the last is first
    ],
    ids=["milliseconds", "float seconds", "object integers", "date text"],
)
def test_09_times_are_times_whatever_their_type(times):
    frame = pd.DataFrame({"USER_ID": "u", "ITEM_ID": ["a", "b", "c"], "TIMESTAMP": times})
    data = hrnn.read_interactions(frame)
    assert data.item_ids[data.item_index].tolist() == ["a", "b", "c"]
    assert hrnn.segment(data, 30).in_user.tolist() == [0, 0, 1]
    if not isinstance(times[0], str):
        assert np.diff(data.time_us).tolist() == [60_000_000, 7_140_000_000]


def test_09_missing_time_is_a_rejected_row_not_the_latest_event():
    frame = pd.DataFrame(
        {"USER_ID": "u", "ITEM_ID": ["a", "b"], "TIMESTAMP": [np.nan, float(START)]}
    )
    data = hrnn.read_interactions(frame)
    assert faults(data) == [(2, "time missing")]
    assert data.item_ids.tolist() == ["b"]


def test_10_missing_ids_and_outcomes_cost_their_own_row_and_no_other():
    frame = pd.DataFrame(
        {
            "USER_ID": ["u", None, "v", "v", "u"],
            "ITEM_ID": [1, 2, None, 3, 1],
            "TIMESTAMP": START + 60 * np.arange(5),
            "OUTCOME": [1.0, 1.0, 1.0, np.nan, 1.0],
        }
    )
    data = hrnn.read_interactions(frame)
    assert faults(data) == [(3, "user missing"), (4, "item missing")]
    assert set(data.item_ids) == {"1", "3"}
    numbered = log_of().assign(ITEM_ID=lambda log: log["ITEM_ID"].str[1:])
    model = train(model_of(), numbered)
    with pytest.warns(UserWarning, match="2 rejected"):
        scores = model.score_items(frame)
    assert scores.index.tolist() == ["u", "v"]
    assert np.isfinite(scores.to_numpy()).all()
    assert "None" not in scores.columns


def test_11_ratings_with_bce_are_refused_and_the_regressor_named():
    ratings = log_of().assign(OUTCOME=lambda frame: 1 + frame.index % 5)
    with pytest.raises(hrnn.DataError, match=r"outside 0 to 1 .*HRNNRegressorEstimator"):
        train(model_of(), ratings)
    train(model_of(hrnn.HRNNRegressorEstimator), ratings)


def test_12_unknown_last_item_is_passed_over_not_scored_as_zeros():
    model = train(model_of(), log_of())
    enliven(model.estimator.network_)
    known = log_of(users=1)
    unknown = known.tail(1).assign(ITEM_ID="never", TIMESTAMP=START + 1000)
    with pytest.warns(UserWarning, match="1 of 7 items are unknown to the model"):
        with_unknown = model.score_items(pd.concat([known, unknown]))
    assert with_unknown.equals(model.score_items(known))
    assert with_unknown.to_numpy().std() > 0


def test_13_rows_come_back_with_their_users_in_order_of_appearance():
    model = train(model_of(), log_of())
    mixed = log_of(users=3).iloc[::-1].assign(SESSION_ID=lambda f: ["s", None] * (len(f) // 2))
    table = model.recommend_frame(mixed, top_k=2)
    assert table["USER_ID"].tolist() == ["u02", "u02", "u01", "u01", "u00", "u00"]
    assert model.recommend(mixed, top_k=2).ravel().tolist() == table["ITEM_ID"].tolist()


@pytest.mark.parametrize("top_k", [-1, 0, 2.5, True])
def test_14_top_k_out_of_range_is_refused(top_k):
    model = train(model_of(), log_of())
    with pytest.raises(hrnn.ConfigError, match="top_k="):
        model.recommend(log_of(users=1), top_k=top_k)


@pytest.mark.parametrize(
    ("setting", "value"), [("epochs", 0), ("batch_size", 0), ("max_sessions", 0), ("timeout", -5)]
)
def test_14_settings_out_of_range_are_named_with_value_and_range(setting, value):
    make = model_of if setting == "timeout" else hrnn.HRNNClassifierEstimator
    with pytest.raises(hrnn.ConfigError, match=rf"{setting}\w*={value}.*(at least|equal|above)"):
        make(**{setting: value})


def test_15_items_already_seen_can_be_left_out():
    model = train(model_of(), log_of())
    user = log_of(users=1, per_user=4)
    assert set(model.recommend(user, top_k=6)[0]) == {f"i{n}" for n in range(6)}
    assert set(model.recommend(user, top_k=2, exclude_seen=True)[0]) == {"i4", "i5"}


def test_16_callbacks_history_and_saving_without_pickle(tmp_path):
    told = []
    model = model_of(epochs=2, callbacks=[lambda record, _: told.append(record["kind"])])
    before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    train(model, log_of())
    assert torch.equal(before[0], torch.get_rng_state())
    assert (before[1] == np.random.get_state()[1]).all()  # noqa: NPY002
    assert told.count("epoch") == len(model.estimator.history_) == 2
    model.save(tmp_path / "m")
    user = log_of(users=1)
    assert hrnn.load(tmp_path / "m").score_items(user).equals(model.score_items(user))
    assert not any(b"pickle" in path.read_bytes() for path in (tmp_path / "m").iterdir())


def test_16_importing_adds_no_log_handler():
    code = "import logging, hrnn; hrnn.HRNNClassifierEstimator; print(logging.root.handlers)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert logging.getLogger("hrnn").handlers == []


def test_17_nothing_is_padded():
    long, short = [[1] * 300], [[[1]]] * 200
    batch = Batch.of(laid_out([long, *short]), np.arange(201))
    assert len(batch.items) == len(batch.places) == 500  # where dense sessions need 201 × 300
    assert len(batch.offsets) + len(batch.opening) + len(batch.openings) < 2 * 500


def test_17_recommending_does_not_sort_the_catalogue(monkeypatch):
    scores = np.random.default_rng(0).permutation(100_000).astype(np.float32)
    sizes, sort = [], np.argsort

    def spy(values, **how):
        sizes.append(len(values))
        return sort(values, **how)

    monkeypatch.setattr(ranking.np, "argsort", spy)
    expected = list(range(99_999, 99_989, -1))
    assert scores[ranking.top_places(scores, 10)].tolist() == expected
    assert sizes == [10]
    assert scores[ranking.top_places_of_all(scores[None], 10)[0]].tolist() == expected
    assert sizes == [10]
