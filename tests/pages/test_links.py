"""What a link may hold."""

from pathlib import Path

import pytest

from tests.pages.app import PAGES, keys, opened, texts
from workspace.datasets import Dataset


@pytest.mark.parametrize("page", PAGES[1:])
def test_an_empty_page_says_what_to_do_first_and_links_there(home: Path, page: str) -> None:
    app = opened(page)
    assert "Upload one or pick a sample" in texts(app)
    assert "to_data" in keys(app, "button")
    assert not app.error


def test_an_unknown_log_in_the_link_is_a_sentence(home: Path) -> None:
    app = opened("sessions", log="20200101-000000-abcdef")
    assert "there is no log" in texts(app).lower()


def test_a_path_in_the_link_opens_nothing(dataset: Dataset) -> None:
    app = opened("sessions", log="../../etc")
    assert "is no name of this workspace" in texts(app).replace("\\", "")
