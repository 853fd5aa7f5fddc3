"""What the benchmarks ask of the reference; runs in its environment, prints one JSON object.

The release's ``train`` takes no validation set. Its schema would turn TIMESTAMP into text and
drop SESSION_ID, so logs go in without one, with times in whole seconds.
"""

# skrec is in the environment that this runs in.
# pyright: reportMissingImports=false

import json
import logging
from statistics import median
from typing import Any

import numpy as np
import pandas as pd
import torch
from skrec.dataset.interactions_dataset import InteractionsDataset
from skrec.dataset.items_dataset import ItemsDataset
from skrec.estimator.sequential.hrnn_estimator import HRNNClassifierEstimator
from skrec.recommender.sequential.hierarchical_recommender import HierarchicalSequentialRecommender
from skrec.scorer.hierarchical import HierarchicalScorer
from torch.optim.optimizer import register_optimizer_step_post_hook

from benchmarks.parts.measuring import cost, peak_mib, settings_of_part


def model(settings: dict[str, Any]) -> HierarchicalSequentialRecommender:
    """Make the model of some settings, not trained."""
    window = settings["window"]
    estimator = HRNNClassifierEstimator(**settings["training"], **window, device="cpu")
    return HierarchicalSequentialRecommender(
        HierarchicalScorer(estimator), **window, session_timeout_minutes=settings["timeout_minutes"]
    )


def train(settings: dict[str, Any]) -> dict[str, Any]:
    """Train once through the public ``train``; keep the score of every item where it is wanted."""
    recommender, updates = model(settings), []
    items, log = ItemsDataset(settings["items"]), InteractionsDataset(settings["log"])
    rows = len(log.fetch_data())  # both keep what they read; read before the clock starts
    items.fetch_data()
    register_optimizer_step_post_hook(lambda *_: updates.append(1))
    with cost() as spent:
        recommender.train(items_ds=items, interactions_ds=log)
    answer = {
        "rows": rows,
        "wall": spent.wall,
        "cpu": spent.cpu,
        "peak_mib": peak_mib(),
        "updates": len(updates),
    }
    if settings["scores"]:
        frame = pd.read_parquet(settings["log"])
        scores = recommender.score_items(frame)
        users = np.sort(frame["USER_ID"].unique())  # its rows come in this order, without a name
        ids = scores.columns.to_numpy(str)
        np.savez(settings["scores"], users=users.astype(str), items=ids, scores=scores.to_numpy())
    return answer


def build(settings: dict[str, Any]) -> dict[str, Any]:
    """Cut a log into sessions and make tensors of them, as its ``train`` does."""
    recommender, frame = model(settings), InteractionsDataset(settings["log"]).fetch_data()
    with cost() as cutting:
        sessions = recommender._build_session_sequences(frame)
    estimator = recommender.scorer.estimator
    ids = sorted(frame["ITEM_ID"].unique())
    estimator.item_id_index, estimator.num_items = pd.Index(ids), len(ids)
    with cost() as laying:
        estimator._build_padded_session_tensors(sessions)
    return {"sessions_cpu": cutting.cpu, "tensors_cpu": laying.cpu}


def recommend(settings: dict[str, Any]) -> dict[str, Any]:
    """Train an epoch, then recommend ten items to one user and to all, from a frame."""
    recommender = model(settings)
    recommender.train(interactions_ds=InteractionsDataset(settings["log"]))
    frame = pd.read_parquet(settings["log"])
    one = frame[frame["USER_ID"] == frame["USER_ID"].iloc[0]]
    answer = {}
    for name, asked, times in (("one", one, 20), ("all", frame, 3)):
        walls = []
        for _ in range(times):
            with cost() as spent:
                recommender.recommend(interactions=asked, top_k=10)
            walls.append(spent.wall)
        answer[name] = median(walls)
    return answer


def main() -> None:
    """Do what the settings name."""
    settings = settings_of_part()
    logging.disable(logging.INFO)
    torch.set_num_threads(1)
    task = {"train": train, "build": build, "recommend": recommend}[settings["task"]]
    print(json.dumps(task(settings)))


if __name__ == "__main__":
    main()
