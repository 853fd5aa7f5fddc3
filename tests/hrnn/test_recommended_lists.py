import numpy as np
import pytest

import hrnn
from hrnn import ConfigError, InteractionsDataset, Popularity
from hrnn.recommend import base
from tests.hrnn.reference import LOG, READ, frame_of, trained_model

# A warning that no test expects is a fault.
pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture(scope="module")
def model():
    return trained_model(READ)


def test_recommendations_come_in_order_of_first_appearance(model):
    answer = model.recommend(LOG, top_k=5)
    scores = model.score_items(LOG)
    assert answer.shape == (3, 5)
    assert answer.dtype == object
    for row, user in zip(answer, ["zoe", "adam", "eve"], strict=True):
        assert row.tolist() == scores.loc[user].sort_values(ascending=False).index.tolist()
    assert model.recommend(LOG, top_k=2).tolist() == answer[:, :2].tolist()


@pytest.mark.parametrize("top_k", [6, 100])
def test_top_k_beyond_the_catalogue_warns_and_rows_end_in_none(model, top_k):
    told = f"top_k={top_k} is beyond the catalogue of 5 items; rows end in None"
    with pytest.warns(UserWarning, match=told) as caught:
        answer = model.recommend(READ, top_k=top_k)
    assert answer.shape == (3, top_k)
    assert answer[:, :5].tolist() == model.recommend(READ, top_k=5).tolist()
    assert (answer[:, 5:] == None).all()  # noqa: E711
    with pytest.warns(UserWarning, match=told) as also:
        frame = model.recommend_frame(READ, top_k=top_k)
    assert frame.equals(model.recommend_frame(READ, top_k=5))
    assert [one.filename for one in (*caught, *also)] == [__file__] * 2


def test_recommend_frame_says_the_same_with_rank_and_score(model):
    frame = model.recommend_frame(LOG, top_k=3)
    scores = model.score_items(LOG)
    assert frame.columns.tolist() == ["USER_ID", "RANK", "ITEM_ID", "SCORE"]
    assert frame["USER_ID"].tolist() == ["zoe"] * 3 + ["adam"] * 3 + ["eve"] * 3
    assert frame["RANK"].tolist() == [1, 2, 3] * 3
    assert frame["ITEM_ID"].tolist() == model.recommend(LOG, top_k=3).ravel().tolist()
    told = [scores.loc[row.USER_ID, row.ITEM_ID] for row in frame.itertuples()]
    assert frame["SCORE"].tolist() == pytest.approx(told, abs=1e-6)


def test_nobody_asked_for_gets_an_empty_answer(model):
    nobody = hrnn.read_interactions(LOG).of_user("stranger")
    assert model.recommend(nobody, top_k=3).shape == (0, 3)
    frame = model.recommend_frame(nobody, top_k=3)
    assert frame.columns.tolist() == ["USER_ID", "RANK", "ITEM_ID", "SCORE"]
    assert len(frame) == 0
    assert model.score_items(nobody).shape == (0, 5)


@pytest.mark.parametrize("top_k", [0, -1, 2.0, "3", True, None])
def test_top_k_must_be_a_whole_number_above_zero(model, top_k):
    with pytest.raises(ConfigError, match=f"top_k={top_k!r}: .*at least 1"):
        model.recommend(READ, top_k=top_k)
    with pytest.raises(ConfigError, match="top_k"):
        model.recommend_frame(READ, top_k=top_k)


def test_seen_items_can_be_left_out(model):
    answer = model.recommend(READ, top_k=5, exclude_seen=True)
    assert set(answer[0]) == {"e", None}
    assert set(answer[1]) == {"a", "c", "d", None}
    assert set(answer[2]) == {"d", "e", None}
    assert answer[0].tolist() == ["e", None, None, None, None]
    kept = [item for item in model.recommend(READ, top_k=5)[1] if item in "acd"]
    assert answer[1].tolist() == [*kept, None, None]


