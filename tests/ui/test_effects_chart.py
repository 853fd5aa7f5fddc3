"""A history as lines with bars."""

from dataclasses import replace

import pandas as pd

from hrnn.explain.fewest import Dethroned
from hrnn.explain.leaving_out import Effects
from ui.effects_chart import effects_chart, lines
from ui.why import fewest_words, why_words

EFFECTS = Effects(
    "x",
    0.1,
    2,
    False,
    pd.DataFrame(
        {
            "PLACE": [0, 1, 2],
            "ITEM_ID": ["a", "b", "c"],
            "SESSION": [0, 0, 2],
            "EFFECT": [0.5, -0.25, 0.25],
            "RANK": [5, 1, 3],
        }
    ),
    pd.DataFrame({"SESSION": [0, 2], "EFFECT": [0.75, 0.25], "RANK": [9, 3]}),
)


def test_sessions_come_newest_first_and_only_those_that_are_opened_have_items():
    frame = lines(EFFECTS, {"a": "Alpha"}, {0: "Mon 01 Jan 2024"}, {0})
    assert frame["words"].tolist() == [
        "Session 3 · added",
        "Session 1 · Mon 01 Jan 2024",
        "b",
        "Alpha",
    ]
    assert frame["effect"].tolist() == [0.25, 0.75, -0.25, 0.5]
    assert frame["rank"].tolist() == [3, 9, 1, 5]
    assert frame["line"].is_unique
    assert frame["line"].is_monotonic_increasing
    assert [line[4] for line in frame["line"]] == ["s", "s", "i", "i"]


def test_lines_of_equal_words_stay_apart_and_long_titles_are_clipped():
    twice = EFFECTS.interactions.assign(ITEM_ID="t" * 99)
    frame = lines(replace(EFFECTS, interactions=twice), {}, {}, {0, 2})
    assert frame["line"].is_unique
    assert max(map(len, frame["line"])) < 45
    assert effects_chart(frame, "y" * 99)["datasets"]["lines"] is frame


def test_the_sentence_names_the_session_its_worth_and_the_way_it_comes():
    assert why_words(EFFECTS, "X") == (
        "X stands at rank 2, most of all because of session 1: without it, it would be at rank"
        " 9. Of what speaks for it, 75 % comes through the user state, from earlier sessions, and"
        " 25 % from the session that goes on."
    )
    begins = replace(EFFECTS, begins=True)
    assert why_words(begins, "X").endswith("all of it comes through the user state.")
    against = replace(EFFECTS, sessions=EFFECTS.sessions.assign(EFFECT=[-0.5, 0.0]))
    assert why_words(against, "X") == "X stands at rank 2; no session speaks for it."


def test_a_session_that_is_over_is_not_the_latest_that_goes_on_and_a_rank_may_stay():
    latest = EFFECTS.sessions.assign(EFFECT=[0.1, 0.9], RANK=[2, 2])
    goes_on = replace(EFFECTS, sessions=latest)
    assert (
        "; the latest session speaks for it most, but without it, it would still be at rank 2"
        in (why_words(goes_on, "X"))
    )
    over = why_words(replace(goes_on, begins=True), "X")
    assert "; session 3 speaks for it most" in over
    assert "goes on" not in over


def test_the_fewest_sessions_are_said():
    assert fewest_words(Dethroned("x", (0, 2), "y"), {"y": "Ypsilon"}) == (
        "Without sessions 1 and 3, the fewest that matter, **Ypsilon** would be first, not **x**."
    )
    assert fewest_words(Dethroned("x", None, None), {}) == (
        "Up to 3 sessions left out, whichever, leave **x** first."
    )
    assert "Without sessions 1, 2 and 5, the" in fewest_words(Dethroned("x", (0, 1, 4), "y"), {})
    assert fewest_words(Dethroned(None, None, None), {}).startswith("Every item has been seen")
