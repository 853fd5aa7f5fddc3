import math

import numpy as np
import pandas as pd
import pytest

from hrnn import ConfigError, read_interactions
from hrnn.baselines import SessionKNN
from hrnn.recommend.request import Request
from hrnn.training.roles import TRAIN, VALID
from tests.hrnn.reference import frame_of

#: Neighbours alone, without the three extensions.
PLAIN = {"extend_length": 0, "boost": 0, "remind_weight": 0}
W1, W2, W3 = (1 / math.log10(back + 0.7) for back in (1, 2, 3))

#: Sessions by their end: {a b c} of u, {b d} of v, {e} of w.
TRAINED = frame_of("u a 0\nu b 1\nu c 2\nv b 3\nv d 4\nw e 5")


def fitted(frame: pd.DataFrame = TRAINED, role=None, **settings) -> SessionKNN:
    data = read_interactions(frame)
    model = SessionKNN(**settings)
    model.fit(data, np.full(len(data), TRAIN) if role is None else np.asarray(role))
    return model


def scores(model: SessionKNN, asked: str, start="continue") -> dict[str, float]:
    """Scores of the one user asked about."""
    return model.score_items(frame_of(asked), start=start).iloc[0].to_dict()


def near(**values: float):
    """These values divided by the largest, give or take what popularity adds."""
    best = max(values.values())
    return pytest.approx({item: value / best for item, value in values.items()}, abs=2e-6)


def rare(held: int, sessions: int = 3) -> float:
    return 1 + 10 * math.log(sessions / held)


# What neighbours say.


def test_late_items_weigh_more_in_similarity_and_rare_items_score_more():
    abc, bd = W2 + W1, W1
    expected = near(a=abc * rare(1), b=(abc + bd) * rare(2), c=abc * rare(1), d=bd * rare(1), e=0)
    assert scores(fitted(**PLAIN), "x a 0\nx b 1") == expected


def test_a_neighbour_counts_by_the_square_of_how_far_back_it_shares_an_item():
    abc, e = W2 / 4, W1
    expected = near(a=abc * rare(1), b=abc * rare(2), c=abc * rare(1), d=0, e=e * rare(1))
    assert scores(fitted(**PLAIN), "x c 0\nx e 1") == expected


def test_an_item_stands_where_it_was_last():
    model = fitted(**PLAIN)
    abc, bd, e = W1, W1, W2 / 4
    expected = near(
        a=abc * rare(1), b=(abc + bd) * rare(2), c=abc * rare(1), d=bd * rare(1), e=e * rare(1)
    )
    assert scores(model, "x b 0\nx e 1\nx b 2") == expected


def test_the_most_similar_sessions_are_neighbours():
    abc = W2 + W1
    expected = near(a=abc * rare(1), b=abc * rare(2), c=abc * rare(1), d=0, e=0)
    assert scores(fitted(neighbours=1, **PLAIN), "x a 0\nx b 1") == expected


def test_of_equally_similar_sessions_the_most_recent_are_neighbours():
    expected = near(a=0, b=rare(2), c=0, d=rare(1), e=0)
    assert scores(fitted(neighbours=1, **PLAIN), "x b 0") == expected


def test_only_the_most_recent_sessions_are_compared():
    bd = W1
    expected = near(a=0, b=bd * rare(2), c=0, d=bd * rare(1), e=0)
    assert scores(fitted(sample_size=1, **PLAIN), "x a 0\nx b 1") == expected


def test_a_session_is_as_recent_as_its_last_learned_interaction():
    frame = pd.concat([TRAINED, frame_of("u c 20\nu c 25").assign(OUTCOME=[1, 0])])
    frame["OUTCOME"] = frame["OUTCOME"].fillna(1)
    for role, winner in (([TRAIN] * 8, "a"), ([TRAIN] * 3 + [VALID] + [TRAIN] * 4, "d")):
        model = fitted(frame, role, sample_size=1, **PLAIN)
        found = scores(model, "x b 0")
        assert {"a": found["a"], "d": found["d"]} == near(**{"a": 0, "d": 0, winner: 1})


def test_what_no_neighbour_holds_is_ranked_by_popularity_after_all_others():
    model = fitted(pd.concat([TRAINED, frame_of("y f 9\ny f 10\nz f 11")]), **PLAIN)
    assert model.recommend(frame_of("x d 0"), top_k=6).tolist() == [["d", "b", "f", "a", "c", "e"]]
    assert scores(model, "x d 0")["f"] < 1e-6


def test_popularity_breaks_ties():
    frame = pd.concat([TRAINED, frame_of("y c 9\ny c 10\ny c 11"), frame_of("z a 13")])
    # Two sessions hold a, two c: what counts for more is popularity, not the place.
    assert fitted(frame, **PLAIN).recommend(frame_of("x b 0"), top_k=4).tolist() == [
        ["b", "d", "c", "a"]
    ]


