import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hrnn.model import fused, kernels, layers
from hrnn.model.batches import Batch
from hrnn.model.network import HRNN
from tests.hrnn.reference import VARIANTS, laid_out, logs, network_of, random_log

ITEMS = 7
# Of a sum of some hundred float32; the plain loop runs in double precision.
CLOSE = {"rtol": 2e-5, "atol": 2e-5}

variants = pytest.mark.parametrize(("user_state", "num_layers"), VARIANTS)


def layer_of(user_state, units=5, remembers=True, seed=0) -> layers.LayerWeights:
    """Weights in double precision, large enough for every gate to matter, not for chaos."""
    network = network_of(user_state, hidden_units=units, seed=seed)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter *= 1.6 / units**0.5
    network.remembers = remembers and network.remembers
    return network.layer(0)


def in_single(weights: layers.LayerWeights) -> layers.LayerWeights:
    def single(tensor: torch.Tensor) -> torch.Tensor:
        return tensor.detach().float().requires_grad_()

    def gru(given):
        return given and layers.GRUWeights(*map(single, given))

    start = single(weights.start_HH), single(weights.start_H)
    return layers.LayerWeights(gru(weights.session), *start, gru(weights.user), weights.everywhere)


def read_and_differentiate(read, batch, weights, inputs, cotangents):
    """What was read, and the gradients of its product with random cotangents."""
    leaves = [*weights.session, weights.start_HH, weights.start_H, *(weights.user or ())]
    states = read(inputs, batch, weights)
    loss = sum((one * other).sum() for one, other in zip(states, cotangents, strict=True))
    found = torch.autograd.grad(loss, [inputs, *leaves], allow_unused=True)
    filled = [torch.zeros_like(x) if g is None else g
              for x, g in zip([inputs, *leaves], found, strict=True)]  # fmt: skip
    return [*states, *filled]


def check_equals_plain(log, user_state, units=5, remembers=True, seed=0):
    batch = Batch.of(laid_out(log), np.arange(len(log)))
    weights = layer_of(user_state, units, remembers, seed)
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape):
        return torch.randn(shape, generator=generator, dtype=torch.float64)

    shapes = [len(batch.items)] * 2 + [len(log)] * 2
    cotangents = [draw(rows, units) for rows in shapes]
    inputs = draw(len(batch.items), units).requires_grad_()
    plain = read_and_differentiate(layers.read_layer, batch, weights, inputs, cotangents)
    single = inputs.detach().float().requires_grad_()
    fast = read_and_differentiate(
        fused.read_layer, batch, in_single(weights), single, [one.float() for one in cotangents]
    )
    for expected, found in zip(plain, fast, strict=True):
        assert found.dtype == torch.float32
        scale = max(1.0, expected.abs().max().item()) if expected.numel() else 1.0
        torch.testing.assert_close(found.double() / scale, expected / scale, **CLOSE)


@pytest.mark.parametrize("remembers", [True, False])
@pytest.mark.parametrize("user_state", ["init", "all", "none"])
@settings(derandomize=True, deadline=None, max_examples=40)
@given(log=logs, seed=st.integers(0, 5))
def test_ragged_histories_give_states_and_gradients_of_the_plain_loop(
    user_state, remembers, log, seed
):
    check_equals_plain(log, user_state, remembers=remembers, seed=seed)


@pytest.mark.parametrize("units", [1, 8, 11, 50])
@pytest.mark.parametrize("user_state", ["init", "all"])
def test_batches_of_several_blocks_do_too_at_any_width(user_state, units):
    log = random_log(1, users=300)
    assert sum(len(items) for sessions in log for items in sessions) > kernels.BLOCK
    check_equals_plain(log, user_state, units)


def test_one_long_history_beside_many_short_ones_does_too():
    check_equals_plain([[[1, 2, 3] * 400, [4] * 7], *[[[5]]] * 40, []], "init")


