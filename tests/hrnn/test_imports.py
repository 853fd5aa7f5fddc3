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


@pytest.mark.parametrize("name", hrnn.__all__)
def test_every_public_name_exists(name):
    assert getattr(hrnn, name).__name__ == name


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'hrnn' has no attribute 'nothing'"):
        _ = hrnn.nothing
