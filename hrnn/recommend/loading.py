"""Opening a saved model."""

import json
from pathlib import Path
from typing import Any

from hrnn.baselines.popularity import Popularity
from hrnn.data.vocabulary import Vocabulary
from hrnn.errors import CheckpointError, ConfigError
from hrnn.recommend.base import MODEL_FILE, WEIGHTS_FILE, Recommender
from hrnn.recommend.estimators import HRNNClassifierEstimator
from hrnn.recommend.recommender import FORMAT, HierarchicalSequentialRecommender
from hrnn.recommend.scorer import HierarchicalScorer
from hrnn.training.checkpoint import read_checkpoint


def load(
    folder: str | Path, max_sessions: int | None = None, max_session_len: int | None = None
) -> Recommender:
    """Open the model that ``save`` wrote into a folder.

    Args:
        folder: the model's folder.
        max_sessions: last sessions that scoring reads, if not as saved.
        max_session_len: last items of each session that scoring reads, if not as saved.

    Raises:
        CheckpointError: the folder holds no model, or a damaged one.
        ConfigError: a length is not a whole number of at least 1.
    """
    folder = Path(folder)
    try:
        facts = json.loads((folder / MODEL_FILE).read_text(encoding="utf-8"))
        if facts["format"] != FORMAT:
            raise CheckpointError(
                f"the model in {folder.name} has format {facts['format']}, this version reads"
                f" {FORMAT}; train it again"
            )
        vocabulary, record = Vocabulary(facts["items"]), facts["record"]
        weights, _ = read_checkpoint(folder / WEIGHTS_FILE)
        if facts["kind"] == Popularity.kind:
            model: Recommender = Popularity.restored(weights, len(vocabulary))
        elif facts["kind"] != HierarchicalSequentialRecommender.kind:
            raise CheckpointError(
                f"the model in {folder.name} is of an unknown kind, {facts['kind']!r}; train it"
                " again"
            )
        else:
            model = _restored_hrnn(facts, len(vocabulary), max_sessions, max_session_len)
            model.estimator.restore(weights, len(vocabulary), folder.name)
    except OSError:
        raise CheckpointError(
            f"there is no model in {folder}; train one and save it there"
        ) from None
    except (ValueError, KeyError, TypeError) as error:
        if isinstance(error, ConfigError) and (max_sessions, max_session_len) != (None, None):
            raise
        raise CheckpointError(
            f"the model in {folder.name} is damaged ({error}); train it again"
        ) from None
    model.vocabulary, model.record = vocabulary, record
    return model


def _restored_hrnn(
    facts: dict[str, Any], items: int, max_sessions: int | None, max_session_len: int | None
) -> HierarchicalSequentialRecommender:
    settings = facts["settings"]
    if max_sessions is not None:
        settings["max_sessions"] = max_sessions
    if max_session_len is not None:
        settings["max_session_len"] = max_session_len
    return HierarchicalSequentialRecommender(
        HierarchicalScorer(HRNNClassifierEstimator(**settings)),
        max_sessions=settings["max_sessions"],
        max_session_len=settings["max_session_len"],
        session_timeout_minutes=facts["session_timeout_minutes"],
        use_session_ids=facts["use_session_ids"],
    )
