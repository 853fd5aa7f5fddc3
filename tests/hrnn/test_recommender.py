import warnings

import numpy as np
import pandas as pd
import pytest
import torch

import hrnn
from hrnn import ConfigError, DataError, HRNNError, InteractionsDataset, ItemsDataset, Popularity
from hrnn.recommend import base
from tests.hrnn.reference import PlainHRNN, frame_of, gru_step, trained_model

LOG = frame_of(
    """
    zoe a 0
    zoe b 1
    adam c 0
    zoe c 120
    adam a 31
    adam b 500
    adam d 501
    eve e 3
    zoe a 121
    eve e 40
    eve b 41
    """
)


@pytest.fixture(scope="module")
def model():
    return trained_model(LOG)


def plain_scores(model, frame: pd.DataFrame, new=False, windows=(10, 20)) -> pd.DataFrame:
    """Score user after user with the equations, sessions cut by a loop over the rows."""
    plain = PlainHRNN(model.estimator.network_)
    index = {item: place + 1 for place, item in enumerate(model.vocabulary.ids)}
    answer = {}
    for user in dict.fromkeys(frame["USER_ID"]):
        rows = frame[frame["USER_ID"] == user].sort_values("TIMESTAMP", kind="stable")
        sessions, last = [], None
        for item, time in zip(rows["ITEM_ID"], rows["TIMESTAMP"], strict=True):
            if last is None or time - last > pd.Timedelta(minutes=30):
                sessions.append([])
            last = time
            sessions[-1].append(index[item])
        kept = [session[-windows[1] :] for session in sessions[-windows[0] :]]
        with torch.no_grad():
            _, state, user_state = plain.read(kept)
            start = plain.start(user_state)
            answer[user] = plain.scores((start if new else state)[-1]).numpy()
    return pd.DataFrame(answer, index=model.vocabulary.ids).T


@pytest.mark.parametrize("start", ["continue", "new"])
def test_scores_equal_those_of_a_plain_loop_over_the_log(model, start):
    found = model.score_items(LOG, start=start)
    expected = plain_scores(model, LOG, new=start == "new")
    assert found.index.name == "USER_ID"
    assert found.columns.name == "ITEM_ID"
    assert found.index.tolist() == expected.index.tolist() == ["zoe", "adam", "eve"]
    assert found.columns.tolist() == list("abcde")
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("windows", [(2, 1), (1, 2), (1, 1)])
def test_scoring_reads_the_last_sessions_and_their_last_items(windows):
    model = trained_model(LOG, *windows)
    expected = plain_scores(model, LOG, windows=windows)
    np.testing.assert_allclose(model.score_items(LOG), expected, atol=1e-5)


@pytest.mark.parametrize("windows", [(3, 2), (3, 20), (50, 2), (1000, 1000)])
def test_windows_that_hold_the_history_change_nothing(model, windows):
    again = trained_model(LOG, *windows)
    np.testing.assert_allclose(again.score_items(LOG), model.score_items(LOG), atol=1e-6)


def test_a_user_scores_the_same_alone_and_beside_others(model, monkeypatch):
    together = model.score_items(LOG)
    for user in ("zoe", "adam", "eve"):
        alone = model.score_items(LOG[LOG["USER_ID"] == user])
        np.testing.assert_allclose(alone.loc[user], together.loc[user], atol=1e-6)
    whole = model.recommend_frame(LOG)
    monkeypatch.setattr(base, "_SCORES_AT_ONCE", 5)  # a user at a time
    parts = model.recommend_frame(LOG)
    pd.testing.assert_frame_equal(parts, whole, check_exact=False, atol=1e-6)


def test_recommendations_come_in_order_of_first_appearance_and_end_in_none(model):
    answer = model.recommend(LOG, top_k=7)
    scores = model.score_items(LOG)
    assert answer.shape == (3, 7)
    assert answer.dtype == object
    for row, user in zip(answer, ["zoe", "adam", "eve"], strict=True):
        assert row.tolist() == [*scores.loc[user].sort_values(ascending=False).index, None, None]
    assert model.recommend(LOG, top_k=2).tolist() == answer[:, :2].tolist()


