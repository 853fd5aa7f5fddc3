import io
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hrnn import ConfigError, DataError, InteractionsDataset, ItemsDataset, read_interactions
from hrnn.data.schema import SHIPPED, Schema
from tests.hrnn.logs import csv_log, faults, items_of, parquet, utc

TRAINING = "skrec/dataset/required_schemas/interactions_schema_with_timestamp_training.yaml"
TOY = pd.DataFrame(
    {
        "USER_ID": ["u1", "u1", "u1", "u1"],
        "ITEM_ID": ["i1", "i2", "i3", "i4"],
        "OUTCOME": [1.0, 1.0, 1.0, 1.0],
        "TIMESTAMP": [100, 200, 5000, 5100],
    }
)
HEADER = "USER_ID,ITEM_ID,TIMESTAMP"
LOG = csv_log("u,i,1", "u,j,2", header=HEADER)


@pytest.fixture
def schema(tmp_path):
    """Write a schema: whole YAML, or one ``name: type`` a column, with ``?`` where optional."""

    def write(text: str = "", **columns: str) -> Path:
        path = tmp_path / "mine.yaml"
        listed = [
            f"  - {{name: {name}, type: '{kind.rstrip('?')}'{', optional: true' * ('?' in kind)}}}"
            for name, kind in columns.items()
        ]
        text = text or "\n".join(["columns:", *listed, ""])
        path.write_bytes(text.encode(errors="surrogateescape"))
        return path

    return write


def column(*values: str, name: str = "price") -> bytes:
    """Write a log that has one more column, its values given."""
    rows = (f'u,i{place},{place + 1},"{value}"' for place, value in enumerate(values))
    return csv_log(*rows, header=f"{HEADER},{name}")


# The guide's own words.


