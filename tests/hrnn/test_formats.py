"""One log in every format and packing; how a format is told, and overridden."""

import io
import json
import random
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pandas.testing import assert_frame_equal

from hrnn import DataError, read_interactions
from hrnn.data.tables import ReadAs, load_text
from hrnn.errors import ConfigError
from tests.hrnn.logs import csv_log, lines_of
from tests.hrnn.written import (
    PACKINGS,
    arrow_stream,
    delimited,
    feather_of,
    json_lines,
    ods,
    parquet_of,
    records_of,
    rows_of,
    xlsx,
)

LOG = {
    "user_id": [7, 12, 7, 12, 9007199254740993],
    "item_id": ["a", "ü", "b", "007", "NA"],
    "timestamp": [1704456000, 1704456060, 1704456120, 1704456180, 1704456240],
    "outcome": [1.0, 0.0, None, 0.5, 1.0],
    "title": ["Tea", "Über", None, "x: y", "say so"],
}
COLUMNS = {name: list(column) for name, column in LOG.items()}
SHEET = [list(LOG), *([str(row[0]), *row[1:]] for row in rows_of(LOG))]  # Excel has no 64 bits
RECORDS = records_of(LOG)
TEXT = delimited(LOG)

FORMATS = {
    "CSV, separator comma": TEXT,
    "CSV, separator semicolon": delimited(LOG, ";"),
    "CSV, separator tab": delimited(LOG, "\t"),
    "CSV, separator |": delimited(LOG, "|"),
    "CSV, separator ^": delimited(LOG, "^"),
    "CSV, separator ~": delimited(LOG, "~"),
    "CSV, separator ::": delimited(LOG, "::"),
    "JSON": json.dumps(RECORDS, indent=1).encode(),
    "JSON, an object of columns": json.dumps(COLUMNS).encode(),
    "JSON, records in 'rows'": json.dumps({"count": 5, "rows": RECORDS, "next": None}).encode(),
    "JSON Lines": json_lines(RECORDS),
    "Parquet": parquet_of(LOG),
    "Feather": feather_of(LOG),
    "Arrow stream": arrow_stream(LOG),
    "workbook, sheet 'Log'": xlsx({"Log": SHEET}),
    "workbook, sheet 'Log' (ods)": ods(SHEET),
}