def test_recommend_frame_says_the_same_with_rank_and_score(model):
    frame = model.recommend_frame(LOG, top_k=3)
    scores = model.score_items(LOG)
    assert frame.columns.tolist() == ["USER_ID", "RANK", "ITEM_ID", "SCORE"]
    assert frame["USER_ID"].tolist() == ["zoe"] * 3 + ["adam"] * 3 + ["eve"] * 3
    assert frame["RANK"].tolist() == [1, 2, 3] * 3
    assert frame["ITEM_ID"].tolist() == model.recommend(LOG, top_k=3).ravel().tolist()
    told = [scores.loc[row.USER_ID, row.ITEM_ID] for row in frame.itertuples()]
    assert frame["SCORE"].tolist() == pytest.approx(told)


def test_nobody_asked_for_gets_an_empty_answer(model):
    nobody = hrnn.read_interactions(LOG).of_user("stranger")
    assert model.recommend(nobody, top_k=3).shape == (0, 3)
    frame = model.recommend_frame(nobody)
    assert frame.columns.tolist() == ["USER_ID", "RANK", "ITEM_ID", "SCORE"]
    assert len(frame) == 0
    assert model.score_items(nobody).shape == (0, 5)


@pytest.mark.parametrize("top_k", [0, -1, 2.0, "3", True, None])
def test_top_k_must_be_a_whole_number_above_zero(model, top_k):
    with pytest.raises(ConfigError, match=f"top_k={top_k!r}: .*at least 1"):
        model.recommend(LOG, top_k=top_k)
    with pytest.raises(ConfigError, match="top_k"):
        model.recommend_frame(LOG, top_k=top_k)


def test_seen_items_can_be_left_out(model):
    answer = model.recommend(LOG, top_k=5, exclude_seen=True)
    assert set(answer[0]) == {"d", "e", None}
    assert set(answer[1]) == {"e", None}
    assert set(answer[2]) == {"a", "c", "d", None}
    assert answer[1].tolist() == ["e", None, None, None, None]
    kept = [item for item in model.recommend(LOG, top_k=5)[2] if item in "acd"]
    assert answer[2].tolist() == [*kept, None, None]


def test_user_who_has_seen_the_whole_catalogue_gets_no_unseen_item():
    log = frame_of("u1 i1 0\nu1 i2 1\nu1 i3 2\nu1 i4 3\nu2 i1 0\nu2 i2 1")
    model = trained_model(log, loss="bce", num_negatives=3)
    counts = [(row != None).sum() for row in model.recommend(log, top_k=10)]  # noqa: E711
    assert counts == [4, 4]
    hidden = model.recommend_frame(log, top_k=10, exclude_seen=True)
    assert hidden["USER_ID"].tolist() == ["u2", "u2"]
    assert sorted(hidden["ITEM_ID"]) == ["i3", "i4"]
    assert np.isfinite(hidden["SCORE"]).all()
    assert model.recommend(log, exclude_seen=True)[0].tolist() == [None] * 10


def test_equal_scores_go_by_item_id_whatever_top_k():
    scores = np.array([1, 3, 3, 0, 3, 1], np.float32)
    order = [1, 2, 4, 0, 5, 3]
    for top_k in range(1, 9):
        assert base.top_places(scores, top_k).tolist() == order[:top_k]


@pytest.mark.parametrize(
    ("now", "begins"),
    [
        (None, False),
        ("2024-01-01T12:31:00Z", False),  # 30 minutes after zoe's last interaction
        ("2024-01-01T12:31:00.000001Z", True),
        ("2024-01-01T12:31:00", False),
        ("2024-01-01T13:31:00+01:00", False),
        (pd.Timestamp("2024-01-01T12:31:01", tz="UTC"), True),
        (pd.Timestamp("2024-01-01T12:31:00").to_pydatetime(), False),
        (1704112260, False),
        (1704112260.5, True),
        ("2020-01-01", False),
        ({"zoe": "2024-01-01T12:31:01Z", "adam": "2020-01-01"}, True),
        ({"adam": "2030-01-01"}, False),
    ],
)
def test_auto_begins_a_session_once_now_is_later_by_more_than_the_timeout(model, now, begins):
    zoe = LOG[LOG["USER_ID"] == "zoe"]
    wanted = model.score_items(zoe, start="new" if begins else "continue")
    other = model.score_items(zoe, start="continue" if begins else "new")
    assert model.score_items(zoe, now=now).equals(wanted)
    assert not wanted.equals(other)


