import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hrnn import DataError
from hrnn.training.config import TrainConfig
from hrnn.training.roles import HISTORY, TRAIN, VALID, check_learnable
from hrnn.training.targets import TrainingSet
from tests.hrnn.reference import ITEMS, laid_out, logs

FROM_POSITIVES = ["cross_entropy", "bpr_max", "top1"]


def roles(*values) -> np.ndarray:
    return np.array(values, np.int8)


@pytest.mark.parametrize("loss", FROM_POSITIVES)
def test_comparing_losses_learn_from_positive_outcomes_only(loss):
    role = roles(TRAIN, TRAIN, VALID, VALID, HISTORY, TRAIN)
    outcome = np.array([1, 0, 1, 0, 1, np.nan])
    kept = check_learnable(role, outcome, 5, loss)
    assert kept.tolist() == [TRAIN, HISTORY, VALID, HISTORY, HISTORY, HISTORY]


def test_bce_learns_from_every_observed_outcome():
    role = roles(TRAIN, TRAIN, VALID, TRAIN, HISTORY, TRAIN)
    outcome = np.array([1, 0, 0, 0.4, 1, np.nan])
    kept = check_learnable(role, outcome, 5, "bce")
    assert kept.tolist() == [TRAIN, TRAIN, VALID, TRAIN, HISTORY, HISTORY]
    assert role.tolist() == [TRAIN, TRAIN, VALID, TRAIN, HISTORY, TRAIN]


def test_mse_learns_from_every_observed_outcome_whatever_its_size():
    role = roles(TRAIN, TRAIN, VALID, TRAIN, HISTORY, TRAIN)
    outcome = np.array([5, 0, -3.5, 1e6, 1, np.nan])
    kept = check_learnable(role, outcome, 5, "mse")
    assert kept.tolist() == [TRAIN, TRAIN, VALID, TRAIN, HISTORY, HISTORY]
    zeros = check_learnable(roles(TRAIN, TRAIN), np.array([0.0, -1]), 5, "mse")
    assert zeros.tolist() == [TRAIN, TRAIN]  # no positive is needed


@pytest.mark.parametrize("loss", ["bce", *FROM_POSITIVES])
@pytest.mark.parametrize("bad", [5.0, -1.0, 1.001])
def test_outcomes_outside_0_to_1_are_counted_and_name_the_regressor(loss, bad):
    outcome = np.array([1, bad, 0, bad])
    with pytest.raises(DataError, match=rf"2 of 4 outcomes .*{bad:g}.*scale.*HRNNRegressor"):
        check_learnable(roles(TRAIN, TRAIN, TRAIN, VALID), outcome, 5, loss)


def test_outcomes_of_history_rows_are_not_judged():
    kept = check_learnable(roles(TRAIN, HISTORY), np.array([1.0, 7.0]), 5, "bce")
    assert kept.tolist() == [TRAIN, HISTORY]


@pytest.mark.parametrize("loss", FROM_POSITIVES)
def test_comparing_losses_refuse_soft_labels_and_name_the_loss_that_takes_them(loss):
    told = rf"1 outcomes lie between 0 and 1.*0\.25.*{loss} takes 0 and 1 only.*loss='bce'"
    with pytest.raises(DataError, match=told):
        check_learnable(roles(TRAIN, TRAIN), np.array([1, 0.25]), 5, loss)


@pytest.mark.parametrize("outcome", [0.0, np.nan])
def test_rows_without_a_positive_outcome_leave_nothing_to_learn(outcome):
    with pytest.raises(DataError, match="no interaction to learn from"):
        check_learnable(roles(TRAIN, VALID), np.array([outcome, 1.0]), 5, "bce")


def test_mse_without_an_observed_outcome_leaves_nothing_to_learn():
    with pytest.raises(DataError, match="no training row has an outcome; check") as caught:
        check_learnable(roles(TRAIN, VALID), np.array([np.nan, 1]), 5, "mse")
    assert "above 0" not in str(caught.value)


def test_catalogue_of_one_item_leaves_nothing_to_choose():
    with pytest.raises(DataError, match="one item"):
        check_learnable(roles(TRAIN), np.array([1.0]), 1, "bce")


BCE = TrainConfig(loss="bce")