@pytest.mark.filterwarnings("ignore:.*unknown to the model")
@pytest.mark.parametrize("settings", [{}, PLAIN])
def test_without_a_known_item_there_is_popularity(settings):
    model = fitted(**settings)
    assert model.recommend(frame_of("x ? 0"), top_k=3).tolist() == [["b", "a", "c"]]
    data = read_interactions(frame_of("x a 0"))
    nobody = Request(
        data, np.array(["x"], object), np.zeros(1, int), np.zeros(1, int), np.ones(1, bool)
    )
    np.testing.assert_allclose(model.score(nobody)[0] * 1e6, np.array([1, 2, 1, 1, 1]) / 5)


def test_known_item_of_no_session_has_no_neighbours():
    frame = TRAINED.assign(OUTCOME=[1, 1, 1, 1, 1, 0])
    found = fitted(frame, **PLAIN).score_items(frame_of("x e 0"))
    np.testing.assert_allclose(found.iloc[0] * 1e6, np.array([1, 2, 1, 1, 0]) / 5)


# Extend.


def test_a_short_session_is_preceded_by_the_items_before_it():
    model = fitted(extend_length=3, boost=0, remind_weight=0)
    expected = scores(model, "x b 0\nx e 1\nx d 2")
    assert scores(model, "x a 0\nx b 1\nx e 100\nx d 200") == expected
    assert scores(model, "x a 0\nx b 1\nx e 100\nx d 101") == expected
    assert scores(model, "x a 0\nx c 100\nx b 101\nx e 102\nx d 103") == scores(
        model, "x c 100\nx b 101\nx e 102\nx d 103"
    )


@pytest.mark.filterwarnings("ignore:.*unknown to the model")
@pytest.mark.parametrize("last", ["", "\nx ? 500"])
def test_a_new_session_is_its_extension_alone(last):
    start = "continue" if last else "new"
    model = fitted(extend_length=2, boost=0, remind_weight=0)
    expected = scores(model, "x b 0\nx e 1")
    assert scores(model, "x a 0\nx b 1\nx e 100" + last, start) == expected
    alone = fitted(**PLAIN)
    popular = scores(alone, "x a 0\nx b 1" + last, start)
    assert max(popular.values()) < 1e-6


# Boost.


def test_own_sessions_are_boosted():
    model = fitted(extend_length=0, boost=1.5, remind_weight=0)
    abc, bd = 1, 2.5
    expected = near(a=abc * rare(1), b=(abc + bd) * rare(2), c=abc * rare(1), d=bd * rare(1), e=0)
    assert scores(model, "v b 1000") == expected
    nobody_s = near(a=rare(1), b=2 * rare(2), c=rare(1), d=rare(1), e=0)
    assert scores(model, "x b 1000") == nobody_s
    assert scores(model, "w b 1000") == nobody_s


def test_boost_decides_who_is_a_neighbour():
    model = fitted(neighbours=1, extend_length=0, boost=0.1, remind_weight=0)
    assert scores(model, "u b 1000") == near(a=rare(1), b=rare(2), c=rare(1), d=0, e=0)
    assert scores(model, "x b 1000") == near(a=0, b=rare(2), c=0, d=rare(1), e=0)


@pytest.mark.parametrize(
    ("stop", "new", "held"),
    [
        (2, False, {"b", "e"}),  # of three own sessions the first is the current one
        (3, False, {"a", "b", "e"}),  # the second one is; that of d comes later
        (6, False, {"a", "b", "c", "d", "e", "w"}),  # the third one is
        (6, True, {"b", "d", "w"}),  # after d all are over
        (4, True, {"b", "c"}),  # after c the first two are
        (3, True, {"a", "b", "e"}),  # after the second b the second was not over
    ],
)
def test_own_session_that_was_not_over_is_no_neighbour(stop, new, held):
    own = "u a 0\nu b 1\nu b 100\nu c 101\nu b 200\nu d 201"
    frame = frame_of(own + "\nv b 300\nv e 301\nz d 400\nz w 401")
    model = fitted(frame, extend_length=1, boost=0, remind_weight=0)
    data = read_interactions(frame)
    asked = (np.array(["u"], object), np.zeros(1, int), np.array([stop]), np.array([new]))
    found = model.score(Request(data, *asked))[0]
    assert {item for item, score in zip("abcdew", found, strict=True) if score > 1e-3} == held


def test_without_another_neighbour_than_the_current_session_there_is_popularity():
    model = fitted(**PLAIN)
    data = read_interactions(TRAINED)
    asked = (np.array(["w"], object), np.array([5]), np.array([6]), np.zeros(1, bool))
    np.testing.assert_allclose(
        model.score(Request(data, *asked))[0] * 1e6, np.array([1, 2, 1, 1, 1]) / 5
    )


