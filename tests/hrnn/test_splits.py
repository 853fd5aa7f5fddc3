import numpy as np
import pandas as pd
import pytest

from hrnn import DataError, Interactions, read_interactions
from hrnn.columns import ITEM_ID, TIMESTAMP, USER_ID
from hrnn.evaluation.splits import all_rows, leave_last_out
from hrnn.training.roles import HISTORY, TRAIN, VALID


def log_of(rows: str) -> Interactions:
    """Read ``user item minute outcome`` lines; no outcome column where no line has one."""
    cells = [line.split() for line in rows.strip().splitlines()]
    frame = pd.DataFrame([cell[:3] for cell in cells], columns=[USER_ID, ITEM_ID, TIMESTAMP])
    start = pd.Timestamp("2024-01-01", tz="UTC")
    frame[TIMESTAMP] = start + pd.to_timedelta(frame[TIMESTAMP].astype(int), unit="min")
    if len(cells[0]) == 4:
        frame["OUTCOME"] = [cell[3] for cell in cells]
    return read_interactions(frame)


def items(data: Interactions, rows) -> list[str]:
    return data.item_ids[data.item_index[rows]].tolist()


def test_last_interaction_is_held_out_and_the_one_before_validates():
    data = log_of("u a 0\nu b 1\nu c 2\nu d 3")
    split = leave_last_out(data)
    assert items(data, split.test) == ["d"]
    assert split.role.tolist()[:3] == [TRAIN, TRAIN, VALID]
    known, role = split.known()
    assert items(known, slice(None)) == ["a", "b", "c"]
    assert role.tolist() == [TRAIN, TRAIN, VALID]
    assert items(split.histories(split.test), slice(None)) == ["a", "b", "c"]


def test_outcomes_of_zero_are_history_around_what_is_held_out():
    data = log_of("u a 0 1\nu z 1 0\nu b 2 1\nu y 3 0\nu c 4 1\nu x 5 0\nu d 6 1\nu w 7 0\nu v 8 0")
    split = leave_last_out(data)
    assert items(data, split.test) == ["d"]
    known, role = split.known()
    told = list(zip(items(known, slice(None)), role.tolist(), strict=True))
    assert told == [("a", TRAIN), ("z", TRAIN), ("b", TRAIN), ("y", TRAIN), ("c", VALID),
                    ("x", HISTORY)]  # fmt: skip
    assert items(split.histories(split.test), slice(None)) == ["a", "z", "b", "y", "c", "x"]
    assert split.counts == {"users": 1, "too_short": 0, "tied_last": 0, "after_last": 2}


def test_missing_outcomes_are_never_held_out():
    data = log_of("u a 0 1\nu b 1 1\nu c 2 1\nu d 3 nan")
    split = leave_last_out(data)
    assert items(data, split.test) == ["c"]
    assert split.counts["after_last"] == 1


def test_user_of_two_positives_is_too_short_and_learned_from_whole():
    data = log_of("long a 0 1\nlong b 1 1\nlong c 2 1\nshort a 0 1\nshort b 1 0\nshort c 2 1")
    split = leave_last_out(data)
    assert items(data, split.test) == ["c"]
    short = data.user_index == data.user_ids.tolist().index("short")
    assert split.role[short].tolist() == [TRAIN, TRAIN, TRAIN]
    assert split.counts["too_short"] == 1
    known, role = split.known()
    assert len(known) == 5
    assert (role == TRAIN).sum() == 4


@pytest.mark.parametrize(
    ("rows", "tied"),
    [
        ("u a 0 1\nu b 1 1\nu c 2 1", 0),
        ("u a 0 1\nu b 2 1\nu c 2 1", 1),  # the file's order decides between b and c
        ("u a 2 1\nu b 2 1\nu c 2 1", 1),
        ("u a 0 1\nu b 2 1\nu z 2 0\nu c 2 1", 1),
        ("u a 0 1\nu b 1 1\nu z 2 0\nu c 2 1", 0),  # an outcome of 0 could not be held out
        ("u a 0 1\nu b 1 1\nu c 2 1\nu z 2 0", 0),
    ],
)
def test_last_positives_that_tie_are_counted_and_keep_the_order_of_the_file(rows, tied):
    data = log_of(rows)
    split = leave_last_out(data)
    assert items(data, split.test) == ["c"]
    assert split.counts["tied_last"] == tied


def test_log_of_short_users_says_how_short_they_are():
    with pytest.raises(DataError, match=r"the most is 2.*all rows"):
        leave_last_out(log_of("u a 0\nu b 1\nv a 0"))
    with pytest.raises(DataError, match=r"none of 4 interactions has an outcome above 0"):
        leave_last_out(log_of("u a 0 0\nu b 1 0\nu c 2 0\nu d 3 0"))


SINGLETONS = (
    "u1 a 0\nu2 a 0\nu2 b 120\nu3 a 0\nu3 b 1\nu4 a 0\nu4 b 1\nu4 c 1440\nu4 d 1441\nu4 d 2880"
)


def test_of_one_event_users_only_the_long_one_is_tested():
    data = log_of(SINGLETONS)
    split = leave_last_out(data)
    assert split.counts == {"users": 4, "too_short": 3, "tied_last": 0, "after_last": 0}
    assert items(data, split.test) == ["d"]
    known, role = split.known()
    assert len(known) == 9
    assert items(known, role == VALID) == ["d"]
    assert items(known, role == TRAIN) == ["a", "a", "b", "a", "b", "a", "b", "c"]


def test_histories_are_the_rows_before_the_held_out_ones_of_those_users_only():
    data = log_of("u a 0\nu b 1\nu c 2\nv d 0\nv e 1\nv f 2\nv g 3\nw h 0\nx i 0\nx j 1\nx k 2")
    split = leave_last_out(data)
    assert items(data, split.test) == ["c", "g", "k"]
    assert items(split.histories(split.test[[0, 2]]), slice(None)) == ["a", "b", "i", "j"]
    assert items(split.histories(split.test[1:2]), slice(None)) == ["d", "e", "f"]
    assert len(split.histories(split.test[:0])) == 0


def test_random_logs_are_cut_as_a_loop_over_rows_cuts_them():
    random = np.random.default_rng(0)
    rows = [
        f"u{user} i{random.integers(9)} {random.integers(6)} {random.integers(2)}"
        for user in range(30)
        for _ in range(random.integers(1, 9))
    ]
    split = leave_last_out(data := log_of("\n".join(dict.fromkeys(rows))))
    role, test = [], []
    for user in range(len(data.user_ids)):
        own = np.flatnonzero(data.user_index == user)
        positive = [row for row in own if data.outcome[row] > 0]
        if len(positive) < 3:
            role += [TRAIN] * len(own)
            continue
        test.append(positive[-1])
        for row in own:
            if row < positive[-2]:
                role.append(TRAIN)
            else:
                role.append(VALID if row == positive[-2] else HISTORY)
    assert split.role.tolist() == role
    assert split.test.tolist() == test


def test_all_rows_are_learned_from_and_nothing_is_held_out():
    data = log_of(SINGLETONS)
    known, role = all_rows(data).known()
    assert known.frame().equals(data.frame())
    assert role.tolist() == [TRAIN] * 10
