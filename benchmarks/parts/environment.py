"""The reference, scikit-rec, in a virtual environment of its own."""

import os
import subprocess
import sys
from pathlib import Path

from benchmarks.parts.measuring import ROOT

_CACHE = ROOT / ".benchmarks"
_FOLDER = _CACHE / "reference"
_COMPLETE = _FOLDER / "complete"


def reference_python() -> Path:
    """Return the interpreter that has the reference; the first call makes its environment.

    torch comes first and by its version, as in the Makefile, so that pip takes the small build
    where ``TORCH_INDEX`` says.
    """
    if not _COMPLETE.exists():
        _CACHE.mkdir(exist_ok=True)
        (_CACHE / ".gitignore").write_text("*\n")
        _quietly(sys.executable, "-m", "venv", "--clear", _FOLDER)
        index = os.environ.get("TORCH_INDEX")
        _install("torch==2.13.0", *(("--index-url", index) if index else ()))
        _install("scikit-rec==0.4.2")
        _COMPLETE.touch()
    return _python()


def has_reference() -> bool:
    """Say whether the environment is there already."""
    return _COMPLETE.exists()


def _python() -> Path:
    return _FOLDER / "bin" / "python"


def _install(*what: str) -> None:
    _quietly(_python(), "-m", "pip", "install", "--disable-pip-version-check", *what)


def _quietly(*command: str | Path) -> None:
    """Run a command with its output on stderr."""
    subprocess.run(command, stdout=sys.stderr, check=True)
