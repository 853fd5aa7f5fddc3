import warnings
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
import torch

import hrnn
from hrnn import ConfigError, HRNNError
from hrnn.recommend import base
from tests.hrnn.reference import (
    LOG,
    READ,
    VARIANTS,
    PlainHRNN,
    frame_of,
    gru_step,
    trained_model,
    untrained_model,
)

# A warning that no test expects is a fault.
pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture(scope="module")
def model():
    return trained_model(READ)


def plain_scores(
    model, frame: pd.DataFrame, new=False, windows=(10, 20), remembers=True
) -> pd.DataFrame:
    """Score user after user with the equations, sessions cut by a loop over the rows."""
    plain = PlainHRNN(model.estimator.network_, remembers)
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


@pytest.mark.parametrize(("user_state", "num_layers"), VARIANTS)
def test_every_use_of_the_user_state_scores_as_a_plain_loop(user_state, num_layers):
    made = trained_model(READ, user_state=user_state, num_layers=num_layers)
    for new in (False, True):
        found = made.score_items(READ, start="new" if new else "continue")
        np.testing.assert_allclose(found, plain_scores(made, LOG, new).loc[found.index], atol=1e-5)


@pytest.mark.parametrize("windows", [(2, 1), (1, 2), (1, 1)])
def test_scoring_reads_the_last_sessions_and_their_last_items(windows):
    model = trained_model(READ, *windows)
    expected = plain_scores(model, LOG, windows=windows)
    found = model.score_items(READ)
    np.testing.assert_allclose(found, expected.loc[found.index], atol=1e-5)


@pytest.mark.parametrize("windows", [(3, 2), (3, 20), (50, 2), (1000, 1000)])
def test_windows_that_hold_the_history_change_nothing(model, windows):
    again = trained_model(READ, *windows)
    np.testing.assert_allclose(again.score_items(READ), model.score_items(READ), atol=1e-6)


@pytest.mark.parametrize("windows", [(2, 1), (1, 2), (1, 1)])
def test_windows_changed_after_the_training_hold_for_scoring(model, windows):
    changed = trained_model(READ)
    changed.max_sessions, changed.max_session_len = windows
    assert (changed.max_sessions, changed.max_session_len) == windows
    config = changed.estimator.config
    assert (config.max_sessions, config.max_session_len) == windows
    expected = plain_scores(changed, LOG, windows=windows).loc[["adam", "eve", "zoe"]]
    np.testing.assert_allclose(changed.score_items(READ), expected, atol=1e-5)
    changed.max_sessions, changed.max_session_len = 10, 20
    assert changed.score_items(READ).equals(model.score_items(READ))


@pytest.mark.parametrize("name", ["max_sessions", "max_session_len"])
def test_window_out_of_range_is_refused_and_the_old_one_stays(name):
    made = untrained_model(3, 4)
    with pytest.raises(ConfigError, match=f"{name}=0: it must be greater than or equal to 1"):
        setattr(made, name, 0)
    assert (made.max_sessions, made.max_session_len) == (3, 4)


def test_recommender_decides_about_the_windows_and_says_where_the_estimator_differs():
    estimator = hrnn.HRNNClassifierEstimator(max_sessions=3, max_session_len=20)
    with pytest.warns(UserWarning, match="max_sessions is 3 in the estimator and 5") as caught:
        made = hrnn.HierarchicalSequentialRecommender(
            hrnn.HierarchicalScorer(estimator), max_sessions=5
        )
    assert [one.filename for one in caught] == [__file__]
    assert estimator.config.max_sessions == made.max_sessions == 5


def test_a_user_scores_the_same_alone_and_beside_others(model, monkeypatch):
    together = model.score_items(READ)
    for user in ("zoe", "adam", "eve"):
        alone = model.score_items(READ.of_user(user))
        np.testing.assert_allclose(alone.loc[user], together.loc[user], atol=1e-6)
    whole = model.recommend_frame(READ, top_k=5)
    monkeypatch.setattr(base, "_SCORES_AT_ONCE", 5)  # a user at a time
    parts = model.recommend_frame(READ, top_k=5)
    pd.testing.assert_frame_equal(parts, whole, check_exact=False, atol=1e-6)


