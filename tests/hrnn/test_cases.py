"""The invented cases of ``tests/cases``: each a file and what must come of it."""

import csv
import json
from functools import cache

import pytest

import hrnn
from hrnn.data.interactions import Interactions
from tests.hrnn.logs import CASES, codes, items_of, lines_of

EXPECTED = {
    folder.name: json.loads((folder / "expected.json").read_text())
    for folder in sorted(CASES.iterdir())
    if (folder / "input.csv").exists()
}


def having(key: str):
    names = [name for name, expected in EXPECTED.items() if key in expected]
    assert names, key
    return pytest.mark.parametrize("name", names)


@cache
def read(name: str) -> Interactions:
    return hrnn.read_interactions(CASES / name / "input.csv")


@having("accepted")
def test_rows_accepted(name):
    data = read(name)
    assert data.report.accepted == len(data) == len(data.frame()) == EXPECTED[name]["accepted"]


@pytest.mark.parametrize("name", EXPECTED)
def test_every_row_is_accepted_rejected_or_a_duplicate(name):
    report = read(name).report
    assert report.accepted + len(report.rejected) + report.duplicates == report.rows


@pytest.mark.parametrize("name", EXPECTED)
def test_rejected_lines(name):
    expected = EXPECTED[name].get("rejected_lines", [])
    assert [one.line for one in read(name).report.rejected] == expected


@pytest.mark.parametrize("name", EXPECTED)
def test_duplicate_lines(name):
    expected = EXPECTED[name].get("duplicate_lines", [])
    data = read(name)
    assert data.report.duplicates == len(expected)
    assert ("DUPLICATES" in codes(data)) == bool(expected)
    if expected:
        assert list(lines_of(data, "DUPLICATES")) == expected


@having("sessions")
def test_sessions_at_thirty_minutes(name):
    assert hrnn.segment(read(name)).count == EXPECTED[name]["sessions"]


@having("sessions_at")
def test_sessions_at_other_timeouts(name):
    for seconds, count in EXPECTED[name]["sessions_at"].items():
        assert hrnn.segment(read(name), int(seconds) / 60).count == count


@having("order")
def test_order_of_items_in_each_user(name):
    found = items_of(read(name))
    expected = EXPECTED[name]["order"]
    assert {user: found[user] for user in expected} == expected


@pytest.mark.parametrize("dayfirst", [True, False])
@having("order_dayfirst")
def test_undecidable_dates_can_be_read_either_way(name, dayfirst):
    data = hrnn.read_interactions(CASES / name / "input.csv", dayfirst=dayfirst)
    order = EXPECTED[name]["order_dayfirst" if dayfirst else "order_monthfirst"]
    assert items_of(data) == order
    assert "AMBIGUOUS_DATES" not in codes(data)
    assert hrnn.segment(data).count == EXPECTED[name]["sessions"]


@pytest.mark.parametrize("name", EXPECTED)
def test_undecidable_dates_are_warned_of_and_read_day_first(name):
    ambiguous = EXPECTED[name].get("ambiguous", False)
    assert ("AMBIGUOUS_DATES" in codes(read(name))) == ambiguous
    if ambiguous:
        assert items_of(read(name)) == EXPECTED[name]["order_dayfirst"]


@pytest.mark.parametrize("name", EXPECTED)
def test_lines_in_another_time_unit(name):
    expected = EXPECTED[name].get("warned_lines", [])
    assert ("MIXED_TIME_UNITS" in codes(read(name))) == bool(expected)
    if expected:
        assert list(lines_of(read(name), "MIXED_TIME_UNITS")) == expected


@having("utc")
def test_time_of_a_line(name):
    with (CASES / name / "input.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    frame = read(name).frame().set_index(["USER_ID", "ITEM_ID"])["TIMESTAMP"]
    for line, time in EXPECTED[name]["utc"].items():
        row = rows[int(line) - 2]
        found = frame.loc[(row["user_id"], row["item_id"])]
        assert found.isoformat(timespec="milliseconds") == _with_milliseconds(time)


def _with_milliseconds(time: str) -> str:
    text = time.removesuffix("Z")
    return f"{text}+00:00" if "." in text else f"{text}.000+00:00"


@having("first_utc")
def test_first_and_last_time(name):
    times = read(name).frame()["TIMESTAMP"]
    assert times.min().isoformat() == EXPECTED[name]["first_utc"].replace("Z", "+00:00")
    assert times.max().isoformat() == EXPECTED[name]["max_utc"].replace("Z", "+00:00")


@having("users")
def test_users_exactly_as_uploaded(name):
    assert set(read(name).user_ids) == set(EXPECTED[name]["users"])


@having("items")
def test_items_exactly_as_uploaded(name):
    assert set(read(name).item_ids) == set(EXPECTED[name]["items"])


@having("flagged_rows")
def test_ids_that_look_missing_are_counted(name):
    (found,) = (one for one in read(name).report.warnings if one.code == "NA_LIKE_IDS")
    assert found.count == len(found.lines) == EXPECTED[name]["flagged_rows"]


@having("tied_events")
def test_tied_times_are_counted(name):
    (found,) = (one for one in read(name).report.warnings if one.code == "TIED_TIMES")
    assert found.count == EXPECTED[name]["tied_events"]


@having("columns")
def test_columns_in_the_order_of_the_file(name):
    assert list(read(name).report.columns) == EXPECTED[name]["columns"]


@having("sep")
def test_separator(name):
    assert read(name).report.separator == EXPECTED[name]["sep"]


@having("encoding")
def test_encoding_is_named(name):
    assert read(name).report.encoding == EXPECTED[name]["encoding"]


def test_float_like_ids_are_warned_of_with_both_counts():
    (found,) = (
        one for one in read("11_float_text_ids").report.warnings if one.code == "FLOAT_LIKE_IDS"
    )
    assert "'123.0' (2 rows)" in found.message
    assert "'123' (1 row)" in found.message
    assert found.lines == (2, 6)


def test_windows_text_is_warned_of():
    assert "ENCODING_GUESSED" in codes(read("15_cp1252"))


def test_quoted_text_and_ragged_rows():
    report = read("16_ragged_and_quoted").report
    reasons = [(one.line, one.column, one.text, one.reason) for one in report.rejected]
    assert reasons == [
        (6, "", "u1,d,2024-02-01T08:03:00Z,x,EXTRA", "5 fields, 4 expected"),
        (7, "timestamp", "", "time missing"),
        (8, "timestamp", "not-a-time", "time unreadable"),
    ]
    frame = read("16_ragged_and_quoted").frame()
    assert frame["title"].fillna("–").tolist() == ["Tea, green", "two\nlines", "–", 'say "hi"']


def test_session_lengths_of_singletons():
    assert hrnn.segment(read("24_singletons")).lengths.tolist() == [1, 1, 1, 2, 2, 2, 1]
    assert hrnn.segment(read("24_singletons")).per_user.tolist() == [1, 2, 1, 3]


def test_formula_like_ids_stay_as_they_are():
    data = read("29_formula_export")
    assert {"=1+1", "+44123", "-7", "@sum"} <= set(data.user_ids)
    assert '=HYPERLINK("http://x.invalid","hi")' in data.item_ids
