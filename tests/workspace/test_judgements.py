"""Answers of blind tests: kept whoever writes, taken back, and read beside damage."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hrnn.training.config import ExperimentConfig
from workspace.datasets import Dataset
from workspace.home import WorkspaceError
from workspace.importing import import_log
from workspace.judgements import (
    BlindTest,
    Judgement,
    add_judgement,
    has_judgements,
    judgements,
    take_back,
    tally_sentence,
)
from workspace.locks import take_lock
from workspace.runs import Run, create_run

ROOT = Path(__file__).parents[2]
POPULARITY = BlindTest("popularity", 5, exclude_seen=False)

# Answers a hundred times, as a visit in an app of its own would.
VISIT = """
import sys
from tests.workspace.test_judgements import answer
from workspace.runs import open_run
run = open_run("local", sys.argv[1])
for number in range(100):
    answer(run, user=f"{sys.argv[2]}-{number}")
"""


@pytest.fixture
def run(home: Path, small_log: Path) -> Run:
    dataset: Dataset = import_log("local", small_log, "small")
    return create_run(dataset, ExperimentConfig(), "mine")


def answer(run: Run, preferred: str = "first", **facts: object) -> Judgement:
    plain = {
        "test": POPULARITY,
        "names": ("HRNN", "popularity"),
        "seed": 7,
        "user": "ü, \n=1+1",
        "first": ("a", "b"),
        "second": ("b", "c"),
        "first_is_a": True,
        "came_next": "a",
        "preferred": preferred,
    }
    return add_judgement(run, **{**plain, **facts})


def test_an_answer_is_read_back_as_it_was_given(run: Run) -> None:
    assert not has_judgements(run)
    assert judgements(run) == ([], 0)
    made = answer(run)
    assert judgements(run) == ([made], 0)
    assert made.held() == (True, False)
    assert has_judgements(run)


def test_an_answer_can_be_taken_back_and_nothing_is_removed_from_the_file(run: Run) -> None:
    made, other = answer(run), answer(run, "second")
    before = (run.folder / "judgements.jsonl").read_bytes()
    take_back(run, made.id)
    assert judgements(run) == ([other], 0)
    assert (run.folder / "judgements.jsonl").read_bytes().startswith(before)


def test_answers_of_two_visits_at_once_are_all_kept(run: Run) -> None:
    command = [sys.executable, "-c", VISIT, run.id]
    visits = [subprocess.Popen([*command, name], cwd=ROOT) for name in ("one", "other")]
    assert [visit.wait(timeout=60) for visit in visits] == [0, 0]
    kept, damaged = judgements(run)
    assert damaged == 0
    assert {one.user for one in kept} == {f"{v}-{n}" for v in ("one", "other") for n in range(100)}


def test_damaged_lines_are_counted_and_the_others_count(run: Run) -> None:
    first = answer(run)
    path = run.folder / "judgements.jsonl"
    with path.open("ab") as file:
        file.write(b'\xff\xfe\n[1]\n3\n{"id": 1}\n{"undone": []}\n{"half":')
    second = answer(run)  # after a line that a kill left unended
    assert judgements(run) == ([first, second], 6)


def test_an_answer_for_a_run_that_was_deleted_is_a_sentence(run: Run) -> None:
    shutil.rmtree(run.folder)
    with pytest.raises(WorkspaceError, match=r"'mine' was deleted, and its blind tests with it"):
        answer(run)
    assert judgements(run) == ([], 0)
    assert not run.folder.exists()


def test_who_waits_too_long_for_another_visit_is_told(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "workspace.judgements.take_lock", lambda path: take_lock(path, patience_seconds=0.0)
    )
    held = take_lock(run.folder / "judgements.lock")
    assert held is not None
    with held, pytest.raises(WorkspaceError, match="another visit is writing"):
        answer(run)
    assert judgements(run) == ([], 0)


def test_each_pair_of_models_and_each_length_has_a_tally_of_its_own(run: Run) -> None:
    other = BlindTest("session kNN", 10, exclude_seen=True)
    assert tally_sentence(run) is None
    answer(run, "second", test=other, names=("HRNN", "session kNN"))
    assert tally_sentence(run, POPULARITY) is None
    for preferred in ("first", "first", "neither"):
        answer(run, preferred)
    assert "HRNN preferred to popularity in 2 of 2" in str(tally_sentence(run))
    assert "1 undecided" in str(tally_sentence(run, POPULARITY))
    assert "HRNN preferred to session kNN in 0 of 1" in str(tally_sentence(run, other))
