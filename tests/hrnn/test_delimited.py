"""Separators, headers and blocks of delimited text."""

import csv
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hrnn import DataError, read_interactions
from hrnn.data import delimited
from hrnn.data.delimited import Layout
from hrnn.data.separators import SEPARATORS, detect_separator, is_header
from hrnn.data.tables import ReadAs, load_text
from tests.hrnn.logs import csv_log, faults
from tests.hrnn.records import split_records
from tests.hrnn.written import gzipped

RATINGS = ["1::1193::5::978300760", "1::661::3::978302109", "2::1193::4::978298413"]


def rows(text: str | bytes, **said) -> list[list[str]]:
    raw = text.encode() if isinstance(text, str) else text
    table = load_text(raw, read_as=ReadAs(**said)).table
    return [list(row.values())[:-1] for row in table.to_pylist()]


# Separators


@pytest.mark.parametrize("separator", SEPARATORS)
@pytest.mark.parametrize("header", [True, False])
def test_every_separator_is_detected_with_and_without_a_header(separator, header):
    table = [["user", "item", "time"]] * header + [["u1", "a", "1704456000"], ["u2", "b", "170445"]]
    raw = "".join(separator.join(row) + "\n" for row in table)
    assert detect_separator(raw.encode()) == separator
    assert rows(raw) == table[header:]


def test_single_colons_stay_in_fields_between_double_ones():
    text = "movieId::title::year\n1::Star Wars: Episode IV::1977\n2::Se7en::1995\n"
    assert rows(text) == [["1", "Star Wars: Episode IV", "1977"], ["2", "Se7en", "1995"]]


def test_double_colons_in_quotes_are_part_of_the_field():
    text = 'user::note::time\nu1::"a::b"::1704456000\nu2::"say ""x""::y"::1704456001\nu3::c::7\n'
    assert [row[1] for row in rows(text)] == ["a::b", 'say "x"::y', "c"]


def test_a_too_wide_row_between_double_colons_is_shown_as_it_stands():
    records = split_records("\n".join([*RATINGS, "2::1::5::978300760::x::y"]).encode(), "::")
    assert [(one.line, one.text) for one in records.malformed] == [(4, "2::1::5::978300760::x::y")]


def test_a_control_character_in_the_text_is_no_separator():
    assert rows(b"user::item::time\nu\x1f1::a\x1e::1704456000\n")[0][:2] == ["u\x1f1", "a\x1e"]
    with pytest.raises(DataError, match=r"control characters.*separator of one character"):
        rows(b"user::item::time\nu\x1f\x1e\x1d\x1c::a::1704456000\n")


SPACED = "196  242 3 881250949\n 186 302   3 891717742 \n22 377 1 878887116\n"


def test_spaces_separate_where_nothing_else_does_and_every_row_is_even():
    assert detect_separator(SPACED.encode()) == " "
    assert rows(SPACED)[1] == ["186", "302", "3", "891717742"]
    assert load_text(SPACED.encode()).format == "CSV, separator spaces, no header"
    named = load_text(b"user item grade time\n" + SPACED.encode())
    assert named.names == ["user", "item", "grade", "time"]
    assert named.table["c3"].to_pylist() == ["881250949", "891717742", "878887116"]


@pytest.mark.parametrize(
    "text",
    ["name\nthe quick fox\nthe slow dog\n", "a b 1704456000\nc d e 1704456001\n", "a 1704456000\n"],
)
def test_spaces_in_uneven_or_timeless_text_are_no_separators(text):
    assert detect_separator(text.encode()) != " "


def test_a_said_separator_wins():
    assert load_text(b"a;b,c\n1;2,3\n", read_as=ReadAs(separator=",")).names == ["a;b", "c"]
    assert rows("a#b\n1#2\n", separator="#") == [["1", "2"]]
    assert rows("a||b\n1||2|3\n", separator="||") == [["1", "2|3"]]


def test_an_address_with_double_colons_does_not_separate():
    raw = "".join(f"u{n},::1,{1_704_456_000 + n}\n" for n in range(5))
    assert detect_separator(raw.encode()) == ","


# Headers


