"""What there is to say of a run away from the app, in plain text: figures, verdict, log, cut."""

import re
from ast import literal_eval
from collections.abc import Container, Sequence
from dataclasses import dataclass

import numpy as np

from hrnn.data.interactions import Interactions
from hrnn.data.outcomes import IN_WORDS
from hrnn.errors import HRNNError
from hrnn.evaluation.report import Report
from hrnn.evaluation.verdict import Verdict
from hrnn.training.config import MODEL_NAMES
from ui import curves, live, state
from ui.experiment import settings_table
from ui.verdict import verdict_of
from ui.words import day, minutes, seconds, sentence
from workspace.datasets import Dataset
from workspace.evaluations import decides
from workspace.events import Record
from workspace.runs import Run
from workspace.tasks import State

#: As :func:`repr` quotes a text.
_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")


@dataclass(frozen=True)
class Measured:
    """The figures of a run.

    Attributes:
        report: of the run's model and those beside it.
        lead: what the report calls the run's model.
        verdict: None where nothing was asked that one can be read from.
    """

    report: Report
    lead: str
    verdict: Verdict | None


def measured_of(dataset: Dataset, run: Run) -> Measured | None:
    """Return the figures of a run beside its rivals; else those made right after its training.

    Raises:
        DataError: the figures are damaged, or of an older version.
    """
    for one in state.evaluations_of(dataset):
        if decides(one.settings, run) and one.state() == State.FINISHED:
            report = live.report_in(one.report_folder)
            return Measured(report, next(iter(report.trained_on)), verdict_of(one, report, run))
    if not run.report_folder.exists():
        return None
    return Measured(live.report_in(run.report_folder), MODEL_NAMES[run.experiment.model], None)


def no_figures(run: Run) -> str:
    """Say why a run has no figures."""
    if run.experiment.split == "all_rows":
        return (
            "There are no figures: the model learned from every row, and nothing was held out to"
            " measure it on. Train with another split to get some."
        )
    why = (run.final() or {}).get("message")
    because = f": {why}" if why else ""
    return f"There are no figures of this run{because}. Measure it on the Evaluate page."


def no_verdict(run: Run) -> str:
    """Say why there is no verdict on a run, and how to get one."""
    name = MODEL_NAMES[run.experiment.model]
    if run.experiment.split == "all_rows":
        return (
            "No verdict: nothing was held out from this training. Train with a split that holds"
            " something out, and ask on the Train page."
        )
    if run.tries:
        return "No verdict: this run only tries a setting, measured on validation rows."
    if run.experiment.model != "hrnn":
        return (
            f"No verdict: one is given on an HRNN beside simpler models, and this run trained"
            f" another model, {name}. Train an HRNN and ask on the Train page; the figures below"
            " stand by themselves."
        )
    if not run.report_folder.exists():
        return "No verdict: the run was not measured."
    return (
        'No verdict yet: nobody has asked. "Find out" on the Train page trains a flat GRU with the'
        " same settings and measures simple models beside both; it takes about as long as the"
        " training did."
    )


def log_facts(dataset: Dataset, data: Interactions) -> dict[str, str]:
    """Say what is in a log: what → how much."""
    report = data.report
    first, last = (int(bound(data.time_us)) for bound in (np.min, np.max))
    facts = {
        "Interactions": f"{dataset.interactions:,}",
        "Users": f"{dataset.users:,}",
        "Items": f"{dataset.items:,}",
        "Time": f"{day(first)} to {day(last)}, UTC ({dataset.days:,.0f} days)",
        "Rows rejected": f"{dataset.rejected:,}",
        "Duplicates dropped": f"{report.duplicates:,}",
        "Outcomes": IN_WORDS[report.outcome_mode],
        "Session ids": "none" if data.session_index is None else "in the log",
    }
    if report.format:
        facts["Read from"] = report.format
    return facts


def oddities(data: Interactions, named: bool) -> list[str]:
    """Say what was odd about a log when it was read; ids of users stay away unless named."""
    users = () if named else set(data.user_ids)
    return [sentence(f"{without_ids(one.message, users)}.") for one in data.report.warnings]


def without_ids(text: str, ids: Container[str]) -> str:
    """Replace ids that a text quotes."""

    def said(found: re.Match[str]) -> str:
        return "(an id)" if literal_eval(found[0]) in ids else found[0]

    return _QUOTED.sub(said, text)


def cut_said(run: Run, data: Interactions) -> str:
    """Say what cut the log into sessions, and whether ids decided."""
    timeout, ids = run.experiment.timeout_minutes, data.session_index is not None
    by_gap = f"a gap longer than {minutes(timeout)} starts a new session" if timeout else ""
    if ids and run.experiment.use_session_ids:
        rest = f"; among rows without one, {by_gap}" if by_gap else ""
        return f"The log's session ids decide{rest}."
    unused = " The log has session ids; they were not used." if ids else ""
    return f"{sentence(by_gap)}; one equal to it does not.{unused}"


def training_said(run: Run, records: Sequence[Record]) -> str:
    """Say how a training went and ended."""
    told, final, ended = [], run.final() or {}, run.state()
    if records:
        told.append(f"{live.loss_words(records)}.")
    if (best := curves.best_epoch(records)) is not None and ended == State.STOPPED:
        told.append(f"It was stopped; the weights of epoch {best} are kept.")
    elif best is not None and run.experiment.training.restore_best_weights:
        told.append(f"The weights of epoch {best} are kept.")
    if final.get("message"):
        told.append(f"{sentence(final['message'])}.")
    if "seconds" in final:
        told.append(f"It took {seconds(final['seconds'])}.")
    return " ".join(told) or "Nothing is known of its training."


def settings_of(run: Run) -> list[tuple[str, str]]:
    """Return the settings of a run that have an effect: what → how."""
    table = settings_table({"as": run.experiment})
    rows = zip(table["Setting"], table["as"], strict=True)
    return [(setting, words) for setting, words in rows if words != "–"]


def tried(dataset: Dataset, run: Run) -> tuple[Measured | None, str]:
    """Return the figures of a run, else None and a sentence that says why."""
    try:
        found = measured_of(dataset, run)
    except HRNNError as error:
        return None, f"There are no figures of this run: {error}."
    return found, "" if found else no_figures(run)
