"""How often one of two was preferred: intervals and tests that were worked out beforehand."""

import math

import pytest

from hrnn.evaluation.preference import Preference


def wilson(wins: int, of: int) -> tuple[float, float]:
    """Wilson 1927, written out: where the score test at 1.95996 just rejects."""
    z, share = 1.959963984540054, wins / of
    middle = (share + z * z / (2 * of)) / (1 + z * z / of)
    half = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of)) / (1 + z * z / of)
    return middle - half, middle + half


@pytest.mark.parametrize(
    ("wins", "losses", "low", "high", "p"),
    [
        (14, 6, 0.4810, 0.8545, 0.1153),
        (8, 2, 0.4902, 0.9433, 112 / 1024),
        (10, 0, 0.7225, 1.0, 2 / 1024),
        (0, 10, 0.0, 0.2775, 2 / 1024),
        (1, 1, 0.0945, 0.9055, 1.0),
    ],
)
def test_intervals_and_p_are_those_worked_out_by_hand(wins, losses, low, high, p) -> None:
    found = Preference.of(wins, losses)
    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)
    assert (found.low, found.high) == pytest.approx(wilson(wins, wins + losses), abs=1e-9)
    assert found.p == pytest.approx(p, abs=5e-5)


def test_undecided_answers_change_neither_share_nor_interval() -> None:
    with_them, without = Preference.of(14, 6, 30), Preference.of(14, 6)
    assert (with_them.share, with_them.low, with_them.p) == (
        without.share,
        without.low,
        without.p,
    )


def test_the_sentence_says_counts_share_interval_and_p() -> None:
    assert Preference.of(14, 6, 3).sentence("HRNN", "popularity") == (
        "Blind test: HRNN preferred to popularity in 14 of 20 (70 %, 95 % Wilson interval 48–85 %),"
        " 3 undecided; two-sided sign test p = 0.12. So uneven a count is not rare where neither is"
        " better: this does not tell which is."
    )
    clear = Preference.of(18, 2).sentence("HRNN", "popularity")
    assert clear.endswith("two-sided sign test p < 0.001.")
    assert "2 of 20" not in clear


def test_without_a_decided_answer_no_figure_is_said() -> None:
    none = Preference.of(0, 0, 4)
    assert math.isnan(none.share)
    assert none.sentence("A", "B") == "Blind test, A or B: no answer for either yet, 4 undecided."