def test_user_who_has_seen_the_whole_catalogue_gets_no_unseen_item():
    log = frame_of("u1 i1 0\nu1 i2 1\nu1 i3 2\nu1 i4 3\nu2 i1 0\nu2 i2 1")
    model = trained_model(log, loss="bce", num_negatives=3)
    counts = [(row != None).sum() for row in model.recommend(log, top_k=4)]  # noqa: E711
    assert counts == [4, 4]
    hidden = model.recommend_frame(log, top_k=4, exclude_seen=True)
    assert hidden["USER_ID"].tolist() == ["u2", "u2"]
    assert sorted(hidden["ITEM_ID"]) == ["i3", "i4"]
    assert np.isfinite(hidden["SCORE"]).all()
    assert model.recommend(log, top_k=4, exclude_seen=True)[0].tolist() == [None] * 4


def test_equal_scores_go_by_item_id_whatever_top_k():
    scores = np.array([1, 3, 3, 0, 3, 1], np.float32)
    order = [1, 2, 4, 0, 5, 3]
    for top_k in range(1, 9):
        assert base.top_places_of_all(scores[None], top_k)[0].tolist() == order[:top_k]


# A subset of the items.


@pytest.fixture
def limited(model):
    """The model, limited to two items."""
    model.set_item_subset(["e", "b", "e"])
    yield model
    model.clear_item_subset()


def test_item_subset_limits_recommendations_and_scores(model):
    scores, order = model.score_items(READ), model.recommend(READ, top_k=5)
    assert not model.has_item_subset
    model.set_item_subset(item for item in ("e", "b", "e"))  # any iterable, in any order
    assert model.has_item_subset
    found = model.score_items(READ)
    assert found.equals(scores[["b", "e"]])
    assert found.columns.name == "ITEM_ID"
    with pytest.warns(UserWarning, match="top_k=4 is beyond the subset of 2 items"):
        answer = model.recommend(READ, top_k=4)
    assert answer.shape == (3, 4)
    for row, whole in zip(answer, order, strict=True):
        assert row.tolist() == [*(item for item in whole if item in "be"), None, None]
    with pytest.warns(UserWarning, match="beyond the subset"):
        frame = model.recommend_frame(READ, top_k=4)
    assert frame["ITEM_ID"].tolist() == [item for row in answer for item in row[:2]]
    assert frame["RANK"].tolist() == [1, 2] * 3
    model.set_item_subset(["a"])
    with pytest.warns(UserWarning, match="beyond the subset"):
        assert model.recommend(READ, top_k=2).tolist() == [["a", None]] * 3
    model.clear_item_subset()
    assert not model.has_item_subset
    assert model.score_items(READ).equals(scores)
    assert model.recommend(READ, top_k=5).tolist() == order.tolist()


def test_seen_items_stay_hidden_in_a_subset(limited):
    with pytest.warns(UserWarning, match="beyond the subset of 2 items"):
        answer = limited.recommend(READ, top_k=3, exclude_seen=True)
    assert answer.tolist() == [["e", None, None], [None] * 3, ["e", None, None]]


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ([], "item_subset holds no item"),
        (["a", "x"], r"item_subset holds 1 unknown items \('x'\)"),
        (["x", "y", "z", "w"], r"holds 4 unknown items \('x', 'y', 'z' and 1 more\)"),
    ],
)
def test_subset_of_none_or_of_unknown_items_is_refused_and_the_old_one_stays(limited, wanted, told):
    with pytest.raises(ConfigError, match=told + "; pass ids that the model was trained on"):
        limited.set_item_subset(wanted)
    assert limited.score_items(READ).columns.tolist() == ["b", "e"]


def test_new_training_forgets_the_subset():
    made = trained_model(READ)
    made.set_item_subset(["a"])
    made.train(interactions_ds=InteractionsDataset(READ.of_user("zoe")))
    assert made.score_items(READ.of_user("zoe")).columns.tolist() == list("abc")


def test_every_model_takes_a_subset():
    popular = Popularity()
    popular.train(interactions_ds=InteractionsDataset(READ))
    popular.set_item_subset(["d", "e"])
    assert popular.recommend(READ, top_k=2).tolist() == [["e", "d"]] * 3