def test_a_file_without_a_header_keeps_its_first_row_as_line_one():
    text = load_text(("\n".join(RATINGS) + "\n").encode())
    assert text.names == ["column_1", "column_2", "column_3", "column_4"]
    assert text.table["line"].to_pylist() == [1, 2, 3]
    assert text.table["c0"].to_pylist() == ["1", "1", "2"]
    assert (text.format, text.headed) == ("CSV, separator ::, no header", False)
    assert len(read_interactions(("\n".join(RATINGS)).encode())) == 3


def test_faults_of_a_file_without_a_header_have_their_lines():
    raw = b"u1,a,1704456000\nu1,,1704456001\n\nu2,b,soon\nu2,c,1704456002,x\n"
    assert faults(read_interactions(raw)) == [
        (2, "item missing"),
        (4, "time unreadable"),
        (5, "4 fields, 3 expected"),
    ]


@pytest.mark.parametrize(
    ("first", "second", "header"),
    [
        ("user,item,time", "1,2,1704456000", True),
        ("user,item,time", "u,a,soon", True),
        ("1,2,1704456000", "1,3,1704456001", False),
        ("u,a,2024-01-05", "u,b,2024-01-06", False),
        ("1,2,3", "4,5,6", False),
        ("u1,a,3.5", "u1,b,4", False),
        ("u1,a,x", "u1,b,4", True),
        (",user,item", "0,u,i", True),
        ("user,2023,2024", "u,1,2", False),
        ("anna,tea,yes", "bert,milk,no", True),
    ],
)
def test_a_first_row_is_a_header_unless_it_looks_like_the_rows(first, second, header):
    assert is_header(first.split(","), [second.split(",")] * 3) is header


def test_what_is_said_about_the_header_wins():
    raw = b"1,2,1704456000\n3,4,1704456001\n"
    assert load_text(raw, read_as=ReadAs(header=True)).names == ["1", "2", "1704456000"]
    assert load_text(raw, read_as=ReadAs(header=True)).table["line"].to_pylist() == [2]
    named = load_text(b"user,item,time\nu,i,1\n", read_as=ReadAs(header=False))
    assert named.rows == 2
    assert named.names == ["column_1", "column_2", "column_3"]


def test_a_separator_at_the_end_of_every_row_makes_no_column():
    assert load_text(b"1::2::1704456000::\n3::4::1704456001::\n").names == [
        "column_1",
        "column_2",
        "column_3",
    ]


def test_types_in_recbole_headers_are_kept_in_the_names():
    text = load_text(b"user_id:token\titem_id:token\ttimestamp:float\nu\ti\t1704456000\n")
    assert text.names == ["user_id:token", "item_id:token", "timestamp:float"]
    assert text.format == "RecBole, separator tab"


# Blocks

FIELD = st.text(alphabet='ab,"\n', max_size=6)


@st.composite
def messy(draw):
    """Rows written by csv, some with stray quotes, wrong widths or blank lines."""
    sink = io.StringIO()
    writer = csv.writer(sink, lineterminator="\n")
    for number in range(draw(st.integers(1, 12))):
        kind = draw(st.sampled_from(["sound", "sound", "stray", "wide", "short", "blank"]))
        if kind == "sound":
            writer.writerow([draw(FIELD), draw(FIELD), 1_700_000_000 + number])
        elif kind == "stray":
            sink.write(f'u,"{draw(st.sampled_from(["a", "b,", ""]))},{1_700_000_000 + number}\n')
        elif kind == "blank":
            sink.write("\n")
        else:
            sink.write("u,i,1700000000,x\n" if kind == "wide" else "u\n")
    return sink.getvalue().encode()


@given(messy(), st.lists(st.booleans(), min_size=60, max_size=60))
@settings(max_examples=300, deadline=None)
def test_cutting_a_text_into_blocks_changes_nothing(body, cuts):
    text = b"user,item,time\n" + body
    lines = text.splitlines(keepends=True)
    blocks, block = [], b""
    for number, line in enumerate(lines):
        block += line
        if cuts[number % len(cuts)]:
            blocks.append(block)
            block = b""
    blocks = [*blocks, block] if block else blocks
    whole = split_records(text, ",", header=True)
    layout = Layout.of(text, ",", header=True)
    pieces = [piece for piece, _ in layout.pieces(_padded(blocks, layout))]
    assert b"".join(bytes(piece.body) for piece in pieces) == whole.body
    assert np.concatenate([piece.lines for piece in pieces]).tolist() == whole.lines.tolist()
    assert [bad for piece in pieces for bad in piece.malformed] == whole.malformed


