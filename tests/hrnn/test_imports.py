"""What is loaded when: the app's process must hold no torch before it needs a model."""

import subprocess
import sys
from pathlib import Path

import pytest

import hrnn

ROOT = Path(__file__).parent.parent.parent
HEAVY = ("torch", "duckdb", "pandas", "pyarrow", "numpy", "sklearn", "streamlit")


def loaded_after(code: str) -> set[str]:
    """Which of the heavy packages a fresh Python holds after the code."""
    asked = f"import sys\n{code}\nprint(*(set({HEAVY}) & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_import_alone_loads_nothing():
    assert loaded_after("import hrnn") == set()


def test_reading_and_segmenting_load_no_torch():
    code = (
        "import hrnn\n"
        "data = hrnn.read_interactions(b'user,item,time\\nu,a,1\\nu,b,2\\n')\n"
        "assert hrnn.segment(data).count == 1"
    )
    found = loaded_after(code)
    assert "duckdb" in found
    assert not found & {"torch", "streamlit", "sklearn"}


TORCHLESS = (
    "config", "errors", "columns", "arrays", "sessions", "diagnostics", "synthetic",
    "data.datasets", "data.export", "data.keys", "data.report", "data.vocabulary",
    "data.outcomes", "training.config", "training.progress", "training.roles",
    "evaluation.splits", "evaluation.metrics",
)  # fmt: skip


def test_what_the_app_needs_before_there_is_a_model_loads_no_torch():
    """One process for all, since starting Python takes longer than the imports."""
    code = "".join(f"import hrnn.{name}\n" for name in TORCHLESS)
    assert not loaded_after(code) & {"torch", "streamlit", "sklearn"}


def test_taking_outcomes_and_splitting_a_log_load_no_torch():
    code = (
        "import hrnn\n"
        "from hrnn.data.outcomes import find_mode, taken_as\n"
        "from hrnn.evaluation.splits import make_split\n"
        "rows = ''.join(f'u,{n},{n},{n % 3}\\n' for n in range(1, 9))\n"
        "data = hrnn.read_interactions(('user,item,time,outcome\\n' + rows).encode())\n"
        "assert find_mode(data.outcome) == 'continuous'\n"
        "assert len(make_split('leave_last_out', taken_as(data, 'binary')).test) == 1\n"
    )
    assert not loaded_after(code) & {"torch", "streamlit", "sklearn"}


@pytest.mark.parametrize("name", hrnn.__all__)
def test_every_public_name_exists(name):
    assert getattr(hrnn, name).__name__ == name


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'hrnn' has no attribute 'nothing'"):
        _ = hrnn.nothing
