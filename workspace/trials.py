"""Trying a timeout: small runs alike in all else, measured on what validates."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from hrnn.training.config import ExperimentConfig, SplitConfig, TrainConfig
from workspace.datasets import Dataset
from workspace.runs import Run, create_run
from workspace.tasks import State

#: A trial takes so many timeouts at most.
MOST = 7


def create_trial(
    dataset: Dataset, cut: SplitConfig, minutes: Sequence[float], training: TrainConfig
) -> list[Run]:
    """Ask for a run a timeout; all are measured as :func:`trial_cut` says.

    Raises:
        WorkspaceError: the home cannot be written.
    """
    own, runs = trial_cut(cut), []
    for one in minutes:
        experiment = ExperimentConfig.of(replace(own, timeout_minutes=one), training)  # pyright: ignore
        runs.append(create_run(dataset, experiment, f"tried at {one:g} min"))
    return runs


def trial_cut(cut: SplitConfig) -> SplitConfig:
    """Return how a trial cuts a log: leave-last-out, the same rows at any timeout."""
    return replace(cut, split="leave_last_out", measured_on="validation")  # pyright: ignore


def newest_trial(runs: Iterable[Run]) -> dict[float, Run]:
    """Return the runs that differ from the newest one of a trial in nothing but the timeout.

    Args:
        runs: of one log, the newest first.

    Returns:
        Timeout in minutes, ascending → the newest run with it that was not cancelled.
    """
    tried = [run for run in runs if run.tries]
    found: dict[float, Run] = {}
    for run in tried:
        minutes = run.experiment.timeout_minutes
        alike = replace(tried[0].experiment, timeout_minutes=minutes) == run.experiment  # pyright: ignore
        if minutes is not None and alike and run.state() != State.CANCELLED:
            found.setdefault(minutes, run)
    return dict(sorted(found.items()))
