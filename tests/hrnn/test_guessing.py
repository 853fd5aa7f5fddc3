"""Roles guessed by what columns hold, and the columns that a log can do without."""

import random

import pytest

from hrnn import DataError, read_interactions
from hrnn.data.guessing import grouped, hold_clocks, hold_dates_alone
from hrnn.data.mapping import (
    Extras,
    guess_columns,
    guess_extras,
    resolve_columns,
    sessions_are_users,
)
from hrnn.data.reading import first_values
from hrnn.data.tables import load_text
from tests.hrnn.logs import csv_log

CHANCE = random.Random(0)
#: Columns of sixty rows.
ROWS = 60
HELD = {
    "user": [str(CHANCE.randrange(1, 900)) for _ in range(ROWS)],
    "sorted user": [str(1 + n // 12) for n in range(ROWS)],
    "word user": [f"anna{CHANCE.randrange(40)}" for _ in range(ROWS)],
    "item": [str(CHANCE.randrange(1, 1700)) for _ in range(ROWS)],
    "rating": [str(CHANCE.randrange(1, 6)) for _ in range(ROWS)],
    "half stars": [str(CHANCE.randrange(1, 11) / 2) for _ in range(ROWS)],
    "seconds": [str(881_250_949 + 977 * n) for n in range(ROWS)],
    "milliseconds": [str(1_704_456_000_000 + 977 * n) for n in range(ROWS)],
    "ISO": [f"2024-01-05 12:00:{n:02}" for n in range(ROWS)],
    "date": [f"2024-01-{1 + n % 28:02}" for n in range(ROWS)],
    "clock": [f"{n % 24}:{n:02}" for n in range(ROWS)],
    "event": [CHANCE.choice(["view", "cart", "purchase"]) for _ in range(ROWS)],
    "picture": [f"https://x.invalid/{n}.jpg?w=200" for n in range(ROWS)],
    "row": [str(n) for n in range(ROWS)],
    "blank": [""] * ROWS,
}


def headless(*kinds: str) -> tuple[list[str], dict[str, list[str]]]:
    names = [f"column_{number}" for number in range(1, len(kinds) + 1)]
    return names, {name: HELD[kind] for name, kind in zip(names, kinds, strict=True)}


@pytest.mark.parametrize(
    ("kinds", "roles"),
    [
        (["user", "item", "rating", "seconds"], (0, 1, 3)),
        (["sorted user", "item", "rating", "seconds"], (0, 1, 3)),
        (["item", "sorted user", "milliseconds"], (1, 0, 2)),
        (["ISO", "word user", "item"], (1, 2, 0)),
        (["rating", "user", "item", "seconds"], (1, 2, 3)),
        (["row", "user", "item", "half stars", "seconds"], (1, 2, 4)),
        (["event", "word user", "item", "ISO"], (1, 2, 3)),
        (["picture", "user", "blank", "item", "date", "clock"], (1, 3, 4)),
    ],
)
def test_roles_of_a_headless_file_by_what_its_columns_hold(kinds, roles):
    names, first = headless(*kinds)
    found = guess_columns(names, first)
    assert [found[role] for role in ("USER_ID", "ITEM_ID", "TIMESTAMP")] == [
        names[place] for place in roles
    ]
    assert len(found) == 3


def test_a_short_headless_log_of_few_users_is_guessed_by_the_order():
    names = ["column_1", "column_2", "column_3"]
    first = {
        "column_1": [str(1 + n % 3) for n in range(30)],
        "column_2": [str(10 + n) for n in range(30)],
        "column_3": HELD["seconds"],
    }
    assert guess_columns(names, first)["USER_ID"] == "column_1"
    assert guess_columns(names, first)["ITEM_ID"] == "column_2"


def test_without_times_or_ids_the_roles_are_left_out():
    names, first = headless("rating", "event", "picture")
    assert guess_columns(names, first) == {}
    with pytest.raises(DataError, match=r"no column was found for USER_ID.*'column_1'"):
        resolve_columns(names, first, None)


def test_names_that_say_something_are_not_overruled_by_content():
    assert guess_columns(["x", "y", "z"], dict(zip("xyz", [HELD["user"]] * 3, strict=True))) == {}


def test_equal_values_together_are_a_group():
    assert grouped(["a", "a", "b", "b"])
    assert not grouped(["a", "b", "a", "b"])
    assert not grouped(["a", "b", "c", "d"])


# Sessions and other names


def test_without_users_each_session_is_one():
    names = ["SessionId", "ItemId", "Time"]
    found = resolve_columns(names, {}, None)
    assert found["USER_ID"] == found["SESSION_ID"] == "SessionId"
    assert (found["ITEM_ID"], found["TIMESTAMP"]) == ("ItemId", "Time")
    assert sessions_are_users(found)
    otto = guess_columns(["session", "aid", "ts", "type"], {})
    assert (otto["USER_ID"], otto["ITEM_ID"]) == ("session", "aid")


def test_a_user_beside_a_session_stays_the_user():
    for user in ("user_id", "visitor", "device_id", "uid"):
        found = guess_columns(["session_id", user, "item_id", "time"], {})
        assert (found["USER_ID"], found["SESSION_ID"]) == (user, "session_id")
        assert not sessions_are_users(found)


def test_a_said_session_serves_for_the_user_and_a_said_user_does_not_for_the_session():
    names = ["a", "item", "time"]
    found = resolve_columns(names, {}, {"SESSION_ID": "a"})
    assert sessions_are_users(found)
    assert sessions_are_users(resolve_columns(names, {}, {"SESSION_ID": "a", "USER_ID": "a"}))
    assert not sessions_are_users(resolve_columns(names, {}, {"USER_ID": "a"}))
    with pytest.raises(DataError, match="no column was found for USER_ID"):
        resolve_columns(["session", "item", "time"], {}, {"USER_ID": None})
    with pytest.raises(DataError, match="'a' is chosen for USER_ID and ITEM_ID and SESSION_ID"):
        resolve_columns(names, {}, {"USER_ID": "a", "ITEM_ID": "a", "SESSION_ID": "a"})
    with pytest.raises(DataError, match="'a' is chosen for TIMESTAMP and SESSION_ID"):
        resolve_columns(["u", "i", "a"], {}, {"TIMESTAMP": "a", "SESSION_ID": "a"})


def test_a_session_log_is_read_and_its_sessions_are_its_users():
    data = read_interactions(
        csv_log("s1,a,1704456000", "s2,b,1704456001", header="SessionId,ItemId,Time")
    )
    frame = data.frame()
    assert frame["USER_ID"].tolist() == frame["SESSION_ID"].tolist() == ["s1", "s2"]


def test_types_of_recbole_are_no_part_of_the_meaning():
    names = ["user_id:token", "item_id:token", "rating:float", "timestamp:float"]
    assert guess_columns(names, {}) == {
        "USER_ID": "user_id:token",
        "ITEM_ID": "item_id:token",
        "TIMESTAMP": "timestamp:float",
    }
    assert guess_extras(names, {}).outcome == "rating:float"
    assert guess_extras(["item_id:token", "movie_title:token_seq"], {}).title == (
        "movie_title:token_seq"
    )


def test_values_in_objects_are_known_by_the_end_of_their_names():
    names = ["user.id", "properties.product_id", "context.timestamp", "properties.title"]
    found = guess_columns(names, {})
    assert list(found.values()) == names[:3]
    assert guess_extras(names, {}).title == "properties.title"


def test_the_number_of_a_record_is_not_preferred_to_a_named_id():
    assert guess_columns(["_id", "articleId", "informfully_id", "createdAt"], {})["USER_ID"] == (
        "informfully_id"
    )
    assert "ITEM_ID" not in guess_columns(["user", "time", "event_id", "order_id"], {})


# Extras


@pytest.mark.parametrize(
    ("name", "kind", "field"),
    [
        ("rating", "rating", "outcome"),
        ("stars", "half stars", "outcome"),
        ("movie_score", "rating", "outcome"),
        ("rating", "event", None),
        ("price", "half stars", None),
        ("event", "event", "event"),
        ("eventType", "event", "event"),
        ("behavior_type", "rating", "event"),
        ("type", "word user", None),
        ("event", "picture", "picture"),
        ("image_url", "picture", "picture"),
        ("anything", "picture", "picture"),
        ("image", "event", None),
        ("title", "word user", "title"),
        ("product_name", "event", "title"),
        ("title", "item", None),
        ("name", "blank", None),
        ("genres", "word user", "category"),
        ("category_code", "event", "category"),
        ("item_category", "item", None),
    ],
)
def test_a_column_is_guessed_by_its_name_if_what_it_holds_fits(name, kind, field):
    names = ["user", "item", "time", name]
    found = guess_extras(names, {name: HELD[kind], "time": HELD["seconds"]})
    assert found == Extras(**({field: name} if field else {}))


def test_extras_of_a_headless_file_by_what_its_columns_hold():
    names, first = headless("user", "item", "rating", "seconds", "event", "picture")
    assert guess_extras(names, first) == Extras(
        outcome="column_3", event="column_5", picture="column_6"
    )


def test_nothing_is_both_a_role_and_an_extra():
    names = ["user", "item", "time", "rating", "title"]
    chosen = {"USER_ID": "user", "ITEM_ID": "title", "TIMESTAMP": "time", "OUTCOME": "rating"}
    assert guess_extras(names, {}, chosen) == Extras()


@pytest.mark.parametrize(
    ("names", "kinds", "clock"),
    [
        (["date", "time"], ["date", "clock"], "time"),
        (["day", "when"], ["date", "clock"], "when"),
        (["date", "time"], ["ISO", "clock"], None),
        (["date", "price"], ["date", "rating"], None),
        (["timestamp", "hour"], ["seconds", "clock"], None),
    ],
)
def test_a_time_of_day_completes_a_date_and_nothing_else(names, kinds, clock):
    first = {name: HELD[kind] for name, kind in zip(names, kinds, strict=True)}
    assert guess_extras(["user", "item", *names], first).time_of_day == clock


def test_digits_are_a_time_of_day_only_by_name():
    first = {"date": HELD["date"], "TRANS_TIME": ["1631", "905", "5"], "qty": ["1", "2", "5"]}
    assert guess_extras(["user", "item", *first], first).time_of_day == "TRANS_TIME"
    first["quantity"] = first.pop("TRANS_TIME")
    assert guess_extras(["user", "item", *first], first).time_of_day is None


@pytest.mark.parametrize("clock", ["0:00", "23:59", "14:05:33.25", "2:05 pm", "02:05:30PM"])
def test_clocks(clock):
    assert hold_clocks([clock, "", clock])


@pytest.mark.parametrize("text", ["24:00", "12:60", "12", "1:2:3:4", "", "noon"])
def test_what_is_no_clock(text):
    assert not hold_clocks([text])


@pytest.mark.parametrize("date", ["2024-01-05", "5.1.2024", "20240105", "2024-01-05T00:00:00"])
def test_dates_alone(date):
    assert hold_dates_alone([date])


@pytest.mark.parametrize("date", ["2024-01-05 12:00", "1704456000", "2024", ""])
def test_dates_with_a_time_and_what_is_none(date):
    assert not hold_dates_alone([date])


def test_first_values_of_a_headless_file_are_those_of_its_columns():
    text = load_text(b"1,2,1704456000\n3,4,1704456001\n")
    assert guess_columns(text.names, first_values(text)) == {
        "TIMESTAMP": "column_3",
        "USER_ID": "column_1",
        "ITEM_ID": "column_2",
    }
