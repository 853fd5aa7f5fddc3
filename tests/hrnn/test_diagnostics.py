"""Each finding is made where its cause is planted, and not where it is not."""

import numpy as np
import pandas as pd
import pytest

from hrnn import read_interactions, segment
from hrnn.diagnostics import (
    about_data,
    about_lists,
    about_sessions,
    about_settings,
    about_ties,
    about_training,
)
from hrnn.synthetic import SyntheticConfig, generate
from hrnn.training.config import TrainConfig

DAY = 86_400


def log_of(rows, columns=("USER_ID", "ITEM_ID", "TIMESTAMP", "OUTCOME")):
    frame = pd.DataFrame(rows, columns=list(columns[: len(rows[0])]))
    return read_interactions(frame)


def codes(findings) -> list[str]:
    return [one.code for one in findings]


@pytest.fixture(scope="module")
def healthy():
    return read_interactions(generate(SyntheticConfig(users=40, interactions=1200)).frame)


def test_healthy_log_has_no_finding(healthy):
    assert codes(about_data(healthy)) == []
    assert codes(about_sessions(segment(healthy), 100, 100)) == []


def test_log_without_positives_is_found():
    data = log_of([("u", "a", 1, 0), ("u", "b", 2, 0), ("v", "a", 3, 0)])
    (found,) = about_data(data)
    assert found.code == "NO_POSITIVE"
    assert "None of 3 interactions has an outcome above 0" in str(found)


def test_catalogue_of_one_item_is_found():
    assert codes(about_data(log_of([("u", "a", 1), ("u", "a", 99), ("v", "a", 3)]))) == ["ONE_ITEM"]


def test_one_interaction_a_user_can_only_teach_first_items():
    (found,) = about_data(log_of([("u", "a", 1), ("v", "b", 2)]))
    assert found.code == "ONE_INTERACTION_A_USER"
    assert "popular as a first item" in found.remedy
    assert codes(about_data(log_of([("u", "a", 1), ("v", "b", 2), ("v", "a", 9)]))) == []


def test_times_that_are_all_midnight_are_days():
    days = [("u", "a", "2024-01-01"), ("u", "b", "2024-01-02"), ("v", "a", "2024-01-05")]
    assert codes(about_data(log_of(days))) == ["DAY_RESOLUTION"]
    days[1] = ("u", "b", "2024-01-02T00:00:01")
    assert codes(about_data(log_of(days))) == []


@pytest.mark.parametrize(("tied", "found"), [(5, False), (6, True), (10, True)])
def test_ties_are_found_above_one_half_of_consecutive_pairs(tied, found):
    times = np.cumsum([0] + [0] * tied + [60] * (10 - tied))
    data = log_of([("u", f"i{n:02d}", int(time)) for n, time in enumerate(times)])
    assert bool(list(about_ties(data))) == found


def test_ties_tell_the_share_that_ascends_by_id():
    # pairs in a basket: 1<2, 2<3 ascend, 9>4 does not; then one untied pair
    rows = [("u", item, 0) for item in "123"] + [("v", item, 0) for item in "94"] + [("v", "5", 60)]
    (found,) = about_ties(log_of(rows))
    assert "75.0 % of consecutive interactions share user and time (3 of 4)" in found.evidence
    assert "66.7 % of these ascend by item id" in found.evidence
    assert "no evidence" in found.remedy


def test_one_session_a_user_is_found():
    data = log_of([("u", "a", 0), ("u", "b", 60), ("v", "a", 0), ("v", "c", 60)])
    assert codes(about_sessions(segment(data, 30))) == ["ONE_SESSION_A_USER"]
    assert codes(about_sessions(segment(data, 0.5))) == ["ONE_ITEM_A_SESSION"]


@pytest.mark.parametrize(("without", "found"), [(2, []), (3, ["FEW_SECOND_SESSIONS"])])
def test_users_without_a_second_session_are_found_above_one_half(without, found):
    rows = [(f"u{n}", "a", 0) for n in range(4)] + [(f"u{n}", "b", 60) for n in range(4)]
    rows += [(f"u{n}", "c", DAY) for n in range(without, 4)]
    assert codes(about_sessions(segment(log_of(rows), 30))) == found


def slow_cut_off(sessions, max_sessions, max_session_len) -> int:
    lost = 0
    for _, own in sessions.frame().groupby("USER_ID"):
        groups = [len(rows) for _, rows in own.groupby("SESSION")]
        kept = [min(size, max_session_len) for size in groups[-max_sessions:]]
        lost += sum(groups) - sum(kept)
    return lost


