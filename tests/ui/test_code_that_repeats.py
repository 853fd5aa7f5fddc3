"""The script that repeats what is shown runs in a Python of its own, and gives the same numbers."""

import ast
import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import hrnn
from hrnn.data.cleaning import CleaningConfig
from hrnn.data.formats import ReadAs
from hrnn.data.tables import load_text
from hrnn.evaluation.report import Report
from hrnn.explain.ranking import ranked
from hrnn.explain.scenario import Scenario
from hrnn.training.config import ExperimentConfig, TrainConfig
from ui.code_that_repeats import Shown, code_that_repeats
from ui.exploring import scene_of
from workspace.datasets import Dataset, open_dataset
from workspace.filterings import create_filtering
from workspace.importing import import_log
from workspace.imports import ImportConfig, create_import
from workspace.runs import Run, create_run
from workspace.samples import import_sample
from workspace.tasks import State, Task
from workspace.uploads import keep_upload

Done = Callable[[Task], Task]
ROOT = Path(__file__).parents[2]
QUICK = TrainConfig(hidden_units=4, batch_size=8, loss="cross_entropy", epochs=2)
_RUN_IT = """
import runpy, sys
script, out = sys.argv.pop(1), sys.argv.pop(1)
found = runpy.run_path(script, run_name="__main__")
if "report" in found:
    found["report"].table.to_parquet(out + "/figures.parquet")
found["ranked"].to_parquet(out + "/ranked.parquet")
"""


def trained(dataset: Dataset, done: Done, **settings: object) -> Run:
    experiment = ExperimentConfig(**{"training": QUICK, **settings})  # pyright: ignore
    run = create_run(dataset, experiment, "mine")
    done(run)
    assert run.state() == State.FINISHED, run.log_tail()
    return run