# Sampled lists; what is drawn how often is tested in test_ranking.


def lists(model, **asked) -> list[list]:
    return model.recommend(READ, top_k=5, **asked).tolist()


def test_sampled_lists_repeat_with_the_seed_and_differ_by_it(model):
    warm = {"sampling_temperature": 3.0}
    assert lists(model, seed=1, **warm) == lists(model, seed=1, **warm)
    assert lists(model, **warm) == lists(model, seed=0, **warm)
    drawn = [lists(model, seed=seed, **warm) for seed in range(10)]
    assert len({str(one) for one in drawn}) > 5
    assert all(sorted(row) == list("abcde") for one in drawn for row in one)  # each item once


def test_temperature_zero_ranks_and_a_low_one_nearly_does(model):
    ranked = lists(model)
    assert lists(model, sampling_temperature=0, seed=5) == ranked
    assert lists(model, sampling_temperature=0.0, seed=6) == ranked
    assert lists(model, sampling_temperature=None) == ranked
    gaps = -np.diff(np.sort(model.score_items(READ))[:, ::-1])
    assert gaps.min() > 1e-3
    for seed in range(5):
        assert lists(model, sampling_temperature=1e-5, seed=seed) == ranked


def test_global_random_state_does_not_matter_to_sampled_lists(model):
    drawn = []
    for seed in (1, 2):
        np.random.seed(seed)  # noqa: NPY002 - the global state is what must not matter
        before = np.random.get_state()[1].tolist()  # noqa: NPY002
        drawn.append(lists(model, sampling_temperature=3.0))
        assert np.random.get_state()[1].tolist() == before  # noqa: NPY002
    assert drawn[0] == drawn[1]


def test_sampled_frame_says_what_the_list_says_with_the_models_own_scores(model):
    asked = {"sampling_temperature": 2.0, "seed": 3}
    frame = model.recommend_frame(READ, top_k=3, **asked)
    answer, scores = model.recommend(READ, top_k=3, **asked), model.score_items(READ)
    assert frame["ITEM_ID"].tolist() == answer.ravel().tolist()
    assert frame["RANK"].tolist() == [1, 2, 3] * 3
    told = [scores.loc[row.USER_ID, row.ITEM_ID] for row in frame.itertuples()]
    assert frame["SCORE"].tolist() == pytest.approx(told, abs=1e-6)
    assert answer.tolist() != model.recommend(READ, top_k=3).tolist()


@pytest.mark.parametrize("temperature", [-1, -1e-9, float("nan"), float("inf")])
def test_temperature_below_0_or_no_number_is_refused(model, temperature):
    for asked in (READ, READ.of_user("stranger")):
        for ask in (model.recommend, model.recommend_frame):
            with pytest.raises(ConfigError, match=r"sampling_temperature=.*must be 0 or above"):
                ask(asked, top_k=2, sampling_temperature=temperature)


@pytest.mark.parametrize(
    "asked",
    [
        {"sampling_temperature": "hot"},
        {"sampling_temperature": 1.0, "seed": -1},
        {"sampling_temperature": 1.0, "seed": "a"},
        {"sampling_temperature": 1.0, "seed": None},
    ],
    ids=str,
)
def test_temperature_and_seed_that_are_no_numbers_are_refused(model, asked):
    with pytest.raises(ConfigError):
        model.recommend(READ, top_k=2, **asked)


def test_sampled_list_of_a_user_does_not_depend_on_who_else_is_asked_about(model):
    warm = {"top_k": 5, "sampling_temperature": 3.0}
    together = model.recommend(READ, **warm).tolist()
    for user, row in zip(READ.user_ids, together, strict=True):
        assert model.recommend(READ.of_user(user), **warm).tolist() == [row]


def test_list_longer_than_the_subset_is_said():
    popular = Popularity()
    popular.train(interactions_ds=InteractionsDataset(READ))
    popular.set_item_subset(["a"])
    with pytest.warns(UserWarning, match="top_k=3 is beyond the subset of 1 items"):
        assert popular.recommend(READ, top_k=3)[0].tolist() == ["a", None, None]
