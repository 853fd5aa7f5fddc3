import pyarrow as pa
import pytest

from hrnn import read_interactions
from hrnn.data.findings import warned
from hrnn.data.report import ColumnReading, ImportReport, Rejected, RejectedRows, Warned
from hrnn.errors import listed
from tests.hrnn.logs import csv_log

ROWS = [(5, "time", "soon", "b"), (7, "", "1,2,3", "a"), (9, "item", "", "b")]


@pytest.fixture
def rejected() -> RejectedRows:
    names = ["line", "column", "text", "reason"]
    return RejectedRows(pa.table(dict(zip(names, zip(*ROWS, strict=True), strict=True))))


def test_rejected_rows_are_a_sequence(rejected):
    assert len(rejected) == 3
    assert list(rejected) == [Rejected(*row) for row in ROWS]
    assert rejected[0] == Rejected(*ROWS[0])
    assert rejected[-1] == Rejected(*ROWS[2])
    assert list(rejected[1:]) == [Rejected(*row) for row in ROWS[1:]]
    assert list(rejected[::-1]) == [Rejected(*row) for row in ROWS[::-1]]
    assert list(rejected[5:]) == []
    assert list(RejectedRows()[:10]) == []
    assert Rejected(*ROWS[1]) in rejected


@pytest.mark.parametrize("place", [3, -4])
def test_rejected_rows_end(rejected, place):
    with pytest.raises(IndexError):
        rejected[place]


def test_reasons_are_counted_most_frequent_first(rejected):
    assert list(rejected.by_reason().items()) == [("b", 2), ("a", 1)]
    assert RejectedRows().by_reason() == {}


def test_equally_frequent_reasons_stand_in_alphabetical_order(rejected):
    assert list(rejected[:2].by_reason()) == ["a", "b"]


def test_rejected_rows_of_a_file_are_in_order_of_their_lines():
    data = read_interactions(csv_log("u,i,1", "u,i,x", "u,i,1,2", ",i,1", header="user,item,time"))
    assert list(data.report.rejected) == [
        Rejected(3, "time", "x", "time unreadable"),
        Rejected(4, "", "u,i,1,2", "4 fields, 3 expected"),
        Rejected(5, "user", "", "user missing"),
    ]


def test_columns_say_their_role_and_how_they_were_read():
    data = read_interactions(csv_log("u,i,1,0,s,x", header="a,b,t,label,visit,note"), {
        "USER_ID": "a", "ITEM_ID": "b", "TIMESTAMP": "t"})  # fmt: skip
    report = data.report
    assert list(report.columns) == ["a", "b", "t", "label", "visit", "note"]
    roles = [one.role for one in report.columns.values()]
    assert roles == ["USER_ID", "ITEM_ID", "TIMESTAMP", "OUTCOME", "SESSION_ID", None]
    assert str(report.columns["label"]) == "OUTCOME: number"
    assert str(report.columns["note"]) == "text"
    assert report.column_of("OUTCOME") == "label"
    assert report.column_of("SESSION_ID") == "visit"
    assert report.column_of("title") is None


def test_summary_counts_what_was_kept_and_dropped():
    data = read_interactions(csv_log("u,i,1", "u,i,1", "u,i,x", header="user,item,time"))
    assert data.report.summary() == (
        "1 of 3 rows kept; 1 exact duplicate dropped;"
        " 1 rejected (the first: line 4, time unreadable)"
    )
    clean = read_interactions(csv_log("u,i,1", header="user,item,time"))
    assert clean.report.summary() == "1 of 1 rows kept"


def test_report_is_saved_and_opened(rejected, tmp_path):
    report = ImportReport(
        accepted=4,
        duplicates=1,
        rejected=rejected,
        warnings=(Warned("CODE", "größer €", 2, (3, 4)), Warned("OTHER", "no lines", 9)),
        columns={"prénom": ColumnReading("USER_ID", "text"), "x": ColumnReading(None, "text")},
        separator=";",
        encoding="cp1252",
        rows=8,
    )
    report.save(tmp_path)
    again = ImportReport.open(tmp_path)
    assert list(again.rejected) == list(report.rejected)
    for name in ("accepted", "duplicates", "warnings", "columns", "separator", "encoding", "rows"):
        assert getattr(again, name) == getattr(report, name)
    assert "größer €".encode() in (tmp_path / "report.json").read_bytes()


def test_a_frame_has_no_separator_and_no_encoding():
    frame = read_interactions(csv_log("u,i,1", header="user,item,time")).frame()
    report = read_interactions(frame).report
    assert (report.separator, report.encoding) == (None, None)


def test_lines_of_a_warning_are_sorted():
    assert warned("CODE", "words", [9, 2, 5]) == Warned("CODE", "words", 3, (2, 5, 9))


def test_a_list_in_a_message_is_cut():
    assert listed(["a", 1]) == "'a', '1'"
    assert listed("abcde", most=2) == "'a', 'b' and 3 more"
    assert listed("abc", most=2) == "'a', 'b' and 1 more"
    assert listed("ab", most=2) == "'a', 'b'"
    assert listed([]) == ""
