"""Charts of several pages: what is drawn of a frame."""

import pandas as pd

from ui.charts import differences, waterfall


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


def test_a_peer_is_called_by_what_sets_it_apart_from_the_model_that_leads() -> None:
    names = ["log.csv, HRNN, 64 units, as flat GRU", "popularity"]
    frame = pd.DataFrame({"OTHER": names, "DIFFERENCE": 0.1, "LOW": [0.05, -0.05], "HIGH": 0.2})
    spec = differences(frame, "log.csv, HRNN, 64 units").to_dict()
    rows = next(rows for rows in spec["datasets"].values() if "OTHER" in rows[0])
    assert [(row["OTHER"], row["sure"]) for row in rows] == [
        ("as flat GRU", "beyond doubt"),
        ("popularity", "may be chance"),
    ]
