"""Jobs: tasks of several steps that end with something to look at, such as imports."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, TypeVar

from workspace.home import new_folder, now_text, read_json, write_json
from workspace.tasks import CONFIG, Facts, Task, list_tasks, open_task

_PROGRESS = "progress.json"

T = TypeVar("T")
#: Makes something of a job's owner, id and facts.
Make = Callable[[str, str, Facts], T]


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


def create_job(owner: str, job: str, make: Make[T], settings: Any, **facts: Any) -> T:
    """Ask for a job; it is queued until a launcher starts it.

    Args:
        owner: whose it is.
        job: what its settings call it, among the jobs.
        make: makes it of owner, id and facts.
        settings: a dataclass.
        facts: what else is kept with them.

    Raises:
        WorkspaceError: the home cannot be written.
    """
    folder = new_folder(owner, Job.kind)
    kept = {"job": job, "made": now_text(), **facts, "settings": asdict(settings)}
    write_json(folder / CONFIG, kept)
    return make(owner, folder.name, kept)


def open_job(owner: str, job: str, made: str, make: Make[T]) -> T:
    """Find a job by its id; arguments as in :func:`create_job`.

    Raises:
        WorkspaceError: there is none, it is another kind of job, or its settings cannot be read.
    """

    def checked(owner: str, made: str, facts: Facts) -> T:
        if facts.get("job") != job:
            raise ValueError(f"it is no {job}")
        return make(owner, made, facts)

    return open_task(owner, Job.kind, made, checked)


def list_jobs(owner: str, job: str, make: Make[T]) -> list[T]:
    """Return the jobs of a kind whose settings can be read, the newest first."""
    return list_tasks(owner, Job.kind, lambda whose, made: open_job(whose, job, made, make))[0]


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
