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
    hidden_units=128,
    dropout_rate=0.35,
    learning_rate=0.004,
    learning_rate_decay="cosine",
    batch_size=32,
    epochs=16,
)
_MOVIELENS = {"max_sessions": 15, "max_session_len": 30, "sampled_items": None}
_GLOBO = {"sampled_items": 2_048, "dropout_rate": 0.25, "epochs": 8}
_GENERATED = {"hidden_units": 64, "dropout_rate": 0.3, "epochs": 10}


def _tried(model: ModelName, log: dict[str, Any], **each: dict[str, Any]) -> dict[str, Candidate]:
    return {
        name: Candidate(model, replace(_BASE, **{**log, **settings}))  # pyright: ignore
        for name, settings in each.items()
    }


def _for(log: dict[str, Any]) -> dict[str, dict[str, Candidate]]:
    """Return the same search for the HRNN and the flat models of a log."""
    half: dict[str, Any] = {"learning_rate": 0.002}
    wide: dict[str, Any] = {"hidden_units": 256, "dropout_rate": 0.5}
    slow: dict[str, Any] = {"learning_rate": 0.001}
    deep: dict[str, Any] = {**slow, "num_layers": 2}
    one: dict[str, Any] = {"loss": "bce", "num_negatives": 1, "sampled_items": "auto"}
    return {
        "HRNN": _tried("hrnn", log, plain={}, half=half, wide=wide),
        "HRNN, no user state": _tried("hrnn", {**log, "user_state": "none"}, plain={}),
        "flat GRU": _tried("flat_gru", log, plain={}, half=half, wide=wide),
        "SASRec": _tried("sasrec", log, slow=slow, two_layers=deep),
        "SASRec, one negative": _tried("sasrec", {**log, **one}, two_layers=deep),
    }


#: Log → model → candidates by name.
SEARCH = {"movielens": _for(_MOVIELENS), "globo": _for(_GLOBO), "generated": _for(_GENERATED)}
