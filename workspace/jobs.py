"""Jobs: tasks of several steps that end with something to look at, such as imports."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from workspace.home import read_json, write_json
from workspace.tasks import Task

_PROGRESS = "progress.json"


@dataclass(frozen=True)
class Job(Task):
    """A task that says at which of its steps it is."""

    kind: ClassVar[str] = "jobs"

    def progress(self) -> dict[str, Any] | None:
        """Return how far it is: ``done`` steps ``of`` so many, and the ``step`` it is at."""
        return read_json(self.folder / _PROGRESS)

    def fraction(self) -> float:
        """Return the part of its steps that is done."""
        now = self.progress()
        return now["done"] / now["of"] if now else 0.0


def check_job(facts: Mapping[str, Any], job: str) -> None:
    """Raise ValueError if settings are those of another job."""
    if facts.get("job") != job:
        raise ValueError(f"it is no {job}")


class Steps:
    """Writes down how far a job is.

    Args:
        job: whose steps they are.
        count: how many there are.
    """

    def __init__(self, job: Job, count: int) -> None:
        self._path = job.folder / _PROGRESS
        self._done, self._count = -1, count

    def say(self, step: str) -> None:
        """Begin the next step."""
        self._done += 1
        write_json(self._path, {"done": self._done, "of": self._count, "step": step})
