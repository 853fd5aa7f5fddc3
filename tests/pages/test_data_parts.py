"""The Data page: what was dropped, items, and a part of a log as a log of its own."""

import io
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.app import keys, opened, press, texts, upload
from ui import jobs
from workspace.datasets import Dataset, list_datasets, open_dataset
from workspace.importing import run_import
from workspace.imports import ImportConfig, create_import
from workspace.locks import LOCK, take_lock
from workspace.uploads import keep_upload

SHOP = b"""user,item,time,event,title
u,i,1700000000,view,Apple
u,i,1700000060,buy,Apple
v,j,1700000000,view,Pear
v,j,1700000000,view,Pear
v,i,soon,view,Apple
"""


def viewing(app: AppTest, view: str) -> AppTest:
    app.button_group(key="data_view").set_value(view).run()
    assert not app.exception
    return app


def test_rows_that_each_step_kept_are_counted(home: Path) -> None:
    app = viewing(press(upload(opened("data"), SHOP), "import_go"), "kept")
    (table,) = (one.value for one in app.dataframe if "Step" in one.value.columns)
    assert table["Rows"].tolist() == [5, 4, 3]
    assert table["Dropped"].tolist() == [0, 1, 1]


def test_event_types_are_kept_with_an_outcome_each(home: Path) -> None:
    app = viewing(press(upload(opened("data"), SHOP), "import_go"), "filter")
    whole = list_datasets("local")[0]
    app.selectbox(key="filter_column").set_value("event").run()
    app.number_input(key="filter_min_item_interactions").set_value(2).run()
    press(app, "filter_go")
    part = list_datasets("local")[0]
    assert part.id != whole.id
    assert app.query_params["log"] == part.id
    assert (part.interactions, part.items) == (2, 1)
    viewing(app, "kept")
    (table,) = (one.value for one in app.dataframe if "Step" in one.value.columns)
    assert table["Rows"].tolist() == [5, 4, 3, 3, 2]
    assert "event types view, buy" in table["Step"].tolist()


def test_a_filter_that_leaves_nothing_is_a_sentence(dataset: Dataset) -> None:
    app = viewing(opened("data", log=dataset.id), "filter")
    app.number_input(key="filter_min_user_sessions").set_value(500).run()
    press(app, "filter_go")
    assert "none is left" in texts(app)
    assert list_datasets("local") == [dataset]


def test_a_file_of_items_names_them(dataset: Dataset) -> None:
    app = viewing(opened("data", log=dataset.id), "items")
    assert "7 of 7 items have a title" in texts(app)
    app.file_uploader(key="items_file").set_value(("i.csv", b"item,title\np0,New\n", "text/csv"))
    app.run()
    press(app, "items_go")
    assert open_dataset("local", dataset.id).titles()["p0"] == "New"


def test_a_catalogue_headed_as_the_page_asks_for_is_guessed(dataset: Dataset) -> None:
    app = viewing(opened("data", log=dataset.id), "items")
    file = ("i.csv", b"id,title,category,picture\np0,New,tea,\n", "text/csv")
    app.file_uploader(key="items_file").set_value(file).run()
    chosen = [app.selectbox(key=f"items_{key}").value for key in ("item", "title", "category")]
    assert chosen == ["id", "title", "category"]


def test_a_page_loaded_anew_goes_on_with_the_import_of_its_link(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "_PATIENCE_SECONDS", 0.1)
    log = b"visitor,product,when\nu,i,1700000000\nu,j,1700000100\n"
    kept = keep_upload("local", "log.csv", io.BytesIO(log))
    columns = {"USER_ID": "visitor", "ITEM_ID": "product", "TIMESTAMP": "when"}
    job = create_import(kept, ImportConfig(columns=columns))
    never_started = opened("data", **{"import": job.id})
    assert "import" not in never_started.query_params
    worker = take_lock(job.folder / LOCK)
    app = opened("data", **{"import": job.id})
    assert app.selectbox(key="map_user").value == "visitor"
    assert "import_cancel" in keys(app, "button")
    assert "imported as guessed" not in texts(app)
    assert worker is not None
    worker.close()
    run_import("local", job.id)
    app.run()
    assert app.query_params["log"] == job.id
    assert "2 interactions" in texts(app).replace("\\", "")


def test_a_header_that_was_read_before_is_read_the_same_way(home: Path) -> None:
    log = b"visitor,sku,stamp,kind\nu1,a,1600000000,x\nu2,b,1600000100,y\n"
    app = upload(opened("data"), log)
    app.selectbox(key="map_item").set_value("kind").run()
    press(app, "import_go")
    app = upload(opened("data"), log.replace(b"u1", b"u9"), "next.csv")
    assert app.selectbox(key="map_item").value == "kind"


def test_it_is_said_how_the_times_are_read_before_anything_is_imported(home: Path) -> None:
    app = upload(opened("data"), b"user,item,time\nu,i,1700000000\nu,j,soon\n")
    words = texts(app).replace("\\", "")
    assert "Times: Unix seconds, the first Tue 14 Nov 2023 22:13" in words
    assert "1 of the first 2 cannot be read" in words
    app.selectbox(key="read_unit").set_value("ms").run()
    assert "Times: Unix milliseconds, the first Tue 20 Jan 1970 16:13" in texts(app).replace(
        "\\", ""
    )


def test_a_separator_can_be_said(home: Path) -> None:
    app = upload(opened("data"), b"user;item;time\nu,v;i;1700000000\n")
    assert app.selectbox(key="map_user").value == "user"
    app.selectbox(key="read_separator").set_value(",").run()
    assert "a log needs three" in texts(app)