def plain(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.astype({"title": object}).fillna({"title": "", "SESSION_ID": ""})


@pytest.fixture(scope="module")
def expected() -> pd.DataFrame:
    frame = plain(read_interactions(TEXT).frame())
    assert frame["USER_ID"].tolist() == ["12", "12", "7", "7", "9007199254740993"]
    assert frame["ITEM_ID"].tolist() == ["ü", "007", "a", "b", "NA"]
    return frame


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("words", FORMATS)
def test_every_format_in_every_packing_gives_the_same_interactions(words, packing, expected):
    raw = PACKINGS[packing](FORMATS[words])
    assert_frame_equal(plain(read_interactions(raw).frame()), expected)
    text = load_text(raw)
    said = {"": "", "ZIP": ", ZIP (log.csv)"}.get(packing, f", {packing}")
    assert text.format == words.removesuffix(" (ods)") + said
    assert text.names == list(LOG)
    assert text.headed


@pytest.mark.parametrize("words", FORMATS)
def test_paths_and_bytes_are_read_alike_whatever_the_name(words, tmp_path, expected):
    path = tmp_path / "log"
    path.write_bytes(FORMATS[words])
    assert_frame_equal(plain(read_interactions(path).frame()), expected)


@pytest.mark.parametrize("words", FORMATS)
def test_a_preview_has_the_first_rows_with_the_same_names(words):
    preview, whole = load_text(FORMATS[words], most_rows=2), load_text(FORMATS[words])
    assert preview.rows == 2
    assert preview.names == whole.names
    assert preview.format == whole.format
    assert preview.table.to_pylist() == whole.table.slice(0, 2).to_pylist()


@pytest.mark.parametrize("words", FORMATS)
def test_lines_are_those_of_the_file_or_begin_at_two(words):
    expected = [1, 2, 3, 4, 5] if words == "JSON Lines" else [2, 3, 4, 5, 6]
    assert load_text(FORMATS[words]).table["line"].to_pylist() == expected


def cut(raw: bytes) -> bytes:
    return raw[: len(raw) // 2]


@pytest.mark.parametrize("words", ["Parquet", "Feather", "workbook, sheet 'Log'", "JSON"])
def test_a_file_cut_in_half_is_damaged(words):
    with pytest.raises(DataError, match="damaged"):
        load_text(cut(FORMATS[words]))


@pytest.mark.parametrize("words", [one for one in FORMATS if "CSV" not in one])
def test_damage_anywhere_is_a_data_error_or_another_table(words):
    whole, chance = FORMATS[words], random.Random(0)
    for _ in range(120):
        damaged = bytearray(whole)
        for _ in range(chance.randrange(1, 4)):
            damaged[chance.randrange(len(whole))] = chance.randrange(256)
        try:
            load_text(bytes(damaged))
        except DataError:
            continue


HEADS = {
    "delimited": [b"a,b\n1,2\n", b"[user],item\n1,2\n", b"{user};item\n", b"x", b"[1]x,2\n"],
    "json": [
        b"[{",
        b' \n[ {"a": 1}]',
        b"[]",
        b'{"a": [1], "b": [2]}',
        b'{\n"a": 1}',
        b'{"a": 1}\n',
    ],
    "json_lines": [b'{"a": 1}\n{"a": 2}\n', b'\n\xef\xbb\xbf{"a":1}\r\n{"a":2}'],
}


@pytest.mark.parametrize(("kind", "raw"), [(k, raw) for k, raws in HEADS.items() for raw in raws])
def test_the_format_of_a_text_is_told_by_its_head(kind, raw):
    from hrnn.data.formats import text_format

    assert text_format(raw, whole=True) == kind
    assert text_format(raw.decode("utf-8-sig").encode("utf-16"), whole=True) == kind


def test_a_said_format_is_used():
    lines = json_lines([{"session": "s", "events": [{"aid": 1, "ts": 1704456000}]}] * 2)
    assert load_text(lines).names == ["session", "aid", "ts"]
    for kind in ("json", "json_lines"):
        assert load_text(lines, read_as=ReadAs(format=kind)).names == ["session", "events"]
    assert load_text(lines, read_as=ReadAs(format="events")).names == ["session", "aid", "ts"]
    as_text = load_text(lines, read_as=ReadAs(format="delimited", separator="|", header=False))
    assert as_text.table["c0"].to_pylist() == lines.decode().splitlines()
    with pytest.raises(DataError, match="Parquet file is damaged"):
        load_text(lines, read_as=ReadAs(format="parquet"))
    with pytest.raises(DataError, match="workbook is damaged or of an unknown kind"):
        load_text(lines, read_as=ReadAs(format="workbook"))
    with pytest.raises(DataError, match=r"none of 3 JSON Lines records.*the first is line 1"):
        load_text(b"a,b\nc,d\ne,f\n", read_as=ReadAs(format="json_lines"))


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"separator": "ab"}, "separator='ab': it must be one to three characters that are no"),
        ({"separator": '"'}, "separator="),
        ({"separator": ""}, "separator="),
        ({"encoding": "klingon"}, "encoding='klingon': it must be a text encoding, such as utf-8"),
        ({"encoding": "rot13"}, "encoding='rot13'"),
        ({"format": "xml"}, "format='xml'"),
        ({"colour": "red"}, "colour is not a setting; the settings are format, separator"),
    ],
)
def test_what_cannot_be_said_is_refused(said, message):
    with pytest.raises(ConfigError, match=message):
        ReadAs(**said)


