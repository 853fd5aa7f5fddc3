"""Numbers, times and foreign text as people read them."""

import pytest

from ui.words import (
    average,
    clipped,
    literal,
    literal_in_file,
    minutes,
    moment,
    plural,
    seconds,
    sentence,
    share,
    short,
)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.5, "30 s"),
        (1, "1 min"),
        (1.5, "90 s"),
        (26, "26 min"),
        (60, "60 min"),
        (120, "2 h"),
        (240, "4 h"),
        (1440, "24 h"),
        (2160, "36 h"),
        (2880, "2 d"),
        (43_200, "30 d"),
        (30.5, "30.5 min"),
        (3.7, "3.7 min"),
        (99.96, "100 min"),
        (255, "4.25 h"),
        (0.004, "0.24 s"),
    ],
)
def test_minutes_are_written_in_the_largest_unit_of_which_there_are_two(value, words):
    assert minutes(value) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [(40, "40 s"), (754, "13 min"), (222, "3.7 min"), (9_000, "2.5 h"), (0.21, "0.2 s")],
)
def test_what_was_measured_is_written_with_two_digits(value, words):
    assert seconds(value) == words


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0"), (1204, "1,204"), (9999, "9,999"), (48_200, "48.2 k"), (1_204_551, "1.2 M")],
)
def test_tiles_write_large_counts_short(count, words):
    assert short(count) == words


def test_what_is_not_known_is_a_dash():
    assert share(float("nan")) == average(float("nan")) == "–"
    assert share(0.312) == "31.2 %"


def test_a_moment_is_written_in_utc():
    assert moment(1_709_287_200_000_000) == "Fri 01 Mar 2024 10:00"


def test_plural_counts():
    assert [plural(1, "row"), plural(2_000, "row"), plural(0, "user")] == [
        "1 row",
        "2,000 rows",
        "0 users",
    ]


@pytest.mark.parametrize(
    "text", ["**b**", "![x](y)", "<b>x</b>", "$x$", ":red[x]", "# a", "`c`", "a|b", "~~s~~", "1. x"]
)
def test_every_mark_of_markdown_is_escaped(text):
    marks = [place for place, sign in enumerate(literal(text)) if sign in "*![]<>$#`|~_."]
    assert marks
    assert all(literal(text)[place - 1] == "\\" for place in marks)


@pytest.mark.parametrize(
    "text", ["www.a.b", "http://a.b", "HTTPS://a.b", "x@a.b", ":material/home:"]
)
def test_what_markdown_would_link_is_broken_without_a_visible_sign(text):
    shown = literal(text).replace("\\", "")
    assert shown != text
    assert shown.replace("\u2060", "") == text


def test_times_and_plain_names_stay_as_they_are():
    assert literal("10:29 Uhr").replace("\\", "") == "10:29 Uhr"


def test_a_long_name_is_clipped():
    assert clipped("x" * 30) == "x" * 25 + "…"


@pytest.mark.parametrize(
    ("text", "begun"),
    [("the file is empty", "The file is empty"), ("a.csv was not read", "a.csv was not read")],
)
def test_a_sentence_begins_with_a_capital_unless_with_a_name(text, begun):
    assert sentence(text) == begun


def test_in_a_file_that_is_read_as_it_is_only_marks_that_do_something_are_escaped():
    assert literal_in_file("0.38 (0.3–0.4), last-out!") == "0.38 (0.3–0.4), last-out!"
    assert literal_in_file("<b>*a*</b> [x](y) | `c` $d$ ~e~ #f") == (
        r"\<b\>\*a\*\</b\> \[x\](y) \| \`c\` \$d\$ \~e\~ \#f"
    )
    assert literal_in_file("- a") == r"\- a"
    assert literal_in_file("1. a") == r"1\. a"
    assert literal_in_file("a\n# b") == r"a \# b"
    assert literal_in_file("see http://a.example") == "see http\u2060://a.example"
