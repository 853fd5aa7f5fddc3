from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from hrnn import ConfigError, DataError, read_interactions
from hrnn.data.timestamps import read_times
from tests.hrnn.logs import codes, faults, items_of, lines_of, timed, utc

NOON = "2024-01-05T12:00:00"


READABLE = {
    "dates": {
        "2024-01-05T12:00:00Z": NOON,
        "2024-01-05t12:00:00z": NOON,
        "2024-01-05 12:00:00": NOON,
        "2024-01-05 12:00:00 UTC": NOON,
        "2024-01-05 12:00": NOON,
        " 2024-01-05  12:00 ": NOON,
        "2024-01-05T14:00:00+02:00": NOON,
        "2024-01-05 06:30:00-0530": NOON,
        "2024-01-05 12:00:00+00": NOON,
        "2024/1/5 12:00": NOON,
        "2024-01-05 12:00 PM": NOON,
        "2024-01-05 12:00:00 am": "2024-01-05T00:00:00",
        "13.1.2024 1:05 pm": "2024-01-13T13:05:00",
        "31-12-2023 23:59:59": "2023-12-31T23:59:59",
        "2024-02-29": "2024-02-29T00:00:00",
        "2024-01-05T12:00:00.5Z": "2024-01-05T12:00:00.500000",
        "2024-01-05T12:00:00,000001Z": "2024-01-05T12:00:00.000001",
        "2024-01-05T12:00:00.123456789Z": "2024-01-05T12:00:00.123456",
        "20240105T120000Z": NOON,
    },
    "months in words": {
        "5 Jan 2024 12:00:00": NOON,
        "05-Jan-2024 12:00": NOON,
        "05-JAN-2024": "2024-01-05T00:00:00",
        "5. january 2024 12:00": NOON,
        "Jan 5, 2024 12:00:00 PM": NOON,
        "January 5 2024, 12:00": NOON,
        "Fri, 05 Jan 2024 12:00:00 GMT": NOON,
        "Fri, 05 Jan 2024 14:00:00 +0200": NOON,
        "Friday, Jan 5, 2024": "2024-01-05T00:00:00",
        "Fri Jan  5 12:00:00 2024": NOON,
        "Fri Jan 05 12:00:00 +0000 2024": NOON,
        "Fri Jan 05 12:00:00 UTC 2024": NOON,
        "05/Jan/2024:13:00:00 +0100": NOON,
        "1 May 2024": "2024-05-01T00:00:00",
        "30 Sept 2024": "2024-09-30T00:00:00",
        "31 Dec 2023 23:59:59.25": "2023-12-31T23:59:59.250000",
    },
    "dates month first": {
        "1/31/2024, 1:05:09 PM": "2024-01-31T13:05:09",
    },
    "compact dates": {
        "20240105": "2024-01-05T00:00:00",
        "20240105.0": "2024-01-05T00:00:00",
        "20240105120000": NOON,
        "202401051200": NOON,
    },
    "numbers": {
        "1704456000": NOON,
        "+1704456000": NOON,
        "1704456000.": NOON,
        "1704456000.25": "2024-01-05T12:00:00.250000",
        "1.704456E9": NOON,
        "1704456000000": NOON,
        "1704456000000000": NOON,
        "1704456000000000000": NOON,
        "-1": "1969-12-31T23:59:59",
        "0": "1970-01-01T00:00:00",
    },
}


@pytest.mark.parametrize("kind", READABLE)
def test_readable_times(kind):
    expected = READABLE[kind]
    rows = read_interactions(timed(*expected)).frame().set_index("ITEM_ID")["TIMESTAMP"]
    found = {
        text: rows[f"i{place}"].tz_localize(None).isoformat() if f"i{place}" in rows else None
        for place, text in enumerate(expected)
    }
    assert found == expected


