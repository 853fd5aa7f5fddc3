"""The Data page: upload, mapping, samples."""

from pathlib import Path

import pytest

from tests.pages.app import keys, opened, press, texts, upload
from workspace.datasets import Dataset, list_datasets


def test_the_data_page_is_empty_but_for_its_inputs(home: Path) -> None:
    app = opened("data")
    assert not app.metric
    assert not app.error
    assert "upload_file" in keys(app, "file_uploader")


def test_a_sample_is_imported_with_one_click(home: Path) -> None:
    app = opened("data")
    app.button_group(key="sample_pick").set_value("news").run()
    assert not app.exception
    assert [one.name for one in list_datasets("local")] == ["News reading"]
    assert {one.label: one.value for one in app.metric}["Interactions"] == "14.7 k"
    assert app.query_params["log"] == list_datasets("local")[0].id


def test_columns_are_guessed_shown_and_changeable(home: Path) -> None:
    app = upload(opened("data"), b"visitor,sku,stamp,kind\nu1,a,1600000000,x\nu2,b,1600000100,y\n")
    assert app.selectbox(key="map_user").value == "visitor"
    assert app.selectbox(key="map_item").value == "sku"
    assert app.selectbox(key="map_time").value == "stamp"
    app.selectbox(key="map_item").set_value("kind").run()
    press(app, "import_go")
    (made,) = list_datasets("local")
    assert sorted(made.read().item_ids) == ["x", "y"]
    assert {one.label: one.value for one in app.metric}["Items"] == "2"


def test_what_was_chosen_of_a_file_stays_when_its_page_is_left(home: Path) -> None:
    app = upload(opened("data"), b"visitor,product,when,spare\nu,i,1700000000,x\n")
    app.selectbox(key="map_title").set_value("spare").run()
    app.toggle(key="go_on").set_value(False).run()
    app.toggle(key="read_duplicates").set_value(True).run()
    app.switch_page("pages/sessions.py").run()
    app.switch_page("pages/data.py").run()
    chosen = [app.selectbox(key=f"map_{one}").value for one in ("user", "item", "time", "title")]
    assert chosen == ["visitor", "product", "when", "spare"]
    assert not app.toggle(key="go_on").value
    assert app.toggle(key="read_duplicates").value
    assert not app.button(key="import_go").disabled


def test_undecidable_dates_are_asked_before_anything_is_imported(home: Path) -> None:
    log = b"user,item,time\nu1,a,05/04/2024 10:00\nu1,b,06/04/2024 10:10\n"
    app = press(upload(opened("data"), log), "import_go")
    assert list_datasets("local") == []
    assert "Which comes first" in texts(app)
    app.radio(key="map_dayfirst").set_value("month first (March 4)").run()
    press(app, "import_go")
    (made,) = list_datasets("local")
    assert [f"{time:%d %b}" for time in made.read().frame()["TIMESTAMP"]] == ["04 May", "04 Jun"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the file is empty"),
        (b"\x89PNG\r\n\x1a\n0000", "a PNG image"),
        (b"user,item,time\n", "a header and no rows"),
    ],
)
def test_a_file_that_is_no_log_is_a_sentence_and_leaves_the_others(
    dataset: Dataset, content: bytes, words: str
) -> None:
    app = upload(opened("data", log=dataset.id), content)
    assert words in texts(app).replace("\\", "")
    assert "import_go" not in keys(app, "button")
    assert list_datasets("local") == [dataset]
    assert {one.label: one.value for one in app.metric}["Interactions"] == "54"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a,b,c\n1,2,3\n", "No column looks like the user or the item or the time"),
        (b"only\n1\n", "a log needs three"),
    ],
)
def test_a_file_without_usable_columns_is_a_sentence_before_import(
    dataset: Dataset, content: bytes, words: str
) -> None:
    app = upload(opened("data", log=dataset.id), content)
    assert words in texts(app).replace("\\", "")
    assert app.button(key="import_go").disabled


def test_a_log_whose_rows_all_fail_is_a_sentence_after_import(dataset: Dataset) -> None:
    log = b"user,item,time\nu,i,never\nu,j,later\n"
    app = press(upload(opened("data", log=dataset.id), log), "import_go")
    assert "none of 2 rows can be used" in texts(app).replace("\\", "")
    assert list_datasets("local") == [dataset]


def test_a_column_with_two_meanings_cannot_be_imported(home: Path) -> None:
    app = upload(opened("data"), b"user,item,time\nu,i,1\n")
    app.selectbox(key="map_title").set_value("item").run()
    assert "has two meanings" in texts(app)
    assert app.button(key="import_go").disabled


def test_titles_are_not_used_where_that_was_chosen(home: Path) -> None:
    app = upload(opened("data"), b"user,item,time,title\nu,i,1,Hello\n")
    assert app.selectbox(key="map_title").value == "title"
    app.selectbox(key="map_title").set_value("– not used –").run()
    press(app, "import_go")
    assert list_datasets("local")[0].titles() == {}


def test_text_from_outside_is_shown_letter_by_letter(home: Path) -> None:
    name = "![x](http://x.invalid/a.png).csv"
    app = press(upload(opened("data"), b"user,item,time\nu,i,1\n", name), "import_go")
    (heading,) = app.subheader
    assert "![" not in heading.value
    assert heading.value.replace("\\", "").replace("\u2060", "") == name
