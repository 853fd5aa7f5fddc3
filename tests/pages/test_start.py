"""What the app's process holds: what reads a log once there is one, torch once it is needed."""

import subprocess
import sys
from pathlib import Path

from tests.pages.app import LIGHT, ROOT
from workspace.datasets import Dataset
from workspace.runs import Run

READS_AND_DRAWS = {"numpy", "pandas", "pyarrow", "duckdb", "altair"}
LEARNS = {"torch"}

_VISIT = """
import sys
from tests.pages.app import opened
for page in sys.argv[1:]:
    opened(page)
print(*sys.modules)
"""


def loaded_after(*pages: str) -> set[str]:
    """Visit pages in a process of their own; return the names of all modules in it."""
    done = subprocess.run(
        [sys.executable, "-c", _VISIT, *pages], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_the_first_page_of_an_empty_home_loads_nothing_that_reads_or_draws_a_log(
    home: Path,
) -> None:
    loaded = loaded_after("data")
    assert "ui.samples" in loaded
    assert not loaded & (READS_AND_DRAWS | LEARNS)
    assert not {name for name in loaded if name.startswith("hrnn.data")}


def test_no_page_loads_torch_but_those_that_open_a_model(dataset: Dataset, run: Run) -> None:
    assert run.has_model()
    loaded = loaded_after(*LIGHT)
    assert loaded >= READS_AND_DRAWS - {"duckdb"}
    assert not loaded & LEARNS


def test_explore_loads_torch(dataset: Dataset, run: Run) -> None:
    assert "torch" in loaded_after("explore")