def test_now_is_looked_up_for_each_user_and_ignored_where_start_is_said(model):
    far = "2030-01-01"
    mixed = model.score_items(LOG, now={"adam": far})
    assert mixed.loc["adam"].equals(model.score_items(LOG, start="new").loc["adam"])
    assert mixed.loc["zoe"].equals(model.score_items(LOG, start="continue").loc["zoe"])
    assert model.score_items(LOG, start="continue", now=far).equals(model.score_items(LOG))
    assert model.recommend(LOG, now=far).tolist() == model.recommend(LOG, start="new").tolist()
    frame = model.recommend_frame(LOG, now=far)
    pd.testing.assert_frame_equal(frame, model.recommend_frame(LOG, start="new"))


@pytest.mark.parametrize("now", ["soon", "", float("nan"), float("inf"), pd.NaT, {"zoe": "x"}])
def test_unreadable_now_is_refused(model, now):
    with pytest.raises(ConfigError, match=r"now=.*must be a time"):
        model.recommend(LOG, now=now)


def test_unknown_start_is_refused(model):
    with pytest.raises(ConfigError, match="start='later'"):
        model.recommend(LOG, start="later")


def test_unknown_items_are_passed_over(model):
    known = frame_of("u a 0\nu b 1\nu c 100")
    expected = model.score_items(known).to_numpy()
    for extra in ("u ? 2", "u ? 101", "u ? -50\nu ! -49"):
        mixed = pd.concat([known, frame_of(extra)])
        np.testing.assert_allclose(model.score_items(mixed), expected, atol=1e-6)


def test_last_session_of_unknown_items_only_begins_a_new_one(model):
    known = frame_of("u a 0\nu b 1")
    unknown = pd.concat([known, frame_of("u ? 100")])
    np.testing.assert_allclose(
        model.score_items(unknown), model.score_items(known, start="new"), atol=1e-6
    )


def test_user_of_unknown_items_only_is_served_as_a_new_one(model):
    scores = model.score_items(frame_of("u ? 0\nv a 0"))
    network = model.estimator.network_
    with torch.no_grad():
        start = network.scores(torch.tanh(network.start[0].bias)[None])
    np.testing.assert_allclose(scores.loc[["u"]], start, atol=1e-6)
    assert len(model.recommend_frame(frame_of("u ? 0"), top_k=3)) == 3


def test_user_whose_rows_are_all_rejected_keeps_a_place_in_the_answer(model):
    frame = LOG.astype({"TIMESTAMP": str})
    bad = pd.DataFrame({"USER_ID": ["bob"], "ITEM_ID": ["a"], "TIMESTAMP": ["never"]})
    mixed = pd.concat([frame.iloc[:2], bad, frame.iloc[2:]], ignore_index=True)
    with pytest.warns(UserWarning, match=r"1 rejected \(the first: line 4"):
        scores = model.score_items(mixed)
    assert scores.index.tolist() == ["zoe", "bob", "adam", "eve"]
    np.testing.assert_allclose(scores.drop(index="bob"), model.score_items(LOG), atol=1e-6)
    with pytest.warns(UserWarning, match="1 rejected"):
        assert model.recommend(mixed, top_k=2).shape == (4, 2)


def test_blanks_around_a_user_id_do_not_lose_the_history(model):
    for blank in (" ", "\t", "\u00a0", "\u3000", "\u2003"):
        frame = LOG.assign(USER_ID=LOG["USER_ID"] + blank)
        scores = model.score_items(frame)
        np.testing.assert_allclose(scores, model.score_items(LOG), atol=1e-6)


