"""The Python that repeats what is shown of a run: a script that needs hrnn and the log's file.

Whatever comes from outside is put in as a literal of Python (``repr``), never as text of a program.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from inspect import signature
from typing import Any

import hrnn
from hrnn.data.cleaning import CleaningConfig
from hrnn.data.formats import ReadAs
from hrnn.training.config import MODEL_NAMES
from workspace.datasets import Dataset
from workspace.launcher import worker_threads
from workspace.origins import Origin, origin_of
from workspace.runs import Run
from workspace.tasks import State

#: As many items as the Explore page lists.
_TOP_K = 10
_STOPPED = """
The run was ended before its time. This trains to the end, so what comes out differs.
"""
#: Texts that are the same between double quotes.
_PLAIN = re.compile(r"[\w ,./:-]*")


@dataclass(frozen=True)
class Shown:
    """Whose recommendations are shown, and by which choices of the Explore page."""

    user: str
    start: str = "auto"
    exclude_seen: bool = False


def code_that_repeats(dataset: Dataset, run: Run, shown: Shown) -> str:
    """Write the script: read, cut, train, measure, recommend.

    Args:
        dataset: the log.
        run: what was trained on it, measured on "test".
        shown: whose recommendations are shown.

    Raises:
        WorkspaceError, DataError: it is not known any more how the log came about.
    """
    origin, experiment = origin_of(dataset), run.experiment
    measured = experiment.split != "all_rows"
    blocks = [
        _head(run, measured),
        _imports(origin, run),
        _constants(origin, run, shown, measured),
        _reading(origin, run),
        _SEGMENTED,
        _model(run),
        _figures(run) if measured else _TRAINED_ON_ALL,
        (_AFTER_HELD_OUT if measured else _AFTER_ALL).format(start=_start(shown, measured)),
    ]
    return "\n\n".join(block.strip("\n") for block in blocks) + "\n"


def _head(run: Run, measured: bool) -> str:
    whole = (run.final() or {}).get("state") == State.FINISHED
    shown = "figures and recommendations" if measured else "recommendations"
    stopped = "" if whole else _STOPPED
    return f'''"""Repeats what HRNN Studio {hrnn.__version__} shows of a model: {shown}.

    python repeat.py FILE

Python must find the package hrnn: put this file into the studio's folder, or that folder into
PYTHONPATH. On the same machine the numbers are equal to the digit; another processor or number of
threads may change the last ones. Not repeated: titles, what-if edits, and the trained models beside
which a verdict stands.
{stopped}"""'''


def _imports(origin: Origin, run: Run) -> str:
    experiment = run.experiment
    hrnns = []
    if origin.filters:
        hrnns.append("from hrnn.data.cleaning import CleaningConfig, clean")
    if origin.reading.get("read_as", ReadAs()) != ReadAs():
        hrnns.append("from hrnn.data.formats import ReadAs")
    if experiment.outcomes != "as_found":
        hrnns.append("from hrnn.data.outcomes import taken_as")
    if experiment.split != "all_rows":
        hrnns.append("from hrnn.evaluation.splits import make_split")
    if experiment.model != "hrnn":
        hrnns.append("from hrnn.training.config import TrainConfig")
    numpy = "import numpy as np\n" if experiment.split != "all_rows" else ""
    return "\n".join(["import sys\n", f"{numpy}import torch\n", "import hrnn", *hrnns])


def _constants(origin: Origin, run: Run, shown: Shown, measured: bool) -> str:
    experiment = run.experiment
    split = f"SPLIT = {_literal(experiment.split)}\n" if measured else ""
    return f"""
LOG = sys.argv[1] if len(sys.argv) > 1 else {_literal(origin.file)}
USER = {_literal(shown.user)}
TIMEOUT_MINUTES = {experiment.timeout_minutes!r}
USE_SESSION_IDS = {experiment.use_session_ids!r}
CUT = {{"session_timeout_minutes": TIMEOUT_MINUTES, "use_session_ids": USE_SESSION_IDS}}
{split}SETTINGS = {_mapping(experiment.training.plain())}

