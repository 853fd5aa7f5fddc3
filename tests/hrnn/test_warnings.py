"""Every warning: what brings it, and a like log that does not."""

import pytest

from hrnn import read_interactions
from tests.hrnn.logs import codes, csv_log, lines_of

WITH_SESSION = "user_id,item_id,timestamp,session_id"


def at(minute: float, day: int = 5) -> str:
    seconds = round(minute * 60)
    return f"2024-01-{day:02d}T{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}Z"


def calm(*rows: str, header: str = "user_id,item_id,timestamp") -> bytes:
    """Rows after four of four other users, so that nobody dominates."""
    others = [f"w{n},a,{at(600 * n / 10)}" + "," * (header == WITH_SESSION) for n in range(4)]
    return csv_log(*others, *rows, header=header)


def session_rows(*rows: tuple[str, float, int, str]) -> bytes:
    """Rows of user, minute, day and session id, from line 6 on."""
    lines = [f"{user},i,{at(minute, day)},{session}" for user, minute, day, session in rows]
    return calm(*lines, header=WITH_SESSION)


#: Code → (a log that has it, the lines it names, a log that does not).
WARNINGS = {
    "MIXED_TIME_UNITS": (
        calm("u,a,1704456000", "v,a,1704456000000", "u,b,1704459700"),
        (7,),
        calm("u,a,1704456000", "v,a,1704456000.5", "u,b,1704459700"),
    ),
    "AMBIGUOUS_DATES": (calm("u,a,03/04/2024"), (), calm("u,a,13/04/2024")),
    "NAIVE_TIMES": (calm("u,a,2024-01-05 12:00"), (), calm("u,a,2024-01-05 12:00+00")),
    "COUNTED_DAYS": (
        csv_log("u,a,46025.541667", "v,a,46026.25"),
        (),
        csv_log("u,a,46025.541667", "v,a,1704412800"),
    ),
    "BLANKS_AROUND_IDS": (
        csv_log("u,a,1", "u,a ,2", "v,\tb,3"),
        (),
        csv_log("u, a,1", "u, b,2", "v, b,3"),
    ),
    "DAY_RESOLUTION": (
        csv_log("u,a,1704412800", "v,a,1704499200"),
        (),
        csv_log("u,a,1704412800", "v,a,1704499201"),
    ),
    "TIED_TIMES": (
        calm(f"u,a,{at(1)}", f"v,a,{at(1)}", f"u,b,{at(1)}"),
        (6, 8),
        calm(f"u,a,{at(1)}", f"v,a,{at(1)}"),
    ),
    "NA_LIKE_IDS": (
        calm(f"u,NaN,{at(1)}", f"NULL,a,{at(1)}"),
        (6, 7),
        calm(f"u,Nancy,{at(1)}", f"NULLA,a,{at(1)}"),
    ),
    "FLOAT_LIKE_IDS": (
        calm(f"u,12,{at(1)}", f"v,12.0,{at(1)}"),
        (7,),
        calm(f"u,12,{at(1)}", f"v,13.0,{at(1)}", f"v,12.5,{at(2)}"),
    ),
    "ENCODING_GUESSED": (
        calm(f"é,a,{at(1)}").decode().encode("cp1252"),
        (),
        calm(f"é,a,{at(1)}").decode().encode("utf-16"),
    ),
    "DUPLICATES": (
        calm(f"u,a,{at(1)}", f"u,a,{at(1)}", f"v,a,{at(1)}", f"u,a,{at(1)}"),
        (7, 9),
        calm(f"u,a,{at(1)}", f"u,b,{at(1)}", f"v,a,{at(1)}"),
    ),
    "LONG_SESSION": (
        calm(*(f"u,a,{at(n)}" for n in range(5))),
        (6, 7, 8, 9, 10),
        calm(*(f"u,a,{at(n)}" for n in range(4))),  # half is not more than half
    ),
    "DOMINANT_USER": (
        calm(*(f"u,a,{at(100 * n)}" for n in range(5))),
        (6, 7, 8, 9, 10),
        calm(*(f"u,a,{at(100 * n)}" for n in range(4))),
    ),
    "TWO_OUTCOMES": (
        csv_log("u,a,1,-1", "v,a,2,1", header="user_id,item_id,timestamp,outcome"),
        (),
        csv_log("u,a,1,0", "v,a,2,1", header="user_id,item_id,timestamp,outcome"),
    ),
    "SESSION_ID_REUSED": (
        session_rows(("u", 1, 5, "s"), ("v", 1, 5, "s"), ("v", 90, 5, "t")),
        (6, 7),
        session_rows(("u", 1, 5, "s"), ("v", 1, 5, "r"), ("v", 90, 5, "t")),
    ),
}


@pytest.mark.parametrize("code", WARNINGS)
def test_warning_is_given_with_its_lines(code):
    raw, lines, _ = WARNINGS[code]
    data = read_interactions(raw)
    assert lines_of(data, code) == lines
    (found,) = (one for one in data.report.warnings if one.code == code)
    assert found.message
    assert found.count == len(lines) if lines else found.count > 0


@pytest.mark.parametrize("code", WARNINGS)
def test_warning_is_absent(code):
    assert code not in codes(read_interactions(WARNINGS[code][2]))