UNREADABLE = [
    "yesterday",
    "2024-02-30",
    "2024-13-01",
    "2024-01-05 25:00",
    "2024-01-05 12:60",
    "2024-01-05 23:59:60",
    "2024-01-05 13:00 PM",
    "2024-01-05 PM",
    "2024-01-05 12:00+99:00",
    "2024-01-05 12:00+02:75",
    "05/01/24",
    "31 Feb 2024",
    "5 Janvier 2024",
    "5 Jan 24",
    "Jan 2024",
    "mayhem",
    "12:00:00",
    "0001-01-01",
    "0000-00-00 00:00:00",
    "9999-12-31 23:59:59",
    "1e30",
    "99999999999999999999999",
    "nan",
    "inf",
    "1,5",
    "-",
]


@pytest.mark.parametrize("timezone", ["UTC", "America/New_York"])
def test_unreadable_times_are_rejected(timezone):
    data = read_interactions(timed(NOON, *UNREADABLE), timezone=timezone)
    assert len(data) == 1
    assert [one.text for one in data.report.rejected] == UNREADABLE
    assert {one.reason for one in data.report.rejected} == {"time unreadable"}
    assert {one.column for one in data.report.rejected} == {"timestamp"}
    assert [one.line for one in data.report.rejected] == list(range(3, len(UNREADABLE) + 3))


def test_times_of_all_units_and_shapes_stand_side_by_side():
    texts = ("1704456000", "1704456001000", "2024-01-05T12:00:02Z", "20240105T120003Z")
    data = read_interactions(timed(*texts))
    assert [time[-2:] for time in utc(data)] == ["00", "01", "02", "03"]


def test_given_unit_is_used_for_all_numbers():
    data = read_interactions(timed("1000", "86400000"), time_unit="ms")
    assert utc(data) == ["1970-01-01T00:00:01", "1970-01-02T00:00:00"]
    assert read_interactions(timed("20240105"), time_unit="s").report.column_of("TIMESTAMP")
    assert utc(read_interactions(timed("20240105"), time_unit="s")) == ["1970-08-23T06:15:05"]


def test_a_number_beyond_the_given_unit_is_rejected_not_read_otherwise():
    data = read_interactions(timed("1704456000", "1704456000000"), time_unit="s")
    assert faults(data) == [(3, "time unreadable")]


@pytest.mark.parametrize("unit", ["h", "S", "seconds", ""])
def test_unknown_unit_is_refused_with_the_known_ones(unit):
    with pytest.raises(ConfigError, match="must be one of s, ms, us, ns or None"):
        read_interactions(timed(NOON), time_unit=unit)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "Europe", "../passwd", "CET+1"])
def test_unknown_zone_is_refused_with_an_example(zone):
    with pytest.raises(ConfigError, match="must be a name such as 'UTC' or 'Europe/Zurich'"):
        read_interactions(timed(NOON), timezone=zone)


def test_compact_dates_stay_dates_beside_an_unreadable_or_empty_cell():
    data = read_interactions(timed("20240105", "n/a", "", "20240106"))
    assert utc(data) == ["2024-01-05T00:00:00", "2024-01-06T00:00:00"]
    assert [line for line, _ in faults(data)] == [3, 4]


@pytest.mark.parametrize(
    "slip",
    ["20240230", "20241399", "99999999", "00000000", "0", "2024", "1704456000", "2024010512"],
)
def test_what_is_no_date_among_compact_ones_is_a_slip_and_changes_no_other(slip):
    data = read_interactions(timed("20240105", slip, "20240106"))
    assert utc(data) == ["2024-01-05T00:00:00", "2024-01-06T00:00:00"]
    assert [(one.line, one.text) for one in data.report.rejected] == [(3, slip)]


def test_slips_among_compact_moments_are_rejected_too():
    data = read_interactions(timed("20240102235959", "20240102251112", "99999999999999"))
    assert utc(data) == ["2024-01-02T23:59:59"]
    data = read_interactions(timed("202401052200", "20240105221", "202401052230"))
    assert utc(data) == ["2024-01-05T22:00:00", "2024-01-05T22:30:00"]


