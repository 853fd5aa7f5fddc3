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
    data = timelines.timeline(line, ("at 30 min", "at 60 min"))["datasets"]
    blocks, dots, marks = data["blocks"], data["dots"], data["marks"]
    assert blocks["y"].tolist() == [0.7, 0.7, 0.7, -0.3, -0.3]
    assert blocks["tone"][:3].tolist() == [QUIET_TONE, OTHER_TONE, QUIET_TONE]
    assert dots[["y", "y2"]].to_numpy().tolist() == [[-0.4, 0.36], [0.64, 1.4]]
    (at,) = set(dots["x"])
    assert marks["x"][1] < at < marks["x"][2]
    assert blocks["x"][0] < marks["x"][0] < marks["x"][1] < blocks["x2"][0] < at
    assert data["gaps"].to_dict("list") == {"x": [at], "words": ["45 min"]}
    assert marks["y"].tolist() == [1.0] * 4 + [0.0] * 4
    assert marks["title"].tolist() == [line.frame["title"].iloc[0], "i1", "i2", "i3"] * 2
    assert marks["gap"][:3].tolist() == ["", "5 min", "45 min"]
    assert data["names"]["words"].tolist() == ["at 30 min", "at 60 min"]
    assert data["dates"]["x"][0] == marks["x"][0]
    assert 0 < marks["x"].min() < marks["x"].max() < 1


def test_another_timeout_changes_nothing_but_the_data_of_a_timeline() -> None:
    specs = [
        timelines.timeline(laid_out(ONE_USER, upper, 60.0), (name, "at 60 min"))
        for upper, name in ((30.0, "at 30 min"), (60.0, "at 60 min"))
    ]
    one, other = ({**spec, "datasets": sorted(spec["datasets"])} for spec in specs)
    assert one == other
    assert not len(specs[1]["datasets"]["dots"])
    assert specs[0]["datasets"]["marks"]["x"].equals(specs[1]["datasets"]["marks"]["x"])


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
