"""JSON and JSON Lines: every digit, every shape, every faulty line."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hrnn import DataError, read_interactions
from hrnn.data import json_text, json_values
from hrnn.data.json_values import Scanner, number_text
from hrnn.data.tables import ReadAs, load_text
from tests.hrnn.logs import faults, items_of
from tests.hrnn.written import json_lines

OTTO = [
    {
        "session": 0,
        "events": [
            {"aid": 1517085, "ts": 1659304800025, "type": "clicks"},
            {"aid": 1563459, "ts": 1659304904511, "type": "carts"},
        ],
    },
    {"session": 1, "events": []},
    {"session": 2, "events": [{"aid": 7, "ts": 1659304800026, "type": "clicks"}]},
]


def cells(raw: bytes | str, **said) -> dict[str, list[str | None]]:
    raw = raw.encode() if isinstance(raw, str) else raw
    text = load_text(raw, read_as=ReadAs(**said))
    return {name: text.table[f"c{place}"].to_pylist() for place, name in enumerate(text.names)}


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("9007199254740993", "9007199254740993"),
        ("-1", "-1"),
        ("123.0", "123"),
        ("9007199254740993.00", "9007199254740993"),
        ("1.50", "1.50"),
        ("1e3", "1000"),
        ("1.7044560001E9", "1704456000.1"),
        ("1e400", "1e400"),
        ("-0.0", "-0"),
        ("true", "true"),
        ("null", None),
        ("NaN", None),
        ('"007"', "007"),
        ('"é\\u00e9\\n"', "éé\n"),
        ("[1, 2.50, null]", "[1, 2.50, null]"),
        ('["a\\"b", {"c": true}]', '["a\\"b", {"c": true}]'),
        ('[["a"], {"c": [1.50]}]', '[["a"], {"c": [1.50]}]'),
        ('"\\ud83d"', "\\ud83d"),
    ],
)
def test_values_become_text_with_every_digit(written, text):
    if written == "1.7044560001E9":
        assert number_text(written) == written  # not whole: as it stands
    else:
        assert cells(f'[{{"u": "u", "x": {written}}}]')["x"] == [text]
        assert cells(f'{{"x": {written}}}\n{{"x": {written}}}\n')["x"] == [text, text]


def test_columns_are_all_names_in_the_order_they_first_come():
    found = cells('[{"a": 1}, {"b": 2, "a": null}, {}, {"c": 3}]')
    assert found == {
        "a": ["1", None, None, None],
        "b": [None, "2", None, None],
        "c": [None, None, None, "3"],
    }


def test_objects_in_objects_have_names_with_dots():
    found = cells('[{"user": {"id": 1, "at": {"x": 2}}, "item": {"id": "a"}, "tags": ["t"]}]')
    assert found == {"user.id": ["1"], "user.at.x": ["2"], "item.id": ["a"], "tags": ['["t"]']}
    deep = '[{"a": {"b": {"c": {"d": {"e": 1}}}}}]'
    assert cells(deep) == {"a.b.c.d": ['{"e": 1}']}


# Nested events


def test_each_event_is_a_row_beside_what_its_record_says():
    text = load_text(json_lines(OTTO))
    assert text.names == ["session", "aid", "ts", "type"]
    assert text.table["c0"].to_pylist() == ["0", "0", "2"]
    assert text.table["line"].to_pylist() == [1, 1, 3]
    assert text.format == "JSON Lines, nested events"
    data = read_interactions(json_lines(OTTO))
    assert items_of(data) == {"0": ["1517085", "1563459"], "2": ["7"]}


@pytest.mark.parametrize("indent", [None, 2])
def test_nested_events_in_an_array_or_alone(indent):
    assert cells(json.dumps(OTTO, indent=indent)) == cells(json_lines(OTTO))
    assert cells(json.dumps(OTTO[0], indent=indent))["aid"] == ["1517085", "1563459"]
    after = {"events": OTTO[0]["events"], "user": "u"}
    assert "user" not in cells(json.dumps({"count": 2, **after}))  # after the list, and not awaited
    assert cells(json.dumps({"user": "u", **OTTO[0]}))["user"] == ["u", "u"]


def test_names_are_joined_with_a_dot_only_where_they_clash():
    record = {"id": "u1", "name": "n", "events": [{"id": "a", "time": 1704456000}]}
    assert cells(json_lines([record] * 2)) == {
        "id": ["u1"] * 2,
        "name": ["n"] * 2,
        "events.id": ["a"] * 2,
        "time": ["1704456000"] * 2,
    }
    late = [{"events": [{"id": "a", "time": 1}]}] * 300
    late.append({"id": "u", "events": [{"id": "b", "time": 2}]})
    found = cells(json_lines(late))
    assert (found["id"][-1], found["id_2"][-1]) == ("b", "u")


def test_a_list_of_objects_beside_a_whole_interaction_stays_one_cell():
    record = {"user": "u", "item": "i", "time": 1704456000, "tags": [{"name": "x"}]}
    assert cells(json_lines([record] * 2))["tags"] == ['[{"name": "x"}]'] * 2
    said = cells(json_lines([record] * 2), format="events")
    assert said["name"] == ["x", "x"]


def test_a_record_with_two_lists_of_objects_stays_one_row():
    record = {"user": "u", "clicks": [{"a": 1}], "carts": [{"a": 2}]}
    assert list(cells(json_lines([record] * 2))) == ["user", "clicks", "carts"]
    with pytest.raises(DataError, match=r"none of the first 2 records holds one list of events"):
        cells(json_lines([record] * 2), format="events")


def test_events_that_are_none_are_left_out_with_line_and_reason():
    raw = json_lines([*OTTO, {"session": 3, "events": 5}, {"session": 4, "events": [1, None]}])
    text = load_text(raw)
    assert [(one.line, one.text, one.reason) for one in text.malformed] == [
        (4, "5", "events is no list"),
        (5, "1", "an event is no JSON object"),
        (5, "null", "an event is no JSON object"),
    ]
    assert text.rows == 6


# Lines


def test_a_faulty_line_is_left_out_and_no_other():
    raw = (
        b'{"user": "u", "item": "a", "time": 1704456000}\n'
        b'{"user": "u", "item": "b"\n'
        b"\n"
        b"[1, 2]\n"
        b'{"user": "u", "item": "c", "time": 1704456001}\n'
        b'{"user": "u", "item": "d", "time": 17044'
    )
    text = load_text(raw)
    assert text.table["line"].to_pylist() == [1, 5]
    assert [(one.line, one.text[:6]) for one in text.malformed] == [
        (2, '{"user'),
        (4, "[1, 2]"),
        (6, '{"user'),
    ]
    assert [line for line, _ in faults(read_interactions(raw))] == [2, 4, 6]
    assert faults(read_interactions(raw))[1][1] == "not a JSON object"


def test_characters_that_end_lines_elsewhere_are_part_of_the_text():
    records = [{"user": "u", "note": "a\u2028b\x0bc\x85"}, {"user": "v", "note": "x"}]
    raw = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in records).encode()
    assert cells(raw)["note"] == ["a\u2028b\x0bc\x85", "x"]


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
@pytest.mark.parametrize("shape", ["array", "lines"])
def test_json_in_every_encoding(codec, shape):
    records = [{"user": "José", "item": n} for n in range(3)]
    text = json.dumps(records, ensure_ascii=False)
    if shape == "lines":
        text = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in records)
    read = load_text(text.encode(codec))
    assert read.table["c0"].to_pylist() == ["José"] * 3
    assert read.encoding == codec


# Shapes

RECORDS = [{"user": "u1", "item": 1}, {"user": "u2", "item": 2}]
SHAPES = {
    "": json.dumps(RECORDS),
    "an object of columns": json.dumps({"user": ["u1", "u2"], "item": [1, 2]}),
    "an object of columns ": json.dumps({"user": {"0": "u1", "1": "u2"}, "item": {"0": 1, "1": 2}}),
    "an object of numbered records": json.dumps(dict(enumerate(RECORDS))),
    "columns and data apart": json.dumps(
        {"columns": ["user", "item"], "index": [0, 1], "data": [["u1", 1], ["u2", 2]]}
    ),
    "records in 'data'": json.dumps({"status": "ok", "data": RECORDS, "page": {"n": 1}}),
    "  ": "\n".join(json.dumps(one, indent=1) for one in RECORDS),
}


@pytest.mark.parametrize("words", SHAPES)
def test_every_shape_gives_the_same_columns(words):
    assert cells(SHAPES[words]) == {"user": ["u1", "u2"], "item": ["1", "2"]}
    expected = ", ".join(["JSON", *([words.strip()] if words.strip() else [])])
    assert load_text(SHAPES[words].encode()).format == expected


def test_one_object_is_one_row_even_if_it_holds_objects_alike():
    assert cells('{"user": {"id": 1}, "item": {"id": 2}}') == {"user.id": ["1"], "item.id": ["2"]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "holds no record; choose a file with at least one interaction"),
        ("{}", "holds no record"),
        ("[\n{]", "damaged on line 2"),
        ('[{"a": 1},\n{"a": }]', "damaged on line 2 .*; export it again"),
        ('[{"a": 1}', "damaged on line 1"),
        ('[{"a": 1} {"a": 2}]', "damaged on line 1 .*expected, not '{'"),
        ('{"a": [1, 2], "b": [1]}', r"2 columns of the JSON differ in length \('a: 2', 'b: 1'\)"),
        ("[" * 100_000, "delimited|damaged|none|one"),
        ('[{"a":' + "[" * 100_000, "without end|damaged"),
        ('{"session": 1}\n{"session": 2, "events": []}\n{', None),
    ],
)
def test_what_is_no_table_is_refused_with_the_reason(text, message):
    if message is None:
        assert load_text(text.encode()).rows == 3
        return
    with pytest.raises(DataError, match=message):
        load_text(text.encode())


def test_a_line_nested_too_deep_is_left_out():
    raw = '{"a": 1}\n{"a": ' + "[" * 50_000 + "\n"
    assert [one.line for one in load_text(raw.encode()).malformed] == [2]


def test_names_without_end_are_refused_as_data():
    with pytest.raises(DataError, match=r"more than 1,000 different names \('n0', 'n1', 'n2' and"):
        cells(json_lines([{f"n{n}": 1} for n in range(1100)]))


def test_a_value_too_long_to_hold_is_refused(monkeypatch):
    monkeypatch.setattr(json_values, "LONGEST_VALUE", 1000)
    monkeypatch.setattr(json_text, "BLOCK", 100)
    with pytest.raises(DataError, match=r"a value in the JSON is longer .* write the log as JSON"):
        cells(json.dumps({"a": list(range(5000))}))


# The scanner

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


@given(st.lists(VALUES, max_size=6), st.integers(1, 9), st.sampled_from([None, 1]))
@settings(max_examples=300, deadline=None)
def test_values_are_found_however_the_text_is_cut(values, size, indent):
    text = json.dumps(values, indent=indent)  # ASCII, so that it can be cut anywhere
    scanner = Scanner(text[at : at + size].encode() for at in range(0, len(text), size))
    scanner.take("[")
    found = []
    while scanner.peek() != "]":
        found.append(scanner.value())
        if scanner.take(",]") == "]":
            break
    else:
        scanner.take("]")
    assert scanner.peek() == ""
    assert [_read(one) for one in found] == values


def _read(value):
    """What the value means, with its numbers read."""
    if isinstance(value, json_values.Exact):
        return float(value)
    if isinstance(value, list):
        return [_read(one) for one in value]
    if isinstance(value, dict):
        return {key: _read(one) for key, one in value.items()}
    return value


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**70), 2**70).map(float))
@settings(max_examples=200, deadline=None)
def test_a_number_as_text_is_the_same_number(number):
    text = number_text(repr(number))
    assert float(text) == number
    assert not text.endswith(".0")
