import io

import numpy as np
import pytest

from hrnn import DataError
from hrnn.data.decoding import Text, decode
from hrnn.data.separators import detect_separator
from hrnn.data.tables import ReadAs, load_text
from hrnn.data.text_table import distinct
from tests.hrnn.records import split_records


def rows(text: str) -> list[list[str]]:
    """The rows of a text as the parser reads them after the splitter, without their lines."""
    return [list(row.values())[:-1] for row in load_text(text.encode()).table.to_pylist()]


def lines(text: str) -> list[int]:
    return split_records(text.encode()).lines.tolist()


@pytest.mark.parametrize(
    ("codec", "named"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("utf-16", "utf-16"), ("cp1252", "cp1252")],
)
def test_each_encoding_gives_the_same_text_and_is_named(codec, named):
    text = "user;item\nJosé;5€ menu\n"
    assert decode(text.encode(codec)) == (text.encode(), named)


def test_big_endian_utf16_is_read():
    assert decode(b"\xfe\xff" + "a,ü\n".encode("utf-16-be")) == ("a,ü\n".encode(), "utf-16")


def test_all_line_ends_become_newlines():
    assert decode(b"a\r\nb\rc\nd")[0] == b"a\nb\nc\nd"


@pytest.mark.parametrize(
    "raw", [b"", b" \r\n\t\n", b"\xef\xbb\xbf", b"\xff\xfe", b"\xef\xbb\xbf\n"]
)
def test_empty_file_is_refused(raw):
    with pytest.raises(DataError, match="empty; choose one with a header line"):
        decode(raw)


@pytest.mark.parametrize(
    ("magic", "name"),
    [
        (b"\x89PNG\r\n\x1a\n", "PNG"),
        (b"\xff\xd8\xff\xe0", "JPEG"),
        (b"%PDF-1.7", "PDF"),
        (b"PK\x03\x04", "ZIP"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"\xd0\xcf\x11\xe0", "old Excel"),
        (b"SQLite format 3\0", "SQLite"),
        (b"7z\xbc\xaf\x27\x1c", "7-Zip"),
        (b"BZh91AY&SY", "bzip2"),
        (b"\x80\x04\x95", "Python pickle"),
        (b"<!DOCTYPE html>", "web page"),
        (b"\n<html>", "web page"),
        (b"log.csv" + b"\0" * 250 + b"ustar", "TAR"),
    ],
)
def test_other_kinds_of_file_are_named_and_refused(magic, name):
    with pytest.raises(DataError, match=f"{name}.*export the log as CSV or Parquet"):
        decode(magic + b"\0rest")


@pytest.mark.parametrize("before", ["", "x,y\n" * 40_000])
def test_nul_anywhere_is_refused_with_count_and_line(before):
    line = before.count("\n") + 2
    raw = f"a,b\n{before}1,\0\0\n".encode()
    with pytest.raises(DataError, match=rf"2 NUL characters \(the first on line {line}\)"):
        decode(raw)


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", ["user,item\n1,2\n", "пользователь;товар\nанна;чай 12\n"])
def test_utf16_without_a_mark_is_told_by_its_nuls(codec, text):
    assert decode(text.encode(codec)) == (text.encode(), codec)


def test_a_mark_is_no_part_of_the_first_name_whatever_encoding_is_said():
    raw = "user,item,time\nü,a,1\n".encode("utf-8-sig")
    for encoding in (None, "utf-8", "utf-8-sig"):
        assert load_text(raw, read_as=ReadAs(encoding=encoding)).names[0] == "user"


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 1000])
@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_blocks_of_any_size_make_the_same_text(size, codec, end):
    text = "a;b\n\nJosé;5€ menu\n;\nlast;ü"
    made = Text(lambda: io.BytesIO(text.replace("\n", end).encode(codec)))
    blocks = made.read(lambda one: list(one.blocks(size)))
    assert b"".join(blocks).decode() == text
    assert all(block.endswith(b"\n") for block in blocks[:-1])


