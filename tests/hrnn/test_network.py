import numpy as np
import pytest
import torch
from hypothesis import given, settings

from hrnn.explain.vectors import cosines
from hrnn.model.batches import Batch
from hrnn.model.network import HRNN
from tests.hrnn.reference import (
    ITEMS,
    VARIANTS,
    PlainHRNN,
    laid_out,
    logs,
    network_of,
    random_log,
)

# Both sides run in double precision, so that what differs is the model and not the rounding.
CLOSE = {"rtol": 1e-8, "atol": 1e-8}

variants = pytest.mark.parametrize(("user_state", "num_layers"), VARIANTS)
remembering = pytest.mark.parametrize("user_state", ["init", "all"])


def whole_batch(log) -> Batch:
    return Batch.of(laid_out(log), np.arange(len(log)))


def user_rows(batch: Batch) -> list[int]:
    """Where each user of the log stands in the batch."""
    return np.argsort(batch.users).tolist()


@variants
@settings(derandomize=True, deadline=None, max_examples=40)
@given(log=logs)
def test_states_equal_those_of_a_plain_loop(user_state, num_layers, log):
    network = network_of(user_state, num_layers)
    plain = PlainHRNN(network)
    batch = whole_batch(log)
    with torch.no_grad():
        encoded = network(batch)
        before, place = torch.zeros(len(batch.items), 5, dtype=torch.float64), 0
        for row, sessions in zip(user_rows(batch), log, strict=True):
            states, session, user = plain.read(sessions)
            for state in states:
                before[place], place = state, place + 1
            torch.testing.assert_close(encoded.session_LBH[:, row], torch.stack(session), **CLOSE)
            torch.testing.assert_close(encoded.user_LBH[:, row], torch.stack(user), **CLOSE)
        torch.testing.assert_close(encoded.before_NH, before[batch.places], **CLOSE)


@variants
@pytest.mark.parametrize("seed", range(3))
def test_scores_of_all_items_equal_those_of_a_plain_loop(user_state, num_layers, seed):
    network = network_of(user_state, num_layers, seed=seed)
    network.cosine = seed == 2
    plain = PlainHRNN(network)
    log = random_log(seed)
    batch = whole_batch(log)
    with torch.no_grad():
        encoded = network(batch)
        continued = network.scores(encoded.session_LBH[-1])
        started = network.scores(network.start_session(encoded.user_LBH)[-1])
        assert continued.shape == started.shape == (len(log), ITEMS)
        for row, sessions in zip(user_rows(batch), log, strict=True):
            _, session, user = plain.read(sessions)
            torch.testing.assert_close(continued[row], plain.scores(session[-1]), **CLOSE)
            torch.testing.assert_close(started[row], plain.scores(plain.start(user)[-1]), **CLOSE)


