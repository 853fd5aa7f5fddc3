"""What importing a CSV of 25 million rows (1 GB) costs, and what it does to other tabs.

The log is generated in parts with ``hrnn.synthetic``, each with users of its own, then imported as
the Data page does it: by a job in a process of its own. Meanwhile visits of the Data page are timed
in the app, as they are before it starts. Prints one JSON object. Takes about four minutes and 3 GB
of disk; a number of millions of rows may be given.
"""

import json
import os
import sys
import tempfile
import time
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from benchmarks.app_start import first_page
from benchmarks.parts.studio import App
from hrnn.synthetic import SyntheticConfig, generate
from workspace.datasets import open_dataset
from workspace.home import LOCAL
from workspace.imports import Import, ImportConfig, create_import
from workspace.launcher import Launcher
from workspace.locks import LOCK
from workspace.tasks import ACTIVE
from workspace.uploads import open_upload

MILLIONS = 25
PART = SyntheticConfig(users=10_000, items=5_000, interactions=500_000)
_VISITS = 20


def write_log(path: Path, rows: int) -> None:
    """Write a generated log part by part."""
    with path.open("w") as file:
        file.write("user_id,item_id,timestamp\n")
        for part in range(rows // PART.interactions):
            config = SyntheticConfig(
                users=PART.users, items=PART.items, interactions=PART.interactions, seed=part
            )
            frame = generate(config).frame
            times = frame["TIMESTAMP"].dt.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
            made = frame[["USER_ID", "ITEM_ID"]].assign(time=times)
            made["USER_ID"] = f"p{part}" + made["USER_ID"].astype(str)
            made.to_csv(file, header=False, index=False)


def visit(app: App) -> float:
    """Return the milliseconds until the Data page is there."""
    started = time.perf_counter()
    first_page(app.address)
    return 1000 * (time.perf_counter() - started)


def peak_mib(job: Import) -> float:
    """Return the most memory that a job's worker has held; 0 before it lives and after."""
    try:
        status = Path(f"/proc/{(job.folder / LOCK).read_text()}/status").read_text()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in status.splitlines() if "VmHWM" in line), 0)


def told(visits: list[float]) -> dict[str, Any]:
    """Return median and 95th percentile."""
    return {
        "visits": len(visits),
        "p50": round(median(visits)),
        "p95": round(quantiles(visits, n=20)[-1]),
    }


def main() -> None:
    """Import one log while the app is visited."""
    rows = int(float(sys.argv[1] if len(sys.argv) > 1 else MILLIONS) * 1e6)
    with tempfile.TemporaryDirectory() as folder:
        files, home = Path(folder) / "files", Path(folder) / "home"
        files.mkdir()
        os.environ |= {"HRNN_STUDIO_FILES": str(files), "HRNN_STUDIO_HOME": str(home)}
        write_log(files / "log.csv", rows)
        with App("app.py", home) as app:
            idle = [visit(app) for _ in range(_VISITS + 1)][1:]
            upload = open_upload(LOCAL, "log.csv", local=True)
            job = create_import(upload, ImportConfig(columns={}))
            peak, busy, steps = 0.0, list[float](), dict[str, float]()
            started = time.perf_counter()
            Launcher().start(job)
            while job.state() in ACTIVE:
                busy.append(visit(app))
                peak = max(peak, peak_mib(job))
                step = (job.progress() or {}).get("step", "Starting")
                steps.setdefault(step, round(time.perf_counter() - started, 1))
                time.sleep(0.1)
            seconds = time.perf_counter() - started
        final, size = job.final() or {}, (files / "log.csv").stat().st_size
        dataset = open_dataset(LOCAL, job.dataset)
    print(
        json.dumps(
            {
                "data": f"generated, {rows:,} rows, {size / 1e9:.2f} GB of CSV, seeds 0 and on",
                "state": final.get("state"),
                "seconds": round(seconds, 1),
                "seconds_until_step": steps,
                "worker_peak_mib": round(peak),
                "kept": dataset.interactions,
                "users": dataset.users,
                "items": dataset.items,
                "visit_milliseconds": {"idle": told(idle), "importing": told(busy)},
            }
        )
    )


if __name__ == "__main__":
    main()
