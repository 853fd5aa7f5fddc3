from collections import Counter
from dataclasses import asdict

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hrnn import ConfigError, DataError, Interactions, read_interactions, segment
from hrnn.data.cleaning import Cleaned, CleaningConfig, Step, clean, count_events

NAN = float("nan")


def log(*rows: str, columns: str = "USER_ID ITEM_ID TIMESTAMP") -> Interactions:
    """Read rows of text, e.g. "ann a 0 view"; times are minutes, "." is a blank."""
    cells = [[None if cell == "." else cell for cell in row.split()] for row in rows]
    frame = pd.DataFrame(cells, columns=columns.split())
    start = pd.Timestamp("2024-01-01T10:00:00Z")
    frame["TIMESTAMP"] = start + pd.to_timedelta(frame["TIMESTAMP"].astype(float), unit="min")
    return read_interactions(frame)


EVENTS = log(
    "ann a 0 view", "ann b 1 buy", "ann c 2 .", "bob a 0 view", "bob b 1 view", "cyd c 0 cart",
    columns="USER_ID ITEM_ID TIMESTAMP event",
)  # fmt: skip


def rows(data: Interactions) -> list[tuple[str, str]]:
    return list(zip(data.user_ids[data.user_index], data.item_ids[data.item_index], strict=True))


def left(data: Interactions, **config) -> list[tuple[str, str]]:
    return rows(clean(data, CleaningConfig(**config)).data)


def counts(cleaned: Cleaned) -> list[tuple[str, int, int, int]]:
    return [(step.name, step.rows, step.users, step.items) for step in cleaned.steps]


def test_without_a_wish_everything_stays_and_the_waterfall_is_what_came_in():
    cleaned = clean(EVENTS, CleaningConfig())
    assert cleaned.data is EVENTS
    assert cleaned.steps == (Step("came_in", "came in", 6, 3, 3),)


def test_events_keep_their_types_and_get_an_outcome_each():
    config = CleaningConfig(event_column="event", events={"view": 0.25, "buy": 2})
    cleaned = clean(EVENTS, config)
    assert rows(cleaned.data) == [("ann", "a"), ("ann", "b"), ("bob", "a"), ("bob", "b")]
    assert cleaned.data.outcome.tolist() == [0.25, 2, 0.25, 0.25]
    assert cleaned.data.report.outcome_mode == "continuous"
    assert EVENTS.report.outcome_mode == "positives"
    assert cleaned.steps[1] == Step("events", "event types view, buy", 4, 2, 2)


def test_blank_event_is_a_type_with_an_empty_name():
    cleaned = clean(EVENTS, CleaningConfig(event_column="event", events={"": 1, "cart": 0}))
    assert rows(cleaned.data) == [("ann", "c"), ("cyd", "c")]
    assert cleaned.data.outcome.tolist() == [1, 0]
    assert cleaned.steps[1].words == "event types (blank), cart"


def test_outcomes_stay_where_events_are_not_chosen_even_those_not_observed():
    data = EVENTS.with_outcome(np.array([NAN, 0, 1, 0.5, NAN, 3]))
    cleaned = clean(data, CleaningConfig(event_column="event", set_aside=("ann",)))
    assert str(cleaned.data.outcome.tolist()) == "[0.5, nan, 3.0]"


def test_event_types_are_counted_most_frequent_first():
    assert count_events(EVENTS, "event") == {"view": 3, "buy": 1, "cart": 1, "": 1}
    assert next(iter(count_events(EVENTS, "event"))) == "view"
    assert count_events(EVENTS.slice(3, 5), "event") == {"view": 2}


def test_events_in_a_column_that_is_not_there_are_refused_with_those_that_are():
    for ask in (
        lambda: clean(EVENTS, CleaningConfig(event_column="type", events={"view": 1})),
        lambda: count_events(EVENTS, "type"),
    ):
        with pytest.raises(DataError, match=r"no column 'type' for event types.*SESSION_ID, event"):
            ask()


