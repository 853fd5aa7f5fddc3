import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hrnn.model.histories import Histories
from tests.hrnn.reference import Log, laid_out, logs, random_log


def as_lists(histories: Histories) -> Log:
    users = []
    for user in range(histories.users):
        numbers = range(histories.user_starts[user], histories.user_starts[user + 1])
        starts = histories.session_starts
        users.append([histories.items[starts[n] : starts[n + 1]].tolist() for n in numbers])
    return users


@settings(derandomize=True, deadline=None)
@given(logs)
def test_sessions_of_every_user_come_back_as_they_went_in(log):
    assert as_lists(laid_out(log)) == log


def test_interleaved_sessions_are_laid_out_one_after_the_other():
    item = np.array([1, 2, 3, 4, 5], np.int32)
    session = np.array([0, 1, 0, 1, 2])
    histories = Histories.of(item, np.array([0, 0, 0, 0, 1]), session, users=2)
    assert as_lists(histories) == [[[1, 3], [2, 4]], [[5]]]
    assert histories.rows.tolist() == [0, 2, 1, 3, 4]


def test_unknown_items_vanish_and_sessions_of_nothing_else_with_them():
    item = np.array([1, 0, 2, 0, 0, 3, 0, 0], np.int32)
    user = np.array([0, 0, 0, 0, 1, 1, 2, 3])
    session = np.array([0, 0, 1, 1, 2, 3, 4, 5])
    histories = Histories.of(item, user, session, users=5)
    assert as_lists(histories) == [[[1], [2]], [[3]], [], [], []]
    assert histories.rows.tolist() == [0, 2, 5]


def test_last_session_is_lost_only_where_all_its_items_are_unknown():
    item = np.array([1, 0, 1, 0, 0, 1, 0], np.int32)
    user = np.array([0, 0, 1, 1, 2, 2, 3])
    session = np.array([0, 0, 1, 2, 3, 4, 5])
    histories = Histories.of(item, user, session, users=5)
    #      last item unknown, last session unknown, first session unknown, everything, no row
    assert histories.lost_last.tolist() == [False, True, False, True, False]


@settings(derandomize=True, deadline=None)
@given(logs, st.integers(1, 5), st.integers(1, 6))
def test_window_keeps_the_last_sessions_and_their_last_items(log, max_sessions, max_session_len):
    whole = laid_out(log)
    kept = whole.window(max_sessions, max_session_len)
    assert as_lists(kept) == [
        [session[-max_session_len:] for session in user[-max_sessions:]] for user in log
    ]
    assert np.array_equal(whole.items[np.isin(whole.rows, kept.rows)], kept.items)
    assert np.array_equal(kept.lost_last, whole.lost_last)


def test_window_that_holds_everything_changes_nothing():
    whole = laid_out(random_log(3))
    kept = whole.window(4, 5)
    for name in ("items", "rows", "session_starts", "user_starts"):
        assert np.array_equal(getattr(whole, name), getattr(kept, name))
