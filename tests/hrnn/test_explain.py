"""What is left out, against slow ways to leave it out, and against causes that were planted."""

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest

import hrnn
from hrnn import DataError
from hrnn.baselines import FlatGRU, SASRec
from hrnn.explain.leaving_out import leave_out, shares_and_ranks
from hrnn.explain.readings import Reading
from hrnn.explain.scenario import Scenario
from hrnn.synthetic import THEMES, SyntheticConfig, generate
from hrnn.training.config import PRESETS, TrainConfig
from tests.hrnn.reference import enliven, frame_of
from tests.hrnn.test_models_alike import DATA, trained

KINDS = {
    "init": (hrnn.HierarchicalSequentialRecommender, {}),
    "all, two layers": (
        hrnn.HierarchicalSequentialRecommender,
        {"user_state": "all", "num_layers": 2},
    ),
    "none": (hrnn.HierarchicalSequentialRecommender, {"user_state": "none"}),
    "flat GRU": (FlatGRU, {}),
    "SASRec": (SASRec, {}),
}


@cache
def model_of(kind: str, sessions: int = 10, length: int = 20):
    cls, more = KINDS[kind]
    window = {"max_sessions": sessions, "max_session_len": length}
    training = TrainConfig(
        loss="cross_entropy", hidden_units=6, epochs=1, dropout_rate=0.0, **more, **window
    )
    model = trained(cls.of_training(training, 30, True), DATA)
    enliven(model.estimator.network_)
    return model


def scores_of(model, rows: list[tuple[str, int]], begins: bool) -> np.ndarray:
    """Ask a model about items and their sessions, each session a day of its own."""
    minutes = [f"u {item} {1440 * session + place}" for place, (item, session) in enumerate(rows)]
    start = "new" if begins else "continue"
    return model.score_items(frame_of("\n".join(minutes)), start=start).to_numpy()[0]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("begins", [False, True])
def test_leaving_out_is_what_asking_anew_without_it_finds(kind, begins):
    model = model_of(kind)
    rows = [("a", 0), ("b", 0), ("c", 1), ("d", 2), ("e", 2), ("f", 2), ("a", 3)]
    frame = frame_of("\n".join(f"u {i} {1440 * s + n}" for n, (i, s) in enumerate(rows)))
    found = leave_out(model, Scenario.of(model, hrnn.read_interactions(frame)), "c", begins)
    place = model.vocabulary.indices(["c"])[0] - 1
    expected, rank = shares_and_ranks(scores_of(model, rows, begins)[None], place)
    assert np.log(found.share) == pytest.approx(expected[0], abs=1e-5)
    assert found.rank == rank[0]
    assert found.interactions["SESSION"].tolist() == [0, 0, 1, 2, 2, 2, 3]
    for number, row in enumerate(found.interactions.itertuples()):
        rest = rows[:number] + rows[number + 1 :]
        own = begins or number == len(rows) - 1  # without its only item, the last session is over
        share, rank = shares_and_ranks(scores_of(model, rest, own)[None], place)
        assert pytest.approx(expected[0] - share[0], abs=1e-5) == row.EFFECT, number
        assert rank[0] == row.RANK
    for row in found.sessions.itertuples():
        rest = [one for one in rows if one[1] != row.SESSION]
        own = begins or row.SESSION == 3
        share, rank = shares_and_ranks(scores_of(model, rest, own)[None], place)
        assert pytest.approx(expected[0] - share[0], abs=1e-5) == row.EFFECT
        assert rank[0] == row.RANK