def test_bad_bytes_in_a_later_block_are_told_by_their_line():
    raw = b"a,b\r\n" + b"x,y\r\n" * 10 + b"\x81,2\r\n"
    with pytest.raises(DataError, match=r"line 12 is not UTF-8.*not Windows-1252"):
        Text(lambda: io.BytesIO(raw)).read(lambda one: list(one.blocks(7)))


def test_a_said_encoding_is_used_or_refused_with_the_line():
    raw = "user,item,time\nИван,a,1\n".encode("cp1251")
    assert load_text(raw, read_as=ReadAs(encoding="cp1251")).table["c0"].to_pylist() == ["Иван"]
    with pytest.raises(DataError, match=r"not valid utf-8 \(line 2\).*say which encoding"):
        load_text(raw, read_as=ReadAs(encoding="utf-8"))


def test_a_line_without_end_is_refused(monkeypatch):
    monkeypatch.setattr("hrnn.data.decoding.LONGEST_LINE", 1000)
    with pytest.raises(DataError, match="line 2 goes on for more than"):
        Text(lambda: io.BytesIO(b"a\n" + b"x" * 5000)).read(lambda one: list(one.blocks(100)))


def test_other_control_characters_are_text():
    assert decode(b"a,b\n1,x\x0by\x1a\n")[0] == b"a,b\n1,x\x0by\x1a\n"


@pytest.mark.parametrize("tail", [b"\x00\xd8a\x00", b"a"])
def test_damaged_utf16_is_refused_with_its_line(tail):
    raw = b"\xff\xfe" + "a,b\n1,2\n".encode("utf-16-le") + tail
    with pytest.raises(DataError, match=r"not valid utf-16 \(line 3\); export it again"):
        decode(raw)


def test_text_in_no_known_encoding_is_refused_with_the_first_bad_line():
    raw = "a,b\nÁ,1\n".encode() + b"\xff,2\n"  # Á holds 0x81, which Windows-1252 lacks
    with pytest.raises(DataError, match=r"line 3 is not UTF-8.*export it as UTF-8"):
        decode(raw)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_separator_is_detected(separator):
    text = "\n".join(separator.join(row) for row in (["a", "b", "c"], ["1", "2", "3"]))
    assert detect_separator(text.encode()) == separator


def test_commas_in_values_do_not_pass_for_the_separator():
    assert detect_separator(b"user;item;price\nu;a, b, c;1,5\nv;d, e;2,5\n") == ";"


def test_separator_inside_quotes_is_not_counted():
    assert detect_separator(b'user|item\n"a,b,c,d"|x\n"e,f,g,h"|y\n') == "|"


@pytest.mark.parametrize("first", ["sep=;\n", "SEP=;\n", '"sep=;"\n', "\nsep=;\n"])
def test_excels_separator_line_is_no_header(first):
    records = split_records(f"{first}a;b\n1,5;2\n".encode())
    assert records.header == ["a", "b"]
    assert records.separator == ";"
    assert records.lines.tolist() == [first.count("\n") + 2]


def test_header_names_are_trimmed_filled_and_made_distinct():
    assert split_records(b' a ,,"b ""c""",a,a\n').header == ["a", "column_2", 'b "c"', "a_2", "a_3"]


def test_a_numbered_name_that_exists_is_not_given_again():
    assert distinct(["n", "n_2", "n"]) == ["n", "n_2", "n_3"]


def test_quoted_separator_newline_and_quote():
    assert rows('a,b\n"x,1","say ""hi"""\n"two\nlines",y\n') == [
        ["x,1", 'say "hi"'],
        ["two\nlines", "y"],
    ]


def test_lines_are_physical_after_a_record_that_spans_lines():
    assert lines('a,b\n1,x\n2,"p\nq\n\nr"\n3,y\n') == [2, 3, 7]