def test_events_that_no_row_has_are_refused_with_those_that_are_there():
    with pytest.raises(DataError) as caught:
        clean(EVENTS, CleaningConfig(event_column="event", events={"order": 1}))
    assert str(caught.value) == (
        "event types order: of 6 interactions (3 users, 3 items) none is left;"
        " choose among 'view' (3), 'buy' (1), 'cart' (1), '' (1)"
    )


def test_rows_whose_user_or_item_looks_missing_are_dropped():
    data = log("ann a 0", "ann NULL 1", "nan b 0", "nancy c 0", "None d 0")
    assert left(data, drop_na_like=True) == [("ann", "a"), ("nancy", "c")]
    assert len(left(data)) == 5


def test_set_aside_users_go_and_those_not_there_are_counted():
    cleaned = clean(EVENTS, CleaningConfig(set_aside=("bob", "zoe", "cyd")))
    assert rows(cleaned.data) == [("ann", "a"), ("ann", "b"), ("ann", "c")]
    words = "2 users set aside (1 not in the log)"
    assert cleaned.steps[1] == Step("set_aside", words, 3, 1, 3)


def test_item_with_just_the_minimum_stays():
    data = log("ann a 0", "ann b 1", "ann b 2", "bob b 0", "bob c 1", "bob c 2")
    assert left(data, min_item_interactions=3) == [("ann", "b"), ("ann", "b"), ("bob", "b")]


def test_session_with_just_the_minimum_stays_whatever_the_users_others_have():
    data = log("ann a 0", "ann b 30", "ann c 61", "ann d 100", "ann e 129", "bob f 0")
    kept = [("ann", "a"), ("ann", "b"), ("ann", "d"), ("ann", "e")]
    assert left(data, min_session_interactions=2) == kept
    assert left(data, min_session_interactions=2, timeout_minutes=40)[2] == ("ann", "c")


def test_user_with_just_the_minimum_of_sessions_stays():
    data = log("ann a 0", "ann b 31", "bob a 0", "bob b 1")
    assert left(data, min_user_sessions=2) == [("ann", "a"), ("ann", "b")]


def test_session_ids_decide_unless_they_are_not_to():
    data = log(
        "ann a 0 x", "ann b 1 y", "bob a 0 z", "bob b 99 z",
        columns="USER_ID ITEM_ID TIMESTAMP SESSION_ID",
    )  # fmt: skip
    assert left(data, min_user_sessions=2) == [("ann", "a"), ("ann", "b")]
    assert left(data, min_user_sessions=2, use_session_ids=False) == [("bob", "a"), ("bob", "b")]


def test_minimums_are_repeated_until_nothing_changes_and_the_rounds_are_counted():
    # d is rare. Without it bob's session is short, without bob e is rare, and so on.
    data = log(
        "ann a 0", "ann b 1", "bob d 0", "bob e 1", "cyd e 0", "cyd f 1", "dan f 0", "dan a 1",
        "eve a 0", "eve b 1",
    )  # fmt: skip
    cleaned = clean(data, CleaningConfig(min_item_interactions=2, min_session_interactions=2))
    assert rows(cleaned.data) == [("ann", "a"), ("ann", "b"), ("eve", "a"), ("eve", "b")]
    assert counts(cleaned) == [
        ("came_in", 10, 5, 5),
        ("items", 9, 5, 4),
        ("sessions", 8, 4, 4),
        ("again", 4, 2, 2),
    ]
    words = "these minimums again, until nothing changes (2 more rounds)"
    assert cleaned.steps[-1].words == words


def test_gap_that_grows_with_a_dropped_item_cuts_the_session():
    config = CleaningConfig(min_item_interactions=2, min_session_interactions=2)
    data = log("ann a 0", "ann rare 20", "ann a 40", "bob b 0", "bob b 1")
    assert rows(clean(data, config).data) == [("bob", "b"), ("bob", "b")]
    data = log("ann a 0", "ann c 20", "ann a 40", "bob b 0", "bob b 1", "cyd c 0")
    cleaned = clean(data, config)  # here the item is rare in the second round
    assert rows(cleaned.data) == [("bob", "b"), ("bob", "b")]
    assert cleaned.steps[-1].words.endswith("(1 more round)")


