"""Tables on their way out: nothing in them runs."""

import io

import pandas as pd

from ui.downloads import csv_bytes


def test_cells_and_names_that_a_spreadsheet_would_run_are_made_inert() -> None:
    frame = pd.DataFrame({"=HYPERLINK()": ["=1+1", "@SUM(A1)", "plain"], "n": [-1.5, 2.0, 3.0]})
    text = csv_bytes(frame).decode("utf-8-sig")
    back = pd.read_csv(io.StringIO(text))
    assert back.columns.tolist() == ["'=HYPERLINK()", "n"]
    assert back.iloc[:, 0].tolist() == ["'=1+1", "'@SUM(A1)", "plain"]
    assert back["n"].tolist() == [-1.5, 2.0, 3.0]


def test_times_and_foreign_letters_are_kept() -> None:
    frame = pd.DataFrame({"User": ["Zoë"], "Start (UTC)": pd.to_datetime(["2024-01-01 10:00"])})
    made = csv_bytes(frame)
    assert made.startswith(b"\xef\xbb\xbf")  # Excel takes it for UTF-8
    assert made.decode("utf-8-sig").splitlines() == ["User,Start (UTC)", "Zoë,2024-01-01 10:00:00"]
