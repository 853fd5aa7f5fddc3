"""What options are called."""

from ui.inputs import told_apart


def test_things_of_one_name_are_told_apart_by_the_end_of_their_ids_or_all_of_them() -> None:
    assert told_apart({"a1": "one", "a2": "other"}) == {"a1": "one", "a2": "other"}
    assert told_apart({"20260101-9ab1cd": "run", "20260102-0012ef": "run"}) == {
        "20260101-9ab1cd": "run (9ab1cd)",
        "20260102-0012ef": "run (0012ef)",
    }
    assert told_apart({"1000001": "same", "2000001": "same", "x": "other"}) == {
        "1000001": "same (1000001)",
        "2000001": "same (2000001)",
        "x": "other",
    }
    assert told_apart({"a1": "Setting"}, ["Setting"]) == {"a1": "Setting (a1)"}