def test_blank_lines_are_skipped_but_counted():
    assert lines("\n\na,b\n\n1,x\n   \n2,y\n\n") == [5, 7]


def test_last_row_needs_no_newline():
    assert rows("a,b\n1,x\n2,y") == [["1", "x"], ["2", "y"]]


def test_short_rows_are_padded():
    assert rows("a,b,c\n1\n2,x\n") == [["1", "", ""], ["2", "x", ""]]


def test_empty_extra_fields_are_dropped():
    assert rows("a,b\n1,x,,\n2,y, \n") == [["1", "x"], ["2", "y"]]


def test_rows_that_are_too_wide_are_handed_back_with_line_and_text():
    records = split_records(b'a,b\n1,x,more\n2,"y\n\nz",more\n3,w\n')
    found = [(one.line, one.text, one.reason) for one in records.malformed]
    assert found == [
        (2, "1,x,more", "3 fields, 2 expected"),
        (3, '2,"y\n\nz",more', "3 fields, 2 expected"),
    ]
    assert records.lines.tolist() == [6]


def test_quotes_inside_a_field_are_ordinary():
    assert rows('a,b\n12" vinyl,x\n"half" quoted,y\n') == [
        ['12" vinyl', "x"],
        ['"half" quoted', "y"],
    ]


def test_unclosed_quote_is_ordinary():
    assert rows('a,b\n"open,x\n2,y\n') == [['"open', "x"], ["2", "y"]]


STRAY = [
    'u1,"Heroes,1700000000',  # opens and never closes in its row
    "u2,plain,1700000001",
    "u3,x,1700000002,too,wide",
    "u4",
    "",
    'u5,",b",1700000004',  # a sound quoted row
    'u6,12",1700000005',  # would close what u1 opened
]


def test_a_stray_pair_of_quotes_swallows_no_sound_row():
    records = split_records("\n".join(["user,item,time", *STRAY]).encode())
    assert records.lines.tolist() == [2, 3, 5, 7, 8]
    assert [one.line for one in records.malformed] == [4]


def test_a_stray_pair_in_rows_without_long_numbers_swallows_no_row():
    text = 'user,item,time\nu1,"Heroes,1\nu2,plain,2\nu3,12",3\n'
    assert rows(text) == [["u1", '"Heroes', "1"], ["u2", "plain", "2"], ["u3", '12"', "3"]]


@pytest.mark.parametrize("place", [0, 1, 2])
def test_text_over_lines_stays_one_field_in_every_column(place):
    row = ["u1", "a", "1700000000"]
    row.insert(place, '"first\nand, last"')
    text = "c0,c1,c2,c3\n" + ",".join(row) + "\nu2,b,x,1700000001\n"
    assert lines(text) == [2, 4]


def test_text_over_lines_with_as_many_commas_as_a_row_stays_one_field():
    text = (
        "user,item,time,review\n"
        'u1,a,2024-01-01,"good\n'
        "warm, soft, red, cheap\n"
        'and here, too, I say, buy it"\n'
        "u2,b,2024-01-02,fine\n"
    )
    assert [row[0] for row in rows(text)] == ["u1", "u2"]
    assert lines(text) == [2, 5]


def test_header_only_gives_no_records():
    for text in (b"a,b", b"a,b\n", b"a,b\n\n\n"):
        records = split_records(text)
        assert records.header == ["a", "b"]
        assert not len(records.lines)
        assert not records.malformed


def test_given_separator_is_used():
    assert split_records(b"a;b,c\n1;2,3\n", separator=";").header == ["a", "b,c"]


def test_one_empty_field_is_no_blank_line_to_the_parser():
    records = split_records(b'a\n""\nx\n')
    assert records.lines.dtype == np.int64
    assert rows('a\n" "\nx\n')[-1] == ["x"]
    assert load_text(b"a\nx\n").rows == 1
