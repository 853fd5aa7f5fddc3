"""How fast a training goes, beside the reference's on the same log.

The reference (scikit-rec 0.4.2, the HRNN of its guide) stands in a virtual environment of its own.
That is made before the clock starts, and what ours compiles once is compiled. Both train through
their public ``train`` on one thread, in turn, three rounds, each training in a process of its own.
An epoch costs what two epochs cost less what one costs, each the median of its rounds, so that
cutting and starting up fall out.

Both keep the last 15 sessions × 30 items of each user and read each of those interactions once an
epoch: ours with ``truncate_training``, since the work would not be the same without. Of them the
reference predicts all but the first of each session, ours all but the first of a session that was
cut; we count what is read, which favours the reference. Both make an update for every 128 users.
Everything else that they share is at the reference's default.

After five epochs each scores all items for each user, and one piece of code ranks the last
interaction of each user, which neither trained on. Neither is told when it happened, since the
reference cannot be: both continue the last session.

Prints one JSON object; ratios above 1 say that ours is that many times as fast. Takes about 8
minutes, of two cores that nobody else uses.
"""

import json
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pandas as pd

import hrnn
from benchmarks.parts.environment import reference_python
from benchmarks.parts.measuring import run_part
from benchmarks.parts.settings import TIMEOUT_MINUTES, TRAINING, WINDOW, job
from hrnn.evaluation.metrics import ndcg, ranks
from hrnn.synthetic import SyntheticConfig, generate

LOG = SyntheticConfig(users=5_000, items=3_000, interactions=500_930, seed=0)
ROUNDS, EPOCHS, K = 3, 5, 10


def write_log(folder: Path) -> tuple[dict[str, str], pd.DataFrame]:
    """Generate the log; write what is trained on, return the files and the held-out rows.

    Times are whole seconds, which is what the reference reads without loss.
    """
    frame = generate(LOG).frame[["USER_ID", "ITEM_ID", "TIMESTAMP"]]
    seconds = frame["TIMESTAMP"].astype("int64") // 10**6
    frame = frame.assign(OUTCOME=1.0, TIMESTAMP=seconds).sort_values(
        ["USER_ID", "TIMESTAMP"], kind="stable"
    )
    last = ~frame["USER_ID"].duplicated(keep="last")
    files = {"log": str(folder / "log.parquet"), "items": str(folder / "items.parquet")}
    frame[~last].to_parquet(files["log"], index=False)
    ids = [f"item{number + 1:03d}" for number in range(LOG.items)]
    pd.DataFrame({"ITEM_ID": ids}).to_parquet(files["items"], index=False)
    return files, frame[last]


def kept(log: str) -> dict[str, int]:
    """Count what the windows keep of a log, and what each library predicts of it."""
    sessions = hrnn.segment(hrnn.read_interactions(log), TIMEOUT_MINUTES)
    from_end = np.concatenate([np.arange(n)[::-1] for n in sessions.per_user.tolist()])
    lengths = sessions.lengths[from_end < WINDOW["max_sessions"]]
    cut = np.minimum(lengths, WINDOW["max_session_len"])
    total = int(cut.sum())
    return {
        "rows": len(sessions.data),
        "sessions": sessions.count,
        "kept": total,
        "kept_sessions": len(cut),
        "predicted_by_ours": total - int((lengths > cut).sum()),
        "predicted_by_reference": total - len(cut),
    }


def ndcg_of(scores: str, held_out: pd.DataFrame) -> float:
    """Rank each held-out item among all, items seen before included; return mean NDCG@10."""
    with np.load(scores) as saved:
        users, items, values = saved["users"], saved["items"], saved["scores"]
    asked = held_out.set_index("USER_ID")["ITEM_ID"].loc[users]
    target = pd.Index(items).get_indexer(pd.Index(asked))
    assert len(users) == len(held_out)
    assert (target >= 0).all()
    return float(ndcg(ranks(values, target), K).mean())


def main() -> None:
    """Make the environment, then race."""
    python = {"ours": sys.executable, "reference": reference_python()}
    with tempfile.TemporaryDirectory() as name:
        files, held_out = write_log(Path(name))
        counts = kept(files["log"])
        run_part("ours", job("warm_up"))
        started = time.monotonic()

        def train(who: str, epochs: int, scores: str = "") -> dict[str, Any]:
            return run_part(who, job("train", epochs, scores=scores, **files), python[who])

        runs = [{who: [train(who, n) for n in (1, 2)] for who in python} for _ in range(ROUNDS)]

        def quality(who: str) -> float:
            scores = f"{name}/{who}.npz"
            train(who, EPOCHS, scores)
            return round(ndcg_of(scores, held_out), 4)

        with ThreadPoolExecutor() as both:  # nothing is timed here
            ndcg_at_k = dict(zip(python, both.map(quality, python), strict=True))
        seconds = time.monotonic() - started

    def trainings(who: str, clock: str) -> list[list[float]]:
        """Seconds of the trainings of one epoch, and of those of two."""
        return [[round(one[who][n][clock], 2) for one in runs] for n in (0, 1)]

    def epoch(who: str, clock: str) -> float:
        one, two = trainings(who, clock)
        return median(two) - median(one)

    def ratio(clock: str) -> float:
        return round(epoch("reference", clock) / epoch("ours", clock), 2)

    figures = {
        who: {
            "epoch_cpu_seconds": round(epoch(who, "cpu"), 2),
            "epoch_wall_seconds": round(epoch(who, "wall"), 2),
            "kept_per_cpu_second": round(counts["kept"] / epoch(who, "cpu")),
            "train_cpu_seconds_of_one_and_two_epochs": trainings(who, "cpu"),
            "peak_mib": round(max(one[who][1]["peak_mib"] for one in runs)),
            "updates_an_epoch": runs[0][who][0]["updates"],
            f"ndcg_at_{K}": ndcg_at_k[who],
        }
        for who in python
    }
    print(
        json.dumps(
            {
                "data": f"generated, {LOG.users:,} users, {LOG.items:,} items, seed {LOG.seed}",
                "split": f"last interaction of each of {len(held_out):,} users held out",
                "ranking": f"full, NDCG@{K} after {EPOCHS} epochs, no time given",
                "pool": f"{LOG.items:,} items",
                "seen": "items seen before included",
                "seed": TRAINING["random_state"],
                "settings": {**TRAINING, **WINDOW, "loss": "bce", "threads": 1},
                "counts": counts,
                "ratio_kept_per_cpu_second": ratio("cpu"),
                "ratio_wall": ratio("wall"),
                **figures,
                "seconds": round(seconds),
            }
        )
    )


if __name__ == "__main__":
    main()
