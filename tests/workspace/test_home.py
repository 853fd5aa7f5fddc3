"""Names from outside never become paths; files are whole or not there."""

import json
from pathlib import Path

import pytest

from workspace.home import WorkspaceError, folder_of, new_folder, read_json, write_json


@pytest.mark.parametrize("name", ["..", "a/b", "", "/etc", "A", ".hidden", "a" * 65, "a\n", "\0"])
def test_a_name_that_is_not_ours_never_becomes_a_path(home: Path, name: str) -> None:
    with pytest.raises(WorkspaceError, match="no name of this workspace"):
        folder_of("local", "runs", name)


def test_new_folders_lie_under_the_owner_and_are_distinct(home: Path) -> None:
    first, second = new_folder("local", "runs"), new_folder("local", "runs")
    assert first != second
    assert first.parent == home / "owners" / "local" / "runs"


def test_an_unwritable_home_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("HRNN_STUDIO_HOME", str(tmp_path / "file"))
    with pytest.raises(WorkspaceError, match=r"cannot be written.*HRNN_STUDIO_HOME"):
        new_folder("local", "runs")


def test_a_written_file_is_read_back_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"é": 1})
    assert read_json(tmp_path / "a.json") == {"é": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"old": True})
    with pytest.raises(TypeError):
        write_json(tmp_path / "a.json", {"new": object()})
    assert json.loads((tmp_path / "a.json").read_text()) == {"old": True}


def test_a_broken_file_reads_as_none(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"half":')
    assert read_json(tmp_path / "a.json") is None
    assert read_json(tmp_path / "missing.json") is None
