"""Local times as moments."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from hrnn.data.local_times import to_utc

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def us(text: str) -> int:
    return int(np.datetime64(text, "us").astype(np.int64))


def said(zone: str, *local: str) -> tuple[list[str], list[bool]]:
    moments, unsure = to_utc(np.array([us(one) for one in local]), ZoneInfo(zone))
    return [(EPOCH + timedelta(microseconds=int(one))).isoformat() for one in moments], [
        bool(one) for one in unsure
    ]


@pytest.mark.parametrize(
    ("zone", "skipped", "next_one"),
    [
        ("Europe/Berlin", "2024-03-31T02:30:00.25", "2024-03-31T01:00:00+00:00"),
        ("Australia/Lord_Howe", "2024-10-06T02:10:00", "2024-10-05T15:30:00+00:00"),
        ("Pacific/Apia", "2011-12-30T10:00:00", "2011-12-30T10:00:00+00:00"),
        ("Pacific/Kwajalein", "1993-08-21T12:00:00", "1993-08-21T12:00:00+00:00"),
    ],
)
def test_a_time_that_no_clock_showed_is_the_next_that_one_did(
    zone: str, skipped: str, next_one: str
) -> None:
    assert said(zone, skipped) == ([next_one], [True])


def test_of_two_meanings_the_first_is_taken() -> None:
    found = said("Europe/Berlin", "2024-10-27T02:30:00", "2024-10-27T03:00:00")
    assert found == (["2024-10-27T00:30:00+00:00", "2024-10-27T02:00:00+00:00"], [True, False])


@pytest.mark.parametrize("zone", ["Pacific/Apia", "America/New_York", "Africa/Casablanca"])
def test_order_is_never_turned_around_where_time_is_left_out(zone: str) -> None:
    start, end = us("2011-01-01"), us("2012-01-01")
    local = np.arange(start, end, 17 * 60_000_000)
    moments, unsure = to_utc(local, ZoneInfo(zone))
    for here, moment, doubt in zip(local.tolist(), moments.tolist(), unsure, strict=True):
        clock = (EPOCH + timedelta(microseconds=moment)).astimezone(ZoneInfo(zone))
        shown = us(clock.replace(tzinfo=None).isoformat())
        assert shown >= here
        assert doubt or shown == here
