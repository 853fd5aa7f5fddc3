"""Which users a report explains."""

import numpy as np
import pandas as pd

import hrnn
from hrnn.evaluation.splits import Split, make_split
from ui.chosen_users import any_users, choose_users

FOUND, BOTH, MISSED = (
    "The model found it, popularity did not",
    "Both found it",
    "The model did not find it",
)


def asked(ranks: dict[str, tuple[float, float]]) -> tuple[pd.DataFrame, Split]:
    """Users of five interactions, and the ranks of the last one by the model and popularity."""
    rows = [(user, f"i{at}", 1_700_000_000 + 60 * at) for user in ranks for at in range(5)]
    frame = pd.DataFrame(rows, columns=["USER_ID", "ITEM_ID", "TIMESTAMP"])
    split = make_split("leave_last_out", hrnn.read_interactions(frame))
    data, test = split.data, split.test
    users = data.user_ids[data.user_index[test]]
    questions = pd.DataFrame(
        {
            "USER_ID": users,
            "ITEM_ID": data.item_ids[data.item_index[test]],
            "TIMESTAMP": pd.to_datetime(data.time_us[test], unit="us", utc=True),
            "HRNN": [float(ranks[user][0]) for user in users],
            "popularity": [float(ranks[user][1]) for user in users],
        }
    )
    return questions, split


def test_two_are_found_by_the_model_alone_one_by_both_and_two_are_missed() -> None:
    ranks = {f"f{n}": (n, 50) for n in range(1, 9)}  # 8 found by the model alone, ranks 1 to 8
    ranks |= {f"b{n}": (n, 2) for n in range(1, 4)}
    ranks |= {f"m{n}": (10 * n + 1, 5) for n in range(1, 5)} | {"seen": (np.inf, np.inf)}
    questions, split = asked(ranks)
    chosen, counts = choose_users(questions, "HRNN", split)
    assert [(one.user, one.kind) for one in chosen] == [
        ("f3", FOUND),  # of 8 in order, the middles of both halves
        ("f7", FOUND),
        ("b2", BOTH),
        ("m2", MISSED),  # of m1 to m4 and the one who had it before
        ("m4", MISSED),
    ]
    assert chosen[0].rank == 3
    assert chosen[0].popular == 50
    assert counts == {FOUND: 8, BOTH: 3, MISSED: 5}


def test_where_a_kind_has_too_few_the_others_give_more() -> None:
    questions, split = asked({"f": (1, 50), **{f"m{n}": (n, 1) for n in range(20, 26)}})
    chosen, counts = choose_users(questions, "HRNN", split)
    assert [one.kind for one in chosen] == [FOUND, *[MISSED] * 4]
    assert len({one.user for one in chosen}) == 5
    assert counts[BOTH] == 0
    questions, split = asked({"a": (1, 1), "b": (99, 1)})
    assert [one.user for one in choose_users(questions, "HRNN", split)[0]] == ["a", "b"]


def test_the_order_of_the_questions_changes_nothing_but_ties() -> None:
    questions, split = asked({f"u{n}": (n, 30 - n) for n in range(1, 25)})
    once = choose_users(questions, "HRNN", split)
    assert once == choose_users(questions[::-1], "HRNN", split)


def test_what_came_first_after_the_history_counts_and_users_without_a_history_are_no_example() -> (
    None
):
    rows = [("old", f"i{at}", 60 * at) for at in range(16)]
    rows += [("old", "x", 1000), ("old", "y", 1001), ("new", "x", 1002), ("old", "x", 900)]
    frame = pd.DataFrame(rows, columns=["USER_ID", "ITEM_ID", "TIMESTAMP"])
    split = make_split("temporal", hrnn.read_interactions(frame))
    data, test = split.data, split.test
    questions = pd.DataFrame(
        {
            "USER_ID": data.user_ids[data.user_index[test]],
            "ITEM_ID": data.item_ids[data.item_index[test]],
            "TIMESTAMP": pd.to_datetime(data.time_us[test], unit="us", utc=True),
            "HRNN": np.arange(1.0, len(test) + 1),
            "popularity": 99.0,
        }
    )
    assert set(questions["USER_ID"]) == {"old", "new"}
    first = questions[questions["USER_ID"] == "old"].iloc[0]
    (chosen,) = choose_users(questions, "HRNN", split)[0]
    assert (chosen.user, chosen.rank) == ("old", first["HRNN"])
    cold = questions[questions.index != first.name]  # the first one was not asked about
    assert choose_users(cold, "HRNN", split)[0] == []


def test_without_figures_users_are_spread_over_their_activity() -> None:
    users = [f"u{n}" for n in range(10)]
    split = asked(dict.fromkeys(users, (1, 1)))[1]
    assert [one.user for one in any_users(users, split)] == ["u1", "u3", "u5", "u7", "u9"]
    assert [one.user for one in any_users(users[:2], split)] == users[:2]


def test_who_did_nothing_before_the_rows_held_out_is_not_explained() -> None:
    rows = [("old", f"i{at}", at) for at in range(17)] + [("mid", "i1", 20)]
    rows += [("new", "i1", 98), ("new", "i2", 99)]
    frame = pd.DataFrame(rows, columns=["USER_ID", "ITEM_ID", "TIMESTAMP"])
    split = make_split("temporal", hrnn.read_interactions(frame))
    assert split.data.user_ids[split.data.user_index[split.test]].tolist() == ["new", "new"]
    assert [one.user for one in any_users(["gone", "old", "new", "mid"], split)] == ["old", "mid"]
