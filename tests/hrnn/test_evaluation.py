import math

import numpy as np
import pandas as pd
import pytest

from hrnn import (
    ConfigError,
    DataError,
    HierarchicalScorer,
    HierarchicalSequentialRecommender,
    HRNNClassifierEstimator,
    HRNNError,
    Interactions,
    Popularity,
    evaluate,
    read_interactions,
)
from hrnn.columns import ITEM_ID, OUTCOME, TIMESTAMP, USER_ID
from hrnn.evaluation import protocol
from hrnn.recommend.base import Recommender
from hrnn.training.roles import TRAIN, VALID


class Spy(Recommender):
    """Notes everything it is shown, and scores by a fixed table of users and items."""

    kind = "spy"

    def __init__(self, seed: int = 0, constant: float | None = None) -> None:
        super().__init__()
        self.seed, self.constant = seed, constant
        self.learned, self.role, self.requests_seen = None, None, []

    def learn(self, data, role, callbacks=(), resume_from=None) -> None:
        self.learned, self.role = data, role

    def score(self, request):
        self.requests_seen.append(request)
        if self.constant is not None:
            return np.full((len(request.users), len(self.vocabulary)), self.constant, np.float32)
        return np.array([self.row(user) for user in request.users])

    def row(self, user: str) -> np.ndarray:
        random = np.random.default_rng([self.seed, *user.encode()])
        return random.integers(0, 9, len(self.vocabulary)).astype(np.float32)  # with many ties

    def save(self, folder) -> None:
        raise AssertionError("nobody saves a spy")


def random_log(seed: int = 0, users: int = 40, items: int = 15) -> Interactions:
    random = np.random.default_rng(seed)
    rows = []
    for user in range(users):
        minutes = np.sort(random.choice(10_000, size=random.integers(1, 12), replace=False))
        rows += [
            (f"u{user}", f"i{random.integers(items)}", int(minute) * 60, int(random.random() < 0.8))
            for minute in minutes
        ]
    return read_interactions(pd.DataFrame(rows, columns=[USER_ID, ITEM_ID, TIMESTAMP, OUTCOME]))


def triples(data: Interactions) -> set[tuple]:
    return set(data.frame()[[USER_ID, ITEM_ID, TIMESTAMP]].itertuples(index=False, name=None))


def held_out(data: Interactions) -> dict[str, tuple]:
    """The last positive of each user who has three, by a plain loop: user → (item, time)."""
    found = {}
    for user, rows in data.frame().groupby(USER_ID, sort=False):
        liked = rows[rows[OUTCOME] > 0]
        if len(liked) >= 3:
            found[user] = (liked[ITEM_ID].iloc[-1], liked[TIMESTAMP].iloc[-1])
    return found


@pytest.fixture(params=[1 << 23, 40], ids=["at once", "in parts of two users"])
def _in_parts(request, monkeypatch):
    monkeypatch.setattr(protocol, "_SCORES_AT_ONCE", request.param)


@pytest.mark.usefixtures("_in_parts")
def test_nothing_held_out_or_later_is_learned_from_or_scored_with():
    data, spy = random_log(), Spy()
    evaluate({"spy": spy}, data)
    held = held_out(data)
    everything = triples(data)
    hidden = {one for one in everything if one[0] in held and one[2] >= held[one[0]][1]}
    assert len(hidden) > len(held) > 20
    assert triples(spy.learned) == everything - hidden
    before = {one for one in everything if one[0] in held and one[2] < held[one[0]][1]}
    shown = [one for request in spy.requests_seen for one in triples(request.data)]
    assert set(shown) <= before
    assert len(shown) == len(set(shown))
    for request in spy.requests_seen:
        assert {one[0] for one in triples(request.data)} == set(request.users)
        for user in request.users:
            own = {one for one in before if one[0] == user}
            assert own <= set(shown)


def test_validation_rows_are_no_training_rows():
    data, spy = random_log(), Spy()
    evaluate({"spy": spy}, data)
    frame = spy.learned.frame().assign(role=spy.role)
    held = held_out(data)
    for user, rows in frame.groupby(USER_ID):
        liked = rows[rows[OUTCOME] > 0]
        expected = [VALID] if user in held else []
        assert liked["role"].tolist()[len(liked) - len(expected) :] == expected
        assert (liked["role"].iloc[: len(liked) - len(expected)] == TRAIN).all()
    trained = frame[frame["role"] == TRAIN]
    assert spy.vocabulary.ids.tolist() == sorted(set(trained[ITEM_ID]))


def slow_values(spy: Spy, data: Interactions, k: int, exclude_seen: bool):
    """HR and NDCG of every held-out item that the model knows, user by user, item by item."""
    hits, gains = [], []
    vocabulary = spy.vocabulary.ids.tolist()
    for user, (item, time) in held_out(data).items():
        if item not in vocabulary:
            continue
        frame = data.frame()
        seen = set(frame[(frame[USER_ID] == user) & (frame[TIMESTAMP] < time)][ITEM_ID])
        scores = dict(zip(vocabulary, spy.row(user), strict=True))
        left_out = seen if exclude_seen else set()
        rank = 1 + sum(
            scores[other] >= scores[item]
            for other in vocabulary
            if other != item and other not in left_out
        )
        hit = item not in left_out and rank <= k
        hits.append(float(hit))
        gains.append(1 / math.log2(rank + 1) if hit else 0.0)
    return hits, gains


