import numpy as np
import pandas as pd
import pytest

from hrnn import ConfigError, read_interactions
from hrnn.baselines import CoOccurrence
from hrnn.recommend.request import Request
from hrnn.training.roles import HISTORY, TRAIN, VALID
from tests.hrnn.reference import frame_of

#: Sessions {a b}, {c}, {a b c}, {b d} and {d}. Counts: a 3 (twice in a session), b 3, c 2, d 2.
SESSIONS = frame_of(
    """
    u a 0
    u b 1
    u a 2
    u c 60
    v a 0
    v b 30
    v c 31
    v d 100
    v b 101
    w d 0
    """
)


def fitted(frame: pd.DataFrame = SESSIONS, role=None, **settings) -> CoOccurrence:
    data = read_interactions(frame)
    model = CoOccurrence(**settings)
    model.fit(data, np.full(len(data), TRAIN) if role is None else np.asarray(role))
    return model


def whole(model: CoOccurrence, asked: pd.DataFrame) -> list[list[int]]:
    return np.floor(model.score_items(asked).to_numpy()).astype(int).tolist()


@pytest.mark.parametrize(
    ("last", "shared"),
    [("a", [0, 2, 1, 0]), ("b", [2, 0, 1, 1]), ("c", [1, 1, 0, 0]), ("d", [0, 1, 0, 0])],
)
def test_score_is_the_number_of_sessions_that_hold_both_items(last, shared):
    found = fitted().score_items(frame_of(f"x {last} 0"))
    assert found.columns.tolist() == ["a", "b", "c", "d"]
    np.testing.assert_allclose(found, [shared + np.array([3, 3, 2, 2]) / 7], rtol=1e-6)


def test_popularity_breaks_ties_and_ranks_the_rest():
    model = fitted()
    assert model.recommend(frame_of("x b 0"), top_k=4).tolist() == [["a", "c", "d", "b"]]
    assert model.recommend(frame_of("x c 0"), top_k=4).tolist() == [["a", "b", "c", "d"]]
    assert model.recommend(frame_of("x d 0"), top_k=4).tolist() == [["b", "a", "c", "d"]]


@pytest.mark.filterwarnings("ignore:.*unknown to the model")
def test_only_the_last_known_item_of_a_history_counts():
    model = fitted()
    alone = model.score_items(frame_of("x c 0"))
    for history in ("x a 0\nx b 1\nx c 2", "x d 0\nx c 300", "x c 0\nx ? 1\nx ! 400"):
        assert model.score_items(frame_of(history)).equals(alone)


def test_nothing_known_means_popularity():
    model = fitted()
    data = read_interactions(frame_of("x ? 0\nx ! 1"))
    users = np.array(["x", "nobody"], object)
    request = Request(data, users, np.array([0, 0]), np.array([2, 0]), np.zeros(2, bool))
    np.testing.assert_allclose(model.score(request), [np.array([3, 3, 2, 2]) / 7] * 2, rtol=1e-6)


def test_only_training_rows_with_an_outcome_above_zero_are_in_sessions():
    frame = frame_of("u a 0\nu b 1\nu c 2\nu d 3\nu e 4\nu f 5").assign(
        OUTCOME=[1, 0, None, 0.5, 1, 1]
    )
    frame = pd.concat([frame, frame_of("v e 0\nv f 90").assign(OUTCOME=1)])
    model = fitted(frame, [TRAIN, TRAIN, TRAIN, TRAIN, VALID, HISTORY, TRAIN, TRAIN])
    assert whole(model, frame_of("x a 0")) == [[0, 0, 0, 1, 0, 0]]
    assert model.counts.tolist() == [1, 0, 0, 1, 1, 1]


def test_sessions_are_cut_in_the_whole_log():
    frame = frame_of("u a 0\nu b 20\nu c 40\nv b 0")
    assert whole(fitted(frame, [TRAIN, VALID, TRAIN, TRAIN]), frame_of("x a 0")) == [[0, 0, 1]]


def test_a_gap_equal_to_the_timeout_keeps_one_session():
    frame = frame_of("u a 0\nu b 10\nu c 20.1")
    assert whole(fitted(frame, session_timeout_minutes=10), frame_of("x b 0")) == [[1, 0, 0]]
    assert whole(fitted(frame), frame_of("x b 0")) == [[1, 0, 1]]


def test_session_ids_decide_unless_they_are_left_alone():
    frame = frame_of("u a 0\nu b 1\nu c 500").assign(SESSION_ID=["1", "2", "1"])
    asked = frame_of("x a 0")
    assert whole(fitted(frame), asked) == [[0, 0, 1]]
    assert whole(fitted(frame, use_session_ids=False), asked) == [[0, 1, 0]]
    assert whole(fitted(frame, session_timeout_minutes=None), asked) == [[0, 0, 1]]


def test_questions_of_one_user_are_answered_by_their_ranges():
    model, data = fitted(), read_interactions(SESSIONS)
    start, stop = np.array([0, 0, 4, 0]), np.array([2, 4, 4, 3])
    request = Request(data, np.full(4, "u", object), start, stop, np.array([True, False] * 2))
    found = np.floor(model.score(request)).astype(int).tolist()
    assert found == [[2, 0, 1, 1], [1, 1, 0, 0], [0] * 4, [0, 2, 1, 0]]


@pytest.mark.parametrize("seed", range(4))
def test_scores_equal_those_of_counting_session_after_session(seed):
    random = np.random.default_rng(seed)
    rows = [f"u{random.integers(5)} i{random.integers(8)} {minute}" for minute in range(0, 900, 7)]
    frame = frame_of("\n".join(rows))
    model = fitted(frame)
    sessions: dict[str, list[set]] = {}
    last: dict[str, pd.Timestamp] = {}
    for user, item, time in frame.itertuples(index=False):
        if user not in last or time - last[user] > pd.Timedelta(minutes=30):
            sessions.setdefault(user, []).append(set())
        sessions[user][-1].add(item)
        last[user] = time
    every = [held for mine in sessions.values() for held in mine]
    for item in model.vocabulary.ids:
        found = model.score_items(frame_of(f"x {item} 0")).loc["x"]
        for other in model.vocabulary.ids:
            together = sum(item in held and other in held for held in every) * (item != other)
            assert int(found[other]) == together


def test_settings_are_kept_and_checked():
    settings = {"session_timeout_minutes": 12.5, "use_session_ids": False}
    assert CoOccurrence(**settings).settings() == settings
    assert CoOccurrence.from_settings(settings).settings() == settings
    with pytest.raises(ConfigError, match="timeout_minutes=0"):
        CoOccurrence(session_timeout_minutes=0)
