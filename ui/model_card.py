"""A model card: what a trained model is, how good, for whom not, and how to open it; Markdown."""

from collections.abc import Iterable

import pandas as pd

import hrnn
from hrnn.columns import ITEM_ID, TIMESTAMP, USER_ID
from hrnn.data.interactions import Interactions
from hrnn.training.config import MODEL_NAMES
from ui import curves, live, logs
from ui import run_facts as facts
from ui.evaluated import trained_words
from ui.figures import counted, figure, figures_table
from ui.words import literal_in_file as literal
from ui.words import plural, share
from workspace.datasets import Dataset
from workspace.runs import Run

_K = 10
_METRIC = f"NDCG@{_K}"
#: A part of fewer held-out interactions says little by itself.
_LEAST = 30


def model_card(run: Run, dataset: Dataset) -> str:
    """Write the card of a run's model; what is not known is said.

    Args:
        run: of the log.
        dataset: the log.
    """
    measured, missing = facts.tried(dataset, run)
    data = logs.rows_of(dataset.owner, dataset.id)
    records = live.events_of(run)
    name = MODEL_NAMES[run.experiment.model]
    about = {
        "Model": name,
        "Run": f"{run.name} ({run.id})",
        "Trained on": dataset.name,
        "Started": run.made,
        "Made with": f"HRNN Studio {hrnn.__version__}",
        "Weights of": _weights(run, curves.best_epoch(records)),
    }
    parts = [
        f"# {literal(run.name)}",
        _table(about.items()),
        literal(dataset.note),
        "## What it is for",
        *_use(run, dataset),
        "## How good it is",
        *_figures(measured, missing, run),
        "## Where it is weak",
        *_weak(measured),
        "## What it cannot do",
        _list(_limits(run, measured)),
        "## What it was trained on",
        _table(facts.log_facts(dataset, data).items()),
        _list(facts.oddities(data, named=False)),
        literal(facts.cut_said(run, data)),
        literal(trained_words(measured.report, run.experiment.split)) if measured else "",
        "## How it was trained",
        literal(facts.training_said(run, records)),
        _table(facts.settings_of(run)),
        "## How to open it",
        _code(run, data),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _weights(run: Run, best: int | None) -> str:
    if not run.has_model():
        return "there is no model"
    if best is None or not run.experiment.training.restore_best_weights:
        return "the last epoch"
    return f"epoch {best}, which validated best"


def _use(run: Run, dataset: Dataset) -> list[str]:
    """Say what can be asked of the model."""
    training = run.experiment.training
    if training.loss == "mse":
        asks = "It predicts the outcome of an item for a user, and ranks items by it."
    else:
        asks = "It ranks the items that a user may take next, from what the user did before."
    if run.experiment.model == "hrnn":
        reads = (
            f"It reads the last {plural(training.max_sessions, 'session')} of a user, and the last"
            f" {plural(training.max_session_len, 'item')} of each."
        )
    else:
        length = training.max_sessions * training.max_session_len
        reads = f"It reads the last {length:,} interactions of a user as one sequence."
    return [
        literal(
            f"{asks} {reads} It keeps no table of users, so anybody with a history in ids of"
            f" {dataset.name} can be asked about."
        )
    ]


def _figures(measured: facts.Measured | None, missing: str, run: Run) -> list[str]:
    if measured is None:
        return [literal(missing)]
    report = measured.report
    verdict = measured.verdict.sentence if measured.verdict else facts.no_verdict(run)
    seed = run.experiment.training.random_state
    table = figures_table(report, _K).fillna("–")
    told = [*counted(report), *map(str, report.findings)]
    return [
        f"**{literal(verdict)}**",
        literal(f"{run.dataset_name} · {report.heading} (bootstrap), {seed} (training)"),
        _grid(table),
        _list(told),
    ]


def _weak(measured: facts.Measured | None) -> list[str]:
    """Name the parts of the held-out interactions in which the model is worse than in all."""
    if measured is None:
        return ["Not known: nothing was measured."]
    all_in_all, parts = _parts(measured)
    weak = parts[parts["HIGH"] < all_in_all]
    rule = (
        f"Parts of {_LEAST} held-out interactions or more whose whole interval of {_METRIC} lies"
        f" below that of all, {all_in_all:.3f}; each was looked at by itself"
    )
    if weak.empty:
        return [literal(f"{rule}: there are none.")]
    told = [
        f"{one.SLICE}, {one.PART}: {figure(_METRIC, one.VALUE, one.LOW, one.HIGH)},"  # pyright: ignore
        f" {plural(int(one.N), 'interaction')}"  # pyright: ignore
        for one in weak.itertuples()
    ]
    return [literal(f"{rule}:"), _list(told)]


def _parts(measured: facts.Measured) -> tuple[float, pd.DataFrame]:
    """Return what parts are judged by, for all and for each."""
    report, lead = measured.report, measured.lead
    own = report.table[report.table["MODEL"] == lead].set_index("METRIC")["VALUE"]
    slices = report.slices[(report.slices["MODEL"] == lead) & (report.slices["N"] >= _LEAST)]
    return float(own[_METRIC]), slices[slices["METRIC"] == _METRIC]


def _limits(run: Run, measured: facts.Measured | None) -> list[str]:
    """Say what follows from the counts of the figures."""
    told = []
    if run.experiment.split == "all_rows":
        told.append("How well it does what it does is not known: nothing was held out.")
    if measured is None:
        return [*told, "Items that it did not meet in training cannot be recommended."]
    report, counts = measured.report, measured.report.counts
    held = counts["evaluated"] + counts["cold"]
    cold = f": {counts['cold']:,} of {held:,} held-out interactions were with such items"
    told.append(
        "Items that it did not meet in training cannot be recommended"
        + (cold if counts["cold"] else "; none was held out")
        + "."
    )
    for count, noun, words in (
        (counts["too_short"], "user", "had nothing held out: how good it is for them is not known"),
        (counts["tied_last"], "held-out interaction", "tied in time with the one before, so that"
         " the order of the file decided which was held out"),
        (counts["twins"], "row", "equalled one that validates or is held out, and so did no more"
         " than be read"),
    ):  # fmt: skip
        if count:
            told.append(f"{plural(count, noun)} {words}.")
    if counts["seen_before"]:
        again = share(counts["seen_before"] / counts["evaluated"])
        told.append(f"A list without items seen before misses what users go back to: {again} here.")
    if report.leaked:
        told.append("Its figures are leaked: they were measured on rows that were learned from.")
    return told


def _code(run: Run, data: Interactions) -> str:
    """Show how the model is opened and asked about the log that it was trained on."""
    if not run.has_model():
        return "There is no model to open."
    columns = {role: data.report.column_of(role) for role in (USER_ID, ITEM_ID, TIMESTAMP)}
    names = {role: name for role, name in columns.items() if name is not None}
    return "\n".join(
        [
            f"The folder `model` of run {run.id} holds weights (safetensors) and JSON; nothing is",
            "pickled.",
            "",
            "```python",
            "import hrnn",
            "",
            'model = hrnn.load("model")',
            f'data = hrnn.read_interactions("log.csv", columns={names!r})',
            "print(model.recommend_frame(data, top_k=10, exclude_seen=True))",
            "```",
        ]
    )


def _table(facts_of: Iterable[tuple[str, str]]) -> str:
    rows = "\n".join(f"| {literal(what)} | {literal(how)} |" for what, how in facts_of)
    return f"| | |\n|---|---|\n{rows}"


def _grid(frame: pd.DataFrame) -> str:
    head, rule = " | ".join(frame.columns), "|---" * len(frame.columns)
    rows = [" | ".join(map(literal, line)) for line in frame.to_numpy().tolist()]
    return "\n".join([f"| {head} |", f"{rule}|", *(f"| {row} |" for row in rows)])


def _list(told: Iterable[str]) -> str:
    return "\n".join(f"- {literal(one)}" for one in told)
