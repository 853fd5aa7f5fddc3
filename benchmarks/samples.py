"""What the HRNN finds on two sample logs, beside itself without a user state and the baselines.

Prints one JSON object: data, split, ranking, pool, seen rule and seeds with every figure. The
settings are the recommended ones and were not searched. Takes about half an hour on one core.
"""

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, get_args

import hrnn
from benchmarks.parts.figures import differences, figures
from hrnn.baselines import BASELINES
from hrnn.evaluation.protocol import measure
from hrnn.evaluation.splits import split_for
from hrnn.experiment import make_baseline, make_model, use_threads
from hrnn.recommend.base import Recommender
from hrnn.synthetic import SyntheticConfig, generate
from hrnn.training.config import RECOMMENDED, ExperimentConfig, SplitConfig

LOG = Path(__file__).parent.parent / "sample_data" / "news_reading.csv"
COLUMNS = {"USER_ID": "informfully_id", "OUTCOME": "articleAnswer"}
Split = Literal["leave_last_out", "last_session_out"]
SPLITS: tuple[Split, ...] = get_args(Split)
SEEDS = (0, 1, 2)
STATES = ("init", "none")
K = 10


def measured(data: hrnn.Interactions, name: str, split: Split) -> dict[str, Any]:
    """Train every model on one split of one log; return seconds and figures."""
    cut = SplitConfig(split=split)
    parts = split_for(data, cut)
    models: dict[str, Recommender] = {}
    seconds = {}
    for seed in SEEDS:
        for state in STATES:
            training = replace(RECOMMENDED, random_state=seed, user_state=state)
            model = make_model(ExperimentConfig.of(cut, training))
            started = time.process_time()
            model.fit(*parts.known(), split=parts.name)
            title = f"HRNN {state}, seed {seed}"
            models[title], seconds[title] = model, round(time.process_time() - started, 1)
    for baseline in BASELINES:
        models[baseline] = make_baseline(baseline, cut)
        models[baseline].fit(*parts.known(), split=parts.name)
    report = measure(models, parts, k=(K,))
    first = next(iter(models))
    assert report is not None
    return {
        "data": name,
        "heading": report.heading,
        "counts": dict(report.counts),
        "training_cpu_seconds": seconds,
        "value_low_high": figures(report),
        f"ndcg_at_{K}_ahead_of": differences(report, first, f"NDCG@{K}"),
    }


def main() -> None:
    """Measure both logs on both splits that hold out something of each user."""
    use_threads(1)
    news = hrnn.read_interactions(LOG, COLUMNS)
    generated = hrnn.read_interactions(generate(SyntheticConfig()).frame)
    runs = [
        measured(data, name, split)
        for data, name in ((news, LOG.name), (generated, "generated, 600 users, cause 0.85"))
        for split in SPLITS
    ]
    print(json.dumps({"timeout_minutes": 30, "runs": runs}))


if __name__ == "__main__":
    main()