@pytest.mark.parametrize("seed", range(2))
def test_order_and_company_of_the_questions_change_no_answer(model, seed):
    scores, lists = model.score_items(READ), model.recommend(READ, top_k=5)
    random = np.random.default_rng(seed)
    users = random.permutation(["zoe", "adam", "eve", "more", "other"])
    company = frame_of("more d 3\nmore a 4\nother b 0\nother b 300\nother e 301")
    parts = {user: rows for frame in (LOG, company) for user, rows in frame.groupby("USER_ID")}
    mixed = pd.concat([parts[user] for user in users])
    found = model.score_items(mixed)
    assert found.index.tolist() == users.tolist()
    np.testing.assert_allclose(found.loc[scores.index], scores, atol=1e-6)
    again = dict(zip(users, model.recommend(mixed, top_k=5).tolist(), strict=True))
    for user, row in zip(scores.index, lists.tolist(), strict=True):
        assert again[user] == row


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
        ({"zoe": 1704112261}, True),
        (datetime(2024, 1, 1, 12, 31, 1, tzinfo=UTC), True),
        (np.datetime64("2024-01-01T12:31:01"), True),
        ("1704112260000", False),  # text is read as a log's
        ("1704112261000", True),
    ],
)
def test_auto_begins_a_session_once_now_is_later_by_more_than_the_timeout(model, now, begins):
    zoe = READ.of_user("zoe")
    wanted = model.score_items(zoe, start="new" if begins else "continue")
    other = model.score_items(zoe, start="continue" if begins else "new")
    assert model.score_items(zoe, now=now).equals(wanted)
    assert not wanted.equals(other)


def test_now_is_looked_up_for_each_user_and_ignored_where_start_is_said(model):
    far = "2030-01-01"
    mixed = model.score_items(READ, now={"adam": far})
    assert mixed.loc["adam"].equals(model.score_items(READ, start="new").loc["adam"])
    assert mixed.loc["zoe"].equals(model.score_items(READ, start="continue").loc["zoe"])
    assert model.score_items(READ, start="continue", now=far).equals(model.score_items(READ))
    later, new = model.recommend(READ, 5, now=far), model.recommend(READ, 5, start="new")
    assert later.tolist() == new.tolist()
    frame = model.recommend_frame(READ, 5, now=far)
    pd.testing.assert_frame_equal(frame, model.recommend_frame(READ, 5, start="new"))


def test_ids_that_name_the_moments_are_text_and_none_that_fits_is_said(model):
    rows = LOG[LOG["USER_ID"] == "zoe"].assign(USER_ID=7)
    later = model.score_items(rows, now={7: "2030-01-01"})
    assert later.equals(model.score_items(rows, start="new"))
    with pytest.warns(UserWarning, match="now names none of the users \\('7'\\) but 'zoe'"):
        same = model.score_items(rows, now={"zoe": "2030-01-01"})
    assert same.equals(model.score_items(rows))


@pytest.mark.parametrize(
    "now",
    [
        *("soon", "", "now", "today", "05/04/2024", float("nan"), float("inf"), pd.NaT),
        *({"zoe": "x"}, True, 1704112260000, 1e300, [1704112260]),
    ],
)
def test_unreadable_now_is_refused(model, now):
    with pytest.raises(ConfigError, match=r"now=.*must be a time"):
        model.recommend(READ, now=now)


def test_unknown_start_is_refused(model):
    with pytest.raises(ConfigError, match="start='later'"):
        model.recommend(READ, start="later")


def scores_of_nobody(model) -> np.ndarray:
    """What somebody without a history gets: the scores of tanh(b)."""
    network = model.estimator.network_
    with torch.no_grad():
        return network.scores(torch.tanh(network.start[0].bias)[None])[0].numpy()


