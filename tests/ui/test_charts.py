"""Charts of several pages: what is drawn of a frame."""

import pandas as pd

from ui.charts import waterfall


def test_a_step_is_as_long_as_what_it_kept_beside_what_it_dropped() -> None:
    frame = pd.DataFrame(
        {"Step": ["in the file", "could be read"], "Rows": [5, 3], "Dropped": [0, 2]}
    )
    spec = waterfall(frame).to_dict()
    (rows,) = spec["datasets"].values()
    assert [(one["before"], one["Rows"]) for one in rows] == [(5, 5), (5, 3)]
    behind, before = spec["layer"]
    assert (behind["encoding"]["x"]["field"], before["encoding"]["x"]["field"]) == (
        "before",
        "Rows",
    )
    assert behind["encoding"]["y"]["sort"] == ["in the file", "could be read"]