def test_a_score_by_cosine_is_sixteen_cosines_and_the_bias():
    network = network_of()
    network.cosine = True
    long = network.items_IH.weight.clone()
    network.settle()
    settled = network.items_IH.weight
    assert settled[1:].norm(dim=1).tolist() == pytest.approx([1.0] * ITEMS)
    torch.testing.assert_close(settled * long.norm(dim=1, keepdim=True), long, **CLOSE)
    states_BH = torch.randn(4, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        found, turned = network.scores(states_BH), network.output(states_BH)
        expected = 16 * cosines(turned.numpy(), long[1:].numpy()) + network.bias_I[1:].numpy()
        np.testing.assert_allclose(found.numpy(), expected, rtol=1e-9)
        np.testing.assert_allclose(network.scores(3 * states_BH).numpy(), expected, rtol=1e-9)


def test_embeddings_of_products_keep_their_lengths():
    network = network_of()
    before = network.items_IH.weight.clone()
    network.settle()
    assert torch.equal(network.items_IH.weight, before)


@variants
@pytest.mark.parametrize("seed", range(3))
def test_gradients_equal_those_of_a_plain_loop(user_state, num_layers, seed):
    network = network_of(user_state, num_layers, seed=seed)
    network.cosine = seed == 2
    plain = PlainHRNN(network)
    log = random_log(seed)
    batch = whole_batch(log)
    names = [name for name, _ in network.named_parameters()]
    unused = {"none": {f"start.{n}.weight" for n in range(num_layers)}}.get(user_state, set())

    encoded = network(batch)
    logits = network.scores(encoded.before_NH)
    loss = torch.nn.functional.cross_entropy(logits, batch.items - 1, reduction="sum")
    loss = loss + encoded.session_LBH.sum() + (encoded.user_LBH**2).sum()
    batched = torch.autograd.grad(loss, list(network.parameters()))

    total = torch.zeros((), dtype=torch.float64)
    for sessions in log:
        states, session, user = plain.read(sessions)
        items = [item for one in sessions for item in one]
        for state, item in zip(states, items, strict=True):
            scores = plain.scores(state)
            total = total + torch.log(torch.exp(scores).sum()) - scores[item - 1]
        total = total + torch.stack(session).sum() + (torch.stack(user) ** 2).sum()
    looped = torch.autograd.grad(total, list(network.parameters()))

    torch.testing.assert_close(loss, total, **CLOSE)
    for name, one, two in zip(names, batched, looped, strict=True):
        assert torch.allclose(one, two, **CLOSE), name
        assert one.any() == (name not in unused), name


@variants
def test_single_precision_stays_within_1e5_of_the_plain_loop(user_state, num_layers):
    double = network_of(user_state, num_layers)
    plain = PlainHRNN(double)
    log = random_log(4)
    batch = whole_batch(log)
    single = HRNN(ITEMS, 5, num_layers, 0.0, user_state, torch.Generator())
    single.load_state_dict(double.state_dict())
    with torch.no_grad():
        encoded = single(batch)
        for row, sessions in zip(user_rows(batch), log, strict=True):
            _, session, _ = plain.read(sessions)
            gap = encoded.session_LBH[:, row].double() - torch.stack(session)
            assert gap.abs().max() < 1e-5


@variants
def test_a_user_reads_the_same_alone_and_in_any_batch(user_state, num_layers):
    network = network_of(user_state, num_layers)
    log = random_log(7, users=12)
    histories = laid_out(log)
    alone = {}
    with torch.no_grad():
        for user in range(len(log)):
            alone[user] = network(Batch.of(histories, np.array([user])))
        for seed, size in enumerate([2, 3, 5, 12]):
            order = np.random.default_rng(seed).permutation(len(log))
            for first in range(0, len(order), size):
                batch = Batch.of(histories, order[first : first + size])
                together = network(batch)
                bounds = histories.session_starts[histories.user_starts]
                for row, user in enumerate(batch.users.tolist()):
                    own = (batch.places >= bounds[user]) & (batch.places < bounds[user + 1])
                    sorted_own = np.flatnonzero(own)[np.argsort(batch.places[own])]
                    torch.testing.assert_close(
                        together.before_NH[sorted_own], alone[user].before_NH, **CLOSE
                    )
                    torch.testing.assert_close(
                        together.user_LBH[:, row], alone[user].user_LBH[:, 0], **CLOSE
                    )


def test_session_before_a_users_first_starts_from_tanh_of_the_bias():
    network = network_of()
    with torch.no_grad():
        encoded = network(whole_batch([[], [[3]]]))
        start = torch.tanh(network.start[0].bias)
        torch.testing.assert_close(encoded.session_LBH[0, 1], start)  # the user without a session
        torch.testing.assert_close(encoded.before_NH[0], start)
        assert not encoded.user_LBH[0, 1].any()


def test_without_a_user_state_every_session_starts_from_the_same_state():
    network = network_of("none")
    with torch.no_grad():
        batch = whole_batch([[[1, 2], [3], [4, 5]]])
        before = network(batch).before_NH
    firsts = before[[int(np.flatnonzero(batch.places == place)[0]) for place in (0, 2, 3)]]
    torch.testing.assert_close(firsts, torch.tanh(network.start[0].bias).expand(3, -1))


def test_earlier_sessions_change_the_scores_only_with_a_user_state():
    for user_state, changes in (("init", True), ("all", True), ("none", False)):
        network = network_of(user_state)
        with torch.no_grad():
            batch = whole_batch([[[1, 2], [3, 4]], [[5, 6, 7], [3, 4]], [[3, 4]]])
            last = network.scores(network(batch).session_LBH[-1])
        gaps = [(last[0] - last[1]).abs().max(), (last[0] - last[2]).abs().max()]
        assert [bool(gap > 1e-3) for gap in gaps] == [changes, changes]


def test_a_new_session_starts_from_the_user_state_and_from_nothing_else():
    network = network_of()
    with torch.no_grad():
        first = network(whole_batch([[[1, 2]]]))
        both = whole_batch([[[1, 2], [3]]])
        start = network(both).before_NH[int(np.flatnonzero(both.places == 2)[0])]
        session_start = torch.tanh(
            network.start[0].weight @ first.user_LBH[0, 0] + network.start[0].bias
        )
        torch.testing.assert_close(start, session_start, **CLOSE)

        # With the user GRU held shut (c stays zero) nothing of the old session can come through.
        hidden = network.hidden_units
        network.user_gru[0].bias_ih[hidden : 2 * hidden] = 1e9
        shut = network(both).before_NH[int(np.flatnonzero(both.places == 2)[0])]
        torch.testing.assert_close(shut, torch.tanh(network.start[0].bias), **CLOSE)


def test_user_state_of_hrnn_all_reaches_positions_that_the_start_does_not():
    log = [[[1, 2], [3, 4]], [[5, 6, 7], [3, 4]]]  # the second sessions are alike
    for user_state, differs in (("init", False), ("all", True)):
        network = network_of(user_state)
        with torch.no_grad():
            network.start[0].weight.zero_()  # every session starts from tanh(b)
            batch = whole_batch(log)
            before = network(batch).before_NH
        own = [[int(np.flatnonzero(batch.places == place)[0]) for place in two]
               for two in ((2, 7), (3, 8))]  # fmt: skip
        assert torch.equal(*before[own[0]])
        assert torch.equal(*before[own[1]]) != differs


def test_user_state_of_hrnn_all_is_zero_in_the_first_session():
    network = network_of("all", num_layers=2)
    log = [[[1, 2, 3]]]
    with torch.no_grad():
        expected = network(whole_batch(log)).session_LBH
        for gru in network.session_gru:  # what it would be multiplied with must not matter
            gru.weight_ih_l0[:, network.hidden_units :] = 1e3
        assert torch.equal(network(whole_batch(log)).session_LBH, expected)


@remembering
@pytest.mark.parametrize("layer", [0, 1, 2])
def test_every_layer_carries_its_own_user_state_into_the_next_session(user_state, layer):
    network = network_of(user_state, num_layers=3)
    batch = whole_batch([[[1, 2], [3, 4]]])
    with torch.no_grad():
        before = network(batch)
        for parameter in network.user_gru[layer].parameters():
            parameter += 0.5
        after = network(batch)
    changed = (before.user_LBH != after.user_LBH).flatten(1).any(1)
    gap = (before.before_NH - after.before_NH).abs().amax(1)
    place = batch.places.argsort()
    assert changed[layer]
    assert gap[place[:2]].tolist() == [0, 0]  # the first session
    assert gap[place[3]] > 1e-4  # a position of the second
    if layer == 2:
        assert changed.tolist() == [False, False, True]  # nothing comes down again
        assert gap[place[2]] > 1e-4  # its first position, which the top layer alone predicts


@remembering
def test_gradient_of_the_next_session_reaches_every_layers_user_gru(user_state):
    network = network_of(user_state, num_layers=3)
    batch = whole_batch([[[1, 2], [3, 4], [5, 6]]])
    last = int(batch.places.argmax())
    network.scores(network(batch).before_NH[last : last + 1])[0, 0].backward()
    for layer, gru in enumerate(network.user_gru):
        assert all(value.grad.any() for value in gru.parameters()), layer


def test_same_generator_seed_gives_the_same_weights_and_no_global_draw():
    torch.manual_seed(1)
    before = torch.get_rng_state()
    one, two, other = (
        HRNN(9, 4, 2, 0.1, "init", torch.Generator().manual_seed(s)) for s in (3, 3, 4)
    )
    assert torch.equal(torch.get_rng_state(), before)
    pairs = zip(one.parameters(), two.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)
    assert not torch.equal(one.items_IH.weight, other.items_IH.weight)
    assert not one.items_IH.weight[0].any()


def test_dropout_comes_from_the_generator_and_scoring_has_none():
    network = network_of(num_layers=2, dropout_rate=0.5)
    batch = whole_batch(random_log(2))
    with torch.no_grad():
        plain, again = network(batch).before_NH, network(batch).before_NH
        drawn = [network(batch, torch.Generator().manual_seed(s)).before_NH for s in (1, 1, 2)]
    assert torch.equal(plain, again)
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.allclose(drawn[0], drawn[2])
    assert not torch.allclose(drawn[0], plain)


def test_dropout_keeps_the_mean_of_what_it_thins():
    network = network_of(dropout_rate=0.3)
    ones = torch.ones(200, 500)
    kept = network.dropout(ones, torch.Generator().manual_seed(0))
    assert kept.unique().tolist() == pytest.approx([0, 1 / 0.7], rel=1e-4)
    assert kept.mean().item() == pytest.approx(1, abs=0.01)
    assert (kept == 0).double().mean().item() == pytest.approx(0.3, abs=0.01)
