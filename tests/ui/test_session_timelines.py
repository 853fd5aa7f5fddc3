"""Timelines: what splits, what merges, and how it is drawn."""

import hrnn
from hrnn.sessions import segment
from tests.ui.test_session_figures import log
from ui import timelines
from ui.charts import OTHER_TONE, QUIET_TONE


def laid_out(data: hrnn.Interactions, upper: float, lower: float) -> timelines.Line:
    titles = {"i0": "<b>First</b>"}
    return timelines.lay_out(data, segment(data, upper), segment(data, lower), titles)


ONE_USER = log([("a", 0), ("a", 5), ("a", 50), ("a", 2_000)])


def test_a_longer_timeout_merges_sessions() -> None:
    line = laid_out(ONE_USER, 30.0, 60.0)
    assert (line.sessions, line.falls, line.comes) == ((3, 2), 1, 0)
    words = timelines.in_words(line, "at 30 min", "at 60 min")
    assert (
        words == "4 interactions · 3 sessions at 30 min, 2 at 60 min (1 cut fewer: sessions merge)"
    )


def test_a_shorter_timeout_splits_sessions() -> None:
    line = laid_out(ONE_USER, 60.0, 1.0)
    assert (line.sessions, line.falls, line.comes) == ((2, 4), 0, 2)
    assert "(2 cuts more: sessions split)" in timelines.in_words(line, "at 60 min", "at 1 min")


def test_two_cuts_that_agree_are_said_to() -> None:
    line = laid_out(ONE_USER, 10.0, 30.0)
    assert timelines.in_words(line, "at 10 min", "at 30 min").endswith("the same at 30 min")


def test_a_timeline_has_a_block_a_session_and_dots_where_one_cuts_alone() -> None:
    line = laid_out(ONE_USER, 30.0, 60.0)
    figure = timelines.timeline(line, ("at 30 min", "at 60 min"))
    marks, gaps = figure.data
    blocks = [one for one in figure.layout.shapes if one.type == "rect"]
    dots = [one for one in figure.layout.shapes if one.type == "line"]
    assert [one.y0 for one in blocks] == [0.7, 0.7, 0.7, -0.3, -0.3]
    assert [one.fillcolor for one in blocks[:3]] == [QUIET_TONE, OTHER_TONE, QUIET_TONE]
    assert [(one.y0, one.y1) for one in dots] == [(-0.4, 0.36), (0.64, 1.4)]
    (at,) = {one.x0 for one in dots}
    assert line.frame["place"].iloc[1] < at < line.frame["place"].iloc[2]
    assert list(gaps.text) == ["45 min"]
    assert len(marks.x) == 2 * len(line.frame)
    assert "&lt;b&gt;First" in marks.hovertext[0]
    assert "5 min after the one before" in marks.hovertext[1]
    assert list(figure.layout.yaxis.ticktext) == ["at 30 min", "at 60 min"]


def test_a_long_history_is_drawn_from_its_end_and_counted_whole() -> None:
    line = laid_out(log([("a", 40 * place) for place in range(200)]), 30.0, 60.0)
    assert len(line.frame) == 80
    assert line.frame["place"].iloc[0] == 0
    assert line.falls == 199
    words = timelines.in_words(line, "at 30 min", "at 60 min")
    assert words.startswith("200 interactions (the last 80 drawn)")


def test_user_ids_survive_the_link() -> None:
    ids = ["plain", "a,b", "50%", "%2C", "www.x"]
    assert timelines.from_link(timelines.to_link(ids)) == ids