def test_encodings_have_one_name():
    assert ReadAs(encoding="UTF8").encoding == "utf-8"


def test_the_first_version_of_feather_is_named():
    with pytest.raises(DataError, match=r"first version of Feather.*write it again"):
        load_text(b"FEA1" + b"\0" * 50)


@pytest.mark.parametrize("compression", ["uncompressed", "lz4", "zstd"])
def test_feather_of_every_compression(compression):
    assert load_text(feather_of(LOG, compression)).rows == 5


def test_a_preview_of_parquet_reads_only_the_first_rows(tmp_path):
    path = tmp_path / "log.parquet"
    table = pa.table({"u": ["u"] * 3000, "i": ["i"] * 3000, "t": range(3000)})
    pq.write_table(table, path, row_group_size=1000, compression="none", use_dictionary=False)
    raw = bytearray(path.read_bytes())
    second = pq.read_metadata(path).row_group(1).column(0).data_page_offset
    raw[second : second + 40] = b"\xff" * 40
    assert load_text(bytes(raw), most_rows=20).rows == 20
    with pytest.raises(DataError, match="Parquet file is damaged"):
        load_text(bytes(raw))


def test_lines_go_on_over_the_batches_of_a_file():
    batches = pa.table({"u": ["u"] * 5, "i": list("abcde"), "t": [1, 2, 3, 4, 5]}).to_batches(2)
    sink = io.BytesIO()
    with pa.ipc.new_file(sink, batches[0].schema) as file:
        for batch in batches:
            file.write_batch(batch)
    text = load_text(sink.getvalue())
    assert text.table["line"].to_pylist() == [2, 3, 4, 5, 6]
    assert text.table["c1"].to_pylist() == list("abcde")
    assert load_text(sink.getvalue(), most_rows=3).rows == 3


def test_the_warning_of_a_guessed_encoding_stays():
    raw = csv_log("José,a,1704456000")
    assert lines_of(read_interactions(raw.decode().encode("cp1252")), "ENCODING_GUESSED") == ()


AWKWARD = Path(__file__).parents[3] / "shared" / "data" / "awkward"
#: What is known of the real files, where they are at hand: the format, rows, the roles guessed.
REAL = {
    "diginetica_semicolon_item_views.csv": (
        "CSV, separator semicolon",
        "user_id item_id eventdate session_id",
    ),
    "ga4_merch_store_sample.csv": (
        "CSV, separator comma",
        "user_pseudo_id item_id event_timestamp",
    ),
    "libreco_sample_movielens_rating_doublecolon.dat": (
        "CSV, separator ::, no header",
        "column_1 column_2 column_4",
    ),
    "otto_nested_sessions.jsonl": ("JSON Lines, nested events", "session aid ts session"),
    "recbole_ml-100k.inter": (
        "RecBole, separator tab",
        "user_id:token item_id:token timestamp:float",
    ),
    "session-rec_rsc15_test.txt": (
        "CSV, separator comma",
        "SessionId ItemId Time SessionId",
    ),
    "online_retail_raw_first240007.parquet": ("Parquet", "CustomerID StockCode InvoiceDate"),
}
PRESENT = [name for name in REAL if (AWKWARD / name).exists()]


@pytest.mark.parametrize("name", PRESENT)
def test_real_files_are_read_and_their_columns_guessed(name):
    words, roles = REAL[name]
    data = read_interactions(AWKWARD / name)
    assert load_text(AWKWARD / name, most_rows=20).format == words
    found = {one.role: column for column, one in data.report.columns.items() if one.role}
    guessed = [found.get(role) for role in ("USER_ID", "ITEM_ID", "TIMESTAMP")]
    assert [one for one in guessed if one] == [one for one in roles.split()[:3] if one in guessed]
    assert data.report.accepted + data.report.duplicates + len(data.report.rejected) == (
        data.report.rows
    )
    assert data.report.accepted > 0.5 * data.report.rows
