"""The settings of a training; free of torch, so that the app can make them."""

from dataclasses import asdict, fields, replace
from typing import Annotated, Any, Literal

from pydantic import Field

from hrnn.config import config
from hrnn.errors import ConfigError

Count = Annotated[int, Field(ge=1)]
#: Up to so many items cross-entropy looks at all of them; a sample of so many it takes of more.
#: The sample then costs about as much as the rest of an update (benchmarks/cross_entropy.py).
AUTO_WHOLE, AUTO_SAMPLE = 1_500, 512
LossName = Literal["bce", "cross_entropy", "bpr_max", "top1", "mse"]
ModelName = Literal["hrnn", "flat_gru", "sasrec"]
#: What each model is called in tables.
MODEL_NAMES: dict[ModelName, str] = {"hrnn": "HRNN", "flat_gru": "flat GRU", "sasrec": "SASRec"}


@config
class TrainConfig:
    """Settings of a model and of its training.

    Attributes:
        hidden_units: size of the item embeddings, session states and user states.
        num_layers: GRU layers, each with a user state of its own.
        dropout_rate: share of the item embeddings, and of the values between layers, set to zero.
        num_negatives: sampled negatives a positive, with ``loss="bce"``, "bpr_max" and "top1";
            the latter two need one at least.
        max_sessions: last sessions of a user that scoring reads.
        max_session_len: last items of each session that scoring reads.
        learning_rate: step size of Adam.
        learning_rate_decay: "cosine" lets it fall to nearly nothing over all ``epochs``, along
            half a cosine (Loshchilov and Hutter 2017); "none" keeps it.
        epochs: most passes over the users.
        batch_size: users an update.
        weight_decay: L2 penalty of Adam.
        early_stopping_patience: epochs without a better validation loss before it stops; None
            goes on.
        restore_best_weights: whether the weights of the best validation loss come back at the
            end.
        random_state: seed of weights, order, dropout and negatives.
        loss: "bce" with sampled negatives, "cross_entropy" over the catalogue, "bpr_max", "top1",
            or "mse" for outcomes that are amounts.
        user_state: "init" starts each session from the user state, "all" reads it at every
            position too, "none" does without one.
        truncate_training: whether training, too, reads no more than ``max_sessions`` ×
            ``max_session_len``; the first kept item of a cut session is then no target.
        scoring: "product" scores an item by the product of its embedding and the projected state,
            "cosine" by their cosine, scaled, so that no item is ahead by the length of its
            embedding; amounts (``loss="mse"``) need products.
        sampled_items: items that cross-entropy draws by popularity for each update, corrected by
            logQ; None compares with the whole catalogue, "auto" with a sample of
            :data:`AUTO_SAMPLE` where there are more than :data:`AUTO_WHOLE` items.
        optimizer_name: "adam" or "sgd".
        device: "cpu", "cuda" or "mps"; None takes a CUDA GPU where torch sees one, else the CPU.
        verbose: 1 or more writes a line an epoch to standard error.
    """

    hidden_units: Count = 50
    num_layers: Count = 1
    dropout_rate: Annotated[float, Field(ge=0, lt=1)] = 0.2
    num_negatives: Annotated[int, Field(ge=0)] = 1
    max_sessions: Count = 10
    max_session_len: Count = 20
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 0.001
    learning_rate_decay: Literal["none", "cosine"] = "none"
    epochs: Count = 200
    batch_size: Count = 128
    weight_decay: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    early_stopping_patience: Annotated[int, Field(ge=1)] | None = None
    restore_best_weights: bool = True
    random_state: Annotated[int, Field(ge=0, lt=2**63)] = 42
    loss: LossName = "bce"
    user_state: Literal["init", "all", "none"] = "init"
    truncate_training: bool = False
    scoring: Literal["product", "cosine"] = "product"
    sampled_items: Count | Literal["auto"] | None = "auto"
    optimizer_name: Literal["adam", "sgd"] = "adam"
    device: Literal["cpu", "cuda", "mps"] | None = None
    verbose: Annotated[int, Field(ge=0)] = 0

    def __post_init__(self) -> None:
        if self.loss in ("bpr_max", "top1") and self.num_negatives < 1:
            raise ConfigError(
                f"num_negatives={self.num_negatives}: it must be at least 1 with"
                f" loss={self.loss!r}, which compares a target with negatives"
            )
        if self.scoring == "cosine" and self.loss == "mse":
            raise ConfigError(
                "scoring='cosine': it must be 'product' with loss='mse': a cosine is no amount"
            )
        if isinstance(self.sampled_items, int) and self.loss != "cross_entropy":
            raise ConfigError(
                f"sampled_items={self.sampled_items}: it must be 'auto' or None with"
                f" loss={self.loss!r}; only cross_entropy samples the catalogue"
            )

    def sample_size(self, items: int) -> int | None:
        """Return how many of a catalogue's items cross-entropy draws; None for all."""
        if self.sampled_items == "auto":
            return AUTO_SAMPLE if items > AUTO_WHOLE else None
        return self.sampled_items

    def for_loss(self, loss: LossName) -> "TrainConfig":
        """Return the settings with another loss, and with products where it needs them."""
        scoring = "product" if loss == "mse" else self.scoring
        return replace(self, loss=loss, scoring=scoring)  # pyright: ignore[reportArgumentType]

    def plain(self) -> dict[str, Any]:
        """Return the settings as a dictionary that JSON can hold."""
        return asdict(self)  # pyright: ignore[reportArgumentType]