@pytest.mark.parametrize("lengths", [(1, 1), (2, 3), (5, 2), (3, 100), (100, 100)])
def test_interactions_cut_off_are_counted_as_a_loop_counts_them(healthy, lengths):
    sessions = segment(healthy)
    lost = slow_cut_off(sessions, *lengths)
    found = [one for one in about_sessions(sessions, *lengths) if one.code == "CUT_OFF"]
    assert bool(found) == (lost > 120)
    if found:
        assert f"{lost:,} of 1,200 interactions" in found[0].evidence


def test_bce_without_negatives_is_found():
    assert codes(about_settings(TrainConfig(num_negatives=0))) == ["NO_NEGATIVES"]
    assert codes(about_settings(TrainConfig())) == []
    assert codes(about_settings(TrainConfig(loss="cross_entropy", num_negatives=0))) == []


def curve(train, valid=None):
    valid = valid or [None] * len(train)
    records = [{"kind": "update", "loss": 1.0}]
    for epoch, (one, other) in enumerate(zip(train, valid, strict=True), start=1):
        records.append({"kind": "epoch", "epoch": epoch, "train_loss": one, "valid_loss": other})
    return records


@pytest.mark.parametrize(
    ("train", "valid", "expected"),
    [
        ([2.0, 1.999, 1.998], None, ["LOSS_DOES_NOT_MOVE"]),
        ([2.0, 1.5, 1.2], None, []),
        ([2.0, 1.5, 1.0], [2.1, 1.9, 2.2], ["OVERFITTING"]),
        ([2.0, 1.5, 1.0], [2.1, 1.9, 1.91], []),
        ([2.0, 1.5, 1.6], [2.1, 1.9, 2.2], []),  # both rise: no overfitting
        ([2.0, 1.5, 1.0], [2.1, 1.9, 1.5], ["STILL_IMPROVING"]),
        ([2.0, 1.5, 1.0], [2.1, 1.9, 1.899], []),
        ([2.0, 1.5, 1.45], [1.9, 1.4, 1.39], ["VALID_BELOW_TRAIN"]),
        ([2.0, 1.5, 1.2], [1.9, 1.4, 1.3], ["STILL_IMPROVING"]),
        ([2.0], [2.1], []),
    ],
)
def test_curves_are_read(train, valid, expected):
    assert codes(about_training(curve(train, valid), TrainConfig())) == expected


def test_validation_below_training_needs_dropout():
    config = TrainConfig(dropout_rate=0.0)
    assert codes(about_training(curve([2.0, 1.5, 1.45], [1.9, 1.4, 1.39]), config)) == []
    (found,) = about_training(curve([2.0, 1.5, 1.45], [1.9, 1.4, 1.39]), TrainConfig())
    assert "training drops 20.0 % of its inputs" in found.remedy


def test_overfitting_says_whether_the_best_weights_are_back():
    records = curve([2.0, 1.5, 1.0], [2.1, 1.9, 2.2])
    (kept,) = about_training(records, TrainConfig())
    (lost,) = about_training(records, TrainConfig(restore_best_weights=False))
    assert "from 1.900 in epoch 2 to 2.200" in kept.evidence
    assert "keep the best ones (restore_best_weights)" in lost.remedy
    assert kept.remedy.startswith("The best weights were kept.")


def test_the_same_list_for_everybody_is_a_collapse():
    same = np.tile([3, 1, 2], (10, 1))
    (found,) = about_lists(same, 0.2, "HRNN")
    assert found.code == "POPULARITY_COLLAPSE"
    assert "HRNN recommends the same 3 items for 100.0 % of 10 histories" in found.evidence
    shuffled = np.array([np.random.default_rng(n).permutation([1, 2, 3]) for n in range(10)])
    assert codes(about_lists(shuffled, 0.2, "HRNN")) == ["POPULARITY_COLLAPSE"]
    own = np.arange(30).reshape(10, 3)
    assert codes(about_lists(own, 0.2, "HRNN")) == []
    assert codes(about_lists(own, 0.95, "HRNN")) == ["POPULARITY_COLLAPSE"]
    assert codes(about_lists(same[:1], 0.2, "HRNN")) == []
    assert codes(about_lists(np.full((9, 3), -1), 0.2, "HRNN")) == []
    (found,) = about_lists(own, 0.95, "kNN", trained=False)
    assert found.evidence.endswith("95.0 % of the items in lists of 3")
    assert "train" not in found.remedy
