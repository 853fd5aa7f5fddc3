"""Sheets as tables: typed dates, whole numbers, the rows of the sheet as lines."""

import random
import zipfile

import pytest

from hrnn import DataError, read_interactions
from hrnn.data import unpacking, workbooks
from hrnn.data.tables import ReadAs, load_text
from tests.hrnn.logs import codes, faults, utc
from tests.hrnn.written import gzipped, ods, xlsx, zip_of

HEADER = ["user", "item", "time"]
ROWS = [HEADER, ["u1", "a", 1704456000], ["u2", "b", 1704456060]]


def cells(raw: bytes, **said) -> list[list[str | None]]:
    table = load_text(raw, read_as=ReadAs(**said)).table
    return [list(row.values())[:-1] for row in table.to_pylist()]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (7, "7"),
        (7.0, "7"),
        (7.5, "7.5"),
        (9007199254740991, "9007199254740991"),
        (9007199254740992, "9.007199254740992e+15"),  # as of others that a float has rounded
        (1704456000123, "1704456000123"),
        ("007", "007"),
        ("123.0", "123.0"),
        (True, "true"),
        (None, None),
        ("", None),
        (("date", 45296.5), "2024-01-05T12:00:00"),
        (("date", 45296), "2024-01-05"),
        (("date", 45296.0000115741), "2024-01-05T00:00:01"),
    ],
)
def test_cells_become_text(value, text):
    assert cells(xlsx({"Log": [HEADER, ["u", value, 1]]})) == [["u", text, "1"]]


def test_dates_of_a_sheet_are_times():
    rows = [["user", "item", "time"], ["u", "i0", ("date", 45296.5)], ["u", "i1", ("date", 45297)]]
    assert utc(read_interactions(xlsx({"Log": rows}))) == [
        "2024-01-05T12:00:00",
        "2024-01-06T00:00:00",
    ]


def test_lines_are_rows_of_the_sheet_whatever_is_blank():
    rows = [[], ["Report 2024"], [], HEADER, ["u1", "a", 1], [], ["u2", None, 2], ["u3", "c", "x"]]
    raw = xlsx({"Log": rows})
    text = load_text(raw)
    assert text.names == HEADER
    assert text.table["line"].to_pylist() == [5, 7, 8]
    assert faults(read_interactions(raw)) == [(7, "item missing"), (8, "time unreadable")]


def test_a_table_that_starts_in_another_column():
    raw = xlsx({"Log": [[None, None, *row] for row in ROWS]})
    assert load_text(raw).names == HEADER
    assert cells(raw)[0] == ["u1", "a", "1704456000"]


def test_the_first_sheet_with_a_table_is_read_and_the_others_named():
    raw = xlsx({"About": [["An export"]], "Log": ROWS, "Items": [["id", "title"], ["a", "Tea"]]})
    text = load_text(raw)
    assert text.format == "workbook, sheet 'Log' (not read: 'About', 'Items')"
    assert text.unread == ("About", "Items")
    assert codes(read_interactions(raw)) >= {"SHEETS_NOT_READ"}
    assert "SHEETS_NOT_READ" not in codes(read_interactions(xlsx({"Log": ROWS})))
    assert load_text(raw, read_as=ReadAs(sheet="Items")).names == ["id", "title"]
    with pytest.raises(DataError, match="no sheet 'x' in the workbook; it has 'About', 'Log', 'It"):
        load_text(raw, read_as=ReadAs(sheet="x"))


def test_a_sheet_without_a_header():
    raw = xlsx({"Log": ROWS[1:]})
    text = load_text(raw)
    assert text.names == ["column_1", "column_2", "column_3"]
    assert text.table["line"].to_pylist() == [1, 2]
    assert text.format == "workbook, sheet 'Log', no header"
    assert load_text(raw, read_as=ReadAs(header=True)).names == ["u1", "a", "1704456000"]


@pytest.mark.parametrize(
    "sheets", [{"A": []}, {"A": [], "B": [["alone"]]}, {"A": [["user", "item", "time"]]}]
)
def test_a_workbook_without_a_table(sheets):
    with pytest.raises(DataError, match=rf"none of the {len(sheets)} sheets \('A'.*of its own"):
        load_text(xlsx(sheets))


@pytest.mark.parametrize(
    ("rows", "message"),
    [([], "the sheet 'A' is empty"), ([HEADER], "the sheet 'A' has a header and no rows")],
)
def test_a_said_sheet_without_rows(rows, message):
    with pytest.raises(DataError, match=message):
        load_text(xlsx({"A": rows}), read_as=ReadAs(sheet="A"))


def test_a_preview_stops():
    rows = [HEADER, *([f"u{n}", "a", n] for n in range(300))]
    assert load_text(xlsx({"Log": rows}), most_rows=7).rows == 7


def test_an_opendocument_sheet():
    assert cells(ods(ROWS)) == [["u1", "a", "1704456000"], ["u2", "b", "1704456060"]]
    assert len(read_interactions(gzipped(ods(ROWS)))) == 2


def test_stray_cells_far_off_are_refused_before_room_is_made_for_them():
    parts = _parts(xlsx({"Log": ROWS}))
    sheet = parts["xl/worksheets/sheet1.xml"]
    far = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    parts["xl/worksheets/sheet1.xml"] = sheet.replace(b"</sheetData>", far)
    with pytest.raises(
        DataError, match="spans 1,048,576 rows and 16,384 columns; delete the stray"
    ):
        load_text(zip_of(parts))


def test_a_workbook_that_is_a_bomb_is_stopped(monkeypatch):
    parts = _parts(xlsx({"Log": ROWS}))
    parts["xl/media/image1.png"] = b"\0" * 12_000_000
    with pytest.raises(DataError, match=r"the workbook file of .* unpacks to more than 10 MB"):
        load_text(zip_of(parts))
    monkeypatch.setattr(unpacking, "NEVER_BELOW", 20_000_000)
    assert load_text(zip_of(parts)).rows == 2


def _parts(raw: bytes) -> dict[str, bytes]:
    import io

    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.parametrize("head", [b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\xd0\xcf\x11\xe0"])
def test_a_damaged_old_workbook_is_one_sentence(head):
    with pytest.raises(DataError, match=r"workbook is damaged.*export it as CSV$"):
        load_text(head + b"\0" * 600)


@pytest.mark.parametrize("make", [lambda: xlsx({"Log": ROWS}), lambda: ods(ROWS)])
def test_damage_inside_a_workbook_is_a_data_error_or_another_table(make):
    parts, chance = _parts(make()), random.Random(0)
    for _ in range(100):
        damaged = {name: bytearray(text) for name, text in parts.items()}
        name = chance.choice([one for one in damaged if one != "mimetype"])
        for _ in range(chance.randrange(1, 5)):
            damaged[name][chance.randrange(len(damaged[name]))] = chance.randrange(256)
        try:
            load_text(zip_of({one: bytes(text) for one, text in damaged.items()}))
        except DataError:
            continue


def test_a_panic_of_the_reader_becomes_a_data_error():
    class PanicException(BaseException):
        pass

    def panics():
        raise PanicException("index out of bounds")

    with pytest.raises(DataError, match="the workbook is damaged; export it as CSV"):
        workbooks._guarded(panics)

    def stopped():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        workbooks._guarded(stopped)