def test_steps_come_in_their_order_each_counted_after_it():
    data = log(
        "ann a 0 view", "ann b 1 view", "ann b 2 skip", "bob a 0 view", "bob na 1 view",
        "bot a 0 view", "bot c 1 view", "bob b 60 view", "ann a 60 view", "bob a 61 view",
        columns="USER_ID ITEM_ID TIMESTAMP event",
    )  # fmt: skip
    config = CleaningConfig(
        event_column="event", events={"view": 1}, drop_na_like=True, set_aside=("bot",),
        min_item_interactions=2, min_session_interactions=2, min_user_sessions=1,
    )  # fmt: skip
    cleaned = clean(data, config)
    assert counts(cleaned) == [
        ("came_in", 10, 3, 4),
        ("events", 9, 3, 4),
        ("na_like", 8, 3, 3),
        ("set_aside", 6, 2, 2),
        ("items", 6, 2, 2),
        ("sessions", 4, 2, 2),
    ]
    assert [step.words for step in cleaned.steps[2:]] == [
        "without ids that look like missing values",
        "1 user set aside",
        "items of 2 interactions or more",
        "sessions of 2 interactions or more",
    ]


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            {"min_item_interactions": 4},
            "items of 4 interactions or more: of 6 interactions (3 users, 3 items) none is left;"
            " the most that one has is 2; lower min_item_interactions",
        ),
        (
            {"min_session_interactions": 1000},
            "sessions of 1,000 interactions or more: of 6 interactions (3 users, 3 items) none is"
            " left; the most that one has is 3; lower min_session_interactions",
        ),
        (
            {"min_user_sessions": 2},
            "users of 2 sessions or more: of 6 interactions (3 users, 3 items) none is left; the"
            " most that one has is 1; lower min_user_sessions",
        ),
        (
            {"set_aside": ("ann", "bob", "cyd")},
            "3 users set aside: of 6 interactions (3 users, 3 items) none is left; set fewer"
            " users aside",
        ),
    ],
)
def test_step_that_leaves_nothing_is_refused_with_counts_and_remedy(config, message):
    with pytest.raises(DataError) as caught:
        clean(EVENTS, CleaningConfig(**config))
    assert str(caught.value) == message


def test_log_of_missing_ids_alone_is_refused():
    with pytest.raises(DataError, match=r"of 1 interactions .* map the columns that hold the ids"):
        clean(log("NA a 0"), CleaningConfig(drop_na_like=True))


def test_empty_log_is_refused():
    with pytest.raises(DataError, match="the log has no interactions"):
        clean(EVENTS.slice(0, 0), CleaningConfig())


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"events": {"view": 1}}, "events are given, but no event_column that holds them"),
        ({"event_column": "e", "events": {}}, "name one type at least; None keeps all"),
        ({"event_column": "e", "events": {"view": NAN}}, "events.view=nan: it must be a finite"),
        ({"min_item_interactions": 0}, "min_item_interactions=0: it must be greater than or equal"),
        ({"min_user_sessions": 1.5}, "min_user_sessions=1.5: it must be a valid integer"),
        ({"timeout_minutes": 0}, "timeout_minutes=0: it must be greater than 0"),
        ({"timeout_minutes": float("inf")}, "timeout_minutes=inf: it must be a finite number"),
        ({"set_aside": "ann"}, "set_aside='ann': it must be a valid tuple"),
        ({"minimum": 3}, "minimum is not a setting; the settings are event_column, events"),
    ],
)
def test_settings_out_of_range_are_refused(config, message):
    with pytest.raises(ConfigError, match=message):
        CleaningConfig(**config)