def test_eight_digits_most_of_which_are_no_dates_are_seconds():
    assert utc(read_interactions(timed("20240105", "20241399", "20249999"))) == [
        "1970-08-23T06:15:05",
        "1970-08-23T06:36:39",
        "1970-08-23T08:59:59",
    ]


def test_in_a_long_column_too_a_few_epochs_among_compact_dates_are_slips():
    pieces = [["1704456000"] * 3, ["20240105"] * 2, ["20240106"] * 2]
    read = read_times(pa.chunked_array([pa.array(piece) for piece in pieces]))
    assert read.readable.tolist() == [False] * 3 + [True] * 4
    pieces = [["1704456000"] * 5, ["20240105"] * 2, ["20240106"] * 2]
    read = read_times(pa.chunked_array([pa.array(piece) for piece in pieces]))
    assert read.readable.all()
    assert read.how == "Unix seconds"


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (2, 0, 3, 1)])
@pytest.mark.parametrize(
    "times",
    [
        (
            "1704456000123456100",
            "1704456000123456875",
            "1704456000123456999",
            "1704456000123457100",
        ),
        ("1704456000.0000001", "1704456000.0000002", "1704456000.0000003", "1704456000.0000009"),
        (
            "2024-01-05T12:00:00.1234561Z",
            "2024-01-05T12:00:00.12345611Z",
            "2024-01-05T12:00:00.1234569999999Z",
            "2024-01-05T12:00:00.123457Z",
        ),
    ],
)
def test_times_finer_than_a_microsecond_sort_by_all_their_digits(times, order):
    data = read_interactions(timed(*(times[place] for place in order)))
    ranked = [f"i{order.index(place)}" for place in range(4)]
    assert items_of(data) == {"u": ranked}
    assert "TIED_TIMES" not in codes(data)
    assert utc(data)[order.index(0)] <= utc(data)[order.index(3)]


