"""A task says how it ended, whatever that is."""

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from hrnn.errors import DataError
from hrnn.training.config import ExperimentConfig
from workspace.home import WorkspaceError, reserve, write_folder
from workspace.importing import import_log
from workspace.runs import Run, create_run
from workspace.tasks import State
from workspace.working import why, work


@pytest.fixture
def run(home: Path, small_log: Path) -> Run:
    return create_run(import_log("local", small_log, "small"), ExperimentConfig())


def does(outcome: dict | Exception) -> Callable[[], dict]:
    def do() -> dict:
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return do


def raised_by(do: Callable[[], object]) -> Exception:
    with pytest.raises((RuntimeError, MemoryError)) as found:
        do()
    return found.value


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (DataError("two rows; take more"), "two rows; take more"),
        (MemoryError(), "the machine ran out of memory"),
        (OSError(12, "Cannot allocate memory"), "the machine ran out of memory"),
        (raised_by(lambda: torch.empty(10**15)), "the machine ran out of memory"),
        (raised_by(lambda: np.empty(10**17)), "the machine ran out of memory"),
        (RuntimeError("CUDA out of memory. Tried"), "the machine ran out of memory"),
        (OSError(28, "No space left on device"), "a file could not be read or written"),
        (RuntimeError("size mismatch"), "unexpected RuntimeError: size mismatch"),
        (KeyError("x"), "unexpected KeyError: 'x'"),
    ],
)
def test_what_went_wrong_is_a_sentence_and_a_traceback_only_if_nobody_expected_it(
    error: Exception, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = why(error)
    assert text.startswith(says)
    assert "; " in text
    printed = capsys.readouterr().err
    assert text in printed
    assert ("Error: " in printed.replace(text, "")) == text.startswith("unexpected")


def test_a_task_that_failed_says_what_was_rescued(run: Run) -> None:
    work(run, does(DataError("bad; mend it")), threading.Event(), "", lambda: "One is kept")
    final = run.final()
    assert final is not None
    assert (final["state"], final["message"]) == ("failed", "bad; mend it. One is kept")


def test_a_task_that_went_well_rescues_nothing(run: Run) -> None:
    rescued = []
    done = {"state": State.FINISHED, "message": ""}
    work(run, does(done), threading.Event(), "", lambda: rescued.append(1) or "")
    assert run.state() == State.FINISHED
    assert not rescued


def test_what_failed_is_forgotten_before_anything_is_rescued(run: Run) -> None:
    """Else its memory lacks where the rescue needs it."""

    class Large:
        alive = 0

        def __init__(self) -> None:
            Large.alive += 1

        def __del__(self) -> None:
            Large.alive -= 1

    found = []

    def do() -> dict:
        large = Large()
        raise MemoryError(str(large.alive))

    work(run, do, threading.Event(), "", lambda: str(found.append(Large.alive)))
    assert found == [0]


def test_a_task_that_has_ended_is_not_done_again(run: Run) -> None:
    work(run, does({"state": State.FINISHED}), threading.Event(), "")
    work(run, does(DataError("again")), threading.Event(), "")
    assert run.state() == State.FINISHED


def test_nothing_set_aside_is_left_behind(run: Run) -> None:
    sizes = []

    def do() -> dict:
        sizes.append((run.folder / "reserve").stat().st_blocks * 512)
        return {"state": State.FINISHED}

    work(run, do, threading.Event(), "")
    assert sizes[0] >= 2**16
    assert not (run.folder / "reserve").exists()


def test_room_is_set_aside_and_given_back(tmp_path: Path) -> None:
    def taken() -> int:
        return (tmp_path / "reserve").stat().st_blocks * 512

    for size in (2**16, 2**20, 2**12):
        reserve(tmp_path, size)
        assert size <= taken() < size + 2**14
    reserve(tmp_path, 0)
    reserve(tmp_path, 0)
    assert not (tmp_path / "reserve").exists()
    reserve(tmp_path / "missing", 2**12)  # it is no use where nothing can be written, and no harm


def test_a_folder_is_there_whole_or_as_it_was(tmp_path: Path) -> None:
    def write(text: str, fails: bool = False) -> None:
        def fill(folder: Path) -> None:
            folder.mkdir()
            (folder / text).write_text(text)
            if fails:
                raise WorkspaceError("full")

        write_folder(tmp_path / "model", fill)

    def names() -> list[str]:
        return sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*"))

    write("a")
    assert names() == ["model", "model/a"]
    with pytest.raises(WorkspaceError, match="full"):
        write("b", fails=True)
    assert names() == ["model", "model/a"]
    (tmp_path / ".model").mkdir()
    (tmp_path / ".model" / "half").touch()
    write("c")
    assert names() == ["model", "model/c"]
