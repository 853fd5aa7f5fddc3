"""Programs in processes of their own, and what they cost; the standard library alone.

The reference's environment imports this too.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PARTS = Path(__file__).parent
_POOLS = ("OMP", "MKL", "OPENBLAS", "NUMEXPR")
ONE_THREAD = {f"{pool}_NUM_THREADS": "1" for pool in _POOLS}


@dataclass
class Cost:
    """What a piece of work took.

    Attributes:
        wall: seconds on the clock.
        cpu: seconds of processors, those of children included.
    """

    wall: float = 0.0
    cpu: float = 0.0


@contextmanager
def cost() -> Iterator[Cost]:
    """Measure the work of a ``with`` block; the cost is there when the block ends."""
    spent = Cost()
    wall, cpu = time.perf_counter(), sum(os.times()[:4])
    yield spent
    spent.wall, spent.cpu = time.perf_counter() - wall, sum(os.times()[:4]) - cpu


def peak_mib() -> float:
    """Return the most memory that this process has held, in MiB.

    ``ru_maxrss`` would not do: a process inherits it from the one that started it.
    """
    return _status_kib("VmHWM") / 1024


def held_mib() -> float:
    """Return the memory that this process holds now, in MiB."""
    return _status_kib("VmRSS") / 1024


def restart_peak() -> None:
    """Let :func:`peak_mib` start again from what is held now."""
    Path("/proc/self/clear_refs").write_text("5")


def run_part(
    name: str, settings: dict[str, Any], python: str | Path = sys.executable
) -> dict[str, Any]:
    """Run a program of this folder on one thread; return the JSON object in its last line.

    Args:
        name: of the program.
        settings: given to it as JSON, see :func:`settings_of_part`.
        python: the interpreter, and with it the environment.
    """
    answer = subprocess.run(
        [python, PARTS / f"{name}.py", json.dumps(settings)],
        env=os.environ | ONE_THREAD | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        check=True,
    )
    return json.loads(answer.stdout.splitlines()[-1])


def settings_of_part() -> dict[str, Any]:
    """Return what :func:`run_part` gave to this program."""
    return json.loads(sys.argv[1])


def _status_kib(field: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name == field:
            return int(value.split()[0])
    raise OSError(f"/proc/self/status has no {field}")
