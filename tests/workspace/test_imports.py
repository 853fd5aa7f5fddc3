"""Files on their way to a log: kept, imported by a worker, cancelled, remembered."""

import gzip
import io
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hrnn.data.cleaning import CleaningConfig
from hrnn.errors import DataError
from workspace.datasets import list_datasets, open_dataset
from workspace.evaluations import list_evaluations
from workspace.filterings import Filtering, create_filtering
from workspace.home import WorkspaceError
from workspace.importing import import_log
from workspace.imports import ASK, Import, ImportConfig, create_import, open_import
from workspace.items import add_items
from workspace.launcher import Launcher
from workspace.mappings import recall_mapping, remember_mapping
from workspace.removing import remove_log
from workspace.samples import import_sample
from workspace.tasks import State
from workspace.uploads import keep_upload, local_files, open_upload

Done = Callable[[Import | Filtering], Import | Filtering]
COLUMNS: dict[str, str | None] = {"USER_ID": "visitor", "ITEM_ID": "product", "TIMESTAMP": "when"}


def importing(path: Path, **settings: object) -> Import:
    upload = keep_upload("local", path.name, io.BytesIO(path.read_bytes()))
    return create_import(upload, ImportConfig(**{"columns": COLUMNS, **settings}))  # pyright: ignore


def test_a_worker_imports_what_the_same_call_imports_here(
    home: Path, small_log: Path, done: Done
) -> None:
    job = done(importing(small_log, title_column="title"))
    assert job.state() == State.FINISHED
    made, here = open_dataset("local", job.id), import_log("local", small_log, small_log.name)
    assert made.name == "small.csv"
    assert made.read().table.equals(here.read().table)
    assert made.titles() == here.titles()
    assert list(made.read().report.rejected) == list(here.read().report.rejected)
    assert open_import("local", job.id) == job
    assert list_evaluations("local") == []


def test_an_import_keeps_what_the_log_says_of_its_items(
    home: Path, tmp_path: Path, done: Done
) -> None:
    log = tmp_path / "kinds.csv"
    lines = ["user,item,time,kind,image", "u,a,2024-01-01,,x.png", "u,b,2024-01-02,tea,"]
    log.write_text("\n".join([*lines, "u,a,2024-01-03,jam,"]))
    columns: dict[str, str | None] = {}
    settings = {"category_column": "kind", "picture_column": "image"}
    job = done(importing(log, columns=columns, **settings))
    items = open_dataset("local", job.id).described().select(["item", "category", "picture"])
    assert items.to_pylist() == [
        {"item": "a", "category": "jam", "picture": "x.png"},
        {"item": "b", "category": "tea", "picture": None},
    ]


def test_the_generated_sample_knows_its_themes(home: Path) -> None:
    items = import_sample("local", "generated").described().to_pandas()
    assert items["category"].nunique() == 12
    assert items["title"].notna().all()


def test_an_import_that_cannot_be_done_is_a_sentence_and_leaves_nothing(
    home: Path, tmp_path: Path, done: Done
) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("visitor,product,when\nu,i,never\n")
    job = done(importing(bad))
    assert job.state() == State.FAILED
    assert "none of 1 rows can be used" in (job.final() or {})["message"]
    assert list_datasets("local") == []
    assert not (home / "owners/local/datasets").exists()


def test_undecidable_dates_are_a_question_and_an_answer_imports_them(
    home: Path, tmp_path: Path, done: Done
) -> None:
    log = tmp_path / "dates.csv"
    log.write_text("visitor,product,when\nu,i,03/04/2024\nu,j,05/04/2024\n")
    job = done(importing(log))
    assert (job.final() or {})["message"] == ASK
    assert list_datasets("local") == []
    answered = done(importing(log, dayfirst=False))
    frame = open_dataset("local", answered.id).read().frame()
    assert [f"{time:%d %b}" for time in frame["TIMESTAMP"]] == ["04 Mar", "04 May"]


def test_an_import_that_is_cancelled_before_it_starts_never_does(
    home: Path, small_log: Path
) -> None:
    job = importing(small_log)
    Launcher().stop(job)
    assert job.state() == State.CANCELLED
    assert list_datasets("local") == []


def test_an_import_that_is_cancelled_while_it_runs_leaves_nothing_to_list(
    home: Path, tmp_path: Path, wait_for: Callable[[Callable[[], bool]], None]
) -> None:
    log = tmp_path / "long.csv"  # dates day first are slow: it cannot end before it is stopped
    rows = (f"u{row % 977},p{row % 31},{row % 28 + 1:02d}/03/2024 10:00" for row in range(400_000))
    log.write_text("visitor,product,when\n" + "\n".join(rows))
    job = importing(log)
    Launcher().start(job)
    Launcher().stop(job)
    wait_for(lambda: job.state() == State.STOPPED)
    assert (job.final() or {})["message"] == "it was cancelled, so nothing was kept"
    assert list_datasets("local") == []


def test_a_half_written_log_is_not_listed(home: Path, small_log: Path) -> None:
    made = import_log("local", small_log, "whole")
    half = made.folder.with_name(f".{made.id}")
    half.mkdir()
    (half / "dataset.json").write_bytes((made.folder / "dataset.json").read_bytes())
    assert list_datasets("local") == [made]


