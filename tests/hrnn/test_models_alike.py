"""What holds for every model; the baselines, a class each at the end."""

from collections.abc import Callable
from functools import cache
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
import torch

import hrnn
from hrnn import CheckpointError, HRNNError, Interactions, Popularity, read_interactions
from hrnn.baselines import (
    CoOccurrence,
    OwnPopularity,
    SessionKNN,
)
from hrnn.recommend.base import Recommender
from hrnn.recommend.request import Request
from hrnn.training.roles import HISTORY, TRAIN, VALID
from tests.hrnn.reference import frame_of

ITEMS = tuple("abcdefgh")
#: In the catalogue, and in no log.
NEVER_SEEN = ("y", "z")


def random_log(seed: int = 0) -> pd.DataFrame:
    """Nine users of some sessions each, sorted by user and time."""
    random = np.random.default_rng(seed)
    rows = []
    for user in range(9):
        minutes = np.cumsum(random.choice([3, 10, 200], size=random.integers(8, 20)))
        rows += [(f"u{user}", str(random.choice(ITEMS)), minute) for minute in minutes]
    frame = pd.DataFrame(rows, columns=["USER_ID", "ITEM_ID", "MINUTE"])
    start = pd.Timestamp("2024-01-01T00:00:00Z")
    frame["TIMESTAMP"] = start + pd.to_timedelta(frame.pop("MINUTE"), unit="min")
    return frame.assign(OUTCOME=random.choice([1.0, 0.0], size=len(rows), p=[0.85, 0.15]))


LOG = random_log()
DATA = read_interactions(LOG)


def trained(
    model: Recommender, data: pd.DataFrame | Interactions, role=None, catalogue=()
) -> Recommender:
    if isinstance(data, pd.DataFrame):
        data = read_interactions(data)
    model.fit(data, np.full(len(data), TRAIN, np.int8) if role is None else role, catalogue)
    return model


def questions() -> Request:
    """Ask about every user after the whole history, after a part of it, and after nothing."""
    users = np.arange(len(DATA.user_ids))
    first, end = DATA.user_starts[:-1], DATA.user_starts[1:]
    start = np.concatenate([first, first, first + 2, first])
    stop = np.concatenate([end, first + 5, first + 6, first])
    new = np.arange(len(start)) % 3 == 0
    return Request(DATA, DATA.user_ids[np.tile(users, 4)], start, stop, new)


def part(request: Request, places: list[int]) -> Request:
    arrays = (request.users, request.start, request.stop, request.new_session)
    return Request(request.data, *(array[places] for array in arrays))