@variants
def test_network_in_single_precision_has_the_gradients_of_double_precision(user_state, num_layers):
    double = network_of(user_state, num_layers, hidden_units=6)
    with torch.no_grad():
        for parameter in double.parameters():
            parameter *= 0.6
    single = HRNN(ITEMS, 6, num_layers, 0.0, user_state, torch.Generator())
    single.load_state_dict(double.state_dict())
    log = random_log(2, users=30)
    batch = Batch.of(laid_out(log), np.arange(30))
    found = {}
    for network in (double, single):
        encoded = network(batch)
        loss = network.scores(encoded.before_NH).logsumexp(1).sum() + encoded.user_LBH.sum()
        leaves = [*network.parameters()]
        gradients = torch.autograd.grad(loss, leaves)
        found[network] = loss.double(), *(one.double() for one in gradients)
    for expected, got in zip(found[double], found[single], strict=True):
        scale = max(1.0, expected.abs().max().item())
        torch.testing.assert_close(got / scale, expected / scale, **CLOSE)


@pytest.mark.parametrize(
    "spoiled", ["items_IH.weight", "session_gru.0.weight_hh_l0", "start.0.bias"]
)
def test_weights_that_are_not_finite_show_in_the_states(spoiled):
    network = network_of().float()
    with torch.no_grad():
        dict(network.named_parameters())[spoiled][-1] = float("nan")
        encoded = network(Batch.of(laid_out([[[ITEMS, 1], [2]]]), np.arange(1)))
    assert encoded.session_LBH.isnan().any()


@pytest.mark.parametrize("items", [ITEMS, 3000])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@variants
def test_following_ends_where_reading_ends(user_state, num_layers, dtype, items):
    network = network_of(user_state, num_layers, items=items).to(dtype)
    log = [*random_log(5, users=40), [], [[1]]]
    batch = Batch.of(laid_out(log), np.arange(len(log)))
    with torch.no_grad():
        read, stands = network(batch), network.follow(batch)
        everybody = torch.ones(len(log), dtype=torch.bool)
        torch.testing.assert_close(stands.session_LBH, read.session_LBH, rtol=1e-5, atol=1e-5)
        ended = network.start_sessions(stands, everybody)
        torch.testing.assert_close(ended.user_LBH, read.user_LBH, rtol=1e-5, atol=1e-5)
        started = network.start_session(read.user_LBH)
        torch.testing.assert_close(ended.session_LBH, started, rtol=1e-5, atol=1e-5)
    assert stands.begun_B.tolist() == [bool(log[user]) for user in batch.users]
    assert not ended.begun_B.any()


@variants
def test_going_on_by_one_interaction_at_a_time_ends_where_following_ends(user_state, num_layers):
    network = network_of(user_state, num_layers)
    log = [user for user in random_log(6, users=60) if sum(map(len, user)) > 3]
    whole = [(item, place == 0) for user in log for one in user for place, item in enumerate(one)]
    starts = np.cumsum([0] + [sum(map(len, user)) for user in log])
    paths = [whole[a:b] for a, b in itertools.pairwise(starts)]
    with torch.no_grad():
        nobody = Batch.of(laid_out([[] for _ in log]), np.arange(len(log)))
        stands = network.follow(nobody)
        for step in range(3):
            items = torch.tensor([path[step][0] for path in paths])
            new = torch.tensor([path[step][1] for path in paths])
            stands = network.advance(stands, items, new)
            seen = [cut_after(user, step + 1) for user in log]
            batch = Batch.of(laid_out(seen), np.arange(len(log)))
            expected, back = network.follow(batch), np.argsort(batch.users)
            torch.testing.assert_close(stands.session_LBH, expected.session_LBH[:, back])
            torch.testing.assert_close(stands.user_LBH, expected.user_LBH[:, back])
            assert stands.begun_B.all()


def cut_after(sessions: list[list[int]], count: int) -> list[list[int]]:
    kept = []
    for items in sessions:
        kept.append(items[: max(count, 0)])
        count -= len(items)
    return [items for items in kept if items]
