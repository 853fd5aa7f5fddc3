"""What is said to somebody who has to decide, from figures that are made up."""

import dataclasses

import pandas as pd
import pytest

from hrnn import ConfigError
from hrnn.diagnostics import Finding
from hrnn.evaluation.report import Report
from hrnn.evaluation.verdict import verdict

TIES = Finding("ORDER_IS_NO_EVIDENCE", "all tied", "none")


def report(
    against: dict[str, tuple[float, float, float]],
    slices: dict[str, tuple[int, dict[str, tuple[float, float, float]]]] | None = None,
    **facts,
) -> Report:
    """A report in which the model "mine" has NDCG 0.2, and a rival as much less as is given.

    Args:
        against: rival → difference, low, high.
        slices: sessions before → questions, and differences by rival in that part.
        facts: leaked, findings, users, and counts.
    """
    slices = slices or {"none": (10, {}), "1": (10, {}), "2 to 4": (80, {})}
    leaked, findings = facts.pop("leaked", 0), facts.pop("findings", ())
    users = facts.pop("users", 100)
    values = {"mine": 0.2, **{name: 0.2 - one[0] for name, one in against.items()}}
    table = [
        (model, metric, factor * value, factor * value - 0.01, factor * value + 0.01, 10, False)
        for model, value in values.items()
        for metric, factor in (("NDCG@10", 1), ("HR@10", 2))
    ]
    pairs = [("mine", name, "NDCG@10", *one, False) for name, one in against.items()]
    parts = [("mine", "sessions before", part, count) for part, (count, _) in slices.items()]
    slice_pairs = [
        ("mine", "sessions before", part, name, "NDCG@10", *one, False)
        for part, (_, differences) in slices.items()
        for name, one in differences.items()
    ]
    counts = {"seen_before": 0, "evaluated": 100, "cold": 0, **facts}
    three = ["DIFFERENCE", "LOW", "HIGH", "LEAKED"]
    return Report(
        table=pd.DataFrame(
            table, columns=["MODEL", "METRIC", "VALUE", "LOW", "HIGH", "N", "LEAKED"]
        ),
        pairs=pd.DataFrame(pairs, columns=["MODEL", "OTHER", "METRIC", *three]),
        slices=pd.DataFrame(parts, columns=["MODEL", "SLICE", "PART", "N"]),
        slice_pairs=pd.DataFrame(
            slice_pairs, columns=["MODEL", "SLICE", "PART", "OTHER", "METRIC", *three]
        ),
        questions=pd.DataFrame({"USER_ID": [f"u{number}" for number in range(users)]}),
        counts=counts,
        trained_on={"mine": leaked, **dict.fromkeys(against, 0)},
        findings=findings,
        heading="items seen before left out",
    )


def test_yes_needs_every_difference_beyond_doubt():
    found = verdict(
        report({"kNN": (0.02, 0.01, 0.03), "GRU": (0.05, 0.04, 0.06), "popular": (0.1, 0.09, 0.1)}),
        "mine", ["kNN", "popular"], ["GRU"], name="HRNN",
    )  # fmt: skip
    assert found.answer == "yes"
    assert found.sentence == (
        "Yes: HRNN finds the next item in its first 10 for 40.0 % (39.0–41.0) of held-out"
        " interactions, kNN for 36.0 %; its NDCG@10 is 0.020 higher, 11 %"
        " (difference +0.010 to +0.030)."
    )
    assert found.against["OTHER"].tolist() == ["kNN", "GRU", "popular"]
    assert found.against["VALUE"].tolist() == pytest.approx([0.18, 0.15, 0.1])
    assert found.would_change == ()


def test_a_yes_without_a_trained_rival_says_that_none_was_asked():
    found = verdict(report({"kNN": (0.02, 0.01, 0.03)}), "mine", ["kNN"])
    assert found.answer == "yes"
    (asked,) = found.would_change
    assert asked.startswith("A flat GRU beside it: none was measured")


def test_where_the_file_orders_sessions_nothing_is_shown():
    rivals = {"mine, as flat GRU": (0.01, 0.005, 0.02), "kNN": (0.02, 0.01, 0.03)}
    found = verdict(
        report(rivals, findings=(TIES,)), "mine", ["kNN"], ["mine, as flat GRU"], name="HRNN"
    )
    assert found.answer == "unclear"
    assert found.sentence.startswith("Not shown, keep kNN: HRNN finds")
    assert found.sentence.endswith("it may have learned how the file was sorted.")


def test_the_bound_that_decides_keeps_its_sign():
    found = verdict(report({"kNN": (0.02, -0.0003, 0.04)}), "mine", ["kNN"])
    assert "(difference −0.00030 to +0.04000, which may be chance)" in found.sentence


def test_a_simple_rival_that_is_ahead_beyond_doubt_is_kept():
    rivals = {"kNN": (-0.02, -0.03, -0.01), "popular": (0.1, 0.09, 0.11)}
    found = verdict(report(rivals), "mine", list(rivals))
    assert found.answer == "no"
    assert found.sentence.startswith("No, keep kNN: mine finds")
    assert "0.020 lower, 9 % (difference −0.030 to −0.010)." in found.sentence


