"""What the benchmarks ask of our model in a process of its own; prints one JSON object."""

import gc
import json
import time
from typing import Any

import numpy as np
import pandas as pd

import hrnn
from benchmarks.parts.logs import plain_log
from benchmarks.parts.measuring import cost, held_mib, peak_mib, restart_peak, settings_of_part
from hrnn.experiment import use_threads

_FEW = 5_000


def model(settings: dict[str, Any], **more: Any) -> hrnn.HierarchicalSequentialRecommender:
    """Make the model of some settings, not trained."""
    training, window = {**settings["training"], **more}, settings["window"]
    estimator = hrnn.HRNNClassifierEstimator(**training, **window, device="cpu")
    timeout = settings["timeout_minutes"]
    return hrnn.HierarchicalSequentialRecommender(
        hrnn.HierarchicalScorer(estimator), **window, session_timeout_minutes=timeout
    )


def warm_up(settings: dict[str, Any]) -> dict[str, Any]:
    """Train on a few rows, so that what is compiled once, and what torch loads late, is there."""
    model(settings).train(interactions_ds=hrnn.InteractionsDataset(plain_log(_FEW)))
    return {"interactions": _FEW}


def train(settings: dict[str, Any]) -> dict[str, Any]:
    """Train once on windows of histories; keep the score of every item where it is wanted."""
    recommender, epochs = model(settings, truncate_training=True), []
    items, log = hrnn.ItemsDataset(settings["items"]), hrnn.InteractionsDataset(settings["log"])
    rows, _ = len(log.data), items.item_ids  # both are kept; read before the clock starts

    def note(record: dict, trainer: object) -> None:
        if record["kind"] == "epoch":
            epochs.append(record)

    with cost() as spent:
        recommender.train(items_ds=items, interactions_ds=log, callbacks=[note])
    answer = {
        "rows": rows,
        "wall": spent.wall,
        "cpu": spent.cpu,
        "peak_mib": peak_mib(),
        "updates": epochs[-1]["updates"],
    }
    if settings["scores"]:
        scores = recommender.score_items(pd.read_parquet(settings["log"]), start="continue")
        users, ids = scores.index.to_numpy(str), scores.columns.to_numpy(str)
        np.savez(settings["scores"], users=users, items=ids, scores=scores.to_numpy())
    return answer


def grow(settings: dict[str, Any]) -> dict[str, Any]:
    """Train on a log of some size, for one epoch or so long as there is time.

    What comes before the first update is done builds sessions and arrays, and makes one update.
    """
    warm_up(settings)
    data = plain_log(settings["interactions"])
    recommender, log, done = model(settings), hrnn.InteractionsDataset(data), []
    updates = 0

    def note(record: dict, trainer: object) -> bool:
        nonlocal updates
        if record["kind"] == "update":
            done.append(time.process_time())
            updates = record["updates"]
        return done[-1] - done[0] > settings["seconds"]

    gc.collect()
    held = held_mib()
    restart_peak()
    started = time.process_time()
    recommender.train(interactions_ds=log, callbacks=[note])
    update = (done[-1] - done[0]) / (len(done) - 1)
    return {
        "interactions": len(data),
        "users": len(data.user_ids),
        "build_cpu_seconds": done[0] - started - update,
        "epoch_cpu_seconds": update * updates,
        "updates_made": len(done),
        "updates_an_epoch": updates,
        "loaded_mib": held,
        "on_top_mib": peak_mib() - held,
    }


def main() -> None:
    """Do what the settings name."""
    settings = settings_of_part()
    use_threads(1)
    task = {"warm_up": warm_up, "train": train, "grow": grow}[settings["task"]]
    print(json.dumps(task(settings)))


if __name__ == "__main__":
    main()