@pytest.mark.parametrize(
    ("extra", "told"),
    [
        ("u ? 2", r"1 of 4 items are unknown to the model and left out .*\('\?'\)"),
        ("u ? 101", "1 of 4 items"),
        ("u ? -50\nu ! -49", r"2 of 5 items .*\('\?', '!'\)"),
        ("u ? -50\nu ! 1\nu x 2\nu y 3\nu z 4", r"5 of 8 items .*\('\?', '!', 'x' and 2 more\)"),
    ],
    ids=["within a session", "last", "first", "many"],
)
def test_unknown_items_are_passed_over_with_a_warning(model, extra, told):
    known = frame_of("u a 0\nu b 1\nu c 100")
    expected = model.score_items(known).to_numpy()
    mixed = pd.concat([known, frame_of(extra)])
    with pytest.warns(UserWarning, match=told) as caught:
        found = model.score_items(mixed)
    assert len(caught) == 1
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert found.to_numpy().std() > 0.1  # not the zeros of the reference


def test_last_session_of_unknown_items_only_begins_a_new_one(model):
    known = frame_of("u a 0\nu b 1")
    unknown = pd.concat([known, frame_of("u ? 100")])
    with pytest.warns(UserWarning, match="1 of 3 items are unknown"):
        found = model.score_items(unknown)
    np.testing.assert_allclose(found, model.score_items(known, start="new"), atol=1e-6)


def test_user_of_unknown_items_only_is_served_as_a_new_one(model):
    with pytest.warns(UserWarning, match="1 of 2 items are unknown"):
        scores = model.score_items(frame_of("u ? 0\nv a 0"))
    np.testing.assert_allclose(scores.loc["u"], scores_of_nobody(model), atol=1e-6)
    with pytest.warns(UserWarning, match="1 of 1 items are unknown"):
        assert len(model.recommend_frame(frame_of("u ? 0"), top_k=3)) == 3


def test_warning_about_a_history_points_to_the_callers_line(model):
    for ask in (model.recommend_frame, model.score_items, model.recommend):
        with pytest.warns(UserWarning, match="unknown to the model") as caught:
            ask(frame_of("u a 0\nu ? 1"), **({} if ask == model.score_items else {"top_k": 2}))
        assert [one.filename for one in caught] == [__file__]


def test_unknown_items_of_a_log_already_read_are_said_too(model):
    with pytest.warns(UserWarning, match="1 of 2 items are unknown to the model"):
        model.score_items(hrnn.read_interactions(frame_of("u a 0\nu ? 1")))


def test_user_whose_rows_are_all_rejected_keeps_a_place_and_is_served_as_a_new_one(model):
    frame = LOG.astype({"TIMESTAMP": str})
    bad = pd.DataFrame({"USER_ID": ["bob"], "ITEM_ID": ["a"], "TIMESTAMP": ["never"]})
    mixed = pd.concat([frame.iloc[:2], bad, frame.iloc[2:]], ignore_index=True)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        scores = model.score_items(mixed)
        answer = model.recommend(mixed, top_k=5, exclude_seen=True)
    rejected, without, *again = (str(one.message) for one in caught)
    assert "1 rejected (the first: line 4" in rejected
    assert without == (
        "1 of 4 users have no sound row ('bob'); they get what the model recommends to somebody"
        " without a history"
    )
    assert again == [rejected, without]
    assert scores.index.tolist() == ["zoe", "bob", "adam", "eve"]
    np.testing.assert_allclose(scores.drop(index="bob"), model.score_items(LOG), atol=1e-6)
    np.testing.assert_allclose(scores.loc["bob"], scores_of_nobody(model), atol=1e-6)
    best = np.argsort(-scores_of_nobody(model))
    assert answer[1].tolist() == model.vocabulary.ids[best].tolist()


def test_many_users_without_a_sound_row_are_counted_and_some_are_named(model):
    rows = [{"USER_ID": f"bad{n}", "ITEM_ID": "a", "TIMESTAMP": "never"} for n in range(5)]
    mixed = pd.concat([LOG.astype({"TIMESTAMP": str}), pd.DataFrame(rows)])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert len(model.score_items(mixed)) == 8
    told = "5 of 8 users have no sound row ('bad0', 'bad1', 'bad2' and 2 more)"
    assert told in str(caught[1].message)


