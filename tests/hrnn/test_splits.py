import numpy as np
import pandas as pd
import pytest

from hrnn import ConfigError, DataError, Interactions, read_interactions, segment
from hrnn.columns import ITEM_ID, OUTCOME, SESSION_ID, TIMESTAMP, USER_ID
from hrnn.evaluation.splits import (
    Split,
    all_rows,
    last_session_out,
    leave_last_out,
    make_split,
    split_for,
    temporal,
)
from hrnn.training.config import SplitConfig
from hrnn.training.roles import HISTORY, TRAIN, VALID


def log_of(rows: str, ids: bool = False) -> Interactions:
    """Read ``user item minute outcome`` lines, or ``user item minute session`` ones.

    A session of "-" is none. There is no fourth column where the first line has none.
    """
    cells = [line.split() for line in rows.strip().splitlines()]
    frame = pd.DataFrame([cell[:3] for cell in cells], columns=[USER_ID, ITEM_ID, TIMESTAMP])
    start = pd.Timestamp("2024-01-01", tz="UTC")
    frame[TIMESTAMP] = start + pd.to_timedelta(frame[TIMESTAMP].astype(int), unit="min")
    if len(cells[0]) == 4:
        last = [None if cell[3] == "-" else cell[3] for cell in cells]
        frame[SESSION_ID if ids else OUTCOME] = last
    return read_interactions(frame.assign(ROW=[f"r{row}" for row in range(len(frame))]))


def items(data: Interactions, rows=slice(None)) -> list[str]:
    return data.item_ids[data.item_index[rows]].tolist()


def told(split: Split) -> list[tuple[str, int]]:
    """Item and role of every row that a model may be given."""
    known, role = split.known()
    return list(zip(items(known), role.tolist(), strict=True))


def test_last_interaction_is_held_out_and_the_one_before_validates():
    data = log_of("u a 0\nu b 1\nu c 2\nu d 3")
    split = leave_last_out(segment(data))
    assert items(data, split.test) == ["d"]
    assert told(split) == [("a", TRAIN), ("b", TRAIN), ("c", VALID)]
    assert split.name == "leave-last-out"
    assert split.data is data


def test_outcomes_of_zero_are_history_around_what_is_held_out():
    data = log_of("u a 0 1\nu z 1 0\nu b 2 1\nu y 3 0\nu c 4 1\nu x 5 0\nu d 6 1\nu w 7 0\nu v 8 0")
    split = leave_last_out(segment(data))
    assert items(data, split.test) == ["d"]
    assert told(split) == [("a", TRAIN), ("z", TRAIN), ("b", TRAIN), ("y", TRAIN), ("c", VALID),
                           ("x", HISTORY)]  # fmt: skip
    assert split.counts == {
        "users": 1, "too_short": 0, "trained": 4, "validated": 1, "held_out": 1,
        "tied_last": 0, "after_last": 2, "twins": 0, "between": 1,
    }  # fmt: skip


@pytest.mark.parametrize("cut", [leave_last_out, last_session_out])
def test_missing_outcomes_are_never_held_out(cut):
    data = log_of("u a 0 1\nu b 100 1\nu c 200 1\nu d 300 nan")
    split = cut(segment(data))
    assert items(data, split.test) == ["c"]
    assert split.counts["after_last"] == 1


def test_user_of_two_positives_is_too_short_and_learned_from_whole():
    data = log_of("long a 0 1\nlong b 1 1\nlong c 2 1\nshort a 0 1\nshort b 1 0\nshort c 2 1")
    split = leave_last_out(segment(data))
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
        ("u a 0 1\nu b 1 1\nu z 2 0\nu c 2 1", 1),  # the file's order decides whether z is seen
        ("u a 0 1\nu b 1 1\nu c 2 1\nu z 2 0", 0),
        ("t x 2 1\nu a 0 1\nu b 1 1\nu c 2 1", 0),  # another user's time is no tie
    ],
)
def test_held_out_rows_that_tie_with_the_row_before_keep_the_order_of_the_file(rows, tied):
    data = log_of(rows)
    split = leave_last_out(segment(data))
    assert items(data, split.test) == ["c"]
    assert split.counts["tied_last"] == tied


def test_first_row_of_a_log_ties_with_nothing():
    data = log_of("\n".join(["a z 10", *(f"u i{minute} {minute}" for minute in range(9))]))
    split = temporal(segment(data))
    assert split.test.tolist() == [0]
    assert split.counts["tied_last"] == 0


