"""What people answered in blind tests of a run: lines that are only ever added, in its folder.

An answer that was taken back stays in the file, and a later line says so. Visits write one after
another, under a lock of the file's own: the run's says whether its worker lives.
"""

import json
import os
import secrets
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from hrnn.evaluation.preference import Preference
from workspace.home import WorkspaceError, now_text
from workspace.locks import take_lock
from workspace.runs import Run

_FILE, _LOCK = "judgements.jsonl", "judgements.lock"
_UNDONE = "undone"


@dataclass(frozen=True)
class BlindTest:
    """What is compared with a run, and how; answers of other tests are counted apart.

    Attributes:
        other: name of a baseline, or id of another run.
        length: items of a list.
        exclude_seen: whether items of the history are left out.
    """

    other: str
    length: int
    exclude_seen: bool


@dataclass(frozen=True)
class Judgement:
    """An answer, with all that is needed to check it later.

    Attributes:
        test: what was compared.
        names: what the run's model and the other were called.
        seed: of the sitting, which drew the users and the sides.
        user: whose list it was about.
        first, second: the items that the run's model and the other recommended.
        first_is_a: whether the first stood on side A.
        came_next: the item that was held out.
        preferred: "first", "second" or "neither".
        made: when.
        id: of the answer.
    """

    test: BlindTest
    names: tuple[str, str]
    seed: int
    user: str
    first: tuple[str, ...]
    second: tuple[str, ...]
    first_is_a: bool
    came_next: str
    preferred: str
    made: str
    id: str

    def held(self) -> tuple[bool, bool]:
        """Say whether the first list, and the second, had what came next."""
        return self.came_next in self.first, self.came_next in self.second


def add_judgement(run: Run, **facts: Any) -> Judgement:
    """Keep an answer; the facts are those of :class:`Judgement` but for time and id.

    Raises:
        WorkspaceError: the run is gone, or the answer cannot be written.
    """
    made = Judgement(**facts, made=now_text(), id=secrets.token_hex(6))
    _append(run, asdict(made))
    return made


def take_back(run: Run, made: str) -> None:
    """Take an answer back, by its id.

    Raises:
        WorkspaceError: the run is gone, or it cannot be written down.
    """
    _append(run, {_UNDONE: made})


def judgements(run: Run) -> tuple[list[Judgement], int]:
    """Return the answers of all blind tests of a run that stand, and how many lines are damaged.

    Raises:
        WorkspaceError: the file cannot be read.
    """
    try:
        lines = (run.folder / _FILE).read_bytes().split(b"\n")
    except FileNotFoundError:
        return [], 0
    except OSError as error:
        raise WorkspaceError(
            f"the answers of blind tests of {run.name!r} cannot be read ({error.strerror})"
        ) from None
    found: dict[str, Judgement] = {}
    undone: set[str] = set()
    damaged = 0
    for line in filter(None, lines):
        try:
            facts = json.loads(line)
            if _UNDONE in facts:
                undone.add(facts[_UNDONE])
            else:
                one = _made_of(facts)
                found[one.id] = one
        except (ValueError, KeyError, TypeError):
            damaged += 1
    return [one for one in found.values() if one.id not in undone], damaged


def has_judgements(run: Run) -> bool:
    """Say whether anybody answered a blind test of a run."""
    return (run.folder / _FILE).exists()


def preference(answers: list[Judgement]) -> Preference:
    """Count the answers of one test."""
    count = Counter(one.preferred for one in answers)
    return Preference.of(count["first"], count["second"], count["neither"])


def tally_sentence(run: Run, test: BlindTest | None = None) -> str | None:
    """Say how a blind test of a run has gone, in plain text; None where nobody has answered.

    Args:
        run: whose test it is.
        test: which one; that with the most answers if None.

    Raises:
        WorkspaceError: the answers cannot be read.
    """
    groups: dict[BlindTest, list[Judgement]] = {}
    for one in judgements(run)[0]:
        groups.setdefault(one.test, []).append(one)
    if not groups:
        return None
    answers = groups.get(test, []) if test else max(groups.values(), key=len)
    return preference(answers).sentence(*answers[-1].names) if answers else None


def _made_of(facts: Mapping[str, Any]) -> Judgement:
    """Make an answer of a line.

    Raises:
        KeyError, TypeError, ValueError: the line holds none.
    """
    plain = {field.name: facts[field.name] for field in fields(Judgement)}
    first_name, second_name = plain["names"]
    plain |= {name: tuple(plain[name]) for name in ("first", "second")}
    if plain["preferred"] not in ("first", "second", "neither"):
        raise ValueError(plain["preferred"])
    return Judgement(
        **{**plain, "test": BlindTest(**plain["test"]), "names": (first_name, second_name)}
    )


def _append(run: Run, facts: Mapping[str, Any]) -> None:
    line = json.dumps(facts, ensure_ascii=False).encode() + b"\n"
    try:
        lock = take_lock(run.folder / _LOCK)
        if lock is None:
            raise WorkspaceError("another visit is writing its answer down; answer again")
        with lock, (run.folder / _FILE).open("ab", buffering=0) as file:
            _add(file.fileno(), run.folder / _FILE, line)
    except FileNotFoundError:
        raise WorkspaceError(
            f"the run {run.name!r} was deleted, and its blind tests with it; choose another"
        ) from None
    except OSError as error:
        raise WorkspaceError(
            f"the answer was not kept ({error.strerror}); make room on the disk and answer again"
        ) from None


def _add(descriptor: int, path: Path, line: bytes) -> None:
    """Add a line to the end of a file, or nothing; one that a kill left unended is ended first."""
    size = os.fstat(descriptor).st_size
    if size:
        with path.open("rb") as file:
            file.seek(size - 1)
            line = line if file.read(1) == b"\n" else b"\n" + line
    try:
        while line:
            line = line[os.write(descriptor, line) :]
        os.fsync(descriptor)
    except OSError:
        os.ftruncate(descriptor, size)
        raise
