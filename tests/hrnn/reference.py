"""The model again, as slowly and plainly as it can be written, and small logs and models.

A log is a list of users, a user a list of sessions, a session a list of item indices from 1.
"""

import itertools

import numpy as np
import pandas as pd
import torch
from hypothesis import strategies as st
from torch import Tensor

import hrnn
from hrnn.model.histories import Histories
from hrnn.model.network import HRNN
from hrnn.training.config import TrainConfig
from hrnn.training.roles import HISTORY, TRAIN, VALID
from hrnn.training.targets import TrainingSet
from hrnn.training.trainer import Trainer

ITEMS = 7

Log = list[list[list[int]]]

#: Every way to use the user state, on one layer and on two.
VARIANTS = [(state, layers) for state in ("init", "all", "none") for layers in (1, 2)]
#: Every loss, and cross-entropy on a sample too.
KINDS = {
    "bce": {"loss": "bce", "num_negatives": 2},
    "cross_entropy": {"loss": "cross_entropy"},
    "sampled": {"loss": "cross_entropy", "sampled_items": 4},
    "bpr_max": {"loss": "bpr_max", "num_negatives": 3},
    "top1": {"loss": "top1", "num_negatives": 3},
    "mse": {"loss": "mse"},
}
LOSSES = ("bce", "cross_entropy", "bpr_max", "top1", "mse")

_session = st.lists(st.integers(1, ITEMS), min_size=1, max_size=5)
logs = st.lists(st.lists(_session, max_size=4), min_size=1, max_size=6)


def random_log(seed: int, users: int = 9, items: int = ITEMS) -> Log:
    random = np.random.default_rng(seed)
    return [
        [
            random.integers(1, items + 1, random.integers(1, 6)).tolist()
            for _ in range(random.integers(0, 5))
        ]
        for _ in range(users)
    ]


def laid_out(log: Log) -> Histories:
    item, user, session, number = [], [], [], 0
    for owner, sessions in enumerate(log):
        for items in sessions:
            item += items
            user += [owner] * len(items)
            session += [number] * len(items)
            number += 1
    return Histories.of(
        np.array(item, np.int32), np.array(user, np.int64), np.array(session, np.int64), len(log)
    )


def network_of(
    user_state="init", num_layers=1, items=ITEMS, hidden_units=5, dropout_rate=0.0, seed=0
) -> HRNN:
    """A network with weights large enough for every gate to matter, in double precision."""
    generator = torch.Generator().manual_seed(seed)
    network = HRNN(items, hidden_units, num_layers, dropout_rate, user_state, generator).double()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator).double())
        network.items_IH.weight[0] = 0
    return network


def training_set(log=None, valid=True, items=ITEMS, **settings) -> TrainingSet:
    """Every user's last interaction validates, the one before it is history only.

    With MSE the outcome of an item is its index.
    """
    histories = laid_out(random_log(0, users=20) if log is None else log)
    role = np.full(len(histories.items), TRAIN, np.int8)
    bounds = histories.session_starts[histories.user_starts]
    for start, stop in itertools.pairwise(bounds):
        if valid and stop - start >= 3:
            role[stop - 2 : stop] = HISTORY, VALID
    config = TrainConfig(**{"loss": "cross_entropy", **settings})
    outcome = histories.items if config.loss == "mse" else np.ones(len(role))
    return TrainingSet.of(histories, role, outcome, items, config)


def make_trainer(data=None, loss="cross_entropy", **settings) -> Trainer:
    config = TrainConfig(
        **{
            "hidden_units": 6,
            "learning_rate": 0.05,
            "epochs": 4,
            "batch_size": 5,
            "loss": loss,
            **settings,
        }
    )
    generator = torch.Generator().manual_seed(config.random_state)
    network = HRNN(ITEMS, 6, config.num_layers, config.dropout_rate, config.user_state, generator)
    return Trainer(network, data or training_set(loss=loss), config)


def gru_step(x_H: Tensor, h_H: Tensor, weights: dict[str, Tensor]) -> Tensor:
    """One step of a GRU (Cho et al. 2014, as torch documents it), gate by gate."""
    from_x = weights["weight_ih"] @ x_H + weights["bias_ih"]
    from_h = weights["weight_hh"] @ h_H + weights["bias_hh"]
    x_r, x_z, x_n = from_x.chunk(3)
    h_r, h_z, h_n = from_h.chunk(3)
    reset = 1 / (1 + torch.exp(-(x_r + h_r)))
    update = 1 / (1 + torch.exp(-(x_z + h_z)))
    new = torch.tanh(x_n + reset * h_n)
    return (1 - update) * new + update * h_H


