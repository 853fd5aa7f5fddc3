"""A full disk or one that cannot be written: it is said, and the last good weights stay."""

import os
import resource
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import pytest
import torch

from hrnn import load
from hrnn.training.checkpoint import read_checkpoint
from hrnn.training.config import ExperimentConfig
from tests.workspace.trainings import (
    UPDATES,
    Wait,
    at_update,
    curve,
    killed_at,
    message,
    new_run,
    of_kind,
    trained,
    weights,
)
from workspace.datasets import Dataset
from workspace.evaluating import run_evaluation
from workspace.evaluations import EvaluationConfig, create_evaluation
from workspace.home import WorkspaceError
from workspace.importing import import_log
from workspace.launcher import Launcher
from workspace.runs import LAST, Run, create_run, list_runs
from workspace.tasks import ACTIVE, State


class Disk(Protocol):
    """What can be filled, and emptied again."""

    def fill(self) -> None: ...
    def free(self) -> None: ...


class SmallDisk:
    """A file system of eight megabytes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)]
        subprocess.run(command, capture_output=True, check=True)

    def fill(self) -> None:
        with (self.folder / "ballast").open("ab", buffering=0) as file:
            for size in (2**16, 2**12, 1):
                try:
                    while True:
                        file.write(b"\0" * size)
                except OSError:
                    continue

    def free(self) -> None:
        (self.folder / "ballast").unlink()

    def make_read_only(self) -> None:
        subprocess.run(["mount", "-o", "remount,ro", str(self.folder)], check=True)

    def make_writable(self) -> None:
        subprocess.run(["mount", "-o", "remount,rw", str(self.folder)], check=True)

    def close(self) -> None:
        subprocess.run(["umount", "--lazy", str(self.folder)], check=True)


class LimitedFiles:
    """Files of this process cannot grow beyond a kilobyte, where no file system can be mounted."""

    def __init__(self) -> None:
        self._limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill(self) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1024, self._limits[1]))

    def free(self) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, self._limits)


def small_disks() -> list[str]:
    """Say what small file systems can be had: none where nobody may mount one."""
    with tempfile.TemporaryDirectory() as folder, suppress(OSError, subprocess.CalledProcessError):
        SmallDisk(Path(folder) / "disk").close()
        return ["tmpfs"]
    return []


#: pytest counts tests for which this is empty among those left out.
SMALL_DISKS = small_disks()


@pytest.fixture
def mounted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SmallDisk]:
    """The home lies on it."""
    disk = SmallDisk(tmp_path / "disk")
    monkeypatch.setenv("HRNN_STUDIO_HOME", str(disk.folder / "home"))
    yield disk
    disk.close()


@pytest.fixture(params=SMALL_DISKS)
def small_disk(mounted: SmallDisk) -> SmallDisk:
    return mounted


@pytest.fixture
def limited_files(home: Path) -> Iterator[LimitedFiles]:
    disk = LimitedFiles()
    yield disk
    disk.free()


@pytest.fixture(params=["limited_files", *["mounted"] * len(SMALL_DISKS)])
def disk(request: pytest.FixtureRequest) -> Disk:
    return request.getfixturevalue(request.param)


@pytest.fixture
def imported(small_log: Path) -> Iterator[Callable[[], Dataset]]:
    threads = torch.get_num_threads()
    yield lambda: import_log("local", small_log, "small")
    torch.set_num_threads(threads)


def interrupted(run: Run) -> Run:
    """Leave what a launcher and a worker that was killed leave beside the rest."""
    (run.folder / "started").touch()
    (run.folder / "lock").write_text("123")
    return run


def test_a_disk_that_is_full_for_a_while_costs_a_run_nothing(
    disk: Disk,
    imported: Callable[[], Dataset],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    dataset = imported()
    whole, run = trained(new_run(dataset)), new_run(dataset)
    capsys.readouterr()
    at_update(monkeypatch, UPDATES + 2, lambda _: disk.fill())
    at_update(monkeypatch, 3 * UPDATES + 2, lambda _: disk.free())
    trained(run)
    assert run.state() == State.FINISHED
    assert curve(run) == curve(whole)
    assert weights(run) == weights(whole)
    assert sum(one["count"] for one in of_kind(run, "update")) == 4 * UPDATES
    assert read_checkpoint(run.folder / LAST)[1]["epoch"] == 4
    said = [one["text"] for one in of_kind(run, "warning")]
    assert len(said) == 1
    assert said[0].startswith("training goes on, but cannot be written down")
    assert said[0] in capsys.readouterr().err


def test_on_a_disk_that_stays_full_the_model_takes_the_room_that_was_set_aside(
    small_disk: SmallDisk, imported: Callable[[], Dataset], monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = imported()
    whole, run = trained(new_run(dataset)), new_run(dataset)
    at_update(monkeypatch, UPDATES + 2, lambda _: small_disk.fill())
    trained(run)
    assert read_checkpoint(run.folder / LAST)[1]["epoch"] == 1
    assert run.state() == State.FINISHED
    assert weights(run) == weights(whole)
    assert load(run.model_folder).record is not None
    assert curve(run) == curve(whole)
    assert not run.report_folder.exists() or not message(run)


def test_a_model_that_cannot_be_written_fails_the_run_and_the_next_one_goes_on(
    limited_files: LimitedFiles, imported: Callable[[], Dataset], monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = imported()
    run, other = new_run(dataset), new_run(dataset)
    with monkeypatch.context() as patch:
        at_update(patch, UPDATES + 2, lambda _: limited_files.fill())
        trained(run)
    limited_files.free()
    assert run.state() == State.FAILED
    assert "make room on the disk. Its last checkpoint stays" in message(run)
    assert not run.has_model()
    assert read_checkpoint(run.folder / LAST)[1]["epoch"] == 1
    assert [one["epoch"] for one in of_kind(run, "epoch")][:1] == [1]
    assert not [path.name for path in run.folder.iterdir() if path.name.startswith(".")]
    assert trained(other).state() == State.FINISHED


def test_a_run_whose_end_cannot_be_written_is_interrupted_and_resumes_to_the_same_curve(
    small_disk: SmallDisk, imported: Callable[[], Dataset], monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = imported()
    whole, run = trained(new_run(dataset)), interrupted(new_run(dataset))
    with monkeypatch.context() as patch:
        for module in ("home", "working", "journal", "training"):  # nothing was set aside
            patch.setattr(f"workspace.{module}.reserve", lambda *_: None)
        at_update(patch, UPDATES + 2, lambda _: small_disk.fill())
        with pytest.raises(WorkspaceError, match="make room on the disk"):
            trained(run)
    assert run.state() == State.INTERRUPTED
    assert not run.has_model()
    assert run.events()
    small_disk.free()
    trained(run)
    assert run.state() == State.FINISHED
    assert curve(run) == curve(whole)
    assert weights(run) == weights(whole)


def test_a_resumed_run_on_a_full_disk_keeps_the_checkpoint_that_it_came_from(
    small_disk: SmallDisk, imported: Callable[[], Dataset]
) -> None:
    run = interrupted(killed_at(new_run(imported()), 2 * UPDATES + 2))
    before = (run.folder / LAST).read_bytes()
    (run.folder / "reserve").unlink()  # of the process that was killed
    small_disk.fill()
    with pytest.raises(WorkspaceError, match="make room on the disk"):
        trained(run)
    assert run.state() == State.INTERRUPTED
    assert (run.folder / LAST).read_bytes() == before


def test_a_worker_on_a_disk_that_fills_up_saves_its_model_and_others_start_when_there_is_room(
    small_disk: SmallDisk, imported: Callable[[], Dataset], wait_for: Wait
) -> None:
    dataset = imported()
    run, other = new_run(dataset, epochs=3000), new_run(dataset)
    launcher = Launcher()
    launcher.start(run)
    wait_for(lambda: len(curve(run)) >= 2)
    small_disk.fill()
    with suppress(WorkspaceError):  # it says so at once, or in its folder
        launcher.start(other)
    launcher.stop(run)
    wait_for(lambda: run.state() not in ACTIVE)
    assert run.state() == State.STOPPED
    assert load(run.model_folder).record is not None
    small_disk.free()
    # It may just be ending for want of room, or wait for its turn, or have begun.
    wait_for(lambda: other.state() != State.STARTING)
    wait_for(lambda: other.state() == State.RUNNING or not other.has_worker())
    if other.state() in (State.QUEUED, State.INTERRUPTED) and not other.has_worker():
        launcher.start(other)
    wait_for(lambda: other.state() not in ACTIVE)
    assert other.state() == State.FINISHED, other.log_tail()


def test_figures_that_cannot_be_written_fail_an_evaluation_and_leave_no_half_of_them(
    limited_files: LimitedFiles, imported: Callable[[], Dataset]
) -> None:
    evaluation = create_evaluation(imported(), EvaluationConfig(baselines=("popularity",)))
    limited_files.fill()
    run_evaluation("local", evaluation.id)
    limited_files.free()
    final = evaluation.final()
    assert evaluation.state() == State.FAILED
    assert final is not None
    assert "make room on the disk" in final["message"]
    assert sorted(path.name for path in evaluation.folder.iterdir()) == [
        "config.json",
        "progress.json",
        "run.json",
    ]


@pytest.fixture(params=SMALL_DISKS if os.geteuid() == 0 else ["permissions"])
def read_only(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Callable[[], None], Callable[[], None]]]:
    """Make the home one that cannot be written, and writable again."""
    if request.param == "tmpfs":  # permissions mean nothing to root
        disk: SmallDisk = request.getfixturevalue("mounted")
        yield disk.make_read_only, disk.make_writable
        return
    home = tmp_path / "home"
    monkeypatch.setenv("HRNN_STUDIO_HOME", str(home))

    def change(mode: int) -> None:
        for path in [home, *home.rglob("*")]:
            path.chmod(path.stat().st_mode & 0o555 | mode)

    yield lambda: change(0), lambda: change(0o200)
    change(0o200)


def test_a_home_that_cannot_be_written_is_a_sentence_and_hides_nothing(
    read_only: tuple[Callable[[], None], Callable[[], None]],
    imported: Callable[[], Dataset],
    small_log: Path,
    wait_for: Wait,
) -> None:
    lock, unlock = read_only
    dataset = imported()
    run = new_run(dataset)
    launcher = Launcher()
    lock()
    with pytest.raises(WorkspaceError, match="cannot be written"):
        create_run(dataset, ExperimentConfig())
    with pytest.raises(WorkspaceError, match="cannot be written"):
        import_log("local", small_log, "again")
    for ask in (launcher.start, launcher.stop, launcher.delete):
        with pytest.raises(WorkspaceError):
            ask(run)
    assert list_runs("local") == [run]
    assert run.state() == State.QUEUED
    unlock()
    launcher.start(run)
    wait_for(lambda: run.state() not in ACTIVE)
    assert run.state() == State.FINISHED