def test_first_rows_of_users_tie_with_nothing():
    late = ["a z 30", "b y 30"]
    data = log_of("\n".join([*late, *(f"u i{minute} {minute}" for minute in range(18))]))
    split = temporal(segment(data))
    assert split.test.tolist() == [0, 1]
    assert split.counts["tied_last"] == 0


SINGLETONS = (
    "u1 a 0\nu2 a 0\nu2 b 120\nu3 a 0\nu3 b 1\nu4 a 0\nu4 b 1\nu4 c 1440\nu4 d 1441\nu4 d 2880"
)


def test_of_one_event_users_only_the_long_one_is_tested():
    data = log_of(SINGLETONS)
    split = leave_last_out(segment(data))
    assert split.counts == {
        "users": 4, "too_short": 3, "trained": 8, "validated": 1, "held_out": 1,
        "tied_last": 0, "after_last": 0, "twins": 0, "between": 0,
    }  # fmt: skip
    assert items(data, split.test) == ["d"]
    known, role = split.known()
    assert len(known) == 9
    assert items(known, role == VALID) == ["d"]
    assert items(known, role == TRAIN) == ["a", "a", "b", "a", "b", "a", "b", "c"]


def test_last_session_is_held_out_whole_and_the_one_before_validates_whole():
    rows = (
        "u a 0 1\nu b 1 1\nu c 60 1\nu d 61 0\nu e 62 1\nu f 120 0\nu g 121 1\nu h 122 1\nu x 123 0"
    )
    data = log_of(rows)
    split = last_session_out(segment(data))
    assert items(data, split.test) == ["g", "h"]
    assert told(split) == [("a", TRAIN), ("b", TRAIN), ("c", VALID), ("d", HISTORY), ("e", VALID),
                           ("f", HISTORY)]  # fmt: skip
    assert split.counts == {
        "users": 1, "too_short": 0, "trained": 2, "validated": 2, "held_out": 2,
        "tied_last": 0, "after_last": 1, "twins": 0, "between": 2,
    }  # fmt: skip
    assert split.name == "last-session-out"


def test_sessions_without_a_positive_are_neither_held_out_nor_counted():
    rows = "u a 0 1\nu x 60 0\nu b 120 1\nu y 180 0\nu c 240 1\nu z 300 0"
    data = log_of(rows)
    split = last_session_out(segment(data))
    assert items(data, split.test) == ["c"]
    assert told(split) == [("a", TRAIN), ("x", TRAIN), ("b", VALID), ("y", HISTORY)]
    with pytest.raises(DataError, match=r"no user has three sessions .* \(the most is 2\)"):
        last_session_out(segment(log_of("u a 0 1\nu x 60 0\nu b 120 1\nu y 180 0")))


def test_validating_session_ends_where_the_held_out_one_begins():
    data = log_of("u a 0 s1\nu b 1 s2\nu c 2 s3\nu d 3 s2\nu e 4 s1\nu f 5 s3", ids=True)
    split = last_session_out(segment(data))
    assert items(data, split.test) == ["c", "f"]
    assert told(split) == [("a", TRAIN), ("b", VALID)]
    assert split.counts["after_last"] == 2


def test_sessions_of_a_split_are_cut_as_asked():
    data = log_of("u a 0 s1\nu b 1 s2\nu c 2 s3\nu d 3 s2\nu e 9 s1\nu f 11 s3", ids=True)
    assert items(data, make_split("last_session_out", data).test) == ["c", "f"]
    by_time = make_split("last_session_out", data, 0.5, use_session_ids=False)
    assert items(data, by_time.test) == ["f"]
    with pytest.raises(DataError, match="no user has three sessions"):
        make_split("last_session_out", data, 4, use_session_ids=False)


def test_temporal_split_cuts_all_users_at_one_moment():
    rows = [f"u{minute % 3} i{minute} {minute}" for minute in range(20)]
    data = log_of("\n".join(rows))
    split = temporal(segment(data))
    assert sorted(items(data, split.test)) == ["i18", "i19"]
    known, role = split.known()
    assert sorted(items(known, role == VALID)) == ["i16", "i17"]
    assert sorted(items(known, role == TRAIN)) == sorted(f"i{minute}" for minute in range(16))
    assert split.name == "global temporal split"
    assert split.counts == {
        "users": 3, "too_short": 1, "trained": 16, "validated": 2, "held_out": 2,
        "tied_last": 0, "after_last": 0, "twins": 0, "between": 0,
    }  # fmt: skip


