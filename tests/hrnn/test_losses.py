import itertools
import math

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy as torch_cross_entropy

from hrnn.model import contrast, losses
from hrnn.model.losses import (
    binary_cross_entropy,
    bpr_max,
    cross_entropy,
    draw_negatives,
    sampled_cross_entropy,
    squared_error,
    top1,
)


def drawn_inputs(targets: int, items: int = 7, units: int = 3, seed: int = 0):
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64).requires_grad_()

    target_M = torch.randint(items, (targets,), generator=generator)
    return normal(targets, units), normal(items, units), normal(items), target_M


@pytest.fixture(params=[1 << 20, 14, 1], ids=["one piece", "two rows a piece", "a row a piece"])
def _pieces(request, monkeypatch):
    monkeypatch.setattr(contrast, "_CHUNK", request.param)
    monkeypatch.setattr(contrast, "_LEAST_ROWS", 1)


@pytest.mark.usefixtures("_pieces")
@pytest.mark.parametrize("targets", [1, 5, 6])
def test_cross_entropy_and_its_gradients_equal_torchs(targets):
    states, items, bias, target = drawn_inputs(targets)
    ours = cross_entropy(states, items, bias, target)
    theirs = torch_cross_entropy(states @ items.T + bias, target, reduction="sum")
    torch.testing.assert_close(ours, theirs)
    wanted = torch.autograd.grad(3 * theirs, (states, items, bias))
    for one, two in zip(torch.autograd.grad(3 * ours, (states, items, bias)), wanted, strict=True):
        torch.testing.assert_close(one, two)


@pytest.mark.usefixtures("_pieces")
def test_cross_entropy_passes_gradcheck():
    *values, target = drawn_inputs(5)
    assert torch.autograd.gradcheck(lambda *given: cross_entropy(*given, target), values)


def test_cross_entropy_of_huge_scores_stays_finite():
    states, items, bias, target = drawn_inputs(4)
    loss = cross_entropy(1e4 * states, items, bias, target)
    slopes = torch.autograd.grad(loss, (states, items, bias))
    assert math.isfinite(loss.item())
    assert all(slope.isfinite().all() for slope in slopes)


def test_cross_entropy_without_gradients_gives_the_same_value():
    inputs = drawn_inputs(5)
    with torch.no_grad():
        assert torch.equal(cross_entropy(*inputs), cross_entropy(*inputs).detach())
    torch.testing.assert_close(
        cross_entropy(*(one.detach() for one in inputs)), cross_entropy(*inputs).detach()
    )


def test_losses_of_no_target_are_zero():
    states, items, bias, target = drawn_inputs(0)
    assert cross_entropy(states, items, bias, target).item() == 0
    none = torch.empty(0, 2, dtype=torch.int64)
    outcome = torch.empty(0, dtype=torch.float64)
    scored = (states, items, bias, target)
    assert binary_cross_entropy(*scored, outcome, none).item() == 0
    assert squared_error(*scored, outcome).item() == 0
    assert bpr_max(*scored, none).item() == 0
    assert top1(*scored, none).item() == 0
    sample = torch.tensor([1, 3])
    assert sampled_cross_entropy(*scored, sample, torch.zeros(2)).item() == 0


def by_hand(score: float, outcome: float) -> float:
    chance = 1 / (1 + math.exp(-score))
    return -outcome * math.log(chance) - (1 - outcome) * math.log(1 - chance)


# One unit, state 1: the score of an item is its embedding plus its bias: 2, -1, 0.5, 3.
ONE = torch.ones(1, 1, dtype=torch.float64)
ITEMS = torch.tensor([[1.5], [-1.0], [1.0], [2.0]], dtype=torch.float64)
BIAS = torch.tensor([0.5, 0.0, -0.5, 1.0], dtype=torch.float64)


SCORES = (2, -1, 0.5, 3)


def scored(targets) -> tuple[torch.Tensor, ...]:
    return ONE.expand(len(targets), 1), ITEMS, BIAS, torch.tensor(targets)