@pytest.mark.usefixtures("_in_parts")
@pytest.mark.parametrize("exclude_seen", [True, False])
def test_figures_equal_those_of_a_loop_over_users_and_items(exclude_seen):
    data = random_log(1)
    models = {"one": Spy(1), "two": Spy(2)}
    report = evaluate(models, data, k=(1, 3, 9), exclude_seen=exclude_seen)
    assert report.table[["MODEL", "METRIC"]].values.tolist() == [
        [name, f"{metric}@{k}"] for name in models for metric in ("HR", "NDCG") for k in (1, 3, 9)
    ]
    found = report.table.set_index(["MODEL", "METRIC"])
    for name, spy in models.items():
        for k in (1, 3, 9):
            for metric, values in zip(
                ("HR", "NDCG"), slow_values(spy, data, k, exclude_seen), strict=True
            ):
                row = found.loc[(name, f"{metric}@{k}")]
                assert row["VALUE"] == pytest.approx(np.mean(values), abs=1e-12)
                assert row["N"] == len(values)
                assert row["LOW"] <= row["VALUE"] <= row["HIGH"]
    assert found.loc[("one", "HR@9"), "VALUE"] > 0


def test_interval_is_about_two_standard_errors_of_the_mean_and_repeats_with_its_seed():
    values = np.repeat([1.0, 0.0], [300, 700])
    low, high = protocol._interval(values, np.random.default_rng(0))
    error = 1.96 * math.sqrt(0.3 * 0.7 / 1000)
    assert low == pytest.approx(0.3 - error, abs=0.004)
    assert high == pytest.approx(0.3 + error, abs=0.004)
    assert protocol._interval(values, np.random.default_rng(0)) == (low, high)
    assert protocol._interval(np.ones(5), np.random.default_rng(0)) == (1, 1)


def test_constant_model_hits_nothing_below_the_pool():
    report = evaluate({"constant": Spy(constant=0.5)}, random_log(), k=(1, 5), exclude_seen=False)
    assert report.table["VALUE"].tolist() == [0, 0, 0, 0]
    assert report.leaked is False


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_scores_that_are_not_finite_stop_the_evaluation(bad):
    with pytest.raises(HRNNError, match="model scores are not finite"):
        evaluate({"broken": Spy(constant=bad)}, random_log())


def few(rows: list[str]) -> Interactions:
    cells = [one.split() for one in rows]
    frame = pd.DataFrame(cells, columns=[USER_ID, ITEM_ID])
    return read_interactions(frame.assign(**{TIMESTAMP: 60 * np.arange(len(frame))}))


def test_cold_and_seen_targets_are_counted():
    data = few(
        ["u a", "u b", "u c", "u cold",  # cold: nobody trains on it
         "v a", "v b", "v c", "v a",     # had before
         "w c", "w a", "w b", "w c",     # had before
         "x a", "x b", "x a", "x c",     # new to x
         "y a", "y b"]                   # too short
    )  # fmt: skip
    report = evaluate({"popularity": Popularity()}, data, k=(3,))
    assert dict(report.counts) == {
        "users": 5, "too_short": 1, "tied_last": 0, "after_last": 0, "cold": 1, "seen_before": 2,
        "evaluated": 3,
    }  # fmt: skip
    # Of v, w and x only x can be hit: what was seen is left out, and c is all that is left.
    assert report.table["VALUE"].tolist() == pytest.approx([1 / 3, 1 / 3])
    included = evaluate({"popularity": Popularity()}, data, k=(3,), exclude_seen=False)
    assert included.table["VALUE"].iloc[0] == 1
    assert "3 users" in report.heading
    assert "seen before left out" in report.heading
    assert "seen before included" in included.heading


def test_log_whose_held_out_items_are_all_cold_has_no_figures():
    with pytest.raises(DataError, match="not enough data to evaluate"):
        evaluate({"popularity": Popularity()}, few(["u a", "u b", "u c"]))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"split": "random"}, "split='random'"),
        ({"ranking": "fast"}, "ranking='fast'"),
        ({"k": (5, 0)}, "k=0"),
        ({"k": (2.5,)}, "k=2.5"),
        ({"k": ("5",)}, "k='5'"),
        ({"k": (True,)}, "k=True"),
    ],
)
def test_wrong_argument_is_refused_before_anything_is_fitted(arguments, message):
    spy = Spy()
    with pytest.raises(ConfigError, match=message):
        evaluate({"spy": spy}, random_log(), **arguments)
    assert spy.learned is None


def test_evaluation_of_no_model_is_refused():
    with pytest.raises(ConfigError, match="models is empty"):
        evaluate({}, random_log())


def test_fitted_model_is_refused():
    data, model = random_log(), Popularity()
    model.fit(data, np.full(len(data), TRAIN))
    with pytest.raises(ConfigError, match="'mine' is trained already"):
        evaluate({"new": Popularity(), "mine": model}, data)


def test_same_seed_gives_the_same_report():
    one, two = (evaluate({"spy": Spy()}, random_log(), seed=3) for _ in range(2))
    pd.testing.assert_frame_equal(one.table, two.table)


def test_hrnn_is_asked_for_a_new_session_where_the_held_out_row_starts_one(monkeypatch):
    frame = pd.DataFrame(
        {
            USER_ID: ["u"] * 4 + ["v"] * 4,
            ITEM_ID: list("abcabcab"),
            TIMESTAMP: [0, 60, 120, 120 + 1801, 0, 60, 120, 120 + 1800],
        }
    )
    estimator = HRNNClassifierEstimator(epochs=1, hidden_units=4)
    model = HierarchicalSequentialRecommender(HierarchicalScorer(estimator))
    asked = {}
    real = model.score

    def spy(request):
        asked.update(zip(request.users, request.new_session.tolist(), strict=True))
        return real(request)

    monkeypatch.setattr(model, "score", spy)
    report = evaluate({"HRNN": model, "popularity": Popularity()}, read_interactions(frame), k=(5,))
    assert asked == {"u": True, "v": False}
    assert report.table["MODEL"].unique().tolist() == ["HRNN", "popularity"]