def test_null_session_ids_keep_every_user_in_place(model):
    ids = ["s1", "s1", None, "s2", None, "s9", "s9", None, "s2", None, None]
    scores = model.score_items(LOG.assign(SESSION_ID=ids))
    assert scores.index.tolist() == ["zoe", "adam", "eve"]
    # These ids say what the timeout says.
    np.testing.assert_allclose(scores, model.score_items(LOG), atol=1e-6)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nulls = model.score_items(LOG.assign(SESSION_ID=None))
    np.testing.assert_allclose(nulls, model.score_items(LOG), atol=1e-6)


def test_scores_that_are_not_finite_raise():
    model = trained_model(LOG)
    with torch.no_grad():
        model.estimator.network_.bias_I[2] = float("nan")
    with pytest.raises(HRNNError, match="model scores are not finite"):
        model.recommend(LOG)
    with pytest.raises(HRNNError, match="model scores are not finite"):
        model.score_items(LOG)


def test_untrained_model_says_so():
    model = hrnn.HierarchicalSequentialRecommender(
        hrnn.HierarchicalScorer(hrnn.HRNNClassifierEstimator())
    )
    with pytest.raises(HRNNError, match="not trained; call train first"):
        model.recommend(LOG)
    with pytest.raises(ConfigError, match="interactions_ds is missing"):
        model.train()


@pytest.mark.parametrize("user_state", ["init", "none"])
def test_old_session_reaches_the_next_through_the_user_state_only(user_state):
    log = frame_of("u1 a 0\nu1 b 1\nu1 c 120\nu1 d 121\nu2 c 120\nu2 d 121")
    model = trained_model(log, user_state=user_state)
    network, plain = model.estimator.network_, PlainHRNN(model.estimator.network_)
    scores = model.score_items(log.iloc[[0, 1, 2, 4]])  # u1: a b | c, u2: c
    with torch.no_grad():
        _, _, user = plain.read([[1, 2]])
        started = plain.start(user)
        seeded = plain.gru("session_gru.0", "_l0")
        state = gru_step(network.items_IH.weight[3], started[0], seeded)
        expected = plain.scores(state)
    np.testing.assert_allclose(scores.loc["u1"], expected, atol=1e-5)
    gap = np.abs(scores.loc["u1"] - scores.loc["u2"]).max()
    assert gap < 1e-6 if user_state == "none" else gap > 1e-2


def test_catalogue_adds_items_that_nobody_had():
    model = hrnn.HierarchicalSequentialRecommender(
        hrnn.HierarchicalScorer(hrnn.HRNNClassifierEstimator(epochs=1))
    )
    items = ItemsDataset(pd.DataFrame({"ITEM_ID": ["new", "a"], "title": ["New", "A"]}))
    model.train(items_ds=items, interactions_ds=InteractionsDataset(LOG))
    assert model.vocabulary.ids.tolist() == ["a", "b", "c", "d", "e", "new"]
    assert "new" in model.recommend(LOG, top_k=6)[0]


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (pd.DataFrame({"item": ["a"]}), "column ITEM_ID"),
        (pd.DataFrame({"ITEM_ID": ["a", None, " "]}), "2 of 3 items have no ITEM_ID"),
        (pd.DataFrame({"ITEM_ID": ["a", "b", "a "]}), "1 ids stand more than once"),
    ],
)
def test_catalogue_that_cannot_be_used_says_why(frame, message):
    with pytest.raises(DataError, match=message):
        Popularity().train(items_ds=ItemsDataset(frame), interactions_ds=InteractionsDataset(LOG))


def test_failed_training_leaves_an_untrained_model():
    model = trained_model(LOG)
    with pytest.raises(DataError, match="no interaction to learn from"):
        model.train(interactions_ds=InteractionsDataset(LOG.assign(OUTCOME=0)))
    with pytest.raises(HRNNError, match="not trained; call train first"):
        model.recommend(LOG)
