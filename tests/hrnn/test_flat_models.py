"""The flat GRU and SASRec against what they are said to be."""

import math

import numpy as np
import pytest
import torch

import hrnn
from hrnn import ConfigError
from hrnn.baselines import FlatGRU, SASRec
from hrnn.model.batches import Batch
from hrnn.model.sasrec import SASRecNetwork
from hrnn.training.config import TrainConfig
from hrnn.training.roles import HISTORY, TRAIN, VALID
from tests.hrnn.reference import frame_of, laid_out
from tests.hrnn.test_models_alike import DATA, LOG, trained

SETTINGS = TrainConfig(loss="cross_entropy", hidden_units=8, epochs=3, batch_size=4)


def short(**more) -> TrainConfig:
    return TrainConfig(**{**SETTINGS.plain(), **more})


def test_flat_gru_is_an_hrnn_without_user_state_that_has_one_session_a_user():
    flat = trained(FlatGRU(SETTINGS, session_timeout_minutes=5), DATA)
    one_session = hrnn.HierarchicalSequentialRecommender.of_training(
        short(user_state="none", max_sessions=1, max_session_len=200), 1e9, False
    )
    trained(one_session, DATA)
    expected = one_session.weights()
    assert all(torch.equal(value, expected[name]) for name, value in flat.weights().items())
    found, wanted = flat.score_items(LOG), one_session.score_items(LOG, start="continue")
    np.testing.assert_allclose(found, wanted, atol=1e-6)


@pytest.mark.parametrize("kind", [FlatGRU, SASRec])
def test_a_new_session_changes_nothing(kind):
    model = trained(kind(SETTINGS), DATA)
    same = model.score_items(LOG, start="continue")
    assert model.score_items(LOG, start="new").equals(same)


@pytest.mark.parametrize("kind", [FlatGRU, SASRec])
def test_scoring_reads_the_last_sessions_times_items(kind):
    model = trained(kind(short(max_sessions=2, max_session_len=3)), DATA)
    last = LOG.groupby("USER_ID").tail(6)
    np.testing.assert_allclose(model.score_items(LOG), model.score_items(last), atol=1e-6)
    fewer = LOG.groupby("USER_ID").tail(5)
    assert not np.allclose(model.score_items(LOG), model.score_items(fewer), atol=1e-4)


def test_sasrec_trains_long_histories_in_pieces_of_which_the_last_is_whole():
    rows = [f"u {item} {minute}" for minute, item in enumerate("abcdefg")]
    rows += [f"v {item} {minute}" for minute, item in enumerate("abc")]
    data = hrnn.read_interactions(frame_of("\n".join(rows)))
    model = SASRec(short(max_sessions=1, max_session_len=3))
    piece, count = model.pieces(data)
    assert piece.tolist() == [0, 1, 1, 1, 2, 2, 2, 3, 3, 3]
    assert count == 4
    model.vocabulary = hrnn.data.vocabulary.Vocabulary(list("abcdefg"))
    role = np.array([TRAIN] * 5 + [VALID, HISTORY] + [TRAIN] * 3, np.int8)
    made = model.training_set(data, role)
    assert made.histories.items.tolist() == [1, 2, 3, 4, 5, 6, 7, 1, 2, 3]
    assert made.histories.session_starts.tolist() == [0, 1, 4, 7, 10]
    assert made.role.tolist() == role.tolist()


class PlainSASRec:
    """The network one user and one place at a time, in NumPy and double precision."""

    def __init__(self, network: SASRecNetwork) -> None:
        self.w = {
            name: value.detach().double().numpy() for name, value in network.named_parameters()
        }
        self.layers, self.units = len(network.blocks), network.hidden_units

    def states(self, items: list[int]) -> list[np.ndarray]:
        """Return the state before the first item, …, after the last one."""
        read = [self.w["start_H"], *(self.w["items_IH.weight"][item] for item in items)]
        places, scale = self.w["places_TH"], math.sqrt(self.units)
        x = [scale * (one + place) for one, place in zip(read, places, strict=False)]
        for layer in range(self.layers):
            name = f"blocks.{layer}."
            normal = [self.norm(name + "norm_attention", one) for one in x]
            three = [np.split(self.linear(name + "query_key_value", one), 3) for one in normal]
            three = [
                (self.turned(q, at), self.turned(k, at), v) for at, (q, k, v) in enumerate(three)
            ]
            looked = []
            for place, (query, _, _) in enumerate(three):
                likeness = [query @ key / scale for _, key, _ in three[: place + 1]]
                weight = np.exp(likeness) / np.exp(likeness).sum()
                values = (value for _, _, value in three)
                looked.append(sum(w * value for w, value in zip(weight, values, strict=False)))
            x = [
                one + self.linear(name + "attended", found)
                for one, found in zip(x, looked, strict=True)
            ]
            inner = [
                np.maximum(self.linear(name + "inner", self.norm(name + "norm_forward", one)), 0)
                for one in x
            ]
            x = [one + self.linear(name + "outer", i) for one, i in zip(x, inner, strict=True)]
        return [self.norm("norm", one) for one in x]

    def turned(self, value: np.ndarray, place: int) -> np.ndarray:
        half = self.units // 2
        pairs = value[:half] + 1j * value[half : 2 * half]
        pairs = pairs * np.exp([1j * place / 10_000 ** (pair / half) for pair in range(half)])
        return np.concatenate([pairs.real, pairs.imag, value[2 * half :]])

    def linear(self, name: str, value: np.ndarray) -> np.ndarray:
        return self.w[f"{name}.weight"] @ value + self.w[f"{name}.bias"]

    def norm(self, name: str, value: np.ndarray) -> np.ndarray:
        scaled = (value - value.mean()) / np.sqrt(value.var() + 1e-5)
        return scaled * self.w[f"{name}.weight"] + self.w[f"{name}.bias"]


