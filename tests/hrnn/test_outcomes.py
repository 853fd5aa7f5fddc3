import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hrnn
from hrnn import DataError
from hrnn.data.outcomes import IN_WORDS, find_mode, taken_as
from tests.hrnn.reference import frame_of

NAN = float("nan")
MODES = ("positives", "binary", "soft", "continuous")
outcomes = st.lists(
    st.one_of(st.just(NAN), st.sampled_from([0.0, 1.0]), st.floats(-5, 5, width=32)),
    min_size=1, max_size=8,
)  # fmt: skip
thresholds = st.one_of(st.none(), st.sampled_from([0.0, 0.5, 1.0, -1.0, 3.0]))


EIGHT = hrnn.read_interactions(frame_of("\n".join(f"u i{place} {place}" for place in range(8))))


def log(*values: float) -> hrnn.Interactions:
    """One user's items i0, i1, … with these outcomes."""
    return EIGHT.slice(0, len(values)).with_outcome(np.array(values, np.float64))


def as_dict(data: hrnn.Interactions) -> dict[str, float]:
    return dict(zip(data.item_ids[data.item_index], data.outcome.tolist(), strict=True))


@pytest.mark.parametrize(
    ("values", "mode"),
    [
        ([1, 1, 1], "positives"),
        ([1, NAN, 1], "positives"),
        ([NAN], "positives"),
        ([], "positives"),
        ([0, 1], "binary"),
        ([0, 0], "binary"),
        ([0, NAN], "binary"),
        ([0, 0.5, 1], "soft"),
        ([0.25], "soft"),
        ([1, 1 - 1e-9], "soft"),
        ([1, 1 + 1e-9], "continuous"),
        ([0, 1, -1e-9], "continuous"),
        ([5, 3, 4], "continuous"),
        ([-1], "continuous"),
        ([2, NAN], "continuous"),
    ],
)
def test_mode_of_a_logs_outcomes(values, mode):
    assert find_mode(np.array(values, np.float64)) == mode


def test_every_mode_has_its_words():
    assert tuple(IN_WORDS) == MODES
    assert [words.split()[0] for words in IN_WORDS.values()] == list(MODES)


@settings(derandomize=True, deadline=None)
@given(outcomes)
def test_mode_is_what_a_loop_over_the_values_finds(values):
    seen = [value for value in values if value == value]
    if any(value < 0 or value > 1 for value in seen):
        expected = "continuous"
    elif any(0 < value < 1 for value in seen):
        expected = "soft"
    else:
        expected = "binary" if 0 in seen else "positives"
    assert find_mode(np.array(values)) == expected


def test_log_without_an_outcome_column_holds_positives_only():
    data = hrnn.read_interactions(frame_of("u a 0\nu b 1"))
    assert find_mode(data.outcome) == "positives"
    assert as_dict(taken_as(data, "positives")) == {"a": 1, "b": 1}


@pytest.mark.parametrize("outcomes", ["as_found", "continuous"])
def test_outcomes_can_be_left_alone(outcomes):
    data = log(-3, NAN, 0, 7)
    assert taken_as(data, outcomes) is data
    assert taken_as(data, outcomes, positive_from=5) is data


def test_positives_keep_the_positive_rows_alone_with_outcome_1():
    data = log(5, 0, NAN, 0.5, -2, 3)
    assert as_dict(taken_as(data, "positives")) == {"i0": 1, "i3": 1, "i5": 1}
    assert as_dict(taken_as(data, "positives", 3)) == {"i0": 1, "i5": 1}
    assert as_dict(taken_as(data, "positives", -2)) == {f"i{n}": 1 for n in (0, 1, 3, 4, 5)}


def test_binary_keeps_every_row_and_what_was_not_observed():
    data = log(5, 0, NAN, 0.5, -2, 3)
    np.testing.assert_array_equal(taken_as(data, "binary").outcome, [1, 0, NAN, 1, 0, 1])
    np.testing.assert_array_equal(taken_as(data, "binary", 3).outcome, [1, 0, NAN, 0, 0, 1])
    np.testing.assert_array_equal(taken_as(data, "binary", 0).outcome, [1, 1, NAN, 1, 0, 1])


