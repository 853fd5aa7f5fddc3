"""Odd input that people have: each kind was once read wrongly, or ended in a traceback."""

import io
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hrnn import ConfigError, DataError, read_interactions

T = 1_700_000_000


def ids(data: Any) -> list[tuple[str, str]]:
    frame = data.frame()
    return list(zip(frame["USER_ID"], frame["ITEM_ID"], strict=True))


@pytest.mark.parametrize("freq", ["D", "h", "s"])
def test_a_period_is_its_first_moment(freq: str) -> None:
    times = pd.period_range("2024-01-01", periods=2, freq=freq)
    frame = pd.DataFrame({"user": ["u", "u"], "item": ["a", "b"], "time": times})
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pandas(frame), file)
    for source in (frame, file.getvalue()):
        read = read_interactions(source).frame()["TIMESTAMP"].dt.tz_localize(None)
        assert read.tolist() == times.start_time.tolist()


@pytest.mark.parametrize("first", ['{"user":"u","item":1,"time":1,}', "{bad", "[1]", '{"user":'])
def test_a_damaged_first_line_is_one_rejected_row(first: str) -> None:
    good = f'{{"user":"u","item":1,"time":{T}}}\n'
    data = read_interactions(f"{first}\n{good * 2}{good.replace('1,', '2,', 1)}".encode())
    assert [one.line for one in data.report.rejected] == [1]
    assert (len(data), data.report.duplicates) == (2, 1)


@pytest.mark.parametrize("deep", ["[" * 400 + "]" * 400, '{"a":' * 400 + "1" + "}" * 400])
def test_values_without_end_in_one_another_reject_their_row(deep: str) -> None:
    row = f'{{"user":"u","item":1,"time":{T},"x":'
    data = read_interactions(f"[{row}{deep}}},{row}2}}]".encode())
    assert len(data) == 1
    assert [one.reason for one in data.report.rejected] == ["values lie deeper than 100 levels"]


def test_an_object_that_is_too_deep_to_read_is_a_sentence() -> None:
    with pytest.raises(DataError, match="without end"):
        read_interactions(b'{"a":' * 100_000 + b"1" + b"}" * 100_000)


def test_blanks_beside_quotes_belong_to_neither_id_nor_name() -> None:
    log = (
        f'"user", "item", "time"\n"u", "i, j" ,{T}\n"u" ,"i, j", {T + 1}\n"v",  "say ""hi""" ,{T}\n'
    )
    data = read_interactions(log.encode())
    assert ids(data) == [("u", "i, j"), ("u", "i, j"), ("v", 'say "hi"')]
    assert list(data.report.columns) == ["user", "item", "time"]


def test_a_tab_beside_quotes_separates_where_it_is_the_separator() -> None:
    data = read_interactions(f'user\titem\ttime\n"u"\t"a"\t{T}\n"u"\t\t{T}\n'.encode())
    assert ids(data) == [("u", "a")]
    assert [one.reason for one in data.report.rejected] == ["item missing"]


def test_quotes_with_a_backslash_are_quotes_where_a_file_writes_them_so() -> None:
    log = f'user,item,time\n"u","The \\"Best\\" hat",{T}\n"u","say \\"hi\\", ok",{T + 1}\n'
    data = read_interactions(log.encode())
    assert ids(data) == [("u", 'The "Best" hat'), ("u", 'say "hi", ok')]
    assert data.report.format.endswith('quotes as \\"')


def test_a_backslash_at_the_end_of_a_field_is_a_letter() -> None:
    data = read_interactions(f'user,item,time\n"u","C:\\dir\\",{T}\n"v","a ""b"" c",{T}\n'.encode())
    assert ids(data) == [("u", "C:\\dir\\"), ("v", 'a "b" c')]


def test_an_export_that_is_read_again_says_what_its_apostrophes_do() -> None:
    exported = f"user,item,time\n'=1+1,a,{T}\n'=1+1,'-7,{T}\n'tis,b,{T}\n".encode()
    data = read_interactions(exported)
    assert {user for user, _ in ids(data)} == {"'=1+1", "'tis"}
    found = [one for one in data.report.warnings if one.code == "APOSTROPHE_IDS"]
    assert [(one.message[:10], one.count) for one in found] == [
        ("1 user id ", 2),
        ("1 item id ", 1),
    ]