def repeated(script: str, folder: Path, *log: Path) -> tuple[str, dict[str, pd.DataFrame]]:
    path = folder / "repeat.py"
    path.write_text(script, encoding="utf-8")
    ended = subprocess.run(
        [sys.executable, "-c", _RUN_IT, str(path), str(folder), *map(str, log)],
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    found = {one.stem: pd.read_parquet(one) for one in folder.glob("*.parquet")}
    return ended.stdout, found


def check_repeats(
    dataset: Dataset, run: Run, folder: Path, *log: Path, shown: Shown | None = None
) -> str:
    """Run the script, and hold figures and list against the run's report and the Explore page."""
    user = dataset.users_by_activity()[0]
    shown = shown or Shown(user)
    script = code_that_repeats(dataset, run, shown)
    printed, found = repeated(script, folder, *log)
    if run.report_folder.exists():
        report = Report.open(run.report_folder)
        table = found["figures"].query("MODEL in @report.table['MODEL']").reset_index(drop=True)
        assert table["VALUE"].tolist() == pytest.approx(
            report.table["VALUE"].tolist(), rel=0, abs=0, nan_ok=True
        )
        pd.testing.assert_frame_equal(table, report.table, rtol=1e-12)  # sums of more columns
        assert report.heading in printed
        assert "session kNN" in printed
    model: Any = hrnn.load(run.model_folder)
    scene = scene_of(dataset, run, model, shown.user)
    scenario = Scenario.of(model, scene.history)
    begins = scene.begins if shown.start == "auto" else shown.start == "new"
    expected = ranked(model, scenario, begins, shown.exclude_seen).head(10)
    assert found["ranked"]["ITEM_ID"].tolist() == expected["ITEM_ID"].tolist()
    assert found["ranked"]["SCORE"].tolist() == pytest.approx(expected["SCORE"].tolist(), rel=1e-4)
    return script


def imported(path: Path, done: Done, name: str | None = None, **settings: object) -> Dataset:
    upload = keep_upload("local", name or path.name, io.BytesIO(path.read_bytes()))
    job = create_import(upload, ImportConfig(**{"columns": {}, **settings}))  # pyright: ignore
    done(job)
    assert job.state() == State.FINISHED, job.final()
    return open_dataset("local", job.id)


def test_a_sample_is_read_where_it_lies_and_its_figures_are_the_same_to_the_digit(
    home: Path, tmp_path: Path, done: Done
) -> None:
    dataset = import_sample("local", "generated")
    run = trained(dataset, done, timeout_minutes=25)
    script = check_repeats(dataset, run, tmp_path)
    assert 'else "sample_data/generated.csv"' in script


@pytest.mark.parametrize(
    ("settings", "shown"),
    [
        ({"model": "flat_gru"}, {"start": "new"}),
        ({"model": "sasrec", "split": "last_session_out"}, {"exclude_seen": True}),
        ({"split": "all_rows"}, {}),
        ({"split": "temporal", "use_session_ids": False}, {}),
        ({"split": "last_session_out", "timeout_minutes": 3}, {"start": "continue"}),
    ],
)
def test_every_model_and_split_is_repeated(
    home: Path, small_log: Path, tmp_path: Path, done: Done, settings: dict, shown: dict
) -> None:
    dataset = import_log("local", small_log, small_log.name)
    run = trained(dataset, done, **settings)
    check_repeats(dataset, run, tmp_path, small_log, shown=Shown("v3", **shown))


def test_a_regressor_on_amounts_is_repeated(home: Path, tmp_path: Path, done: Done) -> None:
    log = tmp_path / "amounts.csv"
    rows = [f"u{u},i{(u + i) % 5},{u * 7 + i * 60},{i + 0.5}" for u in range(6) for i in range(6)]
    log.write_text("who,what,at,amount\n" + "\n".join(rows) + "\n")
    columns = {"USER_ID": "who", "ITEM_ID": "what", "TIMESTAMP": "at", "OUTCOME": "amount"}
    dataset = imported(log, done, columns=columns)
    amounts = TrainConfig(**{**QUICK.plain(), "loss": "mse"})
    run = trained(dataset, done, outcomes="continuous", training=amounts)
    script = check_repeats(dataset, run, tmp_path, log)
    assert "HRNNRegressorEstimator" in script
    assert "RMSE" in set(Report.open(run.report_folder).table["METRIC"])


def test_ids_of_sessions_choices_of_reading_filters_and_outcomes_are_repeated(
    home: Path, tmp_path: Path, done: Done
) -> None:
    lines = []
    for user in range(8):
        for n in range(8):
            when = f"{n + 1:02d}/02/2024 1{user % 10}:{n:02d}"
            session = "" if n == 3 else f"s{user}-{n // 2}"
            lines.append(f"u{user}|i{(user + n) % 6}|{when}|{session}|{1 + (n + user) % 5}|view")
    lines += ["robot|i1|01/02/2024 10:00||5|view", "u1|rare|01/02/2024 09:00||5|buy"] * 2
    log = tmp_path / "odd.txt"
    log.write_text("\n".join(lines) + "\n", encoding="utf-16")
    roles = ("USER_ID", "ITEM_ID", "TIMESTAMP", "SESSION_ID", "OUTCOME")
    whole = imported(
        log,
        done,
        columns={role: f"column_{place}" for place, role in enumerate(roles, 1)},
        dayfirst=False,
        timezone="Europe/Berlin",
        keep_duplicates=True,
        read_as=ReadAs(separator="|", header=False, encoding="utf-16"),
    )
    assert whole.interactions == 68
    kept = CleaningConfig(
        event_column="column_6", events={"view": 1.0, "buy": 4.0}, set_aside=("robot",)
    )
    again = CleaningConfig(min_item_interactions=3, min_user_sessions=2)
    dataset = whole
    for filters in (kept, again):
        job = create_filtering(dataset, filters)
        done(job)
        assert job.state() == State.FINISHED, job.final()
        dataset = open_dataset("local", job.dataset)
    run = trained(dataset, done, outcomes="binary", positive_from=1.0)
    script = check_repeats(dataset, run, tmp_path, log)
    assert script.count("clean(data, CleaningConfig(") == 2
    assert "'robot'" in script


def test_names_from_outside_are_text_in_the_script_and_run_nothing(
    home: Path, tmp_path: Path, done: Done
) -> None:
    stolen = tmp_path / "stolen"
    evil = f"\"\"\"'''\\\nopen({str(stolen)!r}, 'w')\n#\u2028{{USER}}"
    names = [f"{evil}{place}".replace('"', '""') for place in range(3)]
    log = tmp_path / "evil.csv"
    ids = f"u{evil}".replace('"', '""')
    rows = [f'"{ids}{u}",i{(u + n) % 5},{u * 7 + n * 60}' for u in range(5) for n in range(6)]
    head = ",".join(f'"{name}"' for name in names)
    log.write_text(head + "\n" + "\n".join(rows) + "\n", newline="")
    read = load_text(log).names
    assert all("open(" in name for name in read)
    columns = dict(zip(("USER_ID", "ITEM_ID", "TIMESTAMP"), read, strict=True))
    dataset = imported(log, done, name=f"{evil}.csv", columns=columns)
    run = trained(dataset, done)
    user = dataset.users_by_activity()[0]
    assert "open(" in user
    script = check_repeats(dataset, run, tmp_path, log, shown=Shown(user))
    assert not stolen.exists()
    calls = {
        one.func.id
        for one in ast.walk(ast.parse(script))
        if isinstance(one, ast.Call) and isinstance(one.func, ast.Name)
    }
    assert calls <= {"len", "print", "make_split"}
    comments = [line for line in script.splitlines() if line.lstrip().startswith("#")]
    assert not any("open(" in line for line in comments)


def test_a_run_that_was_stopped_says_that_its_numbers_differ(
    home: Path, small_log: Path, done: Done, tmp_path: Path
) -> None:
    dataset = import_log("local", small_log, "small.csv")
    run = trained(dataset, done)
    assert "ended before its time" not in code_that_repeats(dataset, run, Shown("v1"))
    final = run.folder / "run.json"
    final.write_text(final.read_text().replace("finished", "stopped", 1))
    script = code_that_repeats(dataset, run, Shown("nobody"))
    assert "ended before its time" in script
    printed, found = repeated(script, tmp_path, small_log)
    assert "54 of 55 rows kept" in printed
    assert found["ranked"].empty