def bce(targets, outcomes, negatives) -> float:
    outcome = torch.tensor(outcomes, dtype=torch.float64)
    drawn = torch.tensor(negatives, dtype=torch.int64).reshape(len(targets), -1)
    return binary_cross_entropy(*scored(targets), outcome, drawn).item()


def test_binary_cross_entropy_equals_a_case_done_by_hand():
    expected = by_hand(2, 1) + by_hand(-1, 0) + by_hand(0.5, 1) + by_hand(3, 0)
    assert bce([0, 2], [1, 1], [[1], [3]]) == pytest.approx(expected)
    assert bce([0], [1], [[]]) == pytest.approx(0.126928)  # log(1 + e^-2)


def test_negatives_of_a_target_are_summed():
    expected = by_hand(2, 1) + by_hand(-1, 0) + by_hand(0.5, 0) + by_hand(3, 0)
    assert bce([0], [1], [[1, 2, 3]]) == pytest.approx(expected)
    assert bce([0], [1], [[3, 3]]) == pytest.approx(by_hand(2, 1) + 2 * by_hand(3, 0))


def test_target_of_outcome_zero_has_no_negatives_of_its_own():
    expected = by_hand(2, 0) + by_hand(0.5, 1) + by_hand(3, 0)
    assert bce([0, 2], [0, 1], [[1], [3]]) == pytest.approx(expected)


def test_soft_label_is_the_probability_it_states():
    assert bce([0], [0.25], [[]]) == pytest.approx(by_hand(2, 0.25))
    assert bce([0], [0.25], [[1]]) == pytest.approx(by_hand(2, 0.25) + by_hand(-1, 0))


def test_binary_cross_entropy_passes_gradcheck():
    *values, target = drawn_inputs(5)
    outcome = torch.tensor([1, 0, 1, 0.3, 0], dtype=torch.float64)
    drawn = draw_negatives(target, 7, 3, torch.Generator().manual_seed(0))
    assert torch.autograd.gradcheck(
        lambda *given: binary_cross_entropy(*given, target, outcome, drawn), values
    )


def test_binary_cross_entropy_of_huge_scores_stays_finite():
    states, items, bias, target = drawn_inputs(4)
    drawn = draw_negatives(target, 7, 2, torch.Generator().manual_seed(0))
    outcome = torch.tensor([1.0, 0, 1, 0], dtype=torch.float64)
    loss = binary_cross_entropy(1e6 * states, items, bias, target, outcome, drawn)
    assert math.isfinite(loss.item())


def test_cross_entropy_equals_a_case_done_by_hand():
    total = sum(math.exp(score) for score in SCORES)
    expected = 2 * math.log(total) - 2 - 0.5
    assert cross_entropy(*scored([0, 2])).item() == pytest.approx(expected)


def sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-value))


def bpr_max_by_hand(target: float, negatives: list[float]) -> float:
    total = sum(math.exp(one) for one in negatives)
    weights = [math.exp(one) / total for one in negatives]
    won = sum(w * sigmoid(target - one) for w, one in zip(weights, negatives, strict=True))
    kept_small = sum(w * one**2 for w, one in zip(weights, negatives, strict=True))
    return -math.log(won) + kept_small


def top1_by_hand(target: float, negatives: list[float]) -> float:
    r = math.tanh(target)
    return sum(sigmoid(math.tanh(n) - r) + sigmoid(math.tanh(n) ** 2) for n in negatives)


BY_HAND = [
    pytest.param(bpr_max, bpr_max_by_hand, id="bpr_max"),
    pytest.param(top1, top1_by_hand, id="top1"),
]


@pytest.mark.parametrize(("loss", "formula"), BY_HAND)
def test_pairwise_loss_equals_a_case_done_by_hand(loss, formula):
    drawn = torch.tensor([[1, 2, 3], [1, 1, 0]])
    expected = formula(2, [-1, 0.5, 3]) + formula(0.5, [-1, -1, 2])
    assert loss(*scored([0, 2]), drawn).item() == pytest.approx(expected)
    assert loss(*scored([3]), torch.tensor([[1]])).item() == pytest.approx(formula(3, [-1]))


