import numpy as np
import pandas as pd
import pytest

import hrnn
from hrnn import ConfigError
from hrnn.columns import ITEM_ID, TIMESTAMP, USER_ID
from hrnn.data.vocabulary import Vocabulary
from hrnn.recommend.asking import make_request, micros
from hrnn.recommend.request import Request
from tests.hrnn.test_splits_random import NOTE, random_log


def random_request(seed: int) -> Request:
    """Ask several times about some users, not in order, and about unknown ones."""
    random = np.random.default_rng(seed)
    data = random_log(seed)
    asked = []
    for _ in range(50):
        user = int(random.integers(len(data.user_ids)))
        start, end = data.user_starts[user : user + 2].tolist()
        low = int(random.integers(start, end + 1))
        asked.append((data.user_ids[user], low, int(random.integers(low, end + 1))))
    asked += [("nobody", 0, 0)] * int(random.integers(3))
    random.shuffle(asked)
    users, start, stop = zip(*asked, strict=True)
    new = random.random(len(asked)) < 0.5
    return Request(data, np.array(users, object), np.array(start), np.array(stop), new)


@pytest.mark.parametrize("seed", range(4))
def test_rows_and_owner_are_the_histories_one_after_the_other(seed):
    request = random_request(seed)
    rows, owner = [], []
    for question, (start, stop) in enumerate(zip(request.start, request.stop, strict=True)):
        for row in range(start, stop):
            rows.append(row)
            owner.append(question)
    assert request.rows.tolist() == rows
    assert request.owner.tolist() == owner
    assert len(request) == len(request.users) > 49


@pytest.mark.parametrize("seed", range(4))
def test_seen_items_are_those_of_each_history(seed):
    request = random_request(seed)
    vocabulary = Vocabulary(["i7", "unmet", "i0", "i3", "i11"])
    item = request.data.frame()[ITEM_ID].tolist()
    expected = [
        [one in item[start:stop] for one in vocabulary.ids]
        for start, stop in zip(request.start, request.stop, strict=True)
    ]
    assert request.seen(vocabulary).tolist() == expected
    assert request.seen(Vocabulary([])).shape == (len(request), 0)


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
@pytest.mark.parametrize("seed", range(3))
def test_parts_hold_every_question_once_with_its_history(seed, size):
    request = random_request(seed)
    notes = request.data.frame()[NOTE].tolist()
    met, last = [], -1
    for places, part in request.parts(size):
        assert 1 <= len(part) == len(places) <= size
        assert part.users.tolist() == request.users[places].tolist()
        assert part.new_session.tolist() == request.new_session[places].tolist()
        own = part.data.frame()[NOTE].tolist()
        for place, start, stop in zip(places, part.start, part.stop, strict=True):
            assert own[start:stop] == notes[request.start[place] : request.stop[place]]
        assert part.seen(Vocabulary(["i1", "i2"])).tolist() == (
            request.seen(Vocabulary(["i1", "i2"]))[places].tolist()
        )
        assert len(part.data) == request.stop[places].max() - request.start[places].min()
        assert request.stop[places].min() >= last  # parts go through the log from its beginning
        last = request.stop[places].max()
        met += places.tolist()
    assert sorted(met) == list(range(len(request)))


def test_parts_of_users_in_turn_read_little_more_than_their_own_rows():
    data = random_log(0)
    starts = data.user_starts
    users = len(data.user_ids)
    request = Request(data, data.user_ids, starts[:-1], starts[1:], np.zeros(users, bool))
    assert sum(len(part.data) for _, part in request.parts(5)) == len(data)


def test_request_of_nobody_has_no_parts():
    data, none = random_log(0), np.empty(0, np.int64)
    request = Request(data, np.empty(0, object), none, none, none.astype(bool))
    assert list(request.parts(3)) == []
    assert request.rows.tolist() == request.owner.tolist() == []
    assert request.seen(Vocabulary(["i1"])).shape == (0, 1)


def frame_of(*rows: tuple[str, str, int]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=[USER_ID, ITEM_ID, TIMESTAMP])


FRAME = frame_of(("b", "x", 60), ("a", "y", 600), ("b", "z", 0), ("a", "x", 1200), ("c", "x", 5))
ITEMS = Vocabulary(["x", "y", "z"])


def test_users_are_asked_about_in_order_of_first_appearance_with_their_rows_by_time():
    request = make_request(FRAME, "auto", None, 30, ITEMS)
    assert request.users.tolist() == ["b", "a", "c"]
    items = request.data.frame()[ITEM_ID].tolist()
    ranges = zip(request.start, request.stop, strict=True)
    assert [items[start:stop] for start, stop in ranges] == [["z", "x"], ["y", "x"], ["x"]]
    assert request.new_session.tolist() == [False] * 3


@pytest.mark.filterwarnings("ignore:1 of 2 rows kept")
def test_user_without_a_sound_row_has_an_empty_history():
    frame = frame_of(("gone", "x", 5), ("a", "y", 600)).astype({TIMESTAMP: object})
    frame.loc[0, TIMESTAMP] = "no time"
    with pytest.warns(UserWarning, match=r"1 of 2 users have no sound row \('gone'\)"):
        request = make_request(frame, "new", None, 30, ITEMS)
    assert request.users.tolist() == ["gone", "a"]
    assert (request.stop - request.start).tolist() == [0, 1]
    assert request.new_session.tolist() == [True, True]


@pytest.mark.parametrize(
    ("start", "now", "timeout", "new"),
    [
        ("new", None, 30, [True, True, True]),
        ("continue", "2024-01-01", 30, [False, False, False]),
        ("auto", 1200 + 1800, 30, [True, False, True]),  # a's last is 1200: a gap equal to 30 min
        ("auto", 1200 + 1800.001, 30, [True, True, True]),
        ("auto", 61, 30, [False, False, False]),
        ("auto", 1 << 30, None, [False, False, False]),
        ("auto", {"a": 9999, "c": 1805}, 30, [False, True, False]),
        ("auto", {"c": 1806, "nobody": 9}, 30, [False, False, True]),
        ("auto", "1970-01-01T01:00:00Z", 30, [True, True, True]),
        ("auto", pd.Timestamp("1970-01-01T01:31", tz="Europe/Paris"), 30, [False, False, True]),
    ],
)
def test_new_session_begins_where_the_wait_is_longer_than_the_timeout(start, now, timeout, new):
    assert make_request(FRAME, start, now, timeout, ITEMS).new_session.tolist() == new


def test_log_that_is_already_read_is_taken_as_it_is():
    data = hrnn.read_interactions(FRAME)
    request = make_request(data, "auto", None, 30, ITEMS)
    assert request.data is data
    assert request.users.tolist() == data.user_ids.tolist()
    assert request.start.tolist() == data.user_starts[:-1].tolist()
    assert request.stop.tolist() == data.user_starts[1:].tolist()


def test_unknown_items_are_said():
    with pytest.warns(UserWarning, match=r"2 of 3 items are unknown to the model .*\('y', 'z'\)"):
        make_request(FRAME, "auto", None, 30, Vocabulary(["x"]))


def test_moments_are_microseconds_and_nonsense_is_refused():
    assert micros(1.5) == 1_500_000
    assert (
        micros("1970-01-01T00:00:02Z") == micros(pd.Timestamp(2, unit="s", tz="UTC")) == 2_000_000
    )
    for nonsense in ("soon", float("nan"), float("inf"), None):
        with pytest.raises(ConfigError, match="it must be a time"):
            micros(nonsense)
    with pytest.raises(ConfigError, match="start='later'"):
        make_request(FRAME, "later", None, 30, ITEMS)
