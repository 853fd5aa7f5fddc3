import pytest

from hrnn import DataError, read_interactions
from hrnn.data.reading import first_values
from hrnn.data.tables import load_text
from tests.hrnn.logs import codes, csv_log, faults, items_of, timed

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"


def test_rows_are_sorted_by_user_and_time_and_ties_keep_file_order():
    data = read_interactions(
        csv_log("b,z,3", "a,y,5", "b,x,1", "b,w,3", "a,v,5", "a,u,4", header="user,item,time")
    )
    assert items_of(data) == {"a": ["u", "y", "v"], "b": ["x", "z", "w"]}


def test_users_are_sorted_as_text():
    data = read_interactions(csv_log("10,i,1", "9,i,1", "é,i,1", "Z,i,1", header="user,item,time"))
    assert data.user_ids.tolist() == ["10", "9", "Z", "é"]


@pytest.mark.parametrize("blank", ["", " ", "\t", "\u00a0", '" \n "'])
@pytest.mark.parametrize(("place", "word"), [(0, "user"), (1, "item"), (2, "time")])
def test_blank_required_value_is_rejected(blank, place, word):
    row = ["u", "i", "2024-01-05T12:00:00Z"]
    row[place] = blank
    data = read_interactions(csv_log("u,i,2024-01-05T12:00:00Z", ",".join(row)))
    assert faults(data) == [(3, f"{word} missing")]
    assert data.report.rejected[0].column == ["user_id", "item_id", "timestamp"][place]


def test_spaces_around_ids_are_dropped_and_inside_kept():
    data = read_interactions(csv_log(" u 1 , i ,2024-01-05", "u 1,i,2024-01-06"))
    assert (data.user_ids.tolist(), data.item_ids.tolist()) == (["u 1"], ["i"])


OUTCOMES = {
    "1": 1.0,
    "0.25": 0.25,
    " 5 ": 5.0,
    "-1": -1.0,
    "TRUE": 1.0,
    "false": 0.0,
    "1e-3": 0.001,
}


def test_outcomes_are_numbers_or_truths():
    rows = [f"u,i{number},{number + 1},{text}" for number, text in enumerate(OUTCOMES)]
    data = read_interactions(csv_log(*rows, header="user,item,time,outcome"))
    assert data.outcome.tolist() == list(OUTCOMES.values())


@pytest.mark.parametrize("text", ["yes", "1;5", "null", "--1"])
def test_other_outcomes_are_rejected(text):
    data = read_interactions(csv_log("u,i,1,1", f"u,i,2,{text}", header="user,item,time,label"))
    assert faults(data) == [(3, "outcome is not a number")]
    assert data.report.rejected[0].text == text
    assert data.report.rejected[0].column == "label"


@pytest.mark.parametrize("text", ["inf", "-Infinity"])
def test_infinite_outcomes_are_rejected(text):
    data = read_interactions(csv_log("u,i,1,1", f"u,i,2,{text}", header="user,item,time,label"))
    assert faults(data) == [(3, "outcome is not a finite number")]


def test_without_outcomes_every_interaction_counts_one():
    assert read_interactions(timed("1", "2")).outcome.tolist() == [1.0, 1.0]


def test_blank_outcome_is_seen_but_not_judged():
    data = read_interactions(csv_log("u,i,1,", "u,j,2,NaN", "u,k,3,0", header="u,i,t,outcome"))
    assert [value != value for value in data.outcome] == [True, True, False]


def test_an_equal_row_is_a_duplicate_only_if_equal_in_every_column():
    data = read_interactions(
        csv_log("u,i,1,x", "u,i,1,y", "u,i,1,x", "u,i,2,x", header="user,item,time,note")
    )
    assert data.report.duplicates == 1
    assert data.frame()["note"].tolist() == ["x", "y", "x"]


def test_a_rejected_row_is_no_duplicate():
    data = read_interactions(csv_log("u,i,1", "u,,1", "u,,1", header="user,item,time"))
    assert data.report.duplicates == 0
    assert faults(data) == [(3, "item missing"), (4, "item missing")]


def test_other_columns_are_kept_as_text_and_blank_ones_are_missing():
    data = read_interactions(csv_log("u,i,1,007", "u,j,2,", header="user,item,time,code"))
    assert data.frame()["code"].fillna("–").tolist() == ["007", "–"]


def test_a_column_of_the_file_cannot_pass_for_one_of_ours():
    raw = csv_log("u,i,1,x,y,z,w", header="who,what,when,USER_ID,TIMESTAMP,SESSION,RANK")
    roles = {"USER_ID": "who", "ITEM_ID": "what", "TIMESTAMP": "when", "SESSION_ID": None}
    frame = read_interactions(raw, roles).frame()
    row = frame.iloc[0]
    assert (row["USER_ID"], row["USER_ID (file)"], row["TIMESTAMP (file)"]) == ("u", "x", "y")
    assert (row["SESSION (file)"], row["RANK"]) == ("z", "w")


def test_column_names_are_never_taken_for_sql():
    header = 'user_id,item_id,timestamp,"a""; DROP TABLE source; --","line"'
    data = read_interactions(csv_log("u,i,1,x,y", header=header))
    assert data.frame().iloc[0, 5:].tolist() == ["x", "y"]


def test_a_repeated_header_is_one_rejected_row():
    data = read_interactions(csv_log("u,i,1", "user,item,time", "u,j,2", header="user,item,time"))
    assert faults(data) == [(3, "time unreadable")]
    assert len(data) == 2


