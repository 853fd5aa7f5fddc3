import pytest
import torch

from hrnn.model import contrast as module
from hrnn.model.contrast import contrast


def drawn(targets, rows, units, scale=1.0):
    generator = torch.Generator().manual_seed(targets + rows)

    def normal(*shape):
        return torch.randn(shape, generator=generator, dtype=torch.float64)

    given = normal(targets, units) * scale, normal(rows, units), normal(rows), normal(targets)
    return given, torch.randint(-1, rows, (targets,), generator=generator)


def slow(states, rows, bias, own, own_row):
    """One target after the other, by the formula."""
    total = torch.zeros((), dtype=states.dtype)
    for state, score, mine in zip(states, own, own_row.tolist(), strict=True):
        others = [row @ state + b for s, (row, b) in enumerate(zip(rows, bias, strict=True))
                  if s != mine]  # fmt: skip
        total = total + torch.stack([score, *others]).logsumexp(0) - score
    return total


def differentiated(of, given, own_row):
    leaves = [one.detach().requires_grad_() for one in given]
    value = of(*leaves, own_row)
    return value.double(), *(one.double() for one in torch.autograd.grad(value * 2, leaves))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])  # the plain way, the compiled
@pytest.mark.parametrize("shape", [(1, 1, 1), (9, 2, 3), (50, 7, 4), (3, 40, 5)])
@pytest.mark.parametrize("chunk", [1 << 17, 64])
def test_sum_and_gradients_are_those_of_the_formula(shape, dtype, chunk, monkeypatch):
    monkeypatch.setattr(module, "_CHUNK", chunk)  # compiled code has the number it was made with
    given, own_row = drawn(*shape)
    close = {"rtol": 1e-9, "atol": 1e-9} if dtype == torch.float64 else {"rtol": 2e-5, "atol": 2e-5}
    found = differentiated(contrast, [one.to(dtype) for one in given], own_row)
    for got, expected in zip(found, differentiated(slow, given, own_row), strict=True):
        torch.testing.assert_close(got, expected, **close)


@pytest.mark.parametrize("targets", [16, 17, 300])
def test_compiled_chunks_give_what_double_precision_gives(targets):
    given, own_row = drawn(targets, 9_000, 6)  # chunks of 16 targets
    double = differentiated(contrast, given, own_row)
    single = differentiated(contrast, [one.float() for one in given], own_row)
    for got, expected in zip(single, double, strict=True):
        scale = max(1.0, expected.abs().max().item())
        torch.testing.assert_close(got / scale, expected / scale, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("scale", [1e-3, 1e3])
def test_scores_however_large_or_small_neither_overflow_nor_vanish(scale):
    given, own_row = drawn(20, 30, 4, scale)
    value = contrast(*(one.float() for one in given), own_row)
    assert value.item() == pytest.approx(slow(*given, own_row).item(), rel=1e-4)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("spoiled", range(4))
def test_what_is_not_a_number_shows(spoiled, dtype):
    given, own_row = drawn(4, 5, 3)
    given[spoiled][2] = float("nan")
    own_row[:] = -1
    assert contrast(*(one.to(dtype) for one in given), own_row).isnan()
