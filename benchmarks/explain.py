"""What an explanation costs: leaving out, gradients, and the fewest sessions.

One user of 15 sessions of 30 interactions, all of them read, and a catalogue of 10,000 items; the
HRNN of 64 units is drawn, not trained, which costs the same. Prints one JSON object, in seconds of
CPU and on the clock, of the median of several calls on one thread.
"""

import json
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
import pandas as pd

import hrnn
from benchmarks.parts.measuring import cost
from hrnn.data.vocabulary import Vocabulary
from hrnn.experiment import use_threads
from hrnn.explain.fewest import fewest_sessions
from hrnn.explain.gradients import integrated_gradients
from hrnn.explain.leaving_out import leave_out
from hrnn.explain.scenario import Scenario
from hrnn.training.config import TrainConfig

SESSIONS, LENGTH, ITEMS = 15, 30, 10_000
TIMES = 5


def user_and_model() -> tuple[hrnn.Interactions, hrnn.HierarchicalSequentialRecommender]:
    """Make a long history, and a model that reads all of it."""
    count = SESSIONS * LENGTH
    item = np.random.default_rng(0).integers(ITEMS, size=count)
    day = np.repeat(np.arange(SESSIONS), LENGTH) * 86_400
    frame = pd.DataFrame({"USER_ID": "u", "ITEM_ID": [f"i{one}" for one in item]})
    frame["TIMESTAMP"] = day + np.tile(np.arange(LENGTH) * 60, SESSIONS)
    window: dict[str, Any] = {"max_sessions": SESSIONS, "max_session_len": LENGTH}
    training = TrainConfig(loss="cross_entropy", hidden_units=64, **window)
    model = hrnn.HierarchicalSequentialRecommender.of_training(training, 30, True)
    model.vocabulary = Vocabulary([f"i{one}" for one in range(ITEMS)])
    model.estimator.network_ = model.estimator.make_network(ITEMS)
    return hrnn.read_interactions(frame), model


def main() -> None:
    """Measure each kind of explanation."""
    use_threads(1)
    history, model = user_and_model()
    scenario, item = Scenario.of(model, history), "i5"
    asked: dict[str, Callable[[], Any]] = {
        "leave_out": lambda: leave_out(model, scenario, item),
        "integrated_gradients": lambda: integrated_gradients(model, scenario, item),
        "fewest_sessions": lambda: fewest_sessions(model, scenario),
    }
    found = {}
    for name, ask in asked.items():
        ask()  # what is compiled once, is
        spent = []
        for _ in range(TIMES):
            with cost() as one:
                ask()
            spent.append(one)
        found[name] = {
            "cpu": round(median(one.cpu for one in spent), 3),
            "wall": round(median(one.wall for one in spent), 3),
        }
    told = {"interactions": len(history), "items": ITEMS, "units": 64, "calls": TIMES}
    print(json.dumps(told | {"seconds": found}))


if __name__ == "__main__":
    main()