def test_blanks_around_a_user_id_do_not_lose_the_history(model):
    expected = model.score_items(LOG)
    for blank in (" ", "\t", "\u00a0", "\u3000", "\u2003"):
        frame = LOG.assign(USER_ID=LOG["USER_ID"] + blank)
        np.testing.assert_allclose(model.score_items(frame), expected, atol=1e-6)


def test_null_session_ids_keep_every_user_in_place(model):
    ids = ["s1", "s1", None, "s2", None, "s9", "s9", None, "s2", None, None]
    scores = model.score_items(LOG.assign(SESSION_ID=ids))
    assert scores.index.tolist() == ["zoe", "adam", "eve"]
    expected = model.score_items(LOG)
    # These ids say what the timeout says.
    np.testing.assert_allclose(scores, expected, atol=1e-6)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nulls = model.score_items(LOG.assign(SESSION_ID=None))
    np.testing.assert_allclose(nulls, expected, atol=1e-6)


def test_what_an_import_guesses_or_drops_is_said_where_nobody_sees_its_report(model):
    guessed = LOG.assign(TIMESTAMP=[f"05/04/2024 10:{n:02d}" for n in range(len(LOG))])
    bad = pd.concat([LOG, LOG.head(1).assign(ITEM_ID=None), LOG.head(1)])
    with pytest.warns(UserWarning, match="nothing tells day from month"):
        model.recommend(guessed, 2)
    with pytest.warns(UserWarning, match="1 exact duplicate dropped; 1 rejected"):
        model.recommend(bad, 2)
    with pytest.warns(UserWarning, match="1 exact duplicate dropped; 1 rejected") as said:
        untrained_model().train(interactions_ds=hrnn.InteractionsDataset(bad))
    assert {one.filename for one in said} == {__file__}


def test_scores_that_are_not_finite_raise():
    model = trained_model(READ)
    with torch.no_grad():
        model.estimator.network_.bias_I[2] = float("nan")
    with pytest.raises(HRNNError, match="model scores are not finite"):
        model.recommend(READ, top_k=2)
    with pytest.raises(HRNNError, match="model scores are not finite"):
        model.score_items(READ)


def test_untrained_model_says_so():
    model = hrnn.HierarchicalSequentialRecommender(
        hrnn.HierarchicalScorer(hrnn.HRNNClassifierEstimator())
    )
    with pytest.raises(HRNNError, match="not trained; call train first"):
        model.recommend(READ)
    with pytest.raises(HRNNError, match="not trained; call train first"):
        model.set_item_subset(["a"])
    with pytest.raises(ConfigError, match="interactions_ds is missing"):
        model.train()


# The user state.


@pytest.mark.parametrize(("user_state", "num_layers"), VARIANTS)
def test_without_user_state_a_model_scores_as_if_every_user_state_were_zero(user_state, num_layers):
    made = trained_model(READ, user_state=user_state, num_layers=num_layers)
    before = made.score_items(READ)
    weights = {name: value.clone() for name, value in made.weights().items()}
    bare = made.without_user_state()
    for new in (False, True):
        found = bare.score_items(READ, start="new" if new else "continue")
        expected = plain_scores(made, LOG, new, remembers=False).loc[found.index]
        np.testing.assert_allclose(found, expected, atol=1e-5)
    gap = np.abs(bare.score_items(READ) - before).to_numpy().max()
    assert gap == 0 if user_state == "none" else gap > 0.01

    # The model itself stays as it was, whatever happens to the other.
    bare.max_sessions = 1
    bare.set_item_subset(["a"])
    assert made.max_sessions == 10
    assert made.score_items(READ).equals(before)
    assert all(torch.equal(weights[name], value) for name, value in made.weights().items())
    assert bare.record == made.record


def test_untrained_model_has_no_user_state_to_do_without():
    with pytest.raises(HRNNError, match="not trained; call train first"):
        untrained_model().without_user_state()


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