_USUAL = TrainConfig(
    loss="cross_entropy",
    hidden_units=64,
    dropout_rate=0.3,
    learning_rate=0.004,
    learning_rate_decay="cosine",
    batch_size=32,
    epochs=30,
)
#: Settings for a log that nobody has tuned for, by what they cost (docs/model.md).
PRESETS: dict[str, TrainConfig] = {
    "quick": replace(_USUAL, learning_rate=0.008, batch_size=16, epochs=10),
    "standard": _USUAL,
    "best": replace(
        _USUAL,
        hidden_units=256,
        dropout_rate=0.45,
        batch_size=16,
        epochs=12,
        sampled_items=None,
        max_session_len=100,
        scoring="cosine",
    ),
}  # pyright: ignore[reportArgumentType]
#: Where to start: what the Train page and the command line offer.
RECOMMENDED = PRESETS["standard"]


@config
class SplitConfig:
    """How a log is cut for an honest experiment, and what is held out.

    Attributes:
        outcomes: how outcomes are taken, see :func:`hrnn.data.outcomes.taken_as`; "as_found"
            leaves them alone.
        positive_from: with "positives" and "binary", the least outcome that is a positive; None
            takes all above 0.
        split: a name in :data:`hrnn.evaluation.splits.SPLITS`; "all_rows" gives a model without
            figures.
        timeout_minutes: a longer gap starts a session; None where all rows have session ids.
        use_session_ids: whether SESSION_ID, where present, decides before the timeout.
        measured_on: "test" measures on what the split holds out. "validation", for choosing
            between settings, puts that aside and splits the rest once more, so that what would
            validate is measured on.
    """

    outcomes: Literal["as_found", "positives", "binary", "soft", "continuous"] = "as_found"
    positive_from: Annotated[float, Field(allow_inf_nan=False)] | None = None
    split: Literal["leave_last_out", "last_session_out", "temporal", "all_rows"] = "leave_last_out"
    timeout_minutes: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = 30.0
    use_session_ids: bool = True
    measured_on: Literal["test", "validation"] = "test"

    def __post_init__(self) -> None:
        if self.positive_from is not None and self.outcomes not in ("positives", "binary"):
            raise ConfigError(
                f"positive_from={self.positive_from:g}: it must be None with"
                f" outcomes={self.outcomes!r}; only 'positives' and 'binary' have a threshold"
            )


@config
class ExperimentConfig(SplitConfig):
    """One honest experiment: how the log is split, and how the model is trained.

    Attributes:
        model: which model is trained; the flat ones read a history as one sequence.
        training: its settings.
    """

    model: ModelName = "hrnn"
    training: TrainConfig = RECOMMENDED

    @classmethod
    def of(
        cls, cut: SplitConfig, training: TrainConfig, model: ModelName = "hrnn"
    ) -> "ExperimentConfig":
        """Join a split and a training."""
        return cls(**_split_settings(cut), training=training, model=model)

    @property
    def cut(self) -> SplitConfig:
        """How the log is split, without the training."""
        return SplitConfig(**_split_settings(self))


def _split_settings(config: SplitConfig) -> dict[str, Any]:
    names = [one.name for one in fields(SplitConfig)]  # pyright: ignore[reportArgumentType]
    return {name: getattr(config, name) for name in names}