def test_figures_of_the_pairwise_losses_are_these():
    """One target of 2 against one negative of -1, from a pocket calculator."""
    drawn = torch.tensor([[1]])
    # log(1 + e^-3) = 0.048587, and the only negative has all the weight of (-1)^2.
    assert bpr_max(*scored([0]), drawn).item() == pytest.approx(1.048587, abs=1e-6)
    # tanh 2 = 0.964028, tanh -1 = -0.761594: σ(-1.725622) + σ(0.580026)
    assert top1(*scored([0]), drawn).item() == pytest.approx(0.151150 + 0.641073, abs=1e-5)


def test_top1_sums_its_negatives_so_that_one_drawn_twice_weighs_twice():
    once, twice = (top1(*scored([0]), torch.tensor([drawn])).item() for drawn in ([3], [3, 3]))
    assert twice == pytest.approx(2 * once)
    more = top1(*scored([0]), torch.tensor([[3, 3, 1]])).item()
    assert more == pytest.approx(2 * once + top1(*scored([0]), torch.tensor([[1]])).item())


def test_bce_of_a_negative_drawn_twice_weighs_twice():
    own = bce([0], [1], [[]])
    assert bce([0], [1], [[3, 3]]) - own == pytest.approx(2 * (bce([0], [1], [[3]]) - own))


def test_bpr_max_weighs_a_negative_by_its_softmax_so_that_doubling_all_changes_nothing():
    once = bpr_max(*scored([0]), torch.tensor([[1, 3]])).item()
    assert bpr_max(*scored([0]), torch.tensor([[1, 3, 3, 1]])).item() == pytest.approx(once)


def test_squared_error_equals_a_case_done_by_hand():
    outcome = torch.tensor([5.0, 0.5, -2], dtype=torch.float64)
    expected = (2 - 5) ** 2 + 0 + (-1 + 2) ** 2
    assert squared_error(*scored([0, 2, 1]), outcome).item() == pytest.approx(expected)


@pytest.mark.parametrize("loss", [bpr_max, top1])
@pytest.mark.parametrize("negatives", [1, 3])
def test_pairwise_loss_passes_gradcheck(loss, negatives):
    *values, target = drawn_inputs(5)
    drawn = draw_negatives(target, 7, negatives, torch.Generator().manual_seed(0))
    assert torch.autograd.gradcheck(lambda *given: loss(*given, target, drawn), values)


def test_squared_error_passes_gradcheck():
    *values, target = drawn_inputs(5)
    outcome = torch.tensor([1, 0, 4.5, -3, 2], dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda *given: squared_error(*given, target, outcome), values)


def test_sampled_cross_entropy_passes_gradcheck():
    *values, target = drawn_inputs(5)
    sample = torch.tensor([0, 3, 3, int(target[0]), 6])
    log_count = torch.tensor([0.2, -1, -1, 0.5, 0], dtype=torch.float64)
    assert torch.autograd.gradcheck(
        lambda *given: sampled_cross_entropy(*given, target, sample, log_count), values
    )


def sampled(targets, sample, count) -> torch.Tensor:
    """Loss of each target alone; ``count`` is how often each sampled item is expected."""
    counts = torch.tensor(count, dtype=torch.float64).log()
    return torch.stack(
        [sampled_cross_entropy(*scored([one]), torch.tensor(sample), counts) for one in targets]
    )


def test_sampled_cross_entropy_equals_a_case_done_by_hand():
    # Item 1 is expected half a time, item 3 twice: e^-1 counts double and e^3 half.
    found = sampled([0], [1, 3], [0.5, 2])
    expected = math.log(math.exp(2) + math.exp(-1) / 0.5 + math.exp(3) / 2) - 2
    assert found.tolist() == pytest.approx([expected])


def test_copies_of_the_target_in_the_sample_are_left_out():
    for sample in ([0, 1, 3], [0, 0, 1, 0, 3]):
        found = sampled([0], sample, [1.0] * len(sample))
        assert found.tolist() == pytest.approx(sampled([0], [1, 3], [1.0, 1.0]).tolist())
    assert sampled([0], [0, 0], [1.0, 1.0]).tolist() == [0]  # nothing to lose against


