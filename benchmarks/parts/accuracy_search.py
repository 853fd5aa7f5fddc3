"""What is tried on each log before any test row is read."""

from dataclasses import dataclass, replace
from typing import Any

from hrnn.training.config import ModelName, TrainConfig


@dataclass(frozen=True)
class Candidate:
    """A model and its settings."""

    model: ModelName
    training: TrainConfig


_BASE = TrainConfig(
    loss="cross_entropy",
    hidden_units=64,
    dropout_rate=0.25,
    learning_rate=0.004,
    learning_rate_decay="cosine",
    batch_size=32,
    epochs=10,
)
#: Reading the last 100 of a session instead of 30 gained 2 % in NDCG on the validation rows, more
#: nothing; how training goes does not depend on it.
_MOVIELENS: dict[str, Any] = {
    "epochs": 12,
    "batch_size": 16,
    "max_sessions": 15,
    "max_session_len": 100,
    "sampled_items": None,
    "scoring": "cosine",
}
_GLOBO: dict[str, Any] = {"epochs": 8, "sampled_items": 2_048}
_WIDE: dict[str, Any] = {"hidden_units": 128, "dropout_rate": 0.35}
_WIDER: dict[str, Any] = {"hidden_units": 192, "dropout_rate": 0.4}
_WIDEST: dict[str, Any] = {"hidden_units": 256, "dropout_rate": 0.45}
_FAST: dict[str, Any] = {"learning_rate": 0.008}
#: SASRec learns more slowly, wants less dropout, and reads no more than the last 200 interactions,
#: as in its paper.
_ATTENTION: dict[str, Any] = {
    "num_layers": 2,
    "learning_rate": 0.003,
    "dropout_rate": 0.1,
    "max_sessions": 1,
    "max_session_len": 200,
}


def _tried(model: ModelName, log: dict[str, Any], **each: dict[str, Any]) -> dict[str, Candidate]:
    return {
        name: Candidate(model, replace(_BASE, **{**log, **settings}))  # pyright: ignore
        for name, settings in each.items()
    }


#: Log → model → candidates by name.
SEARCH: dict[str, dict[str, dict[str, Candidate]]] = {
    "movielens": {
        "HRNN": _tried("hrnn", _MOVIELENS, units_256=_WIDEST),
        "flat GRU": _tried("flat_gru", _MOVIELENS, units_192=_WIDER, units_256=_WIDEST),
        "SASRec": _tried(
            "sasrec",
            _MOVIELENS,
            units_128={**_WIDE, **_ATTENTION},
            units_192={**_WIDER, **_ATTENTION, "dropout_rate": 0.2},
        ),
    },
    "globo": {
        "HRNN": _tried("hrnn", _GLOBO, units_64={}),
        "flat GRU": _tried("flat_gru", _GLOBO, units_64={}),
        "SASRec": _tried("sasrec", _GLOBO, units_64=_ATTENTION),
    },
    "generated": {
        "HRNN": _tried("hrnn", {}, plain={}, fast=_FAST, units_128=_WIDE),
        "HRNN, no user state": _tried("hrnn", {"user_state": "none"}, plain={}, fast=_FAST),
        "flat GRU": _tried("flat_gru", {}, plain={}, fast=_FAST, units_128=_WIDE),
        "SASRec": _tried(
            "sasrec",
            {"epochs": 40},
            one_layer={**_ATTENTION, "num_layers": 1},
            two_layers=_ATTENTION,
            slow={**_ATTENTION, "learning_rate": 0.001, "dropout_rate": 0.25, "epochs": 60},
        ),
    },
}
