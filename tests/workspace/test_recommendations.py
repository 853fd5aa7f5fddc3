"""Recommendations for all users are made in a process of their own, part by part."""

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

import hrnn
from hrnn.training.config import ExperimentConfig, TrainConfig
from workspace import recommending
from workspace.datasets import Dataset
from workspace.evaluations import list_evaluations
from workspace.home import WorkspaceError
from workspace.importing import import_log
from workspace.launcher import Launcher
from workspace.recommendations import (
    Recommendations,
    RecommendationsConfig,
    create_recommendations,
    list_recommendations,
    open_recommendations,
)
from workspace.recommending import run_recommendations
from workspace.runs import Run, create_run
from workspace.tasks import STOP, State, Task
from workspace.training import train_run

QUICK = TrainConfig(hidden_units=4, batch_size=2, loss="cross_entropy", epochs=2)


@pytest.fixture
def dataset(home: Path, small_log: Path) -> Dataset:
    return import_log("local", small_log, "small", title_column="title")


def trained(dataset: Dataset, name: str = "mine", **settings: object) -> Run:
    run = create_run(dataset, ExperimentConfig(**{"training": QUICK, **settings}), name)  # pyright: ignore
    train_run(run.owner, run.id)
    return run


def made(dataset: Dataset, run: Run, **settings: object) -> Recommendations:
    job = asked(dataset, run, **settings)
    run_recommendations(job.owner, job.id)
    assert job.state() == State.FINISHED, job.final()
    return job


def asked(dataset: Dataset, run: Run, **settings: object) -> Recommendations:
    config = RecommendationsConfig(run=run.id, **settings)  # pyright: ignore
    return create_recommendations(dataset, run.name, config)


def counts(job: Recommendations) -> dict[str, int]:
    return (job.final() or {})["counts"]


def csv_of(job: Recommendations) -> tuple[str, dict]:
    with zipfile.ZipFile(job.zipped_csv) as zipped:
        assert zipped.namelist() == ["recommendations.csv", "settings.json"]
        text = zipped.read("recommendations.csv").decode("utf-8-sig")
        return text, json.loads(zipped.read("settings.json"))


@pytest.mark.parametrize("model", ["hrnn", "flat_gru", "sasrec"])
def test_everybody_gets_what_the_model_recommends_after_the_whole_log(
    dataset: Dataset, model: str
) -> None:
    run = trained(dataset, model=model)
    job = made(dataset, run, top_k=4, exclude_seen=False)
    table = pq.read_table(job.parquet).to_pandas()
    data = dataset.read()
    expected = hrnn.load(run.model_folder).recommend_frame(
        data, top_k=4, now=data.time_us.max() / 1e6
    )
    assert table["TITLE"].tolist() == [f"Title {item[1:]}" for item in table["ITEM_ID"]]
    pd.testing.assert_frame_equal(table.drop(columns="TITLE"), expected, check_dtype=False)
    assert counts(job)["users"] == 6
    assert counts(job)["rows"] == len(table) == 24