def test_duplicates_can_be_kept(home: Path, tmp_path: Path, done: Done) -> None:
    log = tmp_path / "twice.csv"
    log.write_text("visitor,product,when\n" + "u,i,1700000000\n" * 3)
    assert open_dataset("local", done(importing(log)).id).interactions == 1
    kept = open_dataset("local", done(importing(log, keep_duplicates=True)).id)
    report = kept.read().report
    assert (kept.interactions, report.duplicates) == (3, 0)
    assert [one.code for one in report.warnings if "as was asked for" in one.message] == [
        "DUPLICATES"
    ]


def test_a_part_of_a_log_is_a_log_of_its_own(home: Path, small_log: Path, done: Done) -> None:
    whole = import_log("local", small_log, "whole")
    job = done(create_filtering(whole, CleaningConfig(set_aside=("v0", "v1"))))
    part = open_dataset("local", job.id)
    assert (part.name, part.users, part.interactions) == ("whole, filtered", 4, 36)
    assert [step["rows"] for step in part.steps] == [54, 36]
    assert part.titles() == {item: whole.titles()[item] for item in part.read().item_ids}
    again = done(create_filtering(part, CleaningConfig(set_aside=("v2",))))
    assert [step["rows"] for step in open_dataset("local", again.id).steps] == [54, 36, 27]
    assert open_dataset("local", whole.id) == whole


def test_a_filtered_copy_is_not_taken_for_the_sample(home: Path, done: Done) -> None:
    sample = import_sample("local", "news")
    copy = done(create_filtering(sample, CleaningConfig(min_item_interactions=2)))
    assert import_sample("local", "news") == sample
    remove_log(sample)
    again = import_sample("local", "news")
    assert again.id not in (sample.id, copy.id)
    assert again.interactions == sample.interactions


def test_a_part_without_rows_is_a_sentence(home: Path, small_log: Path, done: Done) -> None:
    whole = import_log("local", small_log, "whole")
    job = done(create_filtering(whole, CleaningConfig(min_item_interactions=1000)))
    assert job.state() == State.FAILED
    assert "none is left" in (job.final() or {})["message"]
    assert list_datasets("local") == [whole]


def test_an_items_file_describes_the_items_that_it_knows(home: Path, small_log: Path) -> None:
    made = import_log("local", small_log, "log")
    file = b"id,name,kind\np0,Zero,a\np1,,b\n p2 ,Two,\nother,Other,c\np0,Again,z\n"
    assert add_items(made, file, {"item": "id", "title": "name", "category": "kind"}) == 3
    items = made.described().to_pandas().set_index("item")
    assert items["title"].loc[["p0", "p1", "p2", "p3"]].tolist() == [
        "Zero",
        "Title 1",  # blank in the file: it stays
        "Two",
        "Title 3",
    ]
    assert items["category"].fillna("").loc[["p0", "p1", "p2"]].tolist() == ["a", "b", ""]
    with pytest.raises(DataError, match="none of the log's 7 items"):
        add_items(made, b"id,name\nx,X\n", {"item": "id", "title": "name"})


def test_an_upload_is_kept_on_the_disk_until_it_is_old(home: Path) -> None:
    old = keep_upload("local", "../../etc/passwd", io.BytesIO(b"abc"))
    assert old.path.read_bytes() == b"abc"
    assert old.path.is_relative_to(home)
    assert open_upload("local", old.id, local=False) == old
    long_ago = time.time() - 2 * 24 * 60 * 60
    os.utime(old.path.parent, (long_ago, long_ago))
    new = keep_upload("local", "new", io.BytesIO(b"x"))
    with pytest.raises(WorkspaceError, match="no longer here"):
        _ = old.path
    new.remove()
    with pytest.raises(WorkspaceError, match="choose the file again"):
        open_upload("local", new.id, local=False)


def test_only_files_of_the_declared_folder_are_read(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert local_files() == []
    folder = tmp_path / "logs"
    (folder / "deep").mkdir(parents=True)
    (tmp_path / "secret.csv").write_text("s")
    (folder / "a.csv").write_text("a")
    (folder / "deep" / "b.csv.gz").write_bytes(gzip.compress(b"b"))
    (folder / "link.csv").symlink_to(tmp_path / "secret.csv")
    monkeypatch.setenv("HRNN_STUDIO_FILES", str(folder))
    assert local_files() == ["a.csv", "deep/b.csv.gz"]
    upload = open_upload("local", "a.csv", local=True)
    assert upload.path.read_text() == "a"
    upload.remove()
    assert (folder / "a.csv").exists()
    for name in ("../secret.csv", "link.csv", "/etc/passwd", "none.csv"):
        with pytest.raises(WorkspaceError, match="no file"):
            _ = open_upload("local", name, local=True).path


def test_a_mapping_is_remembered_by_its_header(home: Path) -> None:
    assert recall_mapping("local", ["a", "b"]) is None
    remember_mapping("local", ["a", "b"], {"columns": {"USER_ID": "b"}})
    remember_mapping("local", ["a", "b", "c"], {"columns": {}})
    assert recall_mapping("local", ["a", "b"]) == {"columns": {"USER_ID": "b"}}
    assert recall_mapping("local", ["b", "a"]) is None
    remember_mapping("local", ["a", "b"], {"columns": {"USER_ID": "a"}})
    assert recall_mapping("local", ["a", "b"]) == {"columns": {"USER_ID": "a"}}
