"""The reference guide's HRNN against SASRec on MovieLens 1M: honestly, and as the guide does it.

Usage: ``guide_comparison.py FOLDER``, where the folder holds the 575,281 ratings of 4 and 5.

The guide publishes a sampled HR@10 of 0.6812 for its HRNN and 0.88 for SASRec. Its example trains
on all interactions, those that it measures on among them. Here both models, with the guide's
settings and one negative a positive, are trained twice: on all that comes before each user's last
positive, and on everything, the last positive too. All four are asked about the same last
positives, ranked among 100 that the user has nowhere in the log, and among all items.

Prints one JSON object. One training seed; nothing was searched. Takes about half an hour on one
core; ``guide_comparison.py FOLDER EPOCHS`` trains less.
"""

import json
import sys
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.parts.accuracy_data import read_log
from benchmarks.parts.figures import figures
from benchmarks.parts.measuring import cost
from benchmarks.parts.ours import warm_up
from benchmarks.parts.settings import job
from hrnn.evaluation.protocol import measure
from hrnn.evaluation.splits import split_for
from hrnn.experiment import make_model, use_threads
from hrnn.recommend.base import Recommender
from hrnn.training.config import ExperimentConfig, ModelName, TrainConfig
from hrnn.training.roles import TRAIN, VALID

PUBLISHED = {"hrnn": 0.6812, "sasrec": 0.88}
EPOCHS = 100
K = 10
_GUIDE = TrainConfig(
    loss="bce",
    num_negatives=1,
    hidden_units=50,
    learning_rate=0.001,
    batch_size=128,
    max_sessions=15,
    max_session_len=30,
    random_state=0,
)
#: SASRec's own paper has two blocks, and reads the last 200 interactions of this log.
SETTINGS: dict[ModelName, TrainConfig] = {
    "hrnn": _GUIDE,
    "sasrec": replace(_GUIDE, num_layers=2, max_sessions=1, max_session_len=200),
}


def main() -> None:
    """Train all four, then measure them side by side."""
    use_threads(1)
    warm_up(job("warm_up"))
    epochs = int(sys.argv[2]) if len(sys.argv) > 2 else EPOCHS
    log = read_log(sys.argv[1])
    split = split_for(log.data, log.cut)
    known, role = split.known()
    rows = {
        "honest": (known, np.where(role == VALID, TRAIN, role)),
        "leaky": (split.data, np.full(len(split.data), TRAIN, np.int8)),
    }
    models: dict[str, Recommender] = {}
    seconds: dict[str, Any] = {}
    for kind, training in SETTINGS.items():
        experiment = ExperimentConfig.of(log.cut, replace(training, epochs=epochs), kind)
        for way, (data, roles) in rows.items():
            model = make_model(experiment)
            with cost() as spent:
                model.fit(data, roles, split=way)
            models[f"{kind}, {way}"], seconds[f"{kind}, {way}"] = model, round(spent.cpu)
            print(kind, way, seconds, file=sys.stderr, flush=True)
    found = {}
    for ranking in ("sampled", "full"):
        report = measure(models, split, ranking=ranking, k=(K,))
        assert report is not None
        found[ranking] = {"heading": report.heading, "value_low_high": figures(report)}
        found["held_out_interactions_trained_on"] = dict(report.trained_on)
    print(
        json.dumps(
            {
                "data": log.name,
                "timeout_minutes": log.cut.timeout_minutes,
                "epochs": epochs,
                "settings": {
                    name: replace(one, epochs=epochs).plain() for name, one in SETTINGS.items()
                },
                "published_sampled_hr_at_10": PUBLISHED,
                "cpu_seconds": seconds,
                **found,
            }
        )
    )


if __name__ == "__main__":
    main()
