"""What a worker does for recommendations: ask a run's model about every user, part by part."""

import threading
import warnings
from collections import Counter
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

import hrnn
from hrnn.columns import USER_ID
from hrnn.data.interactions import Interactions
from hrnn.data.outcomes import taken_as
from hrnn.data.vocabulary import PADDING
from workspace.datasets import Dataset, open_dataset
from workspace.home import WorkspaceError
from workspace.jobs import Steps
from workspace.launcher import worker_threads
from workspace.recommendations import (
    Recommendations,
    RecommendationsConfig,
    history_words,
    open_recommendations,
)
from workspace.recommended_files import RecommendedFiles
from workspace.runs import Run, open_run
from workspace.tasks import State
from workspace.working import work

if TYPE_CHECKING:
    from hrnn.recommend.base import Recommender

_STOPPED = "it was stopped before all users had their recommendations, so nothing was kept"
#: Scores that a part of the users needs, and rows that it makes, at most: some 60 MB each.
_SCORES, _ROWS = 1 << 24, 1 << 17


def run_recommendations(owner: str, made: str) -> None:
    """Make recommendations for all users."""
    job = open_recommendations(owner, made)
    heard = threading.Event()
    work(job, lambda: _recommended(job, heard), heard, _STOPPED)


def _recommended(job: Recommendations, heard: threading.Event) -> dict[str, Any]:
    from hrnn.experiment import use_threads  # noqa: PLC0415 - brings torch

    use_threads(worker_threads())
    run, dataset = open_run(job.owner, job.settings.run), open_dataset(job.owner, job.dataset)
    if not run.has_model():
        raise WorkspaceError(f"run {run.name!r} has no model; choose a run that has one")
    model, whole, cut = hrnn.load(run.model_folder), dataset.read(), run.experiment.cut
    data = taken_as(whole, cut.outcomes, cut.positive_from)
    users, now = len(data.user_ids), int(whole.time_us.max()) / 1e6
    counts = Counter(left_out=len(whole.user_ids) - users)
    size = max(1, min(_SCORES // len(model.vocabulary), _ROWS // job.settings.top_k))
    say = Steps(job, -(-users // size)).say
    heard.set()  # from here on a stop is looked for between parts, and leaves no half a file
    titles, facts = dataset.titles(), _facts(job.settings, run, dataset, model, now)
    with RecommendedFiles(job.parquet, job.zipped_csv, titles, facts) as files:
        for first in range(0, users, size):
            if job.stopping():
                return {"state": State.STOPPED, "message": _STOPPED}
            stop = min(first + size, users)
            say(f"Recommending to users {first + 1:,} to {stop:,} of {users:,}")
            part = data.slice(*data.user_starts[[first, stop]].tolist())
            table = _ask(model, part, job.settings, now)
            files.write(table)
            counts.update(_counts(model, part, table, job.settings.top_k))
        files.keep(counts=dict(counts))
    return {"state": State.FINISHED, "message": "", "counts": dict(counts)}


def _ask(
    model: "Recommender", part: Interactions, settings: RecommendationsConfig, now: float
) -> pd.DataFrame:
    with warnings.catch_warnings():  # what they say of a part is counted over all
        warnings.simplefilter("ignore")
        return model.recommend_frame(
            part,
            top_k=settings.top_k,
            start=settings.start,
            now=now,
            exclude_seen=settings.exclude_seen,
        )


def _counts(
    model: "Recommender", part: Interactions, table: pd.DataFrame, top_k: int
) -> dict[str, int]:
    """Count what has to be said beside recommendations.

    Returns:
        "rows"; "users" asked about; of these "short": with fewer items than asked for, and "none":
        with no item at all, since they have seen the rest; "unknown": the model knows none of
        their items.
    """
    users = len(part.user_ids)
    lengths = table[USER_ID].value_counts().to_numpy()
    known = model.vocabulary.indices(part.item_ids)[part.item_index] != PADDING
    return {
        "rows": len(table),
        "users": users,
        "short": int((lengths < top_k).sum()),
        "none": users - len(lengths),
        "unknown": int((np.bincount(part.user_index, known) == 0).sum()),
    }


def _facts(
    settings: RecommendationsConfig, run: Run, dataset: Dataset, model: "Recommender", now: float
) -> dict[str, Any]:
    """Return what anybody has to know who meets the file alone, as JSON can hold it."""
    assert model.record is not None  # a saved model has one
    return {
        "model": run.name,
        "made_utc": f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}",
        "made_by": f"HRNN Studio {hrnn.__version__}",
        "recommended": {
            **asdict(settings),  # pyright: ignore[reportArgumentType]
            "log_ends_utc": f"{datetime.fromtimestamp(now, UTC):%Y-%m-%d %H:%M:%S}",
            "history": history_words(run.experiment),
        },
        "log": {
            name: getattr(dataset, name)
            for name in ("id", "name", "made", "interactions", "users", "items", "note", "steps")
        },
        "seed": run.experiment.training.random_state,
        "run": {"id": run.id, "made": run.made, **asdict(run.experiment)},  # pyright: ignore
        "trained_on": model.record.facts,
    }