def test_settings_are_remembered_as_plain_values():
    config = CleaningConfig(event_column="e", events={"view": 1}, set_aside=("x",))
    assert CleaningConfig(**asdict(config)) == config


def test_ids_left_are_numbered_by_first_appearance():
    data = log("ann z 0", "ann b 1", "bob a 0", "bob b 1", "bob z 2")
    kept = clean(data, CleaningConfig(set_aside=("ann",))).data
    assert kept.user_ids.tolist() == ["bob"]
    assert kept.item_ids.tolist() == ["a", "b", "z"]


def plain_sessions(rows: list[tuple], timeout: int) -> list[int]:
    """Say the session of each row of user, item, minute and session id, by a loop."""
    number: dict[tuple, int] = {}
    last: dict[str, tuple[int, int]] = {}
    found = []
    for place, (user, _, minute, session) in enumerate(rows):
        if session is not None:
            found.append(number.setdefault((user, session), place))
            continue
        before = last.get(user)
        mine = before[1] if before and minute - before[0] <= timeout else place
        last[user] = (minute, mine)
        found.append(mine)
    return found


def plainly(rows: list[tuple], item: int, session: int, user: int, timeout: int) -> list[tuple]:
    """Filter by minimums in turn until nothing changes."""
    while True:
        before = rows
        popular = Counter(row[1] for row in rows)
        rows = [row for row in rows if popular[row[1]] >= item]
        number = plain_sessions(rows, timeout)
        length = Counter(number)
        rows = [row for row, one in zip(rows, number, strict=True) if length[one] >= session]
        number = plain_sessions(rows, timeout)
        cut = {(row[0], one) for row, one in zip(rows, number, strict=True)}
        having = Counter(owner for owner, _ in cut)
        rows = [row for row in rows if having[row[0]] >= user]
        if rows == before:
            return rows


def of_rows(made: list[tuple]) -> Interactions:
    """Interactions of rows of user, item, minute and session id, made without reading a file."""
    user, item, minute, session = zip(*made, strict=True)
    times = pa.array([60_000_000 * one for one in minute], pa.timestamp("us", "UTC"))
    columns = {
        "USER_ID": pa.array(user).dictionary_encode(),
        "ITEM_ID": pa.array(item).dictionary_encode(),
        "TIMESTAMP": times,
        "OUTCOME": pa.array([1.0] * len(made)),
        "SESSION_ID": pa.array(session, pa.string()).dictionary_encode(),
    }
    return Interactions(pa.table(columns), EVENTS.report)


minimum = st.integers(1, 3)
logs = st.lists(
    st.tuples(
        st.sampled_from("uvw"),
        st.sampled_from("abcdef"),
        st.integers(0, 200),
        st.sampled_from([None, None, "s", "t"]),
    ),
    min_size=1,
    max_size=30,
)


@settings(derandomize=True, deadline=None, max_examples=150)
@given(logs, minimum, minimum, minimum, st.sampled_from([10, 30]))
def test_minimums_keep_what_a_loop_over_the_rows_keeps(made, item, session, user, timeout):
    made = sorted(made, key=lambda row: (row[0], row[2]))
    data = of_rows(made)
    expected = plainly(made, item, session, user, timeout)
    config = CleaningConfig(
        min_item_interactions=item, min_session_interactions=session, min_user_sessions=user,
        timeout_minutes=timeout,
    )  # fmt: skip
    if not expected:
        with pytest.raises(DataError, match="none is left"):
            clean(data, config)
        return
    cleaned = clean(data, config)
    assert rows(cleaned.data) == [row[:2] for row in expected]
    assert cleaned.steps[-1].rows == len(expected)
    assert np.bincount(cleaned.data.item_index).min() >= item
    cut = segment(cleaned.data, timeout)
    assert cut.lengths.min() >= session
    assert cut.per_user.min() >= user
    kept = [step.rows for step in cleaned.steps]
    assert kept == sorted(kept, reverse=True)
