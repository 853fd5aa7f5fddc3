"""Other models beside a list."""

import pandas as pd

from ui.beside import add_ranks, overlap_words

TABLE = pd.DataFrame({"Rank": [1, 2, 3], "Note": ["", "", ""], "Item": ["a", "b", "c"]})


def test_ranks_stand_before_the_notes_and_those_on_top_are_marked() -> None:
    ranks = {"kNN": {"a": 2, "b": 1_400}, "Rank": {"c": 1}}
    found = add_ranks(TABLE.copy(), ranks, top=3)
    assert found.columns.tolist() == ["Rank", "kNN", "Rank (beside)", "Note", "Item"]
    assert found["kNN"].tolist() == ["● 2", "1,400", "–"]
    said = overlap_words(TABLE, ranks, top=3)
    assert said.endswith("Of 3 items: 1 with kNN, 1 with Rank.")
