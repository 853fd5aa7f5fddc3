"""From a log and settings to a trained model with honest figures beside popularity's."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from hrnn.baselines.popularity import Popularity
from hrnn.data.interactions import Interactions
from hrnn.evaluation.protocol import Report, measure
from hrnn.evaluation.splits import SPLITS
from hrnn.recommend.base import Recommender
from hrnn.recommend.estimators import HRNNClassifierEstimator
from hrnn.recommend.recommender import HierarchicalSequentialRecommender
from hrnn.recommend.scorer import HierarchicalScorer
from hrnn.training.config import ExperimentConfig
from hrnn.training.trainer import Callback


@dataclass(frozen=True)
class Outcome:
    """A trained model, how its training ended, and its figures where any could be had."""

    model: HierarchicalSequentialRecommender
    end: str
    report: Report | None


def run_experiment(
    data: Interactions,
    config: ExperimentConfig,
    callbacks: Sequence[Callback] = (),
    resume_from: Path | None = None,
) -> Outcome:
    """Split, train, and measure the model and popularity on what was held out.

    A training that a callback stopped keeps its best weights and is not measured.

    Raises:
        DataError: the log is too short for the split, or there is nothing to learn from.
    """
    split = SPLITS[config.split](data)
    known, role = split.known()
    model = make_model(config)
    model.fit(known, role, callbacks=callbacks, resume_from=resume_from)
    end = model.estimator.end_ or ""
    if end == "stopped" or not len(split.test):
        return Outcome(model, end, None)
    popular = Popularity()
    popular.fit(known, role)
    models: dict[str, Recommender] = {"HRNN": model, "popularity": popular}
    return Outcome(model, end, measure(models, split))


def use_threads(count: int) -> None:
    """Let training and scoring in this process use so many threads."""
    torch.set_num_threads(count)


def make_model(config: ExperimentConfig) -> HierarchicalSequentialRecommender:
    """Make the model that a configuration describes, not yet trained."""
    settings: dict[str, Any] = config.training.plain()
    return HierarchicalSequentialRecommender(
        HierarchicalScorer(HRNNClassifierEstimator(**settings)),
        max_sessions=config.training.max_sessions,
        max_session_len=config.training.max_session_len,
        session_timeout_minutes=config.timeout_minutes,
        use_session_ids=config.use_session_ids,
    )