@pytest.mark.parametrize("form", ["path", "frame", "bytes", "Parquet", "file object"])
def test_the_guides_toy_data_passes_the_guides_schema(form, tmp_path):
    path = tmp_path / "interactions.csv"
    TOY.to_csv(path, index=False)
    raw = path.read_bytes()
    source = {
        "path": str(path),
        "frame": TOY,
        "bytes": raw,
        "Parquet": parquet(TOY),
        "file object": io.BytesIO(raw),
    }[form]
    data = InteractionsDataset(data_location=source, client_schema_path=TRAINING).data
    assert items_of(data) == {"u1": ["i1", "i2", "i3", "i4"]}
    assert (data.time_us // 10**6).tolist() == [100, 200, 5000, 5100]


def test_the_guides_toy_data_passes_the_references_schema_which_says_text(schema):
    path = schema(USER_ID="str", ITEM_ID="str", OUTCOME="float", TIMESTAMP="str")
    frame = TOY.assign(SESSION_ID=["a", "a", "b", "b"], TIMESTAMP=[900, 1000, 9000, 10000])
    data = InteractionsDataset(frame, path).data
    assert items_of(data) == {"u1": ["i1", "i2", "i3", "i4"]}  # as text, 1000 < 10000 < 900 < 9000
    assert data.frame()["SESSION_ID"].tolist() == ["a", "a", "b", "b"]


@pytest.mark.parametrize("name", ["USER_ID", "ITEM_ID", "TIMESTAMP"])
def test_user_item_and_time_may_not_be_missing(name):
    with pytest.raises(DataError, match=rf"training\.yaml declares '{name}', and there is only"):
        _ = InteractionsDataset(TOY.drop(columns=name), TRAINING).data


def test_outcome_and_session_may_be_missing_from_a_log_and_from_histories():
    assert InteractionsDataset(LOG, TRAINING).data.outcome.tolist() == [1, 1]
    path = "interactions_schema_inference.yaml"
    frame = TOY.drop(columns="OUTCOME").assign(TIMESTAMP="2024-01-05")
    assert len(InteractionsDataset(frame, path).data) == 4


def test_every_shipped_schema_can_be_read():
    assert sorted(path.name for path in SHIPPED.iterdir()) == [
        "interactions_schema_inference.yaml",
        "interactions_schema_with_timestamp_training.yaml",
        "items_schema.yaml",
    ]
    assert all(Schema.open(path).columns for path in SHIPPED.iterdir())


@pytest.mark.parametrize("path", ["items_schema.yaml", Path("a/items_schema.yaml")])
def test_a_shipped_schema_is_found_by_its_name(path):
    assert [one.name for one in Schema.open(path).columns] == ["ITEM_ID"]


def test_a_file_that_exists_goes_before_a_shipped_one_of_its_name(tmp_path, monkeypatch):
    (tmp_path / "items_schema.yaml").write_text("columns: [{name: sku, type: str}]")
    monkeypatch.chdir(tmp_path)
    assert [one.name for one in Schema.open("items_schema.yaml").columns] == ["sku"]


# Columns.


def test_missing_columns_are_refused_with_those_there_and_the_remedy(schema):
    path = schema(USER_ID="str", price="float", cost="float", hue="str?")
    with pytest.raises(DataError) as caught:
        _ = InteractionsDataset(LOG, path).data
    assert str(caught.value) == (
        "mine.yaml declares 'price', 'cost', and there is only 'USER_ID', 'ITEM_ID', 'TIMESTAMP';"
        " correct the name or declare it with optional: true"
    )


def test_a_missing_role_can_be_said_and_a_wrong_one_is_refused_by_the_columns_name():
    frame = TOY.rename(columns={"USER_ID": "visitor"})
    with pytest.raises(DataError, match=r"say which column it is \(columns=\{'USER_ID': …\}\)"):
        _ = InteractionsDataset(frame, TRAINING).data
    with pytest.raises(DataError, match="declares 'visitr', and there is only 'visitor', 'ITEM"):
        _ = InteractionsDataset(frame, TRAINING, {"USER_ID": "visitr"}).data
    data = InteractionsDataset(frame, TRAINING, columns={"USER_ID": "visitor"}).data
    assert data.report.column_of("USER_ID") == "visitor"


def test_a_role_means_the_mapped_column_and_a_files_name_its_own(schema):
    path = schema(OUTCOME="float", USER_ID="int")
    raw = csv_log("u,i,1,x,0.5,7", header=f"{HEADER},OUTCOME,stars,number")
    mapped = {"OUTCOME": "stars", "USER_ID": "number"}
    data = InteractionsDataset(raw, path, mapped).data
    assert (data.outcome.tolist(), data.user_ids.tolist()) == ([0.5], ["7"])
    with pytest.raises(DataError, match="1 of 1 values of column 'USER_ID' cannot be read as int"):
        _ = InteractionsDataset(raw, path, {"OUTCOME": "stars"}).data


def test_a_role_left_out_stays_out_though_the_schema_declares_it():
    data = InteractionsDataset(TOY.assign(OUTCOME=5.0), TRAINING, {"OUTCOME": None}).data
    assert data.outcome.tolist() == [1, 1, 1, 1]
    assert data.frame()["OUTCOME (file)"].tolist() == ["5"] * 4


def test_a_declared_column_said_to_be_another_role_is_only_that():
    frame = TOY.drop(columns="OUTCOME").assign(SESSION_ID=[0.5, 1, 0, 1])
    data = InteractionsDataset(frame, TRAINING, {"OUTCOME": "SESSION_ID"}).data
    assert (data.outcome.tolist(), data.session_index) == ([0.5, 1, 0, 1], None)


@pytest.mark.parametrize("other", ["user", "User", "event_time"])
def test_a_declared_role_is_the_column_of_that_name_whatever_else_could_be_guessed(other):
    raw = csv_log("1704456000,u,i,100", header=f"{other},{HEADER}")
    (row,) = InteractionsDataset(raw, TRAINING).data.frame().itertuples()
    assert (row.USER_ID, row.TIMESTAMP.timestamp()) == ("u", 100)


def test_long_numbers_of_sessions_are_not_taken_for_the_declared_time():
    data = InteractionsDataset(TOY.assign(SESSION_ID=1_700_000_001), TRAINING).data
    assert (data.time_us // 10**6).tolist() == [100, 200, 5000, 5100]
    assert data.session_index is not None


def test_columns_not_declared_are_kept_and_guessed_as_ever(schema):
    raw = csv_log("007,i,1,s,ä,2.50", header=f"{HEADER},SESSION_ID,title,price")
    data = InteractionsDataset(raw, schema(USER_ID="str")).data
    row = data.frame().iloc[0]
    assert row[["USER_ID", "SESSION_ID", "title", "price"]].tolist() == ["007", "s", "ä", "2.50"]


# Values.

READABLE = {
    "int": ["0", "-7", "+7", "12345678901234567890123", "1.0", " 5 ", ""],
    "float": ["0.5", "-1e-3", "5", "nan", "inf", " 5. ", ""],
    "bool": ["true", "FALSE", "1", "0", ""],
    "time": ["1704456000", "2024-01-05", "2024-01-05T12:00:00+02:00", "31/12/2024", ""],
    "str": ["", "x", "1.0", "None"],
}
UNREADABLE = {
    "int": ["2024-01-05", "1.5", "1e3", "x", "1,5", "--1", "true", "1.0x", "nan"],
    "float": ["x", "1,5", "1.2.3", "true", "€5", "-"],
    "bool": ["yes", "2", "x", "1.5", "truee"],
    "time": ["soon", "31/31/2024", "2024-02-30", "12:00", "nan"],
}


@pytest.mark.parametrize("kind", READABLE)
def test_readable_values_pass_and_stay_as_they_are_written(kind, schema):
    values = READABLE[kind]
    data = InteractionsDataset(column(*values), schema(price=kind, TIMESTAMP="int")).data
    kept = data.frame()["price"].fillna("").tolist()
    assert kept == [value.strip() for value in values]


@pytest.mark.parametrize(("kind", "value"), [(k, v) for k, vs in UNREADABLE.items() for v in vs])
def test_each_unreadable_value_is_refused(kind, value, schema):
    with pytest.raises(DataError) as caught:
        _ = InteractionsDataset(column(value), schema(price=kind)).data
    assert str(caught.value).startswith(
        f"1 of 1 values of column 'price' cannot be read as {kind} (line 2: {value!r}); write "
    )


def test_unreadable_values_are_counted_and_the_first_is_shown_in_part(schema):
    raw = column("1", "", f"dear{'!' * 90}", "2", "two\nlines", "cheap")
    with pytest.raises(DataError) as caught:
        _ = InteractionsDataset(raw, schema(ITEM_ID="str", price="float?")).data
    assert str(caught.value) == (
        "3 of 5 values of column 'price' cannot be read as float (line 4:"
        f" 'dear{'!' * 56}'); write numbers such as 0.5, or declare the column as str in mine.yaml"
    )


def test_the_first_unreadable_value_is_the_first_of_the_file_in_a_long_log(schema):
    values = [str(place) for place in range(300_000)]
    values[123_456] = values[250_000] = "x"
    frame = pd.DataFrame({"USER_ID": "u", "ITEM_ID": values, "TIMESTAMP": 1})
    with pytest.raises(DataError, match=r"2 of 300,000 values .*\(line 123458: 'x'\)"):
        _ = InteractionsDataset(frame, schema(ITEM_ID="int")).data


def test_an_unreadable_time_is_refused_where_it_is_declared_and_a_missing_one_rejected():
    raw = csv_log("u,i,100", "u,j,", "u,k,later", header=HEADER)
    with pytest.raises(DataError, match=r"1 of 2 values of column 'TIMESTAMP'.*\(line 4: 'later'"):
        _ = InteractionsDataset(raw, TRAINING).data
    data = InteractionsDataset(csv_log("u,i,100", "u,j,", header=HEADER), TRAINING).data
    assert faults(data) == [(3, "time missing")]


def test_a_time_declared_text_is_read_as_ever(schema):
    raw = csv_log("u,i0,10/1/2024", "u,i1,9/1/2024", "u,i2,later", header=HEADER)
    data = InteractionsDataset(raw, schema(TIMESTAMP="str")).data
    assert utc(data) == ["2024-01-10T00:00:00", "2024-01-09T00:00:00"]
    assert faults(data) == [(4, "time unreadable")]


@pytest.mark.parametrize("kind", ["int", "float", "str"])
def test_a_blank_outcome_is_not_observed_and_truths_are_numbers(kind, schema):
    raw = column("", "true", "FALSE", "NaN", "5", name="OUTCOME")
    found = InteractionsDataset(raw, schema(OUTCOME=kind)).data.outcome
    np.testing.assert_array_equal(found, [np.nan, 1, 0, np.nan, 5])


@pytest.mark.parametrize("value", ["inf", "-inf", "-nan", "good"])
def test_an_outcome_that_the_reader_would_reject_is_refused_where_it_is_declared(value, schema):
    raw = column("1", value, name="OUTCOME")
    with pytest.raises(
        DataError, match="1 of 2 values of column 'OUTCOME' cannot be read as float"
    ):
        _ = InteractionsDataset(raw, TRAINING).data
    assert len(faults(InteractionsDataset(raw).data)) == 1
    renamed = column("1", value, name="stars")
    with pytest.raises(DataError, match="1 of 2 values of column 'stars'"):
        _ = InteractionsDataset(renamed, schema(stars="float"), {"OUTCOME": "stars"}).data


def test_a_schema_changes_nothing_about_what_is_read(schema):
    raw = csv_log("07,1.0,5,1", ",x,6,1", "8,y,7,", header=f"{HEADER},OUTCOME")
    path = schema(USER_ID="int", ITEM_ID="str", TIMESTAMP="int", OUTCOME="float")
    plain, checked = read_interactions(raw), InteractionsDataset(raw, path).data
    pd.testing.assert_frame_equal(checked.frame(), plain.frame())
    assert checked.user_ids.tolist() == ["07", "8"]
    assert faults(checked) == faults(plain) == [(3, "user missing")]


def test_the_data_is_checked_when_it_is_read_and_read_once(tmp_path, schema):
    path = tmp_path / "log.csv"
    dataset = InteractionsDataset(path, schema(USER_ID="str"))  # not there yet
    path.write_bytes(LOG)
    first = dataset.data
    path.unlink()
    assert dataset.data is first


@pytest.mark.parametrize("said", [{"client_schema_path": TRAINING}, {"columns": {"USER_ID": "u"}}])
def test_interactions_already_read_take_no_schema_and_no_columns(said):
    with pytest.raises(ConfigError, match="already read; pass the file or the DataFrame"):
        InteractionsDataset(read_interactions(LOG), **said)


# Items.


def test_items_are_checked_too(schema):
    path = schema(ITEM_ID="str", price="float")
    items = pd.DataFrame({"ITEM_ID": ["b", "a"], "price": ["1", "dear"]})
    with pytest.raises(DataError, match=r"1 of 2 values of column 'price'.*\(line 3: 'dear'\)"):
        _ = ItemsDataset(items, path).item_ids
    with pytest.raises(
        DataError, match=r"'price', and there is only 'ITEM_ID'; correct the name or"
    ):
        _ = ItemsDataset(items[["ITEM_ID"]], path).item_ids
    assert ItemsDataset(items, "items_schema.yaml").item_ids == ["b", "a"]
    with pytest.raises(DataError, match="only 'price'; correct the name or"):  # no talk of roles
        _ = ItemsDataset(items[["price"]], "items_schema.yaml").item_ids


# The schema file.


@pytest.mark.parametrize(
    ("spelling", "kind"),
    [
        ("string", "str"), ("object", "str"), ("STR", "str"),
        ("int64", "int"), ("Int64", "int"), ("int32", "int"), ("integer", "int"),
        ("float32", "float"), ("float64", "float"), ("double", "float"),
        ("boolean", "bool"), ("bool", "bool"),
        ("datetime64[ns]", "time"), ("datetime64[us, UTC]", "time"), ("datetime", "time"),
        ("timestamp", "time"), ("string[pyarrow]", "str"),
    ],
)  # fmt: skip
def test_spellings_of_pandas_are_understood(spelling, kind, schema):
    assert Schema.open(schema(a=spelling)).columns[0].type == kind


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("columns: [", "mine.yaml is not valid YAML on line 1; correct it"),
        ("a: 1\nb: c: d", "mine.yaml is not valid YAML on line 2"),
        ("!!python/object/apply:os.getcwd []", "mine.yaml is not valid YAML on line 1"),
        ("!!bool maybe", "mine.yaml is not valid YAML"),
        ("a: \udcff", "mine.yaml is not valid YAML"),
        ("[" * 2000, "mine.yaml is not valid YAML"),
        ("USER_ID,ITEM_ID\nu,i", "mine.yaml is no schema; it must hold a list under 'columns:'"),
        ("- name: a\n  type: str", "is no schema; it must hold a list"),
        ("columns: {name: a}", "is no schema; it must hold a list"),
        ("cols: []", "is no schema; it must hold a list"),
        ("columns: []", "mine.yaml declares no column"),
        ("columns: [a]", "each of 'columns:' must have a 'name:' and a 'type:'"),
        ("columns: [{name: a}]", "must have a 'name:' and a 'type:'"),
        ("columns: [{type: str}]", "must have a 'name:' and a 'type:'"),
        ("columns: [{name: no, type: str}]", "the name False is no text; put it in quotes"),
        ("columns: [{name: 1, type: str}]", "the name 1 is no text; put it in quotes"),
        ("columns: [{name: '', type: str}]", "the name '' is no text"),
        ("columns: [{name: a, type: text}]", "type='text' of column 'a' must be int, float,"),
        ("columns: [{name: a, type: [int]}]", r"type=\['int'\] of column 'a' must be"),
        ("columns: [{name: a, type: null}]", "type=None of column 'a' must be"),
        ("columns: [{name: a, type: int, optional: 1}]", "optional=1 of column 'a' must be true"),
        ("columns: [{name: a, type: int}, {name: a, type: str}]", "mine.yaml declares 'a' twice"),
    ],
)  # fmt: skip
def test_what_is_no_schema_is_refused_in_one_sentence(text, message, schema):
    with pytest.raises(ConfigError, match=message) as caught:
        InteractionsDataset(LOG, schema(text))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("path", ["nothing.yaml", ".", "", "x" * 5000, "a\0b", "../datasets.py"])