@pytest.mark.parametrize("text", ["null", "NaN", "NaT", "(null)", "\\N", "NA"])
def test_a_session_id_that_looks_like_a_missing_one_is_warned_of(text):
    raw = session_rows(("u", 1, 5, "s"), ("v", 1, 5, ""), ("v", 90, 5, text), ("v", 91, 5, text))
    data = read_interactions(raw)
    assert lines_of(data, "NA_LIKE_IDS") == (8, 9)
    assert "NA_LIKE_IDS" not in codes(read_interactions(session_rows(("u", 1, 5, "nab"))))


def test_local_time_gaps():
    for time, lines in (("2024-03-31 02:30", (2,)), ("2024-03-31 03:30", None)):
        data = read_interactions(csv_log(f"u,a,{time}"), timezone="Europe/Zurich")
        assert ("LOCAL_TIME_GAPS" in codes(data)) == bool(lines)
        if lines:
            assert lines_of(data, "LOCAL_TIME_GAPS") == lines
    assert "LOCAL_TIME_GAPS" not in codes(read_interactions(csv_log("u,a,2024-03-31 02:30")))


def test_missing_outcomes():
    header = "user,item,time,outcome"
    assert "MISSING_OUTCOMES" in codes(read_interactions(csv_log("u,a,1,", header=header)))
    assert "MISSING_OUTCOMES" not in codes(read_interactions(csv_log("u,a,1,0", header=header)))


def test_a_quiet_log_has_no_warning():
    assert not read_interactions(calm()).report.warnings


def test_one_interaction_is_a_long_session_of_a_dominant_user():
    found = codes(read_interactions(csv_log(f"u,a,{at(1)}")))
    assert found == {"LONG_SESSION", "DOMINANT_USER"}


def test_dates_at_midnight_of_the_declared_zone_are_days():
    data = read_interactions(csv_log("u,a,2024-01-05", "v,a,2024-07-06"), timezone="Asia/Tokyo")
    assert "DAY_RESOLUTION" in codes(data)


@pytest.mark.parametrize(
    ("rows", "reused"),
    [
        ([("u", 1, 5, "s"), ("u", 2, 12, "s")], True),  # a week and a minute
        ([("u", 1, 5, "s"), ("u", 1, 12, "s")], False),  # a week
        ([("u", 1, 5, "s"), ("u", 3, 5, "t"), ("u", 5, 5, "s"), ("u", 7, 5, "t")], True),
        ([("u", 1, 5, "s"), ("u", 9, 5, "s"), ("u", 3, 5, "t")], True),  # inside the other
        ([("u", 1, 5, "s"), ("u", 5, 5, "s"), ("u", 5, 5, "t")], False),  # they touch
        ([("u", 1, 5, "s"), ("u", 5, 5, "s"), ("v", 3, 5, "t"), ("v", 9, 5, "t")], False),
        ([("u", 1, 5, "s"), ("u", 3, 5, ""), ("u", 5, 5, "s")], False),  # no id, no overlap
    ],
)
def test_session_ids_that_overlap_or_last(rows, reused):
    assert ("SESSION_ID_REUSED" in codes(read_interactions(session_rows(*rows)))) == reused


def test_overlap_names_both_sessions_and_no_third():
    data = read_interactions(
        session_rows(
            ("u", 1, 5, "s"),
            ("u", 9, 5, "s"),
            ("u", 3, 5, "t"),
            ("u", 60, 5, "r"),
            ("v", 3, 5, "q"),
        )
    )
    assert lines_of(data, "SESSION_ID_REUSED") == (6, 7, 8)


def test_unused_session_ids_are_not_judged():
    raw = WARNINGS["SESSION_ID_REUSED"][0]
    assert "SESSION_ID_REUSED" not in codes(read_interactions(raw, {"SESSION_ID": None}))


@pytest.mark.parametrize("text", ["NA", "n/a", "#N/A", "None", "nil", "undefined", "-", "?"])
def test_ids_that_look_missing_are_kept_and_named(text):
    data = read_interactions(csv_log(f"u,{text},{at(1)}", f"{text},a,{at(1)}"))
    assert lines_of(data, "NA_LIKE_IDS") == (2, 3)
    assert text in data.item_ids
    assert text in data.user_ids


def test_float_like_users_and_items_are_separate_findings():
    data = read_interactions(calm(f"1,7,{at(1)}", f"1.0,7.00,{at(1)}"))
    found = [one for one in data.report.warnings if one.code == "FLOAT_LIKE_IDS"]
    assert [one.message.split()[0] for one in found] == ["user", "item"]


def test_a_user_and_an_item_of_like_names_are_no_pair():
    data = read_interactions(calm(f"1,7,{at(1)}", f"2,1.0,{at(1)}"))
    assert "FLOAT_LIKE_IDS" not in codes(data)


def test_lines_are_capped_and_the_count_is_not():
    data = read_interactions(csv_log(*(f"u,i{n},{at(1)}" for n in range(1200))))
    (found,) = (one for one in data.report.warnings if one.code == "TIED_TIMES")
    assert (found.count, found.lines) == (1200, tuple(range(2, 1002)))
