"""Opening a page of the app in a test, and asking it by the keys of its widgets."""

import re
from pathlib import Path

from streamlit.testing.v1 import AppTest

from hrnn.training.config import TrainConfig
from ui.page import TITLES

ROOT = Path(__file__).parents[2]
PAGES = tuple(Path(path).stem for path in TITLES)
#: Pages that open no model.
LIGHT = tuple(page for page in PAGES if page not in ("explore", "blind"))
QUICK = TrainConfig(hidden_units=4, batch_size=2, loss="cross_entropy", epochs=2)


def opened(page: str, **link: object) -> AppTest:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    for key, value in link.items():
        app.query_params[key] = str(value)
    app.run()
    app.switch_page(f"pages/{page}.py")
    for key, value in link.items():
        app.query_params[key] = str(value)
    app.run()
    assert not app.exception
    return app


def keys(app: AppTest, kind: str) -> set[str]:
    return {one.key for one in app.get(kind)}


def shown_html(app: AppTest) -> str:
    """Return what is drawn as HTML, styles left out."""
    return "\n".join(
        re.sub("<style>.*?</style>", "", one.proto.body, flags=re.S) for one in app.get("html")
    )


def texts(app: AppTest) -> str:
    kinds = (app.error, app.info, app.warning, app.markdown, app.caption)
    return "\n".join(one.value for kind in kinds for one in kind)


def upload(app: AppTest, content: bytes, name: str = "log.csv") -> AppTest:
    app.file_uploader(key="upload_file").set_value((name, content, "text/csv")).run()
    assert not app.exception
    return app


def press(app: AppTest, key: str) -> AppTest:
    app.button(key=key).click().run()
    assert not app.exception
    return app
