import pandas as pd

from hrnn import read_interactions
from hrnn.data.export import inert
from tests.hrnn.logs import CASES


def test_text_that_a_spreadsheet_would_run_gets_an_apostrophe_and_numbers_do_not():
    frame = pd.DataFrame(
        {"text": ["=1+1", "+4", "-7", "@a", "\tb", "\rc", "a-b=c", "", None], "score": -0.31}
    )
    made, changed = inert(frame)
    expected = ["'=1+1", "'+4", "'-7", "'@a", "'\tb", "'\rc", "a-b=c", ""]
    assert made["text"].tolist()[:-1] == expected
    assert made["text"].isna().tolist() == [False] * 8 + [True]
    assert made["score"].tolist() == [-0.31] * 9
    assert changed == 6
    assert frame["text"][0] == "=1+1"


def test_case_29_has_five_cells_that_would_run():
    data = read_interactions(CASES / "29_formula_export" / "input.csv")
    assert inert(data.frame()[["USER_ID", "ITEM_ID"]])[1] == 5