def test_roles_and_outcomes_follow_their_rows_into_the_histories():
    # Session 1 of the user is laid out after session 0, and the unknown item disappears.
    histories = laid_out([[[1, 2], [3]], [[4]]])
    moved = dataclasses.replace(histories, rows=histories.rows[::-1].copy())
    role = roles(TRAIN, TRAIN, VALID, HISTORY)
    made = TrainingSet.of(moved, role, np.array([1, 0.5, 1, 0]), 4, BCE)
    assert made.role.tolist() == [HISTORY, VALID, TRAIN, TRAIN]
    assert made.outcome.tolist() == [0, 1, 0.5, 1]
    assert made.histories is moved


def test_users_with_a_target_are_found_for_each_role():
    histories = laid_out([[[1, 2], [3]], [], [[4]], [[5, 6]]])
    role = roles(HISTORY, TRAIN, VALID, VALID, HISTORY, TRAIN)
    made = TrainingSet.of(histories, role, np.ones(6), 6, BCE)
    assert made.users_with(TRAIN).tolist() == [0, 3]
    assert made.users_with(VALID).tolist() == [0, 2]


def cut_by_hand(log, role, max_sessions, max_session_len) -> list[tuple[int, int, int]]:
    """Every row that a cut training reads: row, item and role, user after user."""
    read, row = [], 0
    for sessions in log:
        numbered = []
        for session in sessions:
            numbered.append([(row + place, item) for place, item in enumerate(session)])
            row += len(session)
        for session in numbered[-max_sessions:]:
            cut = len(session) > max_session_len
            for place, (number, item) in enumerate(session[-max_session_len:]):
                target = HISTORY if cut and place == 0 else role[number]
                read.append((number, item, target))
    return read


@settings(derandomize=True, deadline=None, max_examples=150)
@given(logs, st.integers(1, 5), st.integers(1, 6), st.randoms(use_true_random=False))
def test_truncated_training_has_the_targets_of_a_plain_loop(log, sessions, length, random):
    histories = laid_out(log)
    rows = len(histories.items)
    role = np.array([random.choice([HISTORY, TRAIN, TRAIN, VALID]) for _ in range(rows)], np.int8)
    expected = cut_by_hand(log, role, sessions, length)
    # The rows of the log stand in another order than the histories.
    place = np.array(random.sample(range(rows), rows), np.int64)
    moved = dataclasses.replace(histories, rows=place)
    role_of_row = np.empty_like(role)
    role_of_row[place] = role
    outcome_of_row = np.empty(rows)
    outcome_of_row[place] = np.arange(rows)
    config = TrainConfig(
        loss="mse", truncate_training=True, max_sessions=sessions, max_session_len=length
    )
    before = role_of_row.copy()
    if not any(target == TRAIN for _, _, target in expected):
        with pytest.raises(DataError, match="no interaction to learn from"):
            TrainingSet.of(moved, role_of_row, outcome_of_row, ITEMS, config)
        return
    made = TrainingSet.of(moved, role_of_row, outcome_of_row, ITEMS, config)
    found = list(
        zip(made.outcome.astype(int), made.histories.items, made.role.tolist(), strict=True)
    )
    assert found == expected
    assert np.array_equal(role_of_row, before)


def test_first_kept_item_of_a_cut_session_is_no_target_and_of_a_whole_one_it_is():
    log = [[[1], [2, 3, 4], [5, 6], [7]]]
    role = np.full(7, TRAIN, np.int8)
    config = TrainConfig(truncate_training=True, max_sessions=3, max_session_len=2)
    made = TrainingSet.of(laid_out(log), role, np.ones(7), ITEMS, config)
    assert made.histories.items.tolist() == [3, 4, 5, 6, 7]
    assert made.role.tolist() == [HISTORY, TRAIN, TRAIN, TRAIN, TRAIN]


def test_outcomes_that_a_cut_training_does_not_read_are_not_judged():
    histories = laid_out([[[1, 2], [3, 4]]])
    outcome = np.array([9.0, 1, 1, 1])
    config = TrainConfig(truncate_training=True, max_sessions=1)
    made = TrainingSet.of(histories, roles(TRAIN, TRAIN, TRAIN, TRAIN), outcome, 4, config)
    assert made.outcome.tolist() == [1, 1]
    with pytest.raises(DataError, match="1 of 4 outcomes are outside 0 to 1"):
        TrainingSet.of(histories, roles(TRAIN, TRAIN, TRAIN, TRAIN), outcome, 4, BCE)


def test_whole_training_reads_every_session_whatever_the_windows():
    config = TrainConfig(max_sessions=1, max_session_len=1)
    log = [[[1, 2], [3, 4]]]
    made = TrainingSet.of(laid_out(log), np.full(4, TRAIN, np.int8), np.ones(4), 4, config)
    assert made.role.tolist() == [TRAIN] * 4
