"""What a training costs on the news sample, and what it finds, beside popularity.

Prints one JSON object: data, split, ranking, pool, seen rule and seed with every figure.
"""

import json
import time
from dataclasses import replace
from pathlib import Path

import hrnn
from hrnn.experiment import train_experiment, use_threads
from hrnn.training.config import RECOMMENDED, ExperimentConfig

LOG = Path(__file__).parent.parent / "sample_data" / "news_reading.csv"
COLUMNS = {"USER_ID": "informfully_id", "OUTCOME": "articleAnswer"}
SEEDS = (0, 1, 2)


def measured(data: hrnn.Interactions, seed: int, user_state: str) -> dict:
    """Train once with the recommended settings; return seconds and figures."""
    training = replace(RECOMMENDED, random_state=seed, user_state=user_state)
    started, cpu = time.monotonic(), time.process_time()
    trained = train_experiment(data, ExperimentConfig(training=training))
    seconds, cpu_seconds = time.monotonic() - started, time.process_time() - cpu
    report = trained.measure()
    assert report is not None
    figures = {
        f"{row.MODEL} {row.METRIC}": [round(x, 4) for x in (row.VALUE, row.LOW, row.HIGH)]
        for row in report.table.itertuples()
        if row.METRIC.endswith("@10")
    }
    return {
        "seed": seed,
        "user_state": user_state,
        "training_seconds": round(seconds, 1),
        "training_cpu_seconds": round(cpu_seconds, 1),
        "epochs": len(trained.model.estimator.history_),
        "heading": report.heading,
        "value_low_high": figures,
    }


def main() -> None:
    """Train three seeds, each with a user state and without one."""
    use_threads(1)
    data = hrnn.read_interactions(LOG, COLUMNS)
    runs = [measured(data, seed, state) for seed in SEEDS for state in ("init", "none")]
    print(json.dumps({"data": LOG.name, "timeout_minutes": 30, "runs": runs}))


if __name__ == "__main__":
    main()
