"""How the cost of a training grows with the log.

Logs of 0.1, 1 and 10 million interactions, about 100 a user and 6 a session, 3,000 items, each in
a process of its own on one thread: CPU seconds to build sessions and training arrays from a loaded
log, and CPU seconds an interaction of one epoch, at the settings of ``train_speed.py`` but without
cutting histories. An epoch that would take over a minute is cut to the updates made in that
time, and its cost is that of those.

Building is all that ``train`` does before its first update: vocabulary, record of rows, sessions,
arrays; what torch loads when a process first trains is loaded by then. Memory is the most that the
process holds in the training, less what it held just before, when the log was loaded with the
arrays of its columns. It is split over the sizes into bytes an interaction (the slope between the
two largest) and the rest, which is model and work space of a batch.

The reference builds its sessions and tensors from the same log of 500,930 interactions.

Prints one JSON object. Takes about 4 minutes.
"""

import json
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.parts.environment import has_reference, reference_python
from benchmarks.parts.logs import plain_log
from benchmarks.parts.measuring import run_part
from benchmarks.parts.settings import TRAINING, WINDOW, job

SIZES = (100_000, 1_000_000, 10_000_000)
COMPARED = 500_930
_SECONDS = 60


def trained(interactions: int, seconds: float) -> dict[str, Any]:
    """Train on a log of a size, so long as there is time."""
    return run_part("ours", job("grow", interactions=interactions, seconds=seconds))


def of_reference() -> dict[str, Any] | None:
    """Let the reference build its tensors; None where its environment is not there."""
    if not has_reference():
        return None
    frame = plain_log(COMPARED).frame()[["USER_ID", "ITEM_ID", "TIMESTAMP", "OUTCOME"]]
    frame["TIMESTAMP"] = frame["TIMESTAMP"].astype("int64") // 1_000_000
    with tempfile.TemporaryDirectory() as name:
        log = str(Path(name) / "log.parquet")
        frame.to_parquet(log, index=False)
        return run_part("reference", job("build", log=log), reference_python())


def rounded(run: dict[str, Any]) -> dict[str, Any]:
    """Return what is said of one size."""
    return {
        "interactions": run["interactions"],
        "users": run["users"],
        "build_cpu_seconds": round(run["build_cpu_seconds"], 3),
        "build_cpu_microseconds_an_interaction": per_interaction(run, "build_cpu_seconds"),
        "epoch_cpu_microseconds_an_interaction": per_interaction(run, "epoch_cpu_seconds"),
        "updates": f"{run['updates_made']:,} of {run['updates_an_epoch']:,}",
        "loaded_mib": round(run["loaded_mib"]),
        "on_top_mib": round(run["on_top_mib"], 1),
    }


def per_interaction(run: dict[str, Any], name: str) -> float:
    """Return a cost in microseconds an interaction."""
    return round(run[name] / run["interactions"] * 1e6, 3)


def main() -> None:
    """Measure each size, then the reference's building beside ours."""
    runs = [trained(size, _SECONDS) for size in SIZES]
    _, middle, large = runs
    more = large["interactions"] - middle["interactions"]
    slope = (large["on_top_mib"] - middle["on_top_mib"]) / more
    ours, theirs = trained(COMPARED, seconds=5), of_reference()
    compared = {"interactions": COMPARED, "ours_cpu_seconds": round(ours["build_cpu_seconds"], 3)}
    if theirs is not None:
        compared["reference_cpu_seconds"] = round(sum(theirs.values()), 2)
    print(
        json.dumps(
            {
                "data": "generated, about 100 interactions a user, 3,000 items, seed 0",
                "settings": {**TRAINING, **WINDOW, "loss": "bce", "threads": 1},
                "sizes": [rounded(run) for run in runs],
                "cost_an_interaction_of_largest_over_middle": {
                    name: round(per_interaction(large, key) / per_interaction(middle, key), 2)
                    for name, key in (
                        ("build", "build_cpu_seconds"),
                        ("epoch", "epoch_cpu_seconds"),
                    )
                },
                "bytes_an_interaction": round(slope * 2**20, 1),
                "work_space_mib": round(middle["on_top_mib"] - slope * middle["interactions"], 1),
                "building": compared,
            }
        )
    )


if __name__ == "__main__":
    main()
