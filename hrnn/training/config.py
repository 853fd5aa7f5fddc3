"""The settings of a training; free of torch, so that the app can make them."""

from dataclasses import asdict
from typing import Annotated, Any, Literal

from pydantic import Field

from hrnn.config import config

Count = Annotated[int, Field(ge=1)]


@config
class TrainConfig:
    """Settings of a model and of its training.

    Attributes:
        hidden_units: size of the item embeddings, session states and user states.
        num_layers: GRU layers, each with a user state of its own.
        dropout_rate: share of the item embeddings, and of the values between layers, set to zero.
        num_negatives: sampled negatives a positive, with ``loss="bce"``.
        max_sessions: last sessions of a user that scoring reads.
        max_session_len: last items of each session that scoring reads.
        learning_rate: step size of Adam.
        epochs: most passes over the users.
        batch_size: users an update.
        weight_decay: L2 penalty of Adam.
        early_stopping_patience: epochs without a better validation loss before it stops; None
            goes on.
        restore_best_weights: whether the weights of the best validation loss come back at the
            end.
        random_state: seed of weights, order, dropout and negatives.
        loss: "bce" with sampled negatives, or "cross_entropy" over the catalogue.
        user_state: "init" starts each session from the user state, "none" does without one.
    """

    hidden_units: Count = 50
    num_layers: Count = 1
    dropout_rate: Annotated[float, Field(ge=0, lt=1)] = 0.2
    num_negatives: Annotated[int, Field(ge=0)] = 1
    max_sessions: Count = 10
    max_session_len: Count = 20
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 0.001
    epochs: Count = 200
    batch_size: Count = 128
    weight_decay: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    early_stopping_patience: Annotated[int, Field(ge=1)] | None = None
    restore_best_weights: bool = True
    random_state: Annotated[int, Field(ge=0, lt=2**63)] = 42
    loss: Literal["bce", "cross_entropy"] = "bce"
    user_state: Literal["init", "none"] = "init"

    def plain(self) -> dict[str, Any]:
        """Return the settings as a dictionary that JSON can hold."""
        return asdict(self)  # pyright: ignore[reportArgumentType]


#: Where to start on a log nobody has tuned for: what the Train page and the command line offer.
RECOMMENDED = TrainConfig(
    loss="cross_entropy",
    hidden_units=64,
    dropout_rate=0.3,
    learning_rate=0.002,
    batch_size=32,
    epochs=40,
    early_stopping_patience=4,
)


@config
class ExperimentConfig:
    """One honest experiment: how the log is cut, what is held out, how the model is trained.

    Attributes:
        split: "leave_last_out", or "all_rows" for a model without figures.
        timeout_minutes: a longer gap starts a session; None where all rows have session ids.
        use_session_ids: whether SESSION_ID, where present, decides before the timeout.
        training: settings of the model.
    """

    split: Literal["leave_last_out", "all_rows"] = "leave_last_out"
    timeout_minutes: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = 30.0
    use_session_ids: bool = True
    training: TrainConfig = RECOMMENDED
