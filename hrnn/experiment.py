"""From a log and settings to a trained model with honest figures beside popularity's."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from hrnn.baselines import BASELINES, FlatGRU, Popularity, SASRec
from hrnn.data.interactions import Interactions
from hrnn.errors import CheckpointError, ConfigError
from hrnn.evaluation.protocol import measure
from hrnn.evaluation.report import Report
from hrnn.evaluation.splits import Split, split_for
from hrnn.recommend.base import Recommender
from hrnn.recommend.network_recommender import NetworkRecommender
from hrnn.recommend.recommender import HierarchicalSequentialRecommender
from hrnn.recommend.session_aware import SessionRecommender
from hrnn.training.checkpoint import read_checkpoint
from hrnn.training.config import MODEL_NAMES, ExperimentConfig, ModelName, SplitConfig
from hrnn.training.trainer import Callback, End

#: The models that a training can be of.
MODELS: dict[ModelName, type[NetworkRecommender]] = {
    "hrnn": HierarchicalSequentialRecommender,
    "flat_gru": FlatGRU,
    "sasrec": SASRec,
}


@dataclass(frozen=True)
class Trained:
    """A trained model, what it is called, how its training ended, and the split it is of."""

    model: NetworkRecommender
    name: str
    end: End
    split: Split

    def measure(self, stop: Callable[[], bool] = lambda: False) -> Report | None:
        """Measure the model, and popularity beside it, on what was held out.

        Returns:
            None where nothing was held out, or once ``stop`` says yes.

        Raises:
            DataError: no held-out item is known to the model.
        """
        if not len(self.split.test):
            return None
        popular = Popularity()
        popular.fit(*self.split.known(), split=self.split.name)
        models: dict[str, Recommender] = {self.name: self.model, "popularity": popular}
        return measure(models, self.split, stop=stop)


def train_experiment(
    data: Interactions,
    config: ExperimentConfig,
    callbacks: Sequence[Callback] = (),
    resume_from: Path | None = None,
) -> Trained:
    """Split a log and train the model on it.

    Raises:
        DataError: the log is too short for the split, or there is nothing to learn from.
    """
    split = split_for(data, config)
    known, role = split.known()
    model = make_model(config)
    model.fit(known, role, callbacks=callbacks, resume_from=resume_from, split=split.name)
    end = model.estimator.end_
    assert end is not None  # fit sets it
    return Trained(model, MODEL_NAMES[config.model], end, split)


def recover(data: Interactions, config: ExperimentConfig, checkpoint: Path) -> Trained:
    """Make the model of a training that broke off, of what its checkpoint kept.

    Raises:
        CheckpointError: the checkpoint cannot be read, or no epoch was complete.
    """
    epochs = int(read_checkpoint(checkpoint)[1].get("epoch", 0))
    if not epochs:
        raise CheckpointError(
            f"{checkpoint.name} is from before the first epoch was complete; start a new run"
        )
    training = replace(config.training, epochs=epochs)  # pyright: ignore[reportArgumentType]
    done = replace(config, training=training)  # pyright: ignore[reportArgumentType]
    trained = train_experiment(data, done, resume_from=checkpoint)
    trained.model.estimator.change(epochs=config.training.epochs)
    return trained


def use_threads(count: int) -> None:
    """Let training and scoring in this process use so many threads."""
    torch.set_num_threads(count)


def make_baseline(name: str, config: SplitConfig) -> Recommender:
    """Make a baseline by its name; those that read sessions cut them as the split does.

    Raises:
        ConfigError: there is no such baseline.
    """
    if name not in BASELINES:
        raise ConfigError(f"baseline={name!r}: it must be {' or '.join(map(repr, BASELINES))}")
    kind = BASELINES[name]
    if issubclass(kind, SessionRecommender):
        return kind(
            session_timeout_minutes=config.timeout_minutes, use_session_ids=config.use_session_ids
        )
    return kind()


def make_model(config: ExperimentConfig) -> NetworkRecommender:
    """Make the model that a configuration describes, not yet trained."""
    return MODELS[config.model].of_training(
        config.training, config.timeout_minutes, config.use_session_ids
    )
