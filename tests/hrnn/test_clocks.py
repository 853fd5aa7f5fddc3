import pyarrow as pa
import pytest

from hrnn import read_interactions
from hrnn.data.clocks import join_times
from tests.hrnn.logs import csv_log, utc


def joined(date: str | None, clock: str | None) -> str | None:
    column = [pa.chunked_array([[one]], pa.string()) for one in (date, clock)]
    return join_times(*column).to_pylist()[0]


@pytest.mark.parametrize(
    ("date", "clock", "time"),
    [
        ("2024-01-05", "14:05", "2024-01-05 14:05"),
        (" 5.1.2024 ", " 2:05:30 pm ", "5.1.2024 2:05:30 pm"),
        ("2024-01-05T00:00:00", "14:05:33.25", "2024-01-05 14:05:33.25"),
        ("2024-01-05 00:00", "0:00", "2024-01-05 0:00"),
        ("20240105", "1405", "2024-01-05 14:05"),
        ("20240105.0", "905", "2024-01-05 09:05"),
        ("2024-01-05", "5", "2024-01-05 00:05"),
        ("2024-01-05", "45", "2024-01-05 00:45"),
        ("2024-01-05", "90512", "2024-01-05 09:05:12"),
        ("2024-01-05", "140512", "2024-01-05 14:05:12"),
        ("2024-01-05", "soon", "2024-01-05 soon"),
        ("2024-01-05", "", None),
        ("2024-01-05", None, None),
        (" ", "14:05", None),
        (None, "14:05", None),
    ],
)
def test_date_and_clock_make_one_time(date, clock, time):
    assert joined(date, clock) == time


def test_what_is_joined_is_read_as_a_time():
    times = [
        joined("2024-01-05", "14:05"),
        joined("20240105", "905"),
        joined("5.1.2024", "1:05 PM"),
    ]
    rows = [f"u,i{number},{time}" for number, time in enumerate(times)]
    assert utc(read_interactions(csv_log(*rows))) == [
        "2024-01-05T14:05:00",
        "2024-01-05T09:05:00",
        "2024-01-05T13:05:00",
    ]


def test_a_time_of_day_that_cannot_be_read_is_blamed_and_not_its_date():
    rows = ["u,a,2024-01-01,09:00", "u,b,2024-01-01,25:00", "u,c,2024-01-02,", "u,d,soon,10:00"]
    data = read_interactions(
        csv_log(*rows, "u,e,,11:00", header="user_id,item_id,date,clock"), time_of_day="clock"
    )
    assert [(one.line, one.column, one.text, one.reason) for one in data.report.rejected] == [
        (3, "clock", "25:00", "time of day unreadable"),
        (4, "clock", "", "time of day missing"),
        (5, "date", "soon", "time unreadable"),
        (6, "date", "", "time missing"),
    ]
