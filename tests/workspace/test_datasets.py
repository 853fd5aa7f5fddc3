"""An imported log is kept whole or not at all."""

from pathlib import Path

import pytest

from hrnn.errors import DataError
from workspace.datasets import list_datasets, open_dataset
from workspace.home import WorkspaceError
from workspace.importing import import_log
from workspace.samples import SAMPLES, import_sample


def test_an_imported_log_is_found_again_with_its_rows_report_and_titles(
    home: Path, small_log: Path
) -> None:
    made = import_log("local", small_log, "mine")
    again = open_dataset("local", made.id)
    assert again == made
    assert (again.interactions, again.users, again.items, again.rejected) == (54, 6, 7, 1)
    data = again.read()
    assert len(data) == 54
    assert [one.line for one in data.report.rejected] == [56]
    assert again.titles() == {f"p{i}": f"Title {i}" for i in range(7)}
    assert sorted(again.users_by_activity()) == [f"v{i}" for i in range(6)]


def test_the_title_of_an_item_is_the_first_one_given(home: Path) -> None:
    log = b"user,item,time,title\nu,a,100,\nu,a,200,First\nu,a,300,Second\nu,b,400,\n"
    assert import_log("local", log, "titles").titles() == {"a": "First"}


def test_users_are_listed_most_active_first(home: Path) -> None:
    log = b"user,item,time\na,x,1\nb,x,2\nb,y,3\nc,x,4\nc,y,5\nc,z,6\n"
    assert import_log("local", log, "users").users_by_activity() == ["c", "b", "a"]


def test_a_log_that_cannot_be_read_leaves_the_others_as_they_were(
    home: Path, small_log: Path
) -> None:
    kept = import_log("local", small_log, "kept")
    before = sorted(path.name for path in kept.folder.parent.iterdir())
    for bad in (b"", b"\x89PNG\r\n", b"a,b,c\n1,2,3\n", b"user,item,time\nu,i,never\n"):
        with pytest.raises(DataError):
            import_log("local", bad, "bad")
    assert sorted(path.name for path in kept.folder.parent.iterdir()) == before
    assert list_datasets("local") == [kept]


def test_a_folder_without_its_last_file_is_no_dataset(home: Path, small_log: Path) -> None:
    made = import_log("local", small_log, "half")
    (made.folder / "dataset.json").unlink()
    assert list_datasets("local") == []
    with pytest.raises(WorkspaceError, match="no log"):
        open_dataset("local", made.id)


@pytest.mark.parametrize("facts", ["{}", "[]", '{"a": 1}', "{"])
def test_broken_facts_hide_only_their_own_dataset(home: Path, small_log: Path, facts: str) -> None:
    good = import_log("local", small_log, "good")
    bad = import_log("local", small_log, "bad")
    (bad.folder / "dataset.json").write_text(facts)
    assert list_datasets("local") == [good]
    with pytest.raises(WorkspaceError, match="no log"):
        open_dataset("local", bad.id)


def test_a_column_that_cannot_name_items_is_refused_before_anything_is_written(
    home: Path, small_log: Path
) -> None:
    with pytest.raises(DataError, match="cannot name the items"):
        import_log("local", small_log, "titles", title_column="product")
    assert list((home / "owners").rglob("*")) == []


def test_missing_vocabularies_say_that_the_log_is_damaged(home: Path, small_log: Path) -> None:
    made = import_log("local", small_log, "vocabularies")
    (made.folder / "users.parquet").unlink()
    with pytest.raises(DataError, match="damaged"):
        made.users_by_activity()


def test_a_damaged_dataset_says_so(home: Path, small_log: Path) -> None:
    made = import_log("local", small_log, "damaged")
    (made.folder / "interactions.parquet").write_bytes(b"PAR1 no more")
    with pytest.raises(DataError, match=r"damaged.*import it again"):
        made.read()


@pytest.mark.parametrize(
    ("key", "counts"),
    [
        ("generated", (40_000, 600, 400)),
        ("news", (14_718, 486, 1_131)),
        ("baskets", (35_994, 300, 2_835)),
    ],
)
def test_each_sample_imports_with_the_counts_of_its_readme(
    home: Path, key: str, counts: tuple[int, int, int]
) -> None:
    made = import_sample("local", key)
    assert (made.interactions, made.users, made.items) == counts
    assert made.rejected == 0
    assert made.note == SAMPLES[key].note
    readme = (Path(__file__).parents[2] / "sample_data" / "README.md").read_text()
    assert all(f"{count:,}" in readme for count in counts)


def test_a_sample_is_imported_once(home: Path) -> None:
    assert import_sample("local", "news") == import_sample("local", "news")
    assert len(list_datasets("local")) == 1