class Alike:
    """Tests of one model; a subclass says which, and what it must find out."""

    #: Whether scores of a question are the same to the last bit beside other questions.
    exact = True
    #: Whether the answers of ``known`` are among what somebody had before.
    answers_are_new = True

    make: ClassVar[Callable[[], Recommender]]
    #: A log whose right answer is known, and for histories the item that follows.
    known: ClassVar[Callable[[], tuple[str, dict[str, str]]]]

    @classmethod
    @cache
    def model(cls) -> Recommender:
        return trained(cls.make(), DATA, catalogue=NEVER_SEEN)

    def close(self, found: np.ndarray, expected: np.ndarray) -> bool:
        if self.exact:
            return np.array_equal(found, expected)
        return np.allclose(found, expected, rtol=0, atol=1e-5)

    def test_withheld_known_answer_comes_first(self):
        rows, answers = self.known()
        model = trained(self.make(), frame_of(rows))
        asked = frame_of(
            "\n".join(
                f"asker{number} {row}"
                for number, history in enumerate(answers)
                for row in history.splitlines()
            )
        )
        found = model.recommend(asked, top_k=1, exclude_seen=self.answers_are_new)
        assert found[:, 0].tolist() == list(answers.values())

    def test_scores_are_finite_float32_of_questions_and_items(self):
        request = questions()
        scores = self.model().score(request)
        assert scores.dtype == np.float32
        assert scores.shape == (len(request), len(ITEMS) + len(NEVER_SEEN))
        assert np.isfinite(scores).all()

    def test_the_same_log_makes_the_same_model(self):
        again = trained(self.make(), DATA, catalogue=NEVER_SEEN)
        weights = self.model().weights()
        assert again.weights().keys() == weights.keys()
        assert all(torch.equal(again.weights()[name], weights[name]) for name in weights)
        assert again.score_items(DATA).equals(self.model().score_items(DATA))

    @pytest.mark.filterwarnings("ignore:.*unknown to the model")
    def test_unknown_user_gets_what_somebody_without_history_gets(self):
        model = self.model()
        nobody = Request(
            DATA, np.array(["nobody"], object), *np.zeros((2, 1), int), np.zeros(1, bool)
        )
        expected = model.score(nobody)
        for start in ("continue", "new"):
            stranger = model.score_items(frame_of("stranger ? 0\nstranger ! 1"), start=start)
            assert self.close(stranger.to_numpy(), expected)
        beside = model.score_items(pd.concat([frame_of("stranger ? 0"), LOG]))
        assert self.close(beside.loc[["stranger"]].to_numpy(), expected)
        alone = Request(DATA.slice(0, 0), nobody.users, *np.zeros((2, 1), int), nobody.new_session)
        assert self.close(model.score(alone), expected)
        assert model.recommend(frame_of("stranger ? 0"), top_k=10).tolist()[0].count(None) == 0

    @pytest.mark.filterwarnings("ignore:.*unknown to the model")
    def test_unknown_items_in_a_session_are_passed_over(self):
        found = self.model().score_items(frame_of("x ! 0\nx a 0\nx b 1\nx ? 2\nx c 3\nx ? 4"))
        expected = self.model().score_items(frame_of("x a 0\nx b 1\nx c 3"))
        assert self.close(found.to_numpy(), expected.to_numpy())

    def test_unknown_user_is_served_from_history(self):
        mine = LOG[LOG["USER_ID"] == "u3"]
        found = self.model().recommend(mine.assign(USER_ID="stranger"), top_k=10)
        assert set(found[0]) == {*ITEMS, *NEVER_SEEN}

    def test_seen_items_are_kept_unless_they_are_left_out(self):
        model = self.model()
        for user, all_of_them, unseen in zip(
            LOG["USER_ID"].unique(),
            model.recommend(DATA, top_k=10),
            model.recommend(DATA, top_k=10, exclude_seen=True),
            strict=True,
        ):
            seen = set(LOG.loc[LOG["USER_ID"] == user, "ITEM_ID"])
            assert set(all_of_them) == {*ITEMS, *NEVER_SEEN}
            kept = [item for item in all_of_them if item not in seen]
            assert unseen.tolist() == [*kept, *[None] * len(seen)]

    def test_ties_go_by_the_place_in_the_vocabulary(self):
        model = self.make()
        model.vocabulary = self.model().vocabulary
        model.take_weights(self.tied({k: v.clone() for k, v in self.model().weights().items()}), "")
        scores = model.score_items(DATA)
        assert (scores["y"] == scores["z"]).all()
        for user, found in zip(scores.index, model.recommend(DATA, top_k=10), strict=True):
            order = np.lexsort((np.arange(10), -scores.loc[user]))
            assert found.tolist() == scores.columns[order].tolist()

    def tied(self, weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Make the items that were never seen equal; in counts they are."""
        return weights

    def test_saved_model_comes_back(self, tmp_path):
        model = self.model()
        model.save(tmp_path / "model")
        again = hrnn.load(tmp_path / "model")
        assert type(again) is type(model)
        for start in ("continue", "new"):
            expected = model.score_items(DATA, start=start)
            assert again.score_items(DATA, start=start).equals(expected)
        assert again.record.facts == model.record.facts
        assert again.record.keys.tolist() == model.record.keys.tolist()
        assert again.settings() == model.settings()
        assert again.session_timeout_minutes == model.session_timeout_minutes

    def test_weights_that_do_not_fit_are_refused(self):
        weights = self.model().weights()
        for name, value in weights.items():
            rest = {other: weights[other] for other in weights if other != name}
            for damaged in (rest, {**rest, name: value[:-1]}, {**rest, name: value[None]}):
                model = self.make()
                model.vocabulary = self.model().vocabulary
                with pytest.raises((CheckpointError, ValueError, KeyError)):
                    model.take_weights(damaged, "a folder")

    def test_a_question_is_answered_alike_alone_and_beside_others_in_any_order(self):
        request = questions()
        together = self.model().score(request)
        for place in range(len(request)):
            assert self.close(self.model().score(part(request, [place])), together[[place]])
        shuffled = np.random.default_rng(1).permutation(len(request)).tolist()
        assert self.close(self.model().score(part(request, shuffled)), together[shuffled])
        twice = [4, 4, 0, 4]
        assert self.close(self.model().score(part(request, twice)), together[twice])
        for places, some in request.parts(5):
            assert self.close(self.model().score(some), together[places])

    def test_untrained_model_says_so(self, tmp_path):
        model = self.make()
        for ask in (model.recommend, model.recommend_frame, model.score_items):
            with pytest.raises(HRNNError, match="not trained; call train first"):
                ask(DATA)
        with pytest.raises(HRNNError, match="not trained; call train first"):
            model.save(tmp_path)

    def test_only_training_rows_are_learned_from(self):
        role = self.roles()
        other = LOG.copy()
        held_out = role != TRAIN
        other.loc[held_out, "ITEM_ID"] = other.loc[held_out, "ITEM_ID"].map(
            dict(zip(ITEMS, ITEMS[1:] + ITEMS[:1], strict=True))
        )
        other.loc[held_out, "OUTCOME"] = 1 - other.loc[held_out, "OUTCOME"]
        one, two = (trained(self.make(), frame, role).weights() for frame in (DATA, other))
        assert all(torch.equal(one[name], two[name]) for name in one)
        everything = trained(self.make(), DATA).weights()
        assert not all(torch.equal(one[name], everything[name]) for name in one)

    def test_nothing_outside_the_ranges_is_read(self):
        random, first = np.random.default_rng(2), DATA.user_starts[:-1]
        start, stop = first + 2, first + 7
        other = LOG.copy()
        inside = np.zeros(len(LOG), bool)
        for low, high in zip(start, stop, strict=True):
            inside[low:high] = True
        other.loc[~inside, "ITEM_ID"] = random.choice([*ITEMS, "?"], (~inside).sum())
        other.loc[~inside, "OUTCOME"] = 1 - other.loc[~inside, "OUTCOME"]
        before = np.zeros(len(LOG), bool)
        before[first] = before[first + 1] = True
        other.loc[before, "TIMESTAMP"] -= pd.Timedelta(minutes=500)
        other.loc[~before & ~inside, "TIMESTAMP"] += pd.Timedelta(minutes=500)
        changed = read_interactions(other)
        assert changed.user_starts.tolist() == DATA.user_starts.tolist()
        for new in (False, True):
            asked = (DATA.user_ids, start, stop, np.full(len(start), new))
            expected = self.model().score(Request(DATA, *asked))
            assert self.close(self.model().score(Request(changed, *asked)), expected)

    @staticmethod
    def roles() -> np.ndarray:
        """Roles for the rows of the log: the last four of each user are history or validate."""
        from_end = LOG.groupby("USER_ID").cumcount(ascending=False).to_numpy()
        return np.select([from_end == 2, from_end < 4], [VALID, HISTORY], TRAIN).astype(np.int8)


class AlikeBaseline(Alike):
    """A baseline needs no other rows than those that it learns from."""

    def test_rows_that_are_not_learned_from_may_be_missing(self):
        role = self.roles()
        kept = np.isin(role, (TRAIN, VALID))
        one = trained(self.make(), DATA, role).weights()
        for rows in (kept, role == TRAIN):
            two = trained(self.make(), LOG[rows], role[rows]).weights()
            assert all(torch.equal(one[name], two[name]) for name in one)

    def test_weights_are_whole_numbers_and_float32(self):
        kinds = {value.dtype for value in self.model().weights().values()}
        assert kinds <= {torch.int64, torch.float32}

    def test_items_without_a_positive_interaction_can_be_all_there_is(self):
        frame = LOG.assign(OUTCOME=0.0)
        model = trained(self.make(), frame)
        assert model.recommend(frame.head(3), top_k=8).tolist() == [list(ITEMS)]


class TestPopularity(AlikeBaseline):
    make = Popularity

    @staticmethod
    def known():
        rows = "u a 0\nu b 1\nv b 0\nw b 0\nw c 1\nv c 90"
        return rows, {"a 0": "b", "c 0\na 1": "b", "b 0": "c"}


class TestOwnPopularity(AlikeBaseline):
    make = OwnPopularity
    answers_are_new = False

    @staticmethod
    def known():
        rows = "\n".join(f"u{n} {item} {n}" for n, item in enumerate("aaaaaabbbcd"))
        return rows, {
            "d 0\na 1\nd 2\na 3\nd 400": "d",
            "c 0\na 1\nb 2\nc 3": "c",
            "c 0\nd 1\nb 2": "b",
        }


class TestCoOccurrence(AlikeBaseline):
    make = CoOccurrence

    @staticmethod
    def known():
        rows, minute = [], 0
        for pair in ("ab", "cd", "ef"):
            for _ in range(3):
                rows += [f"u {pair[0]} {minute}", f"u {pair[1]} {minute + 1}"]
                minute += 100
            rows += [f"u {pair[0]} {minute}", f"u x {minute + 1}", f"v x {minute}"]
            minute += 100
        answers = {"a 0": "b", "d 0": "c", "a 0\nb 1\ne 2": "f", "e 0\ne 1\na 500": "b"}
        return "\n".join(rows), answers


class TestSessionKNN(AlikeBaseline):
    make = SessionKNN

    @staticmethod
    def known():
        """Sessions of p, q and the one r that follows both; neither alone says which r."""
        rows, answers = [], {}
        for p in range(3):
            for q in range(3):
                rows += [f"u{p}{q} p{p} 0", f"u{p}{q} q{q} 1", f"u{p}{q} r{p}{q} 2"]
                answers[f"p{p} 0\nq{q} 1"] = f"r{p}{q}"
                answers[f"p{p} 0\nq{q} 300"] = f"r{p}{q}"
        return "\n".join(rows), answers
