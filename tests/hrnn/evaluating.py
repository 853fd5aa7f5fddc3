"""What tests of evaluations share: a model that is easily watched, and slow ways to ask."""

import numpy as np
import pandas as pd
import pytest

import hrnn
from hrnn import Interactions
from hrnn.columns import ITEM_ID, TIMESTAMP, USER_ID
from hrnn.evaluation import questions
from hrnn.evaluation.splits import Split
from hrnn.recommend.base import Recommender
from hrnn.training.roles import HISTORY, TRAIN
from tests.hrnn.test_splits_random import NOTE, Row, plain_rows


class Spy(Recommender):
    """Notes what it is given, and scores by a table of users and lengths of history."""

    kind = "spy"

    def __init__(self, seed: int = 0, constant: float | None = None, ties: bool = True) -> None:
        super().__init__()
        self.seed, self.constant, self.ties = seed, constant, ties
        self.learned, self.role, self.asked, self.begun = None, None, [], []

    def learn(self, data, role, callbacks=(), resume_from=None) -> None:
        self.learned, self.role = data, role

    def score(self, request):
        notes = (
            request.data.frame()[NOTE].tolist() if NOTE in request.data.table.column_names else []
        )
        for user, start, stop in zip(request.users, request.start, request.stop, strict=True):
            self.asked.append((user, notes[start:stop]))
        self.begun += request.new_session.tolist()
        lengths = (request.stop - request.start).tolist()
        return np.array(
            [self.row(user, read) for user, read in zip(request.users, lengths, strict=True)]
        )

    def row(self, user: str, read: int) -> np.ndarray:
        items = len(self.vocabulary)
        if self.constant is not None:
            return np.full(items, self.constant, np.float32)
        random = np.random.default_rng([self.seed, read, *user.encode()])
        return (random.integers(0, 9, items) if self.ties else random.random(items)).astype("f4")

    def weights(self):
        return {}

    def take_weights(self, weights, source) -> None:
        raise AssertionError("nobody loads a spy")


def small_hrnn(timeout=30.0, use_session_ids=True, **settings):
    chosen = {"hidden_units": 4, "epochs": 1, "loss": "cross_entropy", **settings}
    return hrnn.HierarchicalSequentialRecommender(
        hrnn.HierarchicalScorer(hrnn.HRNNClassifierEstimator(**chosen)),
        session_timeout_minutes=timeout,
        use_session_ids=use_session_ids,
    )


def knows_less(model: Recommender, split: Split, *without: str) -> Recommender:
    """Fit a model on a split without some items."""
    known, role = split.known()
    items = known.item_ids[known.item_index]
    model.fit(known, np.where(np.isin(items, without) & (role == TRAIN), HISTORY, role))
    return model


def few(*rows: str) -> Interactions:
    """Read ``user item`` rows, a minute apart."""
    frame = pd.DataFrame([one.split() for one in rows], columns=[USER_ID, ITEM_ID])
    return hrnn.read_interactions(frame.assign(**{TIMESTAMP: 60 * np.arange(len(frame))}))


@pytest.fixture(params=[1 << 23, 30], ids=["at once", "in parts of two questions"])
def in_parts(request, monkeypatch):
    monkeypatch.setattr(questions, "_SCORES_AT_ONCE", request.param)
    return request.param


def questions_of(split: Split, pool: set[str]) -> list[tuple[Row, list[Row]]]:
    """Held-out rows whose item is in the pool, each with its user's rows before it."""
    users = plain_rows(split.data)
    held = set(split.test.tolist())
    return [
        (row, rows[:place])
        for rows in users.values()
        for place, row in enumerate(rows)
        if row.number in held and row.item in pool
    ]