class PlainHRNN:
    """Reads users with the weights of a network and nothing else of it.

    Without ``remembers`` the user state is zero always, whatever the network has learned.
    """

    def __init__(self, network: HRNN, remembers: bool = True) -> None:
        self.weight = dict(network.named_parameters())
        self.layers = network.num_layers
        self.hidden_units = network.hidden_units
        self.has_user_state = remembers and network.user_state in ("init", "all")
        self.reads_it_everywhere = network.user_state == "all"
        self.cosine = network.cosine

    def gru(self, name: str, suffix: str = "") -> dict[str, Tensor]:
        parts = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        return {part: self.weight[f"{name}.{part}{suffix}"] for part in parts}

    def start(self, user: list[Tensor]) -> list[Tensor]:
        return [
            torch.tanh(self.weight[f"start.{n}.weight"] @ c + self.weight[f"start.{n}.bias"])
            for n, c in enumerate(user)
        ]

    def read(self, sessions: list[list[int]]) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
        """Return top states before each interaction, the last session state, the user state."""
        user = [self.weight["bias_I"].new_zeros(self.hidden_units) for _ in range(self.layers)]
        state = self.start(user)
        before = []
        for items in sessions:
            state = self.start(user)
            for item in items:
                before.append(state[-1])
                x = self.weight["items_IH.weight"][item]
                for n in range(self.layers):
                    if self.reads_it_everywhere:
                        x = torch.cat([x, user[n]])
                    state[n] = gru_step(x, state[n], self.gru(f"session_gru.{n}", "_l0"))
                    x = state[n]
            if self.has_user_state:
                user = [
                    gru_step(state[n], user[n], self.gru(f"user_gru.{n}"))
                    for n in range(self.layers)
                ]
        return before, state, user

    def scores(self, state_H: Tensor) -> Tensor:
        projected = self.weight["output.weight"] @ state_H
        if self.cosine:
            projected = 16 * projected / (projected @ projected).sqrt()
        return torch.stack(
            [
                self.weight["items_IH.weight"][item] @ projected + self.weight["bias_I"][item]
                for item in range(1, len(self.weight["bias_I"]))
            ]
        )


def untrained_model(
    max_sessions=10, max_session_len=20, timeout=30.0, **settings
) -> hrnn.HierarchicalSequentialRecommender:
    """A small recommender of one epoch unless told otherwise."""
    chosen = {"hidden_units": 6, "epochs": 1, "loss": "cross_entropy", **settings}
    lengths = {"max_sessions": max_sessions, "max_session_len": max_session_len}
    made = hrnn.HRNNRegressorEstimator if chosen["loss"] == "mse" else hrnn.HRNNClassifierEstimator
    return hrnn.HierarchicalSequentialRecommender(
        hrnn.HierarchicalScorer(made(**lengths, **chosen)),
        **lengths,
        session_timeout_minutes=timeout,
    )


def trained_model(
    log: pd.DataFrame | hrnn.Interactions,
    max_sessions=10,
    max_session_len=20,
    timeout=30.0,
    **settings,
) -> hrnn.HierarchicalSequentialRecommender:
    """The small recommender, trained, its weights made large afterwards."""
    model = untrained_model(max_sessions, max_session_len, timeout, **settings)
    model.train(interactions_ds=hrnn.InteractionsDataset(log))
    enliven(model.estimator.network_)
    return model


def enliven(network: HRNN) -> None:
    """Make the weights large, so that all that a model reads shows in its scores."""
    generator = torch.Generator().manual_seed(9)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
        network.items_IH.weight[0] = 0


def frame_of(rows: str) -> pd.DataFrame:
    """Read lines of user, item and minute."""
    cells = [line.split() for line in rows.strip().splitlines()]
    frame = pd.DataFrame(cells, columns=["USER_ID", "ITEM_ID", "TIMESTAMP"])
    start = pd.Timestamp("2024-01-01T10:00:00Z")
    frame["TIMESTAMP"] = start + pd.to_timedelta(frame["TIMESTAMP"].astype(float), unit="min")
    return frame


LOG = frame_of(
    """
    zoe a 0
    zoe b 1
    adam c 0
    zoe c 120
    adam a 31
    adam b 500
    adam d 501
    eve e 3
    zoe a 121
    eve e 40
    eve b 41
    """
)

# Reading a frame takes ten times as long as scoring it; this is of adam, eve and zoe.
READ = hrnn.read_interactions(LOG)