@pytest.mark.parametrize(("layers", "units"), [(1, 6), (2, 6), (2, 7), (1, 1)])
def test_sasrec_is_what_a_plain_implementation_finds(layers, units):
    network = SASRecNetwork(5, units, layers, 0.0, 9, torch.Generator().manual_seed(3)).double()
    with torch.no_grad():
        for name, value in network.named_parameters():
            if "norm" in name or name == "bias_I":
                value += torch.linspace(-0.3, 0.4, len(value))
            elif name == "places_TH":
                value.normal_(generator=torch.Generator().manual_seed(4))
        network.items_IH.weight[0] = 0
    histories = [[1, 2, 3, 4, 5, 1], [2], [], [3, 3, 5]]
    log = [[one] for one in histories]
    batch = Batch.of(laid_out(log), np.arange(4))
    before = network.states_before(batch).detach().numpy()
    after = network.states_after(batch).detach().numpy()
    plain = PlainSASRec(network)
    for lane, user in enumerate(batch.users.tolist()):
        states = plain.states(histories[user])
        np.testing.assert_allclose(after[lane], states[-1], atol=1e-10)
        for step in range(len(histories[user])):
            place = batch.offsets[step] + lane
            np.testing.assert_allclose(before[place], states[step], atol=1e-10)


def test_sasrec_dropout_comes_from_the_given_generator():
    network = SASRecNetwork(5, 6, 1, 0.5, 9, torch.Generator().manual_seed(3))
    batch = Batch.of(laid_out([[[1, 2, 3]], [[4]]]), np.arange(2))
    torch.manual_seed(0)
    state = torch.get_rng_state()
    one, two, other = (
        network.states_before(batch, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)
    )
    assert torch.equal(one, two)
    assert not torch.equal(one, other)
    assert torch.equal(torch.get_rng_state(), state)


def test_regression_starts_from_the_mean_outcome_in_every_network():
    frame = LOG.assign(OUTCOME=np.linspace(3, 5, len(LOG)))
    for kind in (FlatGRU, SASRec):
        model = trained(kind(short(loss="mse", learning_rate=1e-6, epochs=1)), frame)
        assert model.predicts_outcome
        bias = model.estimator.fitted().bias_I.detach().numpy()
        np.testing.assert_allclose(bias, 4.0, atol=1e-3)


def test_sasrec_reads_no_more_at_once_than_it_was_trained_to(tmp_path):
    trained(SASRec(short(max_sessions=2, max_session_len=3)), DATA).save(tmp_path)
    fewer = hrnn.load(tmp_path, max_sessions=1)
    last = LOG.groupby("USER_ID").tail(3)
    np.testing.assert_allclose(fewer.score_items(LOG), fewer.score_items(last), atol=1e-6)
    with pytest.raises(ConfigError, match=r"is 9: this model was trained to read 6 interactions"):
        hrnn.load(tmp_path, max_sessions=3).score_items(LOG)


def test_sasrec_can_be_trained_again_to_read_more_and_no_more_than_attention_can(tmp_path):
    model = trained(SASRec(short(max_sessions=1, max_session_len=3)), DATA)
    model.max_sessions = 4
    trained(model, DATA)
    assert len(model.estimator.fitted().places_TH) == 13
    model.max_sessions = 10_000
    with pytest.raises(ConfigError, match="is 30,000: attention reads at most 10,000"):
        trained(model, DATA)


@pytest.mark.parametrize("kind", [FlatGRU, SASRec])
def test_truncated_training_learns_from_the_end_of_each_history_alone(kind):
    model = kind(short(max_sessions=1, max_session_len=3, truncate_training=True))
    model.vocabulary = hrnn.data.vocabulary.Vocabulary(list("abcdefgh"))
    made = model.training_set(DATA, np.full(len(DATA), TRAIN, np.int8))
    assert len(made.histories.items) == 3 * len(DATA.user_ids)