def test_only_the_targets_own_copies_are_left_out():
    together = sampled_cross_entropy(
        *scored([0, 1]), torch.tensor([0, 1]), torch.zeros(2, dtype=torch.float64)
    )
    expected = math.log(math.exp(2) + math.exp(-1))
    assert together.item() == pytest.approx(2 * expected - 2 + 1)


@pytest.mark.parametrize("copies", [[1, 1, 1, 1], [3, 1, 2, 4]])
def test_every_item_sampled_as_often_as_expected_gives_the_full_cross_entropy(copies):
    sample = [item for item, times in enumerate(copies) for _ in range(times)]
    found = sampled(range(4), sample, [copies[item] for item in sample])
    expected = [cross_entropy(*scored([one])).item() for one in range(4)]
    assert found.tolist() == pytest.approx(expected)


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("target", range(4))
def test_expected_denominator_over_all_samples_is_the_full_one(size, target):
    """Every sample of items of unequal shares, each weighed by its probability: no luck in it."""
    share = [0.1, 0.2, 0.3, 0.4]
    expected = 0.0
    for sample in itertools.product(range(4), repeat=size):
        loss = sampled([target], list(sample), [size * share[item] for item in sample]).item()
        probability = math.prod(share[item] for item in sample)
        expected += probability * math.exp(loss + SCORES[target])  # loss = log(sum) - own score
    assert expected == pytest.approx(sum(math.exp(score) for score in SCORES))


@pytest.mark.parametrize(
    "name", ["cross_entropy", "sampled_cross_entropy", "bpr_max", "top1", "squared_error"]
)
def test_huge_scores_keep_every_loss_and_its_gradients_finite(name):
    *doubles, target = drawn_inputs(6)
    states, items, bias = (one.detach().float().requires_grad_() for one in doubles)
    drawn = draw_negatives(target, 7, 3, torch.Generator().manual_seed(0))
    more = {
        "cross_entropy": (),
        "sampled_cross_entropy": (torch.tensor([1, 1, 4]), torch.tensor([0.0, 0, -2])),
        "squared_error": (torch.full((6,), 1e5),),
    }.get(name, (drawn,))
    loss = getattr(losses, name)(1e5 * states, items, bias, target, *more)
    assert math.isfinite(loss.item())
    for slope in torch.autograd.grad(loss, (states, items, bias)):
        assert slope.isfinite().all()


@pytest.mark.parametrize("items", [2, 3, 50])
def test_negative_never_equals_its_target(items):
    target = torch.arange(items).repeat(40)
    drawn = draw_negatives(target, items, 25, torch.Generator().manual_seed(1))
    assert drawn.shape == (len(target), 25)
    assert not (drawn == target[:, None]).any()
    assert drawn.min() == 0
    assert drawn.max() == items - 1


@pytest.mark.parametrize("target", [0, 3, 5])
def test_negatives_are_uniform_over_the_other_items(target):
    drawn = draw_negatives(
        torch.full((3000,), target), 6, 10, torch.Generator().manual_seed(2)
    ).numpy()
    counts = np.bincount(drawn.ravel(), minlength=6)
    others = np.delete(counts, target)
    assert counts[target] == 0
    expected = drawn.size / 5
    assert ((others - expected) ** 2 / expected).sum() < 18.47  # chi-square, 4 degrees, 0.1 %


def test_catalogue_of_one_has_no_negatives():
    drawn = draw_negatives(torch.zeros(4, dtype=torch.int64), 1, 3, torch.Generator())
    assert drawn.shape == (4, 0)


def test_negatives_repeat_with_the_generator_and_leave_the_global_state_alone():
    before = torch.get_rng_state()
    target = torch.arange(9)
    one, two = (draw_negatives(target, 9, 4, torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(one, two)
    assert torch.equal(torch.get_rng_state(), before)