def test_what_may_be_chance_is_not_shown_and_says_how_many_users_it_would_take():
    found = verdict(report({"kNN": (0.01, -0.01, 0.03)}, users=100), "mine", ["kNN"])
    assert found.answer == "unclear"
    assert found.sentence.startswith("Not shown, keep kNN: ")
    assert "(difference −0.010 to +0.030, which may be chance)" in found.sentence
    # half the interval is twice the difference, so four times the users halve it
    assert found.would_change == (
        "More users: a difference of 0.010 would show with about 400; 100 were measured.",
    )


def test_of_rivals_that_are_not_beaten_a_simple_one_is_kept():
    rivals = {"mine, as flat GRU": (-0.001, -0.01, 0.01), "kNN": (0.005, -0.01, 0.02)}
    found = verdict(report(rivals), "mine", ["kNN"], ["mine, as flat GRU"])
    assert found.sentence.startswith("Not shown, keep kNN: ")
    only = {"mine, as flat GRU": (-0.001, -0.01, 0.01), "kNN": (0.05, 0.01, 0.08)}
    found = verdict(report(only), "mine", ["kNN"], ["mine, as flat GRU"])
    assert found.sentence.startswith("Not shown, keep flat GRU: mine finds")


def test_leaked_figures_give_no_verdict():
    found = verdict(report({"kNN": (0.1, 0.09, 0.11)}, leaked=3), "mine", ["kNN"])
    assert found.answer == "none"
    assert "trained or validated on what it is measured on" in found.sentence


def test_it_is_said_for_whom_it_helps():
    slices = {
        "none": (30, {"kNN": (-0.02, -0.03, -0.01)}),
        "1": (30, {"kNN": (0.0, -0.01, 0.01)}),
        "2 to 4": (30, {"kNN": (0.02, 0.01, 0.03)}),
        "5 to 9": (30, {"kNN": (0.05, 0.04, 0.06)}),
        "10 or more": (29, {"kNN": (0.9, 0.8, 1.0)}),  # too few to be told
    }
    found = verdict(report({"kNN": (0.02, 0.01, 0.03)}, slices), "mine", ["kNN"])
    assert found.helps == (
        "Beside kNN it helps most after 5 to 9 sessions (+0.050, +0.040 to +0.060), helps after"
        " 2 to 4 sessions too, is behind after no session; 4 groups of 30 interactions or more were"
        " looked at, each by itself."
    )
    none = {part: (30, {"kNN": (0.0, -0.1, 0.1)}) for part in slices}
    found = verdict(report({"kNN": (0.02, 0.01, 0.03)}, none), "mine", ["kNN"])
    assert "beyond doubt ahead or behind for no number of earlier sessions" in found.helps


def test_what_would_change_the_answer_is_named():
    slices = {"none": (30, {}), "1": (30, {}), "2 to 4": (40, {})}
    found = verdict(
        report({"kNN": (-0.1, -0.2, -0.05)}, slices, findings=(TIES,), seen_before=25, cold=100),
        "mine", ["kNN"],
    )  # fmt: skip
    order, more, rule, new = found.would_change
    assert order.startswith("Real order inside sessions")
    assert more.startswith("More sessions a user: 60 % of")
    assert rule.startswith("Another rule: 25 % of")
    assert new.startswith("Fewer new items: 50 % of")


def test_missing_models_are_named():
    made = report({"kNN": (0.1, 0.09, 0.11)})
    with pytest.raises(ConfigError, match="no rival"):
        verdict(made, "mine", [])
    with pytest.raises(ConfigError, match="'other' is not in the report"):
        verdict(made, "mine", ["kNN", "other"])
    made.table["METRIC"] = "HR@5"
    with pytest.raises(ConfigError, match="no cut-off 10"):
        verdict(made, "mine", ["kNN"])


def test_few_users_decide_nothing():
    for against in ((0.2, 0.15, 0.2), (-0.1, -0.1, -0.1)):
        found = verdict(report({"kNN": against}, users=29), "mine", ["kNN"])
        assert found.answer == "unclear"
        assert ", of 29 users only)" in found.sentence
        assert found.would_change == (
            "More users: 29 measured; an interval over fewer than 30 says little.",
        )
    assert verdict(report({"kNN": (0.1, 0.05, 0.15)}, users=30), "mine", ["kNN"]).answer == "yes"


def test_small_differences_take_more_digits_and_none_is_the_same():
    found = verdict(report({"kNN": (0.0002, 0.0001, 0.0003)}), "mine", ["kNN"])
    assert "is 0.00020 higher, 0 % (difference +0.00010 to +0.00030)." in found.sentence
    found = verdict(report({"kNN": (-0.0, -0.0, 0.0)}), "mine", ["kNN"])
    assert "is the same (difference +0.00000 to +0.00000, which may be chance)." in found.sentence
    assert found.would_change == ()


def test_users_that_were_enough_are_not_asked_for_again():
    found = verdict(report({"kNN": (0.05, -0.001, 0.06)}, users=56), "mine", ["kNN"])
    assert found.answer == "unclear"  # a skewed interval, half as wide as the difference is large
    assert found.would_change == ()


def test_the_sentence_says_how_it_was_ranked_and_on_what():
    made = report({"kNN": (0.02, 0.01, 0.03)})
    heading = "9 held-out interactions that begin a session · sampled ranking, 1 + 100 unseen"
    found = verdict(dataclasses.replace(made, heading=heading), "mine", ["kNN"])
    assert "in its first 10 among it and 100 others for 40.0 %" in found.sentence
    assert "of held-out interactions that begin a session, kNN for" in found.sentence
