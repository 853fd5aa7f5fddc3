"""One log in every form that can hold it."""

import datetime as dt
import decimal
import io
import random

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pandas.testing import assert_frame_equal

from hrnn import DataError, ItemsDataset, read_interactions
from hrnn.data.tables import load_text
from tests.hrnn.logs import codes, csv_log, faults, items_of, parquet, timed, utc

FRAME = pd.DataFrame(
    {
        "user_id": ["u2", "u1", "u1", None, "u1"],
        "item_id": [7.0, 10.0, 7.0, 8.0, np.nan],
        "timestamp": pd.to_datetime(
            ["2024-01-05T12:00:00.123456Z", "2024-01-05T12:01Z", "2024-01-05T12:00Z"]
            + ["2024-01-05T12:00Z"] * 2,
            format="ISO8601",
        ),
        "outcome": [1.0, 0.5, np.nan, 0.0, 1.0],
        "session_id": pd.Series([None, "s1", "s1", "s2", None], dtype=object),
        "title": ["ä, b", 'say "x"', "two\nlines", "", "y"],
    }
)
CSV = FRAME.assign(item_id=FRAME["item_id"].astype("Int64")).to_csv(index=False).encode()
TABLE = pa.Table.from_pandas(FRAME)


SOURCES = {
    "frame": FRAME,
    "object frame": FRAME.astype(object),
    "categorical frame": FRAME.astype({"user_id": "category", "title": "category"}),
    "nullable frame": FRAME.convert_dtypes(),
    "local frame": FRAME.assign(timestamp=FRAME["timestamp"].dt.tz_convert("Asia/Kolkata")),
    "datetimes": FRAME.assign(
        timestamp=pd.Series([one.to_pydatetime() for one in FRAME["timestamp"]], dtype=object)
    ),
    "nanoseconds": FRAME.assign(timestamp=FRAME["timestamp"].dt.as_unit("ns")),
    "odd index": FRAME.set_axis([9, 9, 1, 1, 0], axis=0),
    "Parquet": parquet(FRAME),
    "Parquet with dictionaries": parquet(
        TABLE.set_column(0, "user_id", TABLE["user_id"].dictionary_encode())
    ),
    "Parquet with large text": parquet(
        TABLE.set_column(5, "title", TABLE["title"].cast(pa.large_string()))
    ),
    "file object": io.BytesIO(CSV),
    "text file object": io.StringIO(CSV.decode()),
    "UTF-16": CSV.decode().encode("utf-16"),
    "CRLF": CSV.replace(b"\n", b"\r\n"),
    "semicolons": FRAME.assign(item_id=FRAME["item_id"].astype("Int64"))
    .to_csv(index=False, sep=";")
    .encode(),
}


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Blank text and missing text are the same to a CSV."""
    return frame.astype({"title": object}).fillna({"title": "", "SESSION_ID": ""})


@pytest.mark.parametrize("name", SOURCES)
def test_every_source_gives_the_same_interactions(name):
    data = read_interactions(SOURCES[name])
    assert_frame_equal(_plain(data.frame()), _plain(read_interactions(CSV).frame()))
    assert data.report.accepted == 3
    assert [reason for _, reason in faults(data)] == ["user missing", "item missing"]


def test_the_frame_that_comes_back():
    frame = read_interactions(CSV).frame()
    assert frame["USER_ID"].tolist() == ["u1", "u1", "u2"]
    assert frame["ITEM_ID"].tolist() == ["7", "10", "7"]
    assert str(frame["TIMESTAMP"].dtype) == "datetime64[us, UTC]"
    assert frame["TIMESTAMP"].iloc[2].isoformat() == "2024-01-05T12:00:00.123456+00:00"
    assert frame["OUTCOME"].fillna(-1).tolist() == [-1, 0.5, 1]
    assert list(frame) == ["USER_ID", "ITEM_ID", "TIMESTAMP", "OUTCOME", "SESSION_ID", "title"]


@pytest.mark.parametrize("source", [FRAME, parquet(FRAME)], ids=["frame", "Parquet"])
def test_first_row_of_a_frame_or_parquet_is_line_two(source):
    assert [line for line, _ in faults(read_interactions(source))] == [5, 6]


def test_a_source_is_left_as_it_was():
    before = FRAME.copy(deep=True)
    read_interactions(FRAME)
    assert_frame_equal(FRAME, before)


def test_path_as_text_and_as_path(tmp_path):
    path = tmp_path / "log.csv"
    path.write_bytes(CSV)
    assert len(read_interactions(path)) == len(read_interactions(str(path))) == 3


def test_dates_of_a_frame():
    frame = pd.DataFrame(
        {"u": ["u", "u"], "i": ["i0", "i1"], "t": [dt.date(2024, 1, 5), dt.date(2024, 1, 6)]}
    )
    assert utc(read_interactions(frame)) == ["2024-01-05T00:00:00", "2024-01-06T00:00:00"]


def test_missing_time_of_a_frame_is_rejected_and_is_no_latest_event():
    times = pd.Series([pd.Timestamp("2024-01-05", tz="UTC"), pd.NaT])
    data = read_interactions(pd.DataFrame({"u": ["u", "u"], "i": ["a", "b"], "t": times}))
    assert faults(data) == [(3, "time missing")]


# Faults of the reference (FACTS §1, 9 and 10), each of which must be right here.

MISSING = [None, np.nan, pd.NA, pd.NaT]


def log_of(**columns) -> pd.DataFrame:
    """Make a log of one user with items i0, i1, … where the columns say nothing else."""
    length = len(next(iter(columns.values())))
    plain = {
        "USER_ID": "u",
        "ITEM_ID": [f"i{n}" for n in range(length)],
        "TIMESTAMP": range(length),
    }
    return pd.DataFrame({**plain, **columns})


def objects(*values) -> pd.Series:
    return pd.Series(values, dtype=object)


@pytest.mark.parametrize("kind", [int, float, str, np.int32, np.int64, np.uint64, np.float64])
def test_numbers_in_an_object_column_are_seconds(kind):
    data = read_interactions(log_of(TIMESTAMP=objects(kind(5100), kind(900), kind(100))))
    assert data.time_us.tolist() == [100_000_000, 900_000_000, 5_100_000_000]
    assert items_of(data) == {"u": ["i2", "i1", "i0"]}


@pytest.mark.parametrize("make", [pd.Series, lambda values: objects(*values)])
def test_float_seconds_keep_their_precision(make):
    times = [1_704_456_000.123457, 1_704_456_000.123456, 1_704_456_064.0, 16_777_217.0]
    data = read_interactions(log_of(TIMESTAMP=make(times)))
    assert data.time_us.tolist() == [
        16_777_217_000_000,  # no float32
        1_704_456_000_123_456,
        1_704_456_000_123_457,
        1_704_456_064_000_000,
    ]
    assert items_of(data) == {"u": ["i3", "i1", "i0", "i2"]}


@pytest.mark.parametrize("missing", MISSING, ids=str)
@pytest.mark.parametrize("time", [200, 200.5, "2024-01-05", pd.Timestamp("2024-01-05")], ids=str)
def test_a_missing_time_beside_any_other_is_rejected(missing, time):
    data = read_interactions(log_of(TIMESTAMP=objects(time, missing)))
    assert items_of(data) == {"u": ["i0"]}
    assert faults(data) == [(3, "time missing")]


@pytest.mark.parametrize("kind", ["float64", "Float64", "Int64", "datetime64[ns]"])
def test_a_missing_time_of_a_typed_column_is_rejected(kind):
    times = pd.Series([300, None, 100]).astype(kind)
    data = read_interactions(log_of(TIMESTAMP=times))
    assert items_of(data) == {"u": ["i2", "i0"]}
    assert faults(data) == [(3, "time missing")]


def test_dates_written_without_zeros_sort_as_times_not_as_text():
    for texts in (
        ["2024-1-10", "2024-1-9", "2024-1-2"],
        ["10.1.2024", "9.1.2024", "31.12.2023"],
        ["2024-01-05 1:00 PM", "2024-01-05 11:00 AM", "2024-01-05 12:30 AM"],
    ):
        data = read_interactions(log_of(TIMESTAMP=texts))
        assert items_of(data) == {"u": ["i2", "i1", "i0"]}, texts


@pytest.mark.parametrize("missing", MISSING, ids=str)
@pytest.mark.parametrize(("name", "word"), [("USER_ID", "user"), ("ITEM_ID", "item")])
def test_a_missing_id_is_rejected_with_its_line_and_shifts_nothing(name, word, missing):
    frame = log_of(**{name: objects("a", missing, "b", missing), "note": list("wxyz")})
    data = read_interactions(frame)
    kept = data.frame()
    assert sorted(zip(kept[name], kept["note"], strict=True)) == [("a", "w"), ("b", "y")]
    assert [(one.line, one.column, one.reason) for one in data.report.rejected] == [
        (3, name, f"{word} missing"),
        (5, name, f"{word} missing"),
    ]


@pytest.mark.parametrize("name", ["USER_ID", "ITEM_ID", "SESSION_ID"])
@pytest.mark.parametrize(
    "kind", ["float32", "float64", "Float64", "Int64", "object", "category", "CSV", "Parquet"]
)
def test_a_missing_id_makes_no_decimals_of_the_others(name, kind):
    typed = pd.Series([1.0, 2.0, None, 2e10], dtype=kind if kind.islower() else "Int64")
    frame = log_of(**{name: typed})
    source = {"CSV": frame.to_csv(index=False).encode(), "Parquet": parquet(frame)}
    kept = read_interactions(source.get(kind, frame)).frame()
    assert sorted(kept[name].dropna()) == ["1", "2", "20000000000"]


def test_ids_of_a_csv_stay_as_they_are_written():
    data = read_interactions(csv_log("1.0,07,1", ",7,2", "1,1e3,3"))
    assert items_of(data) == {"1": ["1e3"], "1.0": ["07"]}
    assert "FLOAT_LIKE_IDS" in codes(data)


@pytest.mark.parametrize("kind", ["Int64", "Float64", "float64", "object"])
def test_a_missing_item_of_a_catalogue_is_refused_and_whole_numbers_stay_whole(kind):
    ids = pd.Series([1.0, 2e10, None], dtype=kind)
    with pytest.raises(DataError, match="1 of 3 items have no ITEM_ID"):
        _ = ItemsDataset(pd.DataFrame({"ITEM_ID": ids})).item_ids
    kept = ItemsDataset(pd.DataFrame({"ITEM_ID": ids[:2]}))
    assert kept.item_ids == ["1", "20000000000"]


def test_booleans_are_outcomes():
    frame = pd.DataFrame(
        {
            "u": ["u", "u"],
            "i": ["a", "b"],
            "t": [1_704_456_000, 1_704_456_001],
            "label": [True, False],
        }
    )
    assert read_interactions(frame).outcome.tolist() == [1.0, 0.0]


def test_columns_of_one_name_are_all_kept():
    rows = [["u", "i", 1_704_456_000, "x", "y"]]
    frame = pd.DataFrame(rows, columns=["user_id", "item_id", "timestamp", "n", "n"])
    table = pa.Table.from_arrays(
        [pa.array([value]) for value in rows[0]], ["user_id", "item_id", "timestamp", "n", "n"]
    )
    text = b"user_id,item_id,timestamp,n,n\nu,i,1704456000,x,y\n"
    for source in (frame, parquet(table), text):
        data = read_interactions(source)
        assert list(data.report.columns)[3:] == ["n", "n_2"]
        assert data.frame()[["n", "n_2"]].values.tolist() == [["x", "y"]]


def test_frame_columns_that_arrow_does_not_know_are_kept_as_text():
    frame = FRAME.head(3).assign(c=[1j, 2j, 3j], s=pd.arrays.SparseArray([0, 0, 1]))
    assert read_interactions(frame).frame()["s"].tolist() == ["1", "0", "0"]


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        (pa.list_(pa.int64()), [1, None], "[1, null]"),
        (pa.struct([("a", pa.string())]), {"a": "ü"}, '{"a": "ü"}'),
        (pa.list_(pa.timestamp("us")), [dt.datetime(2024, 1, 5)], '["2024-01-05 00:00:00"]'),
        (pa.binary(), "ü7".encode(), "ü7"),
        (pa.binary(), b"\xff\x00", "ff00"),
        (pa.binary(2), b"ab", "ab"),
        (pa.uuid(), b"\xff" * 16, "ffffffff-ffff-ffff-ffff-ffffffffffff"),
        (pa.decimal128(20, 4), decimal.Decimal("9007199254740993.0000"), "9007199254740993"),
        (pa.decimal128(20, 4), decimal.Decimal("1.5000"), "1.5000"),
        (pa.bool_(), True, "true"),
        (pa.uint64(), 2**64 - 1, "18446744073709551615"),
    ],
)
def test_every_type_of_parquet_has_its_text(kind, value, text):
    column = pa.array([value, None], kind)
    table = pa.table({"u": ["u", "u"], "i": ["i", "j"], "t": [1, 2], "extra": column})
    assert load_text(parquet(table)).table["c3"].to_pylist() == [text, None]


def test_damaged_parquet_is_refused_wherever_the_damage_lies():
    whole = parquet(
        pd.DataFrame(
            {
                "user_id": ["ü"] * 50,
                "item_id": [f"ï{number}" for number in range(50)],
                "timestamp": ["2024-01-05"] * 50,
            }
        )
    )
    chance = random.Random(0)
    refused = 0
    for _ in range(60):
        damaged = bytearray(whole)
        for _ in range(4):
            damaged[chance.randrange(4, len(whole) - 4)] = chance.randrange(256)
        try:
            read_interactions(bytes(damaged))
        except DataError:
            refused += 1
    assert refused > 20
    with pytest.raises(DataError, match=r"Parquet file is damaged.*export it again"):
        read_interactions(whole[: len(whole) // 2])


def test_parquet_text_that_is_not_utf8_is_refused():
    offsets = pa.array([0, 1], pa.int32()).buffers()[1]
    broken = pa.Array.from_buffers(pa.string(), 1, [None, offsets, pa.py_buffer(b"\xff")])
    table = pa.table({"user_id": broken, "item_id": ["i"], "timestamp": [1]})
    with pytest.raises(DataError, match=r"Parquet file is damaged.*UTF8"):
        read_interactions(parquet(table))


@pytest.mark.parametrize(
    "source",
    [FRAME.head(0), pd.DataFrame(), parquet(FRAME.head(0))],
    ids=["no rows", "no columns", "Parquet"],
)
def test_empty_table_is_refused(source):
    with pytest.raises(DataError, match="table is empty; pass one with at least one interaction"):
        read_interactions(source)


def test_missing_and_unreadable_paths_are_refused_by_name(tmp_path):
    with pytest.raises(DataError, match=r"nothing\.csv cannot be read: No such file"):
        read_interactions(tmp_path / "nothing.csv")
    with pytest.raises(DataError, match="cannot be read: Is a directory"):
        read_interactions(tmp_path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be"])
def test_preview_reads_about_as_many_rows_as_asked(encoding):
    rows = [f"ਊ{number},Ċ,1704456000" for number in range(50)]  # 0A is a byte of both letters
    raw = csv_log(*rows).decode().encode(encoding)
    raw = (b"\xfe\xff" if encoding == "utf-16-be" else b"") + raw
    preview = load_text(raw, most_rows=10)
    assert preview.names == ["user_id", "item_id", "timestamp"]
    assert preview.table["c0"].to_pylist()[:10] == [f"ਊ{number}" for number in range(10)]
    if encoding == "utf-8":
        assert preview.rows == 10


@pytest.mark.parametrize("source", [FRAME, parquet(FRAME)], ids=["frame", "Parquet"])
def test_preview_of_a_table_stops(source):
    assert load_text(source, most_rows=2).rows == 2


def test_old_times_are_text_to_arrow_too():
    naive = pd.DataFrame(
        {"u": ["u"], "i": ["i0"], "t": np.array(["1850-01-01T00:00:01"], "datetime64[s]")}
    )
    assert utc(read_interactions(naive)) == utc(read_interactions(timed("1850-01-01 00:00:01")))
    assert "NAIVE_TIMES" in codes(read_interactions(naive))


def test_missing_time_of_numpy_among_objects_is_a_rejected_row():
    times = pd.Series([100, np.datetime64("NaT")], dtype=object)
    data = read_interactions(pd.DataFrame({"user": ["u", "u"], "item": ["a", "b"], "time": times}))
    assert faults(data) == [(3, "time missing")]


def test_durations_are_refused():
    frame = pd.DataFrame({"user": ["u"], "item": ["a"], "time": pd.to_timedelta([1], unit="s")})
    with pytest.raises(DataError, match=r"durations \(.time: duration"):
        read_interactions(frame)