def test_bytes_in_a_frame_are_text() -> None:
    frame = pd.DataFrame({"user": [b"u1", b"\xff"], "item": ["a", "b"], "time": [T, T]})
    assert ids(read_interactions(frame)) == [("ff", "b"), ("u1", "a")]


@pytest.mark.parametrize(
    "odd",
    [
        pd.Categorical(pd.interval_range(0, 2)),
        pd.Categorical([(1, 2), (3, 4)]),
        pd.array([None, None], pd.ArrowDtype(pa.month_day_nano_interval())),
    ],
)
def test_a_column_of_an_odd_type_is_kept_as_it_is_printed(odd: Any) -> None:
    frame = pd.DataFrame({"user": ["u", "v"], "item": ["a", "b"], "time": [T, T], "x": odd})
    data = read_interactions(frame)
    assert len(data) == 2
    assert "x" in data.frame().columns


def test_values_that_are_written_once_a_run_are_the_same_values() -> None:
    users = pa.RunEndEncodedArray.from_arrays([2, 3], ["u", "v"])
    column = pd.arrays.ArrowExtensionArray(pa.chunked_array([users]))
    frame = pd.DataFrame({"user": column, "item": ["a", "b", "c"], "time": [T, T, T]})
    assert ids(read_interactions(frame)) == [("u", "a"), ("u", "b"), ("v", "c")]


def test_no_column_of_the_file_takes_the_name_of_another() -> None:
    log = f"uid,iid,t,USER_ID (file),USER_ID\nu,a,{T},s1,s2\n".encode()
    columns = {"USER_ID": "uid", "ITEM_ID": "iid", "TIMESTAMP": "t"}
    frame = read_interactions(log, columns).frame()
    assert (frame["USER_ID (file)"][0], frame["USER_ID (file)_2"][0]) == ("s1", "s2")
    nested = f'[{{"user":{{"id":1}},"user.id":2,"item":3,"time":{T}}}]'.encode()
    frame = read_interactions(nested).frame()
    assert (frame["USER_ID"][0], frame["user.id_2"][0]) == ("1", "2")


@pytest.mark.parametrize(
    ("source", "settings"),
    [
        (None, {}),
        (5, {}),
        ([], {}),
        ({}, {}),
        (pd.Series([1]), {}),
        ("a\0b", {}),
        (b"user,item,time\nu,i,1\n", {"timezone": None}),
        (b"user,item,time\nu,i,1\n", {"time_unit": ["s"]}),
        (b"user,item,time\nu,i,1\n", {"dayfirst": "x"}),
        (b"user,item,time\nu,i,1\n", {"columns": [1]}),
    ],
)
def test_arguments_of_another_type_are_a_sentence(source: Any, settings: dict[str, Any]) -> None:
    with pytest.raises((DataError, ConfigError)):
        read_interactions(source, **settings)


def test_bytes_of_any_type_are_a_source() -> None:
    log = f"user,item,time\nu,a,{T}\n".encode()
    for source in (bytearray(log), memoryview(log)):
        assert ids(read_interactions(source)) == [("u", "a")]  # pyright: ignore


@pytest.mark.parametrize("half", ["\u202fPM", "\u00a0PM", " p.m.", " P.M", "pm"])
def test_afternoons_are_read_however_they_are_written(half: str) -> None:
    data = read_interactions(f"user\titem\ttime\nu\ta\t3/14/2024, 1:05:06{half}\n".encode())
    assert str(data.frame()["TIMESTAMP"][0]) == "2024-03-14 13:05:06+00:00"


def test_zstandard_may_begin_with_a_frame_that_is_skipped() -> None:
    log = f"user,item,time\nu,a,{T}\n".encode()
    packed = pa.compress(log, codec="zstd", asbytes=True)
    assert ids(read_interactions(b"\x50\x2a\x4d\x18\x04\0\0\0abcd" + packed)) == [("u", "a")]


def test_seconds_sort_by_all_their_digits() -> None:
    log = f"user,item,time\nu,a,{T}.1234567891\nu,b,{T}.1234567890\n".encode()
    data = read_interactions(log)
    assert [item for _, item in ids(data)] == ["b", "a"]
    assert "TIED_TIMES" not in {one.code for one in data.report.warnings}
