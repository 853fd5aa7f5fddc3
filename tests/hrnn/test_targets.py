import numpy as np
import pytest

from hrnn import DataError
from hrnn.training.roles import HISTORY, TRAIN, VALID, check_learnable
from hrnn.training.targets import TrainingSet
from tests.hrnn.reference import laid_out


def roles(*values) -> np.ndarray:
    return np.array(values, np.int8)


def test_cross_entropy_learns_from_positive_outcomes_only():
    role = roles(TRAIN, TRAIN, VALID, VALID, HISTORY, TRAIN)
    outcome = np.array([1, 0, 1, 0, 1, np.nan])
    kept = check_learnable(role, outcome, 5, "cross_entropy")
    assert kept.tolist() == [TRAIN, HISTORY, VALID, HISTORY, HISTORY, HISTORY]


def test_bce_learns_from_every_observed_outcome():
    role = roles(TRAIN, TRAIN, VALID, TRAIN, HISTORY, TRAIN)
    outcome = np.array([1, 0, 0, 0.4, 1, np.nan])
    kept = check_learnable(role, outcome, 5, "bce")
    assert kept.tolist() == [TRAIN, TRAIN, VALID, TRAIN, HISTORY, HISTORY]
    assert role.tolist() == [TRAIN, TRAIN, VALID, TRAIN, HISTORY, TRAIN]


@pytest.mark.parametrize("loss", ["bce", "cross_entropy"])
@pytest.mark.parametrize("bad", [5.0, -1.0, 1.001])
def test_outcomes_outside_0_to_1_are_counted_and_name_the_regressor(loss, bad):
    outcome = np.array([1, bad, 0, bad])
    with pytest.raises(DataError, match=rf"2 of 4 outcomes .*{bad:g}.*scale them to 0–1"):
        check_learnable(roles(TRAIN, TRAIN, TRAIN, VALID), outcome, 5, loss)


def test_outcomes_of_history_rows_are_not_judged():
    kept = check_learnable(roles(TRAIN, HISTORY), np.array([1.0, 7.0]), 5, "bce")
    assert kept.tolist() == [TRAIN, HISTORY]


def test_cross_entropy_refuses_soft_labels_and_names_the_loss_that_takes_them():
    with pytest.raises(DataError, match=r"1 outcomes lie between 0 and 1.*0\.25.*loss='bce'"):
        check_learnable(roles(TRAIN, TRAIN), np.array([1, 0.25]), 5, "cross_entropy")


@pytest.mark.parametrize("outcome", [0.0, np.nan])
def test_rows_without_a_positive_outcome_leave_nothing_to_learn(outcome):
    with pytest.raises(DataError, match="no interaction to learn from"):
        check_learnable(roles(TRAIN, VALID), np.array([outcome, 1.0]), 5, "bce")


def test_catalogue_of_one_item_leaves_nothing_to_choose():
    with pytest.raises(DataError, match="one item"):
        check_learnable(roles(TRAIN), np.array([1.0]), 1, "bce")


def test_roles_and_outcomes_follow_their_rows_into_the_histories():
    # Session 1 of the user is laid out after session 0, and the unknown item disappears.
    histories = laid_out([[[1, 2], [3]], [[4]]])
    shuffled = histories.rows[::-1].copy()
    moved = type(histories)(
        histories.items, shuffled, histories.session_starts, histories.user_starts,
        histories.lost_last,
    )  # fmt: skip
    role = roles(TRAIN, TRAIN, VALID, HISTORY)
    made = TrainingSet.of(moved, role, np.array([1, 0.5, 1, 0]), 4, "bce")
    assert made.role.tolist() == [HISTORY, VALID, TRAIN, TRAIN]
    assert made.outcome.tolist() == [0, 1, 0.5, 1]


def test_users_with_a_target_are_found_for_each_role():
    histories = laid_out([[[1, 2], [3]], [], [[4]], [[5, 6]]])
    role = roles(HISTORY, TRAIN, VALID, VALID, HISTORY, TRAIN)
    made = TrainingSet.of(histories, role, np.ones(6), 6, "bce")
    assert made.users_with(TRAIN).tolist() == [0, 3]
    assert made.users_with(VALID).tolist() == [0, 2]