def test_an_outcome_equal_to_the_threshold_is_a_positive():
    data = log(3.999, 4, 4.001)
    assert taken_as(data, "binary", 4).outcome.tolist() == [0, 1, 1]
    assert taken_as(data, "binary", 0.0).outcome.tolist() == [1, 1, 1]
    assert taken_as(log(0, 1), "binary").outcome.tolist() == [0, 1]  # without one, above 0


def test_soft_labels_are_shares_of_the_largest_outcome_if_that_is_above_1():
    np.testing.assert_allclose(taken_as(log(5, 1, NAN, 0), "soft").outcome, [1, 0.2, NAN, 0])
    inside = log(0.25, 0.5, NAN)
    assert taken_as(inside, "soft") is inside
    assert taken_as(log(1, 0.5), "soft").outcome.tolist() == [1, 0.5]
    assert np.isnan(taken_as(log(NAN), "soft").outcome).all()


@pytest.mark.parametrize("outcomes", ["positives", "binary"])
@pytest.mark.parametrize(
    ("values", "threshold", "message"),
    [
        ([0, 0, -1], None, r"none of 3 interactions has an outcome above 0 \(the largest is 0\)"),
        ([1, NAN, 3.5], 4, r"none of 3 .* an outcome of 4 or more \(the largest is 3\.5\)"),
        ([1, 2], 2.5, r"none of 2 .* an outcome of 2\.5 or more \(the largest is 2\)"),
        ([NAN, NAN], None, r"none of 2 interactions has an outcome above 0"),
    ],
)
def test_threshold_that_nothing_reaches_is_said_with_the_count_and_the_largest(
    outcomes, values, threshold, message
):
    with pytest.raises(DataError, match=message + ".*choose a lower threshold"):
        taken_as(log(*values), outcomes, threshold)


def test_outcomes_below_0_are_no_soft_labels_and_say_what_to_choose():
    told = r"2 of 4 outcomes are below 0 \(one is -1\.5\).*choose binary, or continuous with the re"
    with pytest.raises(DataError, match=told):
        taken_as(log(1, -1.5, NAN, -2), "soft")


@settings(derandomize=True, deadline=None)
@given(outcomes, thresholds)
def test_taking_binary_and_positives_equals_a_loop_over_the_rows(values, threshold):
    data = log(*values)
    binary = []
    for value in values:
        positive = value > 0 if threshold is None else value >= threshold
        binary.append(value if value != value else float(positive))
    if 1.0 not in binary:
        for outcomes in ("binary", "positives"):
            with pytest.raises(DataError, match="choose a lower threshold"):
                taken_as(data, outcomes, threshold)
        return
    np.testing.assert_array_equal(taken_as(data, "binary", threshold).outcome, binary)
    kept = {f"i{place}": 1.0 for place, value in enumerate(binary) if value == 1}
    assert as_dict(taken_as(data, "positives", threshold)) == kept
    np.testing.assert_array_equal(data.outcome, values)  # the log itself stays


@settings(derandomize=True, deadline=None)
@given(outcomes)
def test_soft_labels_lie_in_0_to_1_and_keep_the_order(values):
    data = log(*values)
    if any(value < 0 for value in values):
        with pytest.raises(DataError, match="below 0"):
            taken_as(data, "soft")
        return
    found = taken_as(data, "soft").outcome
    assert np.isnan(found).tolist() == np.isnan(values).tolist()
    seen = ~np.isnan(found)
    assert ((found[seen] >= 0) & (found[seen] <= 1)).all()
    largest = max([1.0, *(value for value in values if value == value)])
    np.testing.assert_allclose(found * largest, values)


@settings(derandomize=True, deadline=None)
@given(outcomes, st.sampled_from(MODES), thresholds)
def test_what_was_taken_as_a_mode_is_of_that_mode_or_of_a_plainer_one(values, mode, threshold):
    try:
        taken = taken_as(log(*values), mode, threshold)
    except DataError:
        return
    assert MODES.index(find_mode(taken.outcome)) <= MODES.index(mode)
    if mode == "positives":
        assert (taken.outcome == 1).all()