def micros(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def read_micros(texts: list[str], **options) -> list[int]:
    """The times of the texts in their own order."""
    data = read_interactions(timed(*texts), **options)
    place = [int(item[1:]) for item in data.item_ids[data.item_index]]
    return data.time_us[np.argsort(place)].tolist()


@given(st.lists(st.integers(-62_000_000_000 * 10**9, 250_000_000_000 * 10**9), min_size=1))
@settings(max_examples=10, deadline=None)
def test_nanoseconds_are_floored_to_microseconds_exactly(nanoseconds):
    found = read_micros([str(one) for one in nanoseconds], time_unit="ns")
    assert found == [one // 1000 for one in nanoseconds]


LOCAL = st.datetimes(datetime(1900, 1, 1), datetime(2037, 1, 1))


@given(st.lists(st.tuples(LOCAL, st.integers(-14 * 4, 14 * 4)), min_size=1))
@settings(max_examples=10, deadline=None)
def test_iso_text_of_any_offset_reads_back(pairs):
    texts, expected = [], []
    for local, quarters in pairs:
        minutes = 15 * quarters
        sign = "-" if minutes < 0 else "+"
        texts.append(f"{local.isoformat()}{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}")
        expected.append(micros(local.replace(tzinfo=UTC) - timedelta(minutes=minutes)))
    assert read_micros(texts) == expected


@pytest.mark.parametrize("zone", ["Europe/Zurich", "America/St_Johns", "Asia/Kathmandu"])
@given(st.lists(LOCAL, min_size=1))
@settings(max_examples=6, deadline=None)
def test_local_times_agree_with_zoneinfo(zone, times):
    def meant(local: datetime) -> datetime:
        return local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)

    real = [
        local
        for local in times
        if meant(local).astimezone(ZoneInfo(zone)).replace(tzinfo=None) == local
    ]
    assume(real)
    found = read_micros([local.isoformat() for local in real], timezone=zone)
    assert found == [micros(meant(local)) for local in real]


def test_one_day_above_twelve_settles_the_whole_column():
    assert utc(read_interactions(timed("03/04/2024", "13/04/2024")))[0] == "2024-04-03T00:00:00"
    assert utc(read_interactions(timed("03/04/2024", "04/13/2024")))[0] == "2024-03-04T00:00:00"


def test_dates_with_the_year_first_settle_nothing_and_are_never_ambiguous():
    data = read_interactions(timed("2024-04-03", "2024-04-13", "03/04/2024"))
    assert "AMBIGUOUS_DATES" in codes(data)
    assert "AMBIGUOUS_DATES" not in codes(read_interactions(timed("2024-04-03")))


def test_dates_that_contradict_one_another_are_asked_about_and_a_slip_is_not():
    data = read_interactions(timed("25/03/2024", "03/26/2024", "04/05/2024"))
    (found,) = (one for one in data.report.warnings if one.code == "AMBIGUOUS_DATES")
    assert "contradict one another: 1 can only be the other way round" in found.message
    assert "day first" in found.message
    assert [one.text for one in data.report.rejected] == ["03/26/2024"]
    assert utc(data)[1] == "2024-05-04T00:00:00"
    slip = read_interactions(timed(*(f"03/{day}/2024" for day in range(13, 24)), "25/03/2024"))
    assert "AMBIGUOUS_DATES" not in codes(slip)
    assert [one.text for one in slip.report.rejected] == ["25/03/2024"]


def test_equal_day_and_month_is_not_ambiguous():
    assert "AMBIGUOUS_DATES" not in codes(read_interactions(timed("04/04/2024", "05/05/2024")))


@pytest.mark.parametrize(("dayfirst", "month"), [(True, "04"), (False, "03")])
def test_said_order_decides_and_is_described(dayfirst, month):
    data = read_interactions(timed("03/04/2024"), dayfirst=dayfirst)
    assert utc(data)[0][5:7] == month
    words = "day before month" if dayfirst else "month before day"
    assert words in data.report.columns["timestamp"].how


def test_said_order_rejects_what_contradicts_it():
    data = read_interactions(timed("03/04/2024", "04/13/2024"), dayfirst=True)
    assert faults(data) == [(3, "time unreadable")]


def test_local_times_move_to_utc_and_times_with_a_zone_stay():
    texts = ("2024-01-05 12:00", "2024-07-05 12:00", "2024-01-05T12:00Z", "1704456000")
    assert utc(read_interactions(timed(*texts), timezone="Europe/Zurich")) == [
        "2024-01-05T11:00:00",
        "2024-07-05T10:00:00",
        NOON,
        NOON,
    ]


def test_a_zone_changes_nothing_where_every_time_has_its_own():
    data = read_interactions(timed("1704456000", "2024-01-05T12:00Z"), timezone="Asia/Tokyo")
    assert utc(data) == [NOON, NOON]
    assert "NAIVE_TIMES" not in codes(data)


def test_clock_changes_are_warned_of_with_their_lines():
    data = read_interactions(
        timed("2024-03-31 02:30", "2024-10-27 02:30", "2024-10-27 03:30"), timezone="Europe/Zurich"
    )
    assert lines_of(data, "LOCAL_TIME_GAPS") == (2, 3)
    assert utc(data) == [
        "2024-03-31T01:00:00",  # does not exist: the next moment that does
        "2024-10-27T00:30:00",  # stands twice: the first
        "2024-10-27T02:30:00",
    ]


def test_how_times_were_read_is_said():
    how = read_interactions(timed("1704456000", "1704456000000")).report.columns["timestamp"].how
    assert "seconds" in how
    assert "milliseconds" in how
    zoned = read_interactions(timed(NOON), timezone="Asia/Tokyo").report.columns["timestamp"]
    assert str(zoned) == "TIMESTAMP: dates, Asia/Tokyo where no zone is given"


def test_no_readable_time_at_all_is_refused():
    with pytest.raises(DataError, match=r"none of 2 rows.*time unreadable \(2\).*line 2.*'soon'"):
        read_interactions(timed("soon", "later"), columns={"TIMESTAMP": "timestamp"})