def test_separators_alone_are_a_rejected_row():
    data = read_interactions(csv_log("u,i,1", ",,", header="user,item,time"))
    assert faults(data) == [(3, "user missing")]


def test_a_faulty_row_shifts_no_other_row():
    data = read_interactions(
        csv_log("a,x,1,1", ",y,2,0.5", "b,,3,0.25", "c,z,bad,1", "d,w,5,0", header="u,i,t,outcome"),
    )
    frame = data.frame()
    assert frame[["USER_ID", "ITEM_ID", "OUTCOME"]].values.tolist() == [
        ["a", "x", 1.0],
        ["d", "w", 0.0],
    ]


@pytest.mark.parametrize("raw", [b"", b"\n\n"])
def test_empty_file(raw):
    with pytest.raises(DataError, match="file is empty; choose one with a header line"):
        read_interactions(raw)


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n\r\n"])
def test_header_only(end):
    with pytest.raises(DataError, match="a header and no rows; choose one with at least one"):
        read_interactions(b"user_id,item_id,timestamp" + end)


def test_picture_named_csv(tmp_path):
    (tmp_path / "log.csv").write_bytes(PNG)
    with pytest.raises(DataError, match="a PNG image, not a text table; export the log as CSV"):
        read_interactions(tmp_path / "log.csv")


def test_no_usable_column():
    with pytest.raises(DataError, match="for USER_ID; the file has 'x', 'y': say which one it is"):
        read_interactions(b"x,y\n1,2\n")


def test_a_file_without_a_header_loses_no_row_and_counts_its_lines_from_one():
    rows = "1,1193,5,978300760", "1,661,3,978302109", "2,1193,4,soon", "2,661,4,978300790"
    data = read_interactions("\n".join(rows).encode())
    assert data.frame()["ITEM_ID"].tolist() == ["1193", "661", "661"]
    assert [one.line for one in data.report.rejected] == [3]
    assert data.report.column_of("USER_ID") == "column_1"
    assert data.report.format.endswith("no header")


def test_a_date_and_a_time_of_day_in_two_columns_are_one_time():
    raw = csv_log("u,a,2024-01-05,14:05", "u,b,2024-01-05,", header="user,item,date,clock")
    data = read_interactions(raw)
    assert str(data.frame()["TIMESTAMP"][0]) == "2024-01-05 14:05:00+00:00"
    assert [one.reason for one in data.report.rejected] == ["time of day missing"]
    assert "joined to 'date'" in str(data.report.columns["clock"])
    alone = read_interactions(raw, time_of_day=None)
    assert len(alone) == 2
    assert "DAY_RESOLUTION" in {one.code for one in alone.report.warnings}
    with pytest.raises(DataError, match="cannot be the time of day"):
        read_interactions(raw, time_of_day="item")


def test_without_a_user_each_session_is_one_and_a_warning_says_so():
    data = read_interactions(b"SessionId,ItemId,Time\n1,a,100\n1,b,110\n2,a,120\n")
    assert data.frame()["USER_ID"].tolist() == data.frame()["SESSION_ID"].tolist()
    assert "SESSIONS_ARE_USERS" in {one.code for one in data.report.warnings}


def test_all_rows_failing_says_how_many_why_and_what_to_do():
    raw = csv_log("u,i,soon", "u,,1", "u,i,never", "u,i,1,x", header="user,item,time")
    with pytest.raises(DataError) as caught:
        read_interactions(raw)
    assert str(caught.value) == (
        "none of 4 rows can be used: time unreadable (2), 4 fields, 3 expected (1),"
        " item missing (1); the first is line 2 in column 'time' ('soon')."
        " Times are read as Unix times, as ISO 8601, or as dates whose year has four digits, such"
        " as 25/03/2024 14:05 and 25 Mar 2024."
        " Check which column is the user, the item and the time"
    )


def test_all_rows_too_wide():
    with pytest.raises(DataError, match=r"none of 1 rows .*4 fields, 3 expected \(1\).*'a,b,1,c'"):
        read_interactions(b"user,item,time\na,b,1,c\n")


def test_data_errors_are_value_errors():
    assert issubclass(DataError, ValueError)


def test_first_values_stop_at_two_hundred():
    text = load_text(csv_log(*(f"u,i,{number}" for number in range(300))))
    found = first_values(text)
    assert list(found) == ["user_id", "item_id", "timestamp"]
    assert found["timestamp"] == [str(number) for number in range(200)]


def test_the_same_bytes_give_the_same_interactions():
    raw = csv_log(*(f"u{n % 7},i{n % 11},{n // 3}" for n in range(500)), header="user,item,time")
    assert read_interactions(raw).table.equals(read_interactions(raw).table)


def test_many_rows_are_read_in_blocks_without_losing_one():
    long = "x" * 3000
    rows = [f'u{n % 5},i{n},{n},"{long}, {n}\n""q"""' for n in range(3000)]
    data = read_interactions(csv_log(*rows, header="user,item,time,note"))
    assert len(data) == 3000
    last = data.frame().set_index("ITEM_ID").loc["i2999"]
    assert last["note"] == f'{long}, 2999\n"q"'
    assert "DUPLICATES" not in codes(data)


def test_outcome_with_an_underscore_is_no_number():
    data = read_interactions(csv_log("u,a,1,1_000", "u,b,2,1", header="user,item,time,outcome"))
    assert faults(data) == [(2, "outcome is not a number")]
