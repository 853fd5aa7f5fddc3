"""Opening a saved model."""

import json
from pathlib import Path

from hrnn.baselines import BASELINES, FlatGRU, SASRec
from hrnn.checks import check_folder, is_whole
from hrnn.data.vocabulary import Vocabulary
from hrnn.errors import CheckpointError, ConfigError
from hrnn.recommend.base import FORMAT, MODEL_FILE, WEIGHTS_FILE, Recommender
from hrnn.recommend.recommender import HierarchicalSequentialRecommender
from hrnn.recommend.record import ROWS_FILE, TrainingRecord
from hrnn.training.checkpoint import read_checkpoint, sum_of

_TRAINED = (HierarchicalSequentialRecommender, FlatGRU, SASRec)
_KINDS = {model.kind: model for model in (*_TRAINED, *BASELINES.values())}


def load(
    folder: str | Path, max_sessions: int | None = None, max_session_len: int | None = None
) -> Recommender:
    """Open the model that ``save`` wrote into a folder.

    Args:
        folder: the model's folder.
        max_sessions: last sessions that scoring reads, if not as saved; a flat model reads as many
            items at most as both multiplied, as one sequence.
        max_session_len: last items of each session that scoring reads, if not as saved.

    Raises:
        CheckpointError: the folder holds no model, or a damaged one.
        ConfigError: ``folder`` is no path, a length is not a whole number of at least 1, or the
            model has none.
    """
    folder = check_folder(folder)
    asked = {"max_sessions": max_sessions, "max_session_len": max_session_len}
    try:
        facts = json.loads((folder / MODEL_FILE).read_text(encoding="utf-8"))
        if facts["format"] != FORMAT:
            raise CheckpointError(
                f"the model in {folder.name} has format {facts['format']}, this version reads"
                f" {FORMAT}; train it again"
            )
        if facts["kind"] not in _KINDS:
            raise CheckpointError(
                f"the model in {folder.name} is of an unknown kind, {facts['kind']!r}; train it"
                " again"
            )
        kind = _KINDS[facts["kind"]]
        model = kind.from_settings(facts["settings"])
        model.vocabulary = Vocabulary(facts["items"])
        weights, _ = read_checkpoint(folder / WEIGHTS_FILE)
        model.take_weights(weights, folder.name)
        model.record = TrainingRecord.open(folder, facts["record"])
        for name, known in facts.get("sha256", {}).items():  # version 0.8 wrote none
            if name in (WEIGHTS_FILE, ROWS_FILE) and sum_of(folder / name) != known:
                raise CheckpointError(
                    f"{name} of the model in {folder.name} is not what was saved; copy the folder"
                    " again, or train the model again"
                )
    except OSError:
        raise CheckpointError(
            f"there is no model in {folder}; train one and save it there"
        ) from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(
            f"the model in {folder.name} is damaged ({error}); train it again"
        ) from None
    for name, value in asked.items():
        if value is None:
            continue
        if not hasattr(model, name):
            raise ConfigError(f"{name}={value}: a model of kind {model.kind!r} has none")
        if not is_whole(value):
            raise ConfigError(f"{name}={value!r}: it must be a whole number of at least 1")
        setattr(model, name, value)
    return model