def test_parts_change_nothing(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    run = trained(dataset)
    whole = pq.read_table(made(dataset, run).parquet)
    monkeypatch.setattr(recommending, "_ROWS", 20)  # two users at once
    parted = made(dataset, run)
    assert pq.ParquetFile(parted.parquet).num_row_groups == 3
    again = pq.read_table(parted.parquet)
    scores = [table["SCORE"].to_numpy() for table in (whole, again)]
    np.testing.assert_allclose(*scores, rtol=1e-5)
    assert whole.drop_columns("SCORE").equals(again.drop_columns("SCORE"))
    assert (parted.progress() or {})["of"] == 3
    assert (parted.progress() or {})["step"] == "Recommending to users 5 to 6 of 6"


def test_both_files_say_model_time_settings_log_and_seed(dataset: Dataset) -> None:
    run = trained(dataset, training=TrainConfig(**{**QUICK.plain(), "random_state": 5}))
    job = made(dataset, run, top_k=2, start="new")
    kept = pq.read_schema(job.parquet).metadata
    text, facts = csv_of(job)
    assert facts["model"] == kept[b"model"].decode() == "mine"
    assert facts["made_utc"] == kept[b"made_utc"].decode()
    assert json.loads(kept[b"run"]) == facts["run"]
    late = pq.read_metadata(job.parquet).metadata
    assert json.loads(late[b"counts"]) == facts["counts"] == counts(job)
    assert facts["run"]["id"] == run.id
    assert facts["run"]["training"]["hidden_units"] == 4
    assert facts["seed"] == 5
    assert facts["log"]["name"] == "small"
    assert facts["recommended"]["start"] == "new"
    assert facts["recommended"]["top_k"] == 2
    assert facts["trained_on"]["split"] == "leave-last-out"
    assert hrnn.__version__ in facts["made_by"]
    table = pd.read_csv(io.StringIO(text))
    assert set(table["MODEL"]) == {"mine"}
    assert set(table["MADE_UTC"]) == {facts["made_utc"]}
    other = pq.read_table(job.parquet).to_pandas()
    shared = ["USER_ID", "RANK", "ITEM_ID", "TITLE"]
    pd.testing.assert_frame_equal(table[shared], other[shared], check_dtype=False)
    np.testing.assert_allclose(table["SCORE"], other["SCORE"], rtol=1e-6)


def test_a_list_runs_short_where_a_user_has_seen_the_rest(home: Path) -> None:
    rows = "".join(f"a,i{i},{i * 60}\n" for i in range(4))
    rows += "".join(f"b,i{i},{i * 60}\n" for i in range(3))
    log = import_log("local", f"user,item,time\n{rows}".encode(), "seen")
    job = made(log, trained(log, split="all_rows"), top_k=2, exclude_seen=True)
    assert pq.read_table(job.parquet).select(["USER_ID", "ITEM_ID"]).to_pylist() == [
        {"USER_ID": "b", "ITEM_ID": "i3"}
    ]
    expected = {"left_out": 0, "rows": 1, "users": 2, "short": 1, "none": 1, "unknown": 0}
    assert counts(job) == expected
    assert "TITLE" not in pq.read_schema(job.parquet).names


def test_users_whose_items_nobody_learned_are_counted_and_served(home: Path) -> None:
    rows = "".join(f"u{u},i{i},{u * 7 + i * 60}\n" for u in range(3) for i in range(4))
    log = import_log("local", f"user,item,time\n{rows}late,new,9000\n".encode(), "late")
    run = trained(log, split="temporal")
    job = made(log, run, top_k=2)
    assert counts(job)["unknown"] == 1
    late = pq.read_table(job.parquet).to_pandas().query("USER_ID == 'late'")
    assert late["RANK"].tolist() == [1, 2]


def test_a_run_on_positives_recommends_after_positives_alone(home: Path) -> None:
    rows = "".join(f"u{u},i{i},{u * 7 + i * 60},1\n" for u in range(3) for i in range(5))
    rows += "u0,i0,900,0\nnever,i0,900,0\n"
    log = import_log("local", f"user,item,time,outcome\n{rows}".encode(), "positives")
    run = trained(log, outcomes="positives", split="all_rows")
    job = made(log, run, top_k=5, start="continue")
    assert counts(job)["left_out"] == 1
    assert counts(job)["users"] == 3
    table = pq.read_table(job.parquet).to_pandas()
    own = table.query("USER_ID == 'u0'")
    data = log.read()
    positive = hrnn.load(run.model_folder).recommend_frame(
        data.take(data.outcome > 0).of_user("u0"), top_k=5
    )
    assert own["ITEM_ID"].tolist() == positive["ITEM_ID"].tolist()
    np.testing.assert_allclose(own["SCORE"], positive["SCORE"], rtol=1e-5)


def test_auto_begins_a_session_for_those_whose_last_one_is_over_when_the_log_ends(
    home: Path,
) -> None:
    rows = "".join(f"early,i{i % 3},{i * 60}\nlate,i{i % 3},{90000 + i * 60}\n" for i in range(6))
    log = import_log("local", f"user,item,time\n{rows}".encode(), "auto")
    run = trained(log, split="all_rows")
    tables = {
        start: pq.read_table(made(log, run, start=start).parquet).to_pandas().groupby("USER_ID")
        for start in ("auto", "continue", "new")
    }
    scores = {
        (start, user): part["SCORE"].tolist()
        for start, groups in tables.items()
        for user, part in groups
    }
    assert scores["auto", "early"] == scores["new", "early"] != scores["continue", "early"]
    assert scores["auto", "late"] == scores["continue", "late"] != scores["new", "late"]


def test_nothing_in_the_csv_runs_in_a_spreadsheet_and_parquet_keeps_ids_as_they_are(
    home: Path,
) -> None:
    rows = "".join(f'=cmd{u},"+i{i}, ""x""",{i * 60},@t{i}\n' for u in range(2) for i in range(4))
    log = import_log(
        "local", f"user,item,time,title\n{rows}".encode(), "hostile", title_column="title"
    )
    job = made(log, trained(log, "=HYPERLINK()", split="all_rows"), top_k=2)
    text, facts = csv_of(job)
    for name in ("USER_ID", "ITEM_ID", "TITLE", "MODEL"):
        assert pd.read_csv(io.StringIO(text))[name].str.startswith("'").all(), name
    assert set(pq.read_table(job.parquet)["USER_ID"].to_pylist()) == {"=cmd0", "=cmd1"}
    assert facts["model"] == "=HYPERLINK()"


def test_a_stop_between_parts_leaves_no_file(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = trained(dataset)
    job = asked(dataset, run)
    monkeypatch.setattr(recommending, "_ROWS", 10)  # one user at once
    ask, asked_for = recommending._ask, []

    def stopping(*arguments: object) -> pd.DataFrame:
        asked_for.append(arguments)
        if len(asked_for) == 2:
            (job.folder / STOP).touch()
        return ask(*arguments)  # pyright: ignore

    monkeypatch.setattr(recommending, "_ask", stopping)
    run_recommendations("local", job.id)
    assert len(asked_for) == 2
    assert job.state() == State.STOPPED
    assert "nothing was kept" in (job.final() or {})["message"]
    left = {path.name for path in job.folder.iterdir()}
    assert not any("recommendations" in name for name in left), left


def test_a_worker_makes_them_and_a_run_without_a_model_fails_in_a_sentence(
    dataset: Dataset, done: Callable[[Task], Task]
) -> None:
    run = trained(dataset)
    job = asked(dataset, run)
    done(job)
    assert job.state() == State.FINISHED, job.log_tail()
    assert open_recommendations("local", job.id) == job
    empty = create_run(dataset, ExperimentConfig(training=QUICK), "empty")
    failed = asked(dataset, empty)
    done(failed)
    assert failed.state() == State.FAILED
    assert (failed.final() or {})["message"].startswith("run 'empty' has no model")
    assert not failed.parquet.exists()
    assert [one.id for one in list_recommendations("local")] == [failed.id, job.id]
    assert list_evaluations("local") == []
    with pytest.raises(WorkspaceError, match="it is no recommendations"):
        open_recommendations("local", made_evaluation(dataset))


def made_evaluation(dataset: Dataset) -> str:
    from workspace.evaluations import EvaluationConfig, create_evaluation

    return create_evaluation(dataset, EvaluationConfig()).id


def test_what_is_cancelled_before_it_starts_never_does(dataset: Dataset) -> None:
    run = create_run(dataset, ExperimentConfig(training=QUICK), "empty")
    job = asked(dataset, run)
    Launcher().stop(job)
    assert job.state() == State.CANCELLED


@pytest.mark.parametrize("top_k", [0, 1001])
def test_lists_have_one_to_a_thousand_items(top_k: int) -> None:
    with pytest.raises(hrnn.ConfigError, match="top_k"):
        RecommendationsConfig(run="r", top_k=top_k)