torch.set_num_threads({worker_threads()})
"""


def _reading(origin: Origin, run: Run) -> str:
    usual = signature(hrnn.read_interactions).parameters
    given = {
        name: _literal(value)
        for name, value in origin.reading.items()
        if name in ("columns", "time_of_day") or value != usual[name].default
    }
    experiment = run.experiment
    lines = [
        "# The log, read as on the Data page.",
        f"data = hrnn.read_interactions({_lines(['LOG', *_named(given)])})",
        "print(data.report.summary())",
    ]
    for number, one in enumerate(origin.filters):
        lines += ["# What was kept of it."] * (number == 0)
        lines.append(f"data = clean(data, {_literal(one)}).data")
    if experiment.outcomes != "as_found":
        least = experiment.positive_from
        lines += [
            "# Outcomes, taken as on the Train page.",
            f"data = taken_as(data, {_literal(experiment.outcomes)}, positive_from={least!r})",
        ]
    return "\n".join(lines)


def _model(run: Run) -> str:
    experiment = run.experiment
    if experiment.model != "hrnn":
        kind = {"flat_gru": "FlatGRU", "sasrec": "SASRec"}[experiment.model]
        return f"model = hrnn.{kind}(TrainConfig(**SETTINGS), **CUT)"
    kind = "Regressor" if experiment.training.loss == "mse" else "Classifier"
    return f"""
model = hrnn.HierarchicalSequentialRecommender(
    hrnn.HierarchicalScorer(hrnn.HRNN{kind}Estimator(**SETTINGS)),
    max_sessions=SETTINGS["max_sessions"],
    max_session_len=SETTINGS["max_session_len"],
    **CUT,
)
"""


def _figures(run: Run) -> str:
    return f"""
# The model and simple ones, trained without what the split holds out, and measured on it.
models = {{
    {_literal(MODEL_NAMES[run.experiment.model])}: model,
    "popularity": hrnn.Popularity(),
    "own popularity": hrnn.OwnPopularity(),
    "co-occurrence": hrnn.CoOccurrence(**CUT),
    "session kNN": hrnn.SessionKNN(**CUT),
}}
report = hrnn.evaluate(models, data, split=SPLIT, ranking="full", exclude_seen=True, seed=0)
print(report.heading)
print(report.table.to_string(index=False))
"""


_SEGMENTED = """
# A gap longer than the timeout starts a new session; session ids decide first, where they are used.
sessions = hrnn.segment(data, TIMEOUT_MINUTES, USE_SESSION_IDS)
print(f"{len(data):,} interactions in {sessions.count:,} sessions")
"""

_TRAINED_ON_ALL = """
# Trained on every row: no figure can be had that is honest.
model.train(interactions_ds=hrnn.InteractionsDataset(data))
"""

_AFTER_HELD_OUT = """
# What comes next for a user, as on the Explore page: after the rows before the first one held out.
split = make_split(SPLIT, data, TIMEOUT_MINUTES, USE_SESSION_IDS)
rows = np.flatnonzero(np.isin(data.user_index, np.flatnonzero(data.user_ids == USER)))
held_out = np.intersect1d(rows, split.test)
history = data.take(rows[rows < held_out[0]] if len(held_out) else rows)
{start}
"""

_AFTER_ALL = """
# What comes next for a user, as on the Explore page.
history = data.of_user(USER)
{start}
"""


def _start(shown: Shown, measured: bool) -> str:
    """Say whether a session begins, as the Explore page takes it, and recommend."""
    start = _literal("continue" if shown.start == "auto" else shown.start)
    if shown.start == "auto" and measured:
        start = '"new" if len(held_out) and split.sessions.opens[held_out[0]] else "continue"'
    asked = f"history, {_TOP_K}, start, exclude_seen={shown.exclude_seen}"
    return (
        f"start = {start}\n"
        f"ranked = model.recommend_frame({asked})\n"
        "print(ranked.to_string(index=False))"
    )


def _literal(value: object) -> str:
    """Write a value as Python: settings by their name and what of them is not the default."""
    if isinstance(value, CleaningConfig | ReadAs):
        own = fields(value)  # pyright: ignore[reportArgumentType]
        given = {one.name: getattr(value, one.name) for one in own}
        changed = {one.name for one in own if given[one.name] != one.default}
        named = {name: _literal(one) for name, one in given.items() if name in changed}
        return f"{type(value).__name__}({_lines(_named(named))})"
    if isinstance(value, str) and _PLAIN.fullmatch(value):
        return f'"{value}"'
    return _mapping(value) if isinstance(value, Mapping) else repr(value)


def _mapping(values: Mapping[str, Any]) -> str:
    return f"{{{_lines([f'{_literal(name)}: {_literal(one)}' for name, one in values.items()])}}}"


def _named(values: Mapping[str, str]) -> list[str]:
    return [f"{name}={code}" for name, code in values.items()]


def _lines(parts: list[str]) -> str:
    """Put the parts of a call or a mapping on lines of their own."""
    if not parts:
        return ""
    return "\n" + "".join(f"    {part.replace(chr(10), chr(10) + '    ')},\n" for part in parts)
