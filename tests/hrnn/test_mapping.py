import pytest

from hrnn import DataError
from hrnn.data.mapping import guess_columns, guess_title, resolve_columns

TIMES = ["2024-01-05 12:00", "2024-01-06 12:00"]
PLAIN = ["x", "y"]


def guess(names: str, **first: list[str]) -> dict[str, str]:
    return guess_columns(names.split(), first)


@pytest.mark.parametrize(
    ("names", "user", "item", "time"),
    [
        ("user_id item_id timestamp", "user_id", "item_id", "timestamp"),
        ("USER_ID ITEM_ID TIMESTAMP", "USER_ID", "ITEM_ID", "TIMESTAMP"),
        ("timestamp itemId userId", "userId", "itemId", "timestamp"),
        ("userId movieId rating timestamp", "userId", "movieId", "timestamp"),
        ("timestamp visitorid event itemid transactionid", "visitorid", "itemid", "timestamp"),
        ("InvoiceNo StockCode Description InvoiceDate CustomerID", "CustomerID", "StockCode",
         "InvoiceDate"),
        ("informfully_id articleId articleAnswer createdAt", "informfully_id", "articleId",
         "createdAt"),
        ("household_key BASKET_ID DAY PRODUCT_ID TRANS_TIME", "household_key", "PRODUCT_ID",
         "TRANS_TIME"),
        ("user_id click_article_id click_timestamp session_id", "user_id", "click_article_id",
         "click_timestamp"),
        ("id client sku event_time", "client", "sku", "event_time"),
        ("u i t", "u", "i", "t"),
    ],
)  # fmt: skip
def test_columns_of_well_known_logs(names, user, item, time):
    found = guess(names)
    assert (found["USER_ID"], found["ITEM_ID"], found["TIMESTAMP"]) == (user, item, time)


@pytest.mark.parametrize(
    ("name", "role"),
    [("session_id", "SESSION_ID"), ("visitId", "SESSION_ID"), ("label", "OUTCOME")],
)
def test_optional_columns(name, role):
    assert guess(f"user item time {name}")[role] == name


@pytest.mark.parametrize("name", ["rating", "invoice", "basket", "answer"])
def test_other_columns_get_no_role(name):
    assert name not in guess(f"user item time {name}").values()


def test_a_column_that_holds_times_is_preferred_to_one_that_is_named_so():
    assert guess("user item time when", time=["1", "2"], when=TIMES)["TIMESTAMP"] == "when"
    assert guess("user item time when", time=TIMES, when=TIMES)["TIMESTAMP"] == "time"


@pytest.mark.parametrize(
    "value",
    [
        "2024-01-05T12:00:00Z",
        "5.1.2024 12:00",
        "1704456000",
        "1704456000.5",
        "20240105",
        "20240105T120000Z",
    ],
)
def test_values_that_look_like_times(value):
    assert guess("user item a b", a=PLAIN, b=[value])["TIMESTAMP"] == "b"


@pytest.mark.parametrize("value", ["12345678", "1.5", "red", "", "12-34", "1-2-34567"])
def test_values_that_do_not(value):
    assert "TIMESTAMP" not in guess("user item a b", a=PLAIN, b=[value])


def test_mostly_blank_or_odd_cells_do_not_hide_times():
    column = [TIMES[0], "", " ", "n/a", TIMES[1]]
    assert guess("user item a b", a=PLAIN, b=column)["TIMESTAMP"] == "b"


def test_nothing_fits():
    assert guess("x y z") == {}


def test_no_column_is_guessed_twice():
    found = guess("id user_id item_id session_id timestamp")
    assert len(set(found.values())) == len(found)


def test_titles():
    assert guess_title(["price", "Product Name"]) == "Product Name"
    assert guess_title(["name", "title"]) == "title"
    assert guess_title(["price"]) is None


def test_said_columns_win_and_the_rest_is_guessed():
    names = ["user_id", "visitor", "item_id", "timestamp"]
    found = resolve_columns(names, {}, {"USER_ID": "visitor"})
    assert found == {"USER_ID": "visitor", "ITEM_ID": "item_id", "TIMESTAMP": "timestamp"}


def test_a_column_said_for_one_role_is_not_guessed_for_another():
    found = resolve_columns(["user_id", "visitor", "timestamp"], {}, {"ITEM_ID": "user_id"})
    assert found == {"USER_ID": "visitor", "ITEM_ID": "user_id", "TIMESTAMP": "timestamp"}


def test_an_optional_role_said_to_be_none_is_left_out():
    names = ["user", "item", "time", "session", "label"]
    assert resolve_columns(names, {}, None)["SESSION_ID"] == "session"
    found = resolve_columns(names, {}, {"SESSION_ID": None, "OUTCOME": None})
    assert set(found) == {"USER_ID", "ITEM_ID", "TIMESTAMP"}


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"user_id": "user"}, "'user_id' is no role of a column; the roles are USER_ID, ITEM_ID"),
        ({"USER_ID": "User"}, "no column 'User' for USER_ID; the file has 'user', 'item', 'time'"),
        ({"USER_ID": None}, "no column was found for USER_ID.*: say which one it is"),
        (
            {"USER_ID": "user", "ITEM_ID": "user"},
            "column 'user' is chosen for USER_ID and ITEM_ID; choose one column for each",
        ),
    ],
)
def test_wrong_choices_are_refused_with_what_would_be_right(said, message):
    with pytest.raises(DataError, match=message):
        resolve_columns(["user", "item", "time"], {}, said)


def test_many_columns_are_listed_shortly():
    with pytest.raises(DataError, match="'c7' and 4 more: say which"):
        resolve_columns([f"c{number}" for number in range(12)], {}, None)


@pytest.mark.parametrize(
    "names",
    [
        ["user", "USER_ID", "ITEM_ID", "TIMESTAMP"],
        ["order_no", "USER_ID", "ITEM_ID", "TIMESTAMP"],
        ["SESSION_ID", "TIMESTAMP", "ITEM_ID", "USER_ID", "timestamp"],
    ],
)
def test_column_named_like_a_role_has_that_role_whatever_it_holds(names):
    first = {name: ["1700000001"] for name in names} | {"TIMESTAMP": ["100", "200"]}
    found = guess_columns(names, first)
    assert {role: found[role] for role in ("USER_ID", "ITEM_ID", "TIMESTAMP")} == {
        role: role for role in ("USER_ID", "ITEM_ID", "TIMESTAMP")
    }
    assert found.get("SESSION_ID", "SESSION_ID") == "SESSION_ID"


@pytest.mark.parametrize(
    ("names", "role", "column"),
    [
        (["visitor", "page", "at"], "ITEM_ID", "page"),
        (["who", "item", "time"], "USER_ID", "who"),
        (["who", "page", "time"], "USER_ID", None),  # two are left
        (["user", "item", "page"], "TIMESTAMP", None),  # a time looks like one
    ],
)
def test_one_role_and_one_column_that_are_left_belong_together(names, role, column):
    assert guess_columns(names, {"at": ["1700000000"]}).get(role) == column
