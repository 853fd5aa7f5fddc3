import pytest
import torch

from hrnn.model.pairs import score_pairs


def drawn(dtype):
    generator = torch.Generator().manual_seed(3)
    shapes = (9, 5), (6, 5), (6,)
    return [
        torch.randn(shape, generator=generator, dtype=torch.float64).to(dtype).requires_grad_()
        for shape in shapes
    ]


@pytest.mark.parametrize("per_state", [0, 1, 4])
def test_compiled_scores_and_gradients_equal_those_of_plain_torch(per_state):
    places = torch.randint(6, (9, per_state), generator=torch.Generator().manual_seed(per_state))
    cotangent = torch.randn(9, per_state, generator=torch.Generator().manual_seed(1))
    found = {}
    for dtype in (torch.float64, torch.float32):  # the plain way, the compiled way
        leaves = drawn(dtype)
        scores = score_pairs(*leaves, places)
        gradients = torch.autograd.grad((scores * cotangent.to(dtype)).sum(), leaves)
        found[dtype] = [scores.double(), *(one.double() for one in gradients)]
    for expected, got in zip(found[torch.float64], found[torch.float32], strict=True):
        torch.testing.assert_close(got, expected, rtol=1e-5, atol=1e-5)


def test_scores_are_products_with_chosen_items_plus_their_bias():
    states = torch.tensor([[1.0, 2.0], [0.0, -1.0]])
    items, bias = torch.tensor([[3.0, 4.0], [5.0, 6.0]]), torch.tensor([0.5, -0.5])
    places = torch.tensor([[0, 1], [1, 1]])
    assert score_pairs(states, items, bias, places).tolist() == [[11.5, 16.5], [-6.5, -6.5]]
