import math

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy as torch_cross_entropy

from hrnn.model import losses
from hrnn.model.losses import binary_cross_entropy, cross_entropy, draw_negatives


def drawn_inputs(targets: int, items: int = 7, units: int = 3, seed: int = 0):
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64).requires_grad_()

    target_M = torch.randint(items, (targets,), generator=generator)
    return normal(targets, units), normal(items, units), normal(items), target_M


@pytest.fixture(params=[1 << 20, 14, 1], ids=["one piece", "two rows a piece", "a row a piece"])
def _pieces(request, monkeypatch):
    monkeypatch.setattr(losses, "_CHUNK", request.param)


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
    assert binary_cross_entropy(states, items, bias, target, outcome, none).item() == 0


def by_hand(score: float, outcome: float) -> float:
    chance = 1 / (1 + math.exp(-score))
    return -outcome * math.log(chance) - (1 - outcome) * math.log(1 - chance)


# One unit, state 1: the score of an item is its embedding plus its bias: 2, -1, 0.5, 3.
ONE = torch.ones(1, 1, dtype=torch.float64)
ITEMS = torch.tensor([[1.5], [-1.0], [1.0], [2.0]], dtype=torch.float64)
BIAS = torch.tensor([0.5, 0.0, -0.5, 1.0], dtype=torch.float64)


def bce(targets, outcomes, negatives) -> float:
    states = ONE.expand(len(targets), 1)
    outcome = torch.tensor(outcomes, dtype=torch.float64)
    drawn = torch.tensor(negatives, dtype=torch.int64).reshape(len(targets), -1)
    return binary_cross_entropy(states, ITEMS, BIAS, torch.tensor(targets), outcome, drawn).item()


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
