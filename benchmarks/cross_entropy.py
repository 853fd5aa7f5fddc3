"""What cross-entropy over 3,500 items costs beside the rest of an epoch.

One epoch of the same generated log at the settings of ``train_speed.py``, on one thread: with
cross-entropy as it is by default (a sample of the catalogue), over the whole catalogue, and with a
loss of one product a target, which stands for the rest. The three take turns.

Prints one JSON object: CPU seconds of an epoch, and what each loss costs in multiples of the rest.
Takes about two minutes.
"""

import json
import time
from statistics import median
from typing import Any

import hrnn
from benchmarks.parts.logs import plain_log
from benchmarks.parts.ours import model
from benchmarks.parts.settings import TRAINING, WINDOW, job
from hrnn.experiment import use_threads

INTERACTIONS, ITEMS, ROUNDS = 100_000, 3_500, 3
LOSSES: dict[str, dict[str, Any]] = {
    "rest": {"loss": "bce", "num_negatives": 0},
    "sampled": {"loss": "cross_entropy", "sampled_items": "auto"},
    "whole": {"loss": "cross_entropy", "sampled_items": None},
}


def epoch_seconds(data: hrnn.Interactions, settings: dict[str, Any]) -> float:
    """Train two epochs; return the CPU seconds of the second."""
    ends: list[float] = []

    def note(record: dict[str, Any], _: object) -> None:
        if record["kind"] == "epoch":
            ends.append(time.process_time())

    recommender = model(job("train"), **settings, epochs=2)
    recommender.train(interactions_ds=hrnn.InteractionsDataset(data), callbacks=[note])
    return ends[1] - ends[0]


def main() -> None:
    """Measure each loss in turn."""
    use_threads(1)
    data = plain_log(INTERACTIONS, ITEMS)
    taken: dict[str, list[float]] = {name: [] for name in LOSSES}
    for _ in range(ROUNDS):
        for name, settings in LOSSES.items():
            taken[name].append(epoch_seconds(data, settings))
    rest = median(taken["rest"])
    print(
        json.dumps(
            {
                "data": f"generated, {INTERACTIONS:,} interactions, {ITEMS:,} items, seed 0",
                "settings": {**TRAINING, **WINDOW, "threads": 1},
                "cpu_seconds": {name: round(median(all_), 2) for name, all_ in taken.items()},
                "times_the_rest": {
                    name: round((median(taken[name]) - rest) / rest, 2)
                    for name in ("sampled", "whole")
                },
            }
        )
    )


if __name__ == "__main__":
    main()