def test_an_unknown_file_is_refused_with_those_shipped(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"no such file.* shipped are 'interactions_schema_inf"):
        ItemsDataset(LOG, path)


def test_columns_in_the_place_of_the_schema_are_refused():
    with pytest.raises(ConfigError, match="client_schema_path is a dict; it must be the path"):
        InteractionsDataset(LOG, {"USER_ID": "visitor"})  # type: ignore[arg-type]


def test_what_a_schema_says_beyond_its_use_is_ignored_with_one_warning(schema):
    path = schema(
        "version: 2\ncolumns:\n- {name: ITEM_ID, type: str, hash_buckets: 8}\n"
        "- {name: title, type: str, vocab: [a, b], optional: true}\n"
        "- {name: hue, type: str, vocab: [a], optinal: true}\n"
    )
    with pytest.warns(UserWarning, match=r"mine\.yaml says what has no meaning") as caught:
        InteractionsDataset(LOG, path)
    assert len(caught) == 1
    assert "ignored: 'version', 'hash_buckets', 'vocab', 'optinal';" in str(caught[0].message)
    assert caught[0].filename == __file__


def test_a_plain_schema_warns_of_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(InteractionsDataset(TOY, TRAINING).data) == 4


@given(st.text(st.sampled_from("columns:nametyp -[]{},\n!&*|>'\"?#%@`int0"), max_size=60))
@settings(max_examples=100, deadline=None)
def test_any_text_is_a_schema_or_refused(tmp_path_factory, text):
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_text(text, encoding="utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            assert Schema.open(path).columns
        except ConfigError:
            return