# Remind.


def test_earlier_items_are_reminded_of_by_how_far_back_they_are():
    model = fitted(extend_length=0, boost=0, remind_weight=0.3)
    found = scores(model, "x c 0\nx a 1\nx b 2\nx a 100\nx e 200\nx e 201")
    assert found == pytest.approx({"a": 0.3, "b": 0.15, "c": 0.1, "d": 0, "e": 1}, abs=2e-6)


def test_items_of_the_current_session_are_not_earlier_and_all_are_before_a_new_one():
    model = fitted(extend_length=0, boost=0, remind_weight=0.3)
    asked = "x e 0\nx d 1\nx e 100"
    assert scores(model, asked)["d"] == pytest.approx(0.3, abs=1e-6)
    assert scores(model, asked)["e"] == pytest.approx(1.15, abs=1e-6)
    new = scores(model, asked, "new")
    assert new == pytest.approx({"a": 0, "b": 0, "c": 0, "d": 0.15, "e": 0.3}, abs=1e-6)


def test_rows_without_an_outcome_above_zero_are_read_but_not_learned_or_reminded_of():
    outcome = [1, 0, 1, 1, None, 1]
    frame = TRAINED.assign(OUTCOME=outcome)
    model = fitted(frame, extend_length=0, boost=0, remind_weight=0.3)
    assert scores(model, "x a 0") == near(a=1, b=0, c=1, d=0, e=0)
    assert scores(model, "x b 0") == near(a=0, b=1, c=0, d=0, e=0)
    asked = frame_of("x d 0\nx e 1\nx d 2\nx a 100").assign(OUTCOME=[1, 1, 0, 0])
    found = model.score_items(asked).iloc[0].to_dict()
    assert found == pytest.approx({"a": 1, "b": 0, "c": 1, "d": 0.15, "e": 0.3}, abs=2e-6)


# Sessions and settings.


def test_overlapping_sessions_are_told_apart_by_their_ids():
    ids = ["1", "2", "1", "2", "3", "3"]
    frame = frame_of("u a 0\nu b 1\nu c 2\nu d 300\nu b 301\nu e 302").assign(SESSION_ID=ids)
    model = fitted(frame, **PLAIN)
    assert scores(model, "x b 0") == near(a=0, b=2 * rare(2), c=0, d=rare(1), e=rare(1))
    asked = frame_of("x e 0\nx c 1\nx a 2").assign(SESSION_ID=["2", "1", "2"])
    # The session that began last goes on, although its row is not the last.
    assert model.score_items(asked).iloc[0].to_dict() == near(a=1, b=0, c=1, d=0, e=0)


def test_sessions_by_ids_alone_need_no_timeout():
    frame = TRAINED.assign(SESSION_ID=list("111223"))
    model = fitted(frame, session_timeout_minutes=None, **PLAIN)
    asked = frame_of("x b 0").assign(SESSION_ID="9")
    assert model.score_items(asked).iloc[0].to_dict() == near(
        a=rare(1), b=2 * rare(2), c=rare(1), d=rare(1), e=0
    )
    nobody = (np.array(["x"], object), *np.zeros((2, 1), int), np.zeros(1, bool))
    scores = model.score(Request(read_interactions(frame).slice(0, 0), *nobody))
    np.testing.assert_allclose(scores[0] * 1e6, np.array([1, 2, 1, 1, 1]) / 5)


def test_settings_make_the_same_model():
    settings = {
        "neighbours": 7, "sample_size": 8, "extend_length": 9, "boost": 0.5, "remind_weight": 0.75,
        "session_timeout_minutes": 12.0, "use_session_ids": False,
    }  # fmt: skip
    assert SessionKNN(**settings).settings() == settings
    assert SessionKNN.from_settings(settings).settings() == settings
    with pytest.raises(TypeError):
        SessionKNN(7)


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("neighbours", 0, "it must be at least 1"),
        ("neighbours", 2.0, "it must be a whole number"),
        ("neighbours", True, "it must be a whole number"),
        ("sample_size", -1, "it must be at least 1"),
        ("sample_size", "9", "it must be a whole number"),
        ("extend_length", -1, "it must be at least 0"),
        ("extend_length", None, "it must be a whole number"),
        ("boost", -0.1, "it must be at least 0"),
        ("boost", math.inf, "it must be a finite number"),
        ("remind_weight", math.nan, "it must be a finite number"),
        ("remind_weight", -1, "it must be at least 0"),
        ("remind_weight", "1", "it must be a finite number"),
    ],
)
def test_setting_out_of_range_is_refused(name, value, rule):
    with pytest.raises(ConfigError) as refused:
        SessionKNN(**{name: value})
    assert str(refused.value) == f"{name}={value!r}: {rule}"