def _padded(blocks: list[bytes], layout: Layout) -> list[bytes]:
    """The first block holds the header."""
    first = b""
    while len(first) < layout.begin:
        first += blocks.pop(0)
    return [first, *blocks]


def test_a_quoted_field_over_many_blocks_is_one_and_a_longer_one_is_a_stray_quote():
    long = "line, 1\n" * 30
    text = f'user,item,time,note\nu,i,1700000000,"{long}"\nu,j,1700000001,x\n'.encode()
    layout = Layout.of(text, ",", header=True)
    blocks = text.splitlines(keepends=True)
    for most, count in ((1000, 2), (100, 2)):
        found = [len(piece.lines) for piece, _ in layout.pieces(blocks, most)]
        assert (sum(found) == count) is (most == 1000)


def test_long_files_are_read_in_blocks_and_repeated_values_as_codes(monkeypatch):
    monkeypatch.setattr(delimited, "BLOCK", 1 << 12)
    users = [f"u{n % 7}" for n in range(3000)]
    raw = csv_log(*(f'{user},"i,{n}",{1_700_000_000 + n}' for n, user in enumerate(users)))
    table = load_text(raw).table
    assert table["c0"].num_chunks > 5
    assert "dictionary" in str(table["c0"].type)
    assert str(table["c1"].type) == "string"
    assert table["c0"].to_pylist() == users
    assert table["c1"].to_pylist() == [f"i,{n}" for n in range(3000)]
    assert table["line"].to_pylist() == list(range(2, 3002))


def test_what_is_not_utf8_in_a_later_block_makes_the_whole_file_windows_text(monkeypatch):
    monkeypatch.setattr(delimited, "BLOCK", 1 << 12)
    text = "".join(f"u{n},i{n},{1_700_000_000 + n}\n" for n in range(20_000))
    raw = f"user,item,time\n{text}José,x,1700000000\n".encode("cp1252")
    read = load_text(raw)
    assert read.encoding == "cp1252"
    assert read.rows == 20_001
    assert read.table["c0"].to_pylist()[-1] == "José"
    assert load_text(gzipped(raw), most_rows=10).encoding == "utf-8"


@pytest.mark.parametrize("quoting", [csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC])
def test_plainly_quoted_rows_need_no_second_look(quoting, monkeypatch):
    sink = io.StringIO()
    writer = csv.writer(sink, quoting=quoting, lineterminator="\n")
    table = [["u", "a, b", 1_700_000_000], ["v", "", 1_700_000_001], ["w", "; |", 1_700_000_002]]
    writer.writerows([["user", "item", "time"], *table])
    raw = sink.getvalue().encode()
    layout = Layout.of(raw, ",", header=True)
    splitter = layout.separator.splitter(raw)
    monkeypatch.setattr(splitter, "_quoted", None)
    piece = splitter.clean(layout.begin, 2, 3, layout.timed)
    assert piece.lines.tolist() == [2, 3, 4]
    assert rows(raw) == [[str(cell) for cell in row] for row in table]


def test_a_preview_cuts_after_so_many_rows_malformed_ones_among_them():
    raw = csv_log("u,a,1", "u,b,2,x", "u,c,3", "u,d,4")
    preview = load_text(raw, most_rows=2)
    assert preview.table["line"].to_pylist() == [2]
    assert [one.line for one in preview.malformed] == [3]


def test_a_preview_stops_reading(tmp_path):
    path = tmp_path / "log.csv"
    rows = "".join(f"u{n},i,{1_700_000_000 + n}\n" for n in range(100_000))
    path.write_bytes(b"user,item,time\n" + rows.encode() + b"\0\0\xff\xff")
    assert load_text(path, most_rows=100).rows == 100
    with pytest.raises(DataError, match="NUL"):
        load_text(path)