@pytest.mark.parametrize("kind", KINDS)
def test_only_what_is_read_is_left_out_and_nothing_older_steps_in(kind):
    model = model_of(kind, 2, 2)
    rows = "u a 0\nu b 1440\nu c 1441\nu d 1442\nu ? 1443\nu e 2880"
    history = hrnn.read_interactions(frame_of(rows))
    scenario = Scenario.of(model, history)
    reading = Reading.of(model, scenario)
    flat = kind in ("flat GRU", "SASRec")
    assert reading.places.tolist() == ([1, 2, 3, 5] if flat else [2, 3, 5])
    found = leave_out(model, scenario, "a", begins=True)
    assert found.interactions["PLACE"].tolist() == reading.places.tolist()
    assert found.interactions["ITEM_ID"].tolist() == (list("bcde") if flat else list("cde"))
    read = [(item, session) for item, session in zip("bcde", (1, 1, 1, 2), strict=True)]
    read = read if flat else read[1:]
    place = model.vocabulary.indices(["a"])[0] - 1
    whole, _ = shares_and_ranks(scores_of(model, read, True)[None], place)
    without, _ = shares_and_ranks(scores_of(model, read[:-1], True)[None], place)
    assert found.interactions["EFFECT"].iloc[-1] == pytest.approx(whole[0] - without[0], abs=1e-5)


def test_shares_and_ranks_by_hand():
    scores = np.log(np.array([[1.0, 2.0, 1.0], [3.0, 3.0, 2.0]], np.float32))
    share, rank = shares_and_ranks(scores, 0)
    assert np.exp(share) == pytest.approx([1 / 4, 3 / 8])
    assert rank.tolist() == [3, 2]  # behind its equals
    _, rank = shares_and_ranks(scores, 0, np.array([True, True, False]))
    assert rank.tolist() == [2, 1]  # of itself and the last


def test_an_item_that_the_model_does_not_know_is_refused():
    with pytest.raises(DataError, match=r"'\?' is unknown to the model"):
        leave_out(model_of("init"), Scenario(), "?")


def test_somebody_without_history_has_nothing_to_leave_out():
    found = leave_out(model_of("init"), Scenario(), "a")
    assert len(found.interactions) == len(found.sessions) == 0
    assert found.rank >= 1


@cache
def planted():
    """A log in which three themes in four follow, a model of it, and the theme of each item."""
    made = generate(SyntheticConfig(users=300, items=80, interactions=15_000, cause=0.75))
    data = hrnn.read_interactions(made.frame)
    training = replace(PRESETS["quick"], epochs=5)
    model = hrnn.HierarchicalSequentialRecommender.of_training(training, 25, True)
    themes = {f"item{number + 1:03d}": int(theme) for number, theme in enumerate(made.item_theme)}
    return trained(model, data), data, themes


def strongest_session(model, history, begins: bool) -> int:
    """Return the session that speaks most for the item recommended first, 0 for the latest."""
    item = model.recommend(history, 1, start="new" if begins else "continue")[0, 0]
    sessions = leave_out(model, Scenario.of(model, history), item, begins).sessions
    strongest = sessions.loc[sessions["EFFECT"].idxmax(), "SESSION"]
    return int(sessions["SESSION"].max() - strongest)


def test_planted_causes_are_found():
    """What begins a session follows from the session before; what goes on, from the session.

    A session whose theme followed from the one before is explained by either, so only those that
    did not are asked about.
    """
    model, data, themes = planted()
    before, inside = [], []
    for user in data.user_ids:
        history = data.of_user(user)
        number = model.sessions(history).in_user
        if number[-1] < 2:
            continue
        before.append(strongest_session(model, history, True))
        theme = [themes[item] for item in history.item_ids[history.item_index]]
        followed = (theme[np.flatnonzero(number < number[-1])[-1]] + 1) % len(THEMES) == theme[-1]
        if not followed and (number == number[-1]).sum() > 2:
            inside.append(strongest_session(model, history, False))
    assert len(before) > 250
    assert len(inside) > 20
    assert np.mean(np.array(before) == 0) > 0.9
    assert np.mean(np.array(inside) == 0) > 0.9


def test_effects_are_of_a_frame_that_pages_can_draw():
    model, data, _ = planted()
    effects = leave_out(model, Scenario.of(model, data.of_user(data.user_ids[0])), "item001")
    assert effects.interactions.dtypes["EFFECT"] == np.float64
    assert isinstance(effects.sessions, pd.DataFrame)
