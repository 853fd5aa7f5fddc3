"""How long an answer takes: the ten best of 3,000 items for one user and for a thousand.

About 100 interactions a user, read as the last 15 sessions × 30 items, hidden 50, one thread, one
epoch trained (the cost does not depend on the weights). Measured from histories that are already
cut into sessions and indexed, from where users stand and one interaction more, from a log already
read, and from a DataFrame; beside them the reference's answer from a DataFrame, where its
environment is there.

Prints one JSON object: medians and 95th percentiles in milliseconds on the clock. Takes about a
minute.
"""

import json
import tempfile
import time
from collections.abc import Callable, Iterable
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import hrnn
from benchmarks.parts.environment import has_reference, reference_python
from benchmarks.parts.measuring import run_part
from benchmarks.parts.ours import model
from benchmarks.parts.settings import TIMEOUT_MINUTES, TRAINING, WINDOW, job
from hrnn.experiment import use_threads
from hrnn.model.histories import Histories
from hrnn.recommend.asking import make_request
from hrnn.recommend.ranking import top_places_of_all
from hrnn.synthetic import SyntheticConfig, generate

LOG = SyntheticConfig(users=1_000, items=3_000, interactions=100_000, seed=0)
K = 10
Recommender = hrnn.HierarchicalSequentialRecommender


def trained(data: hrnn.Interactions) -> Recommender:
    """Train for one epoch."""
    made = model(job("train"))
    items = pd.DataFrame({"ITEM_ID": [f"item{number + 1:03d}" for number in range(LOG.items)]})
    made.train(items_ds=hrnn.ItemsDataset(items), interactions_ds=hrnn.InteractionsDataset(data))
    return made


def cut_and_indexed(recommender: Recommender, data: hrnn.Interactions) -> Histories:
    """Return histories as the scorer reads them."""
    asked = make_request(data, "continue", None, TIMEOUT_MINUTES, recommender.vocabulary)
    return recommender.histories(asked)


def answer(recommender: Recommender, histories: Histories) -> np.ndarray:
    """Return the places of the best items of each user."""
    scores = recommender.scorer.score(histories, np.zeros(histories.users, bool))
    return top_places_of_all(scores, K)


def going_on(recommender: Recommender, histories: Histories) -> Callable[[Any], object]:
    """Return what goes on by one interaction of every user and answers anew."""
    scorer, same = recommender.scorer, np.zeros(histories.users, bool)
    standing, items = scorer.stand(histories), np.ones(histories.users, np.int64)

    def step(_: Any) -> object:
        nonlocal standing
        standing = scorer.advance(standing, items, same)
        return top_places_of_all(scorer.score_from(standing, same), K)

    return step


def timed(do: Callable[[Any], object], cases: Iterable[Any], times: int) -> dict[str, float]:
    """Do something many times, to one case after the other; return milliseconds."""
    taken = []
    for case in islice(cycle(cases), times + 1):
        started = time.perf_counter()
        do(case)
        taken.append((time.perf_counter() - started) * 1e3)
    middle, high = np.percentile(taken[1:], [50, 95])  # the first one warms up
    return {"median": round(float(middle), 2), "p95": round(float(high), 2)}


def of_reference(frame: pd.DataFrame) -> dict[str, float] | None:
    """Let the reference answer from a frame; None where its environment is not there."""
    if not has_reference():
        return None
    seconds = frame["TIMESTAMP"].astype("int64") // 1_000_000
    with tempfile.TemporaryDirectory() as name:
        log = str(Path(name) / "log.parquet")
        frame.assign(TIMESTAMP=seconds, OUTCOME=1.0).to_parquet(log, index=False)
        seconds_taken = run_part("reference", job("recommend", log=log), reference_python())
    return {name: round(value * 1e3, 1) for name, value in seconds_taken.items()}


def main() -> None:
    """Time one user and all of them, from each kind of history."""
    use_threads(1)
    frame = generate(LOG).frame[["USER_ID", "ITEM_ID", "TIMESTAMP"]]
    data = hrnn.read_interactions(frame)
    recommender = trained(data)
    some = data.user_ids[:: LOG.users // 50]
    logs = [data.of_user(user) for user in some]
    frames = [frame[frame["USER_ID"] == user].reset_index(drop=True) for user in some]

    def cut(histories: Histories) -> object:
        return answer(recommender, histories)

    def whole(log: Any) -> object:
        return recommender.recommend(log, top_k=K, start="continue")

    print(
        json.dumps(
            {
                "data": f"generated, {LOG.users:,} users, {len(data):,} interactions, seed 0",
                "pool": f"{LOG.items:,} items",
                "seen": "items seen before included",
                "settings": {**TRAINING, **WINDOW, "top_k": K, "threads": 1},
                "milliseconds": {
                    "one_user": {
                        "cut_and_indexed": timed(
                            cut, [cut_and_indexed(recommender, one) for one in logs], 300
                        ),
                        "one_interaction_more": timed(
                            going_on(recommender, cut_and_indexed(recommender, logs[0])),
                            [None],
                            300,
                        ),
                        "log": timed(whole, logs, 100),
                        "frame": timed(whole, frames, 50),
                    },
                    f"{LOG.users}_users": {
                        "cut_and_indexed": timed(cut, [cut_and_indexed(recommender, data)], 15),
                        "one_interaction_more": timed(
                            going_on(recommender, cut_and_indexed(recommender, data)), [None], 15
                        ),
                        "log": timed(whole, [data], 5),
                        "frame": timed(whole, [frame], 5),
                    },
                    "reference_frame": of_reference(frame),
                },
            }
        )
    )


if __name__ == "__main__":
    main()