def test_of_interactions_at_the_moment_of_the_cut_none_is_held_out():
    # Ten positives: eight until minute 7, then the ninth, tenth and one more at minute 8.
    rows = [f"u i{minute} {minute} 1" for minute in range(8)]
    data = log_of("\n".join([*rows, "v p 8 1", "w q 8 1", "x r 8 0", "x s 9 0", "w t 9 1"]))
    split = temporal(segment(data))
    assert items(data, split.test) == ["t"]
    known, role = split.known()
    assert items(known, role == VALID) == ["p", "q"]
    assert items(known, role == HISTORY) == ["r"]
    assert items(data, split.hidden) == ["t", "s"]


@pytest.mark.parametrize("cut", [leave_last_out, last_session_out, temporal])
def test_log_without_positives_says_that_there_is_nothing_to_learn_from(cut):
    sessions = segment(log_of("u a 0 0\nu b 1 0\nu c 2 0\nu d 3 nan"))
    with pytest.raises(DataError, match=r"none of 4 interactions has an outcome above 0.*OUTCOME"):
        cut(sessions)


def test_log_of_short_users_says_how_short_they_are():
    with pytest.raises(DataError, match=r"the most is 2.*all rows"):
        leave_last_out(segment(log_of("u a 0\nu b 1\nv a 0")))
    with pytest.raises(DataError, match=r"the most is 1.*a shorter timeout"):
        last_session_out(segment(log_of("u a 0\nu b 1\nu c 2\nv a 0")))


@pytest.mark.parametrize("rows", ["u a 0", "u a 0\nu b 0\nv c 0", "u a 0\nu b 1"])
def test_log_of_few_moments_cannot_be_cut_in_time(rows):
    sessions = segment(log_of(rows))
    count, moments = len(sessions.data), len(np.unique(sessions.data.time_us))
    with pytest.raises(DataError, match=rf"the {count} interactions .* lie on {moments} moments"):
        temporal(sessions)


def test_split_that_does_not_exist_is_refused_with_those_that_do():
    with pytest.raises(ConfigError, match=r"split='random': it must be 'leave_last_out' or"):
        make_split("random", log_of(SINGLETONS))


TWINS = "u a 0 1\nu b 1 1\nu c 2 {c}\nu c 2 1\nu d 3 {d}\nu d 3 1"


def test_rows_equal_to_a_held_out_or_validating_one_are_no_targets_but_history():
    split = leave_last_out(segment(log_of(TWINS.format(c=0, d=0))))
    assert told(split) == [("a", TRAIN), ("b", TRAIN), ("c", HISTORY), ("c", VALID), ("d", HISTORY)]
    assert split.counts["twins"] == 1
    assert split.counts["tied_last"] == 1


def test_row_equal_to_the_held_out_one_does_not_validate():
    split = leave_last_out(segment(log_of(TWINS.format(c=0, d=1))))
    assert told(split) == [("a", TRAIN), ("b", TRAIN), ("c", TRAIN), ("c", TRAIN), ("d", HISTORY)]
    assert (split.counts["validated"], split.counts["twins"]) == (0, 1)


def test_equal_rows_of_one_user_do_not_touch_those_of_another():
    rows = "t c 2 1\nt d 2 1\nu a 0 1\nu b 1 1\nu c 2 1\nv c 2 1\nv c 3 1"
    split = leave_last_out(segment(log_of(rows)))
    assert split.counts["twins"] == 0
    assert [role for item, role in told(split) if item in "cd"] == [TRAIN] * 4


def test_all_rows_are_learned_from_and_nothing_is_held_out():
    data = log_of(SINGLETONS)
    split = all_rows(segment(data))
    known, role = split.known()
    assert known.frame().equals(data.frame())
    assert role.tolist() == [TRAIN] * 10
    assert split.name == "all rows"
    assert not len(split.test)


def test_for_choosing_what_validates_is_measured_and_what_is_held_out_put_aside():
    data = log_of("u a 0\nu b 1\nu c 2\nu d 3\nu e 4\nv a 0\nv b 1\nv c 2")
    split = split_for(data, SplitConfig(measured_on="validation"))
    assert split.name == "leave-last-out on validation rows"
    assert items(split.data, split.test) == ["d"]  # e is put aside, and of v two are too few
    assert told(split) == [("a", TRAIN), ("b", TRAIN), ("c", VALID), ("a", TRAIN), ("b", TRAIN)]
    assert items(split.data) == ["a", "b", "c", "d", "a", "b"]
