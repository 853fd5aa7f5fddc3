"""The report for stakeholders and the model card, of every kind of run."""

import re
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from pathlib import Path

import pandas as pd
import pytest
from markdown_it import MarkdownIt
from streamlit.testing.v1 import AppTest

from hrnn.evaluation.report import Report
from hrnn.training.config import ExperimentConfig, SplitConfig
from tests.pages.app import QUICK, ROOT, keys
from tests.pages.html import Page
from tests.workspace.trainings import at_update, trained
from ui.figures import figures_table
from ui.model_card import model_card
from ui.run_facts import measured_of
from ui.stakeholder_report import report_html
from workspace.datasets import Dataset
from workspace.evaluating import run_evaluation
from workspace.evaluations import create_evaluation, to_decide
from workspace.importing import import_log
from workspace.runs import Run, create_run
from workspace.tasks import STOP, State
from workspace.trials import create_trial

TITLES = (
    "<script>alert(1)</script>",
    '=HYPERLINK("http://a.example","x")',
    "</title><img src=x onerror=alert(2)>",
    "{{ 7 * 7 }} {% raw %}",
    "[x](javascript:alert(3)) **bold** | cell",
)
USERS = [f"'=zq{7 * n}-person" for n in range(6)]


@pytest.fixture
def run(dataset: Dataset) -> Run:
    """Trained in this process, which has torch already."""
    return trained(create_run(dataset, ExperimentConfig(training=QUICK), "quick"))


@pytest.fixture
def hostile(home: Path) -> Dataset:
    """Users of unusual ids, one of them with most of the rows; titles that would like to run."""
    rows = ["user,item,time,title"]
    for place, user in enumerate(USERS):
        for at in range(8 if place else 60):
            item = (place + at * at) % 5
            title = TITLES[item].replace('"', '""')
            when = 1_700_000_000 + 3_000 * place + 500 * at
            rows.append(f'{user},i{item},{when},"{title}"')
    log = "\n".join(rows).encode()
    return import_log("local", log, '<b>"log"</b> & *co*', title_column="title")


def test_the_figures_are_those_of_the_report(run: Run, dataset: Dataset) -> None:
    page = Page(report_html(run, dataset, named=False))
    report = Report.open(run.report_folder)
    table = figures_table(report, 10)
    head, *rows = page.figures
    assert head == list(table.columns)
    assert [row[0] for row in rows] == ["HRNN (this model)", "popularity"]
    assert [row[1:] for row in rows] == table.iloc[:, 1:].to_numpy().tolist()
    assert report.heading in page.words
    card = model_card(run, dataset)
    for row in table.to_numpy().tolist():
        assert f"| {' | '.join(row)} |" in card
    assert "No verdict yet" in page.words
    assert "No verdict yet" in card


def test_a_verdict_is_read_off_the_comparison_with_its_rivals(run: Run, dataset: Dataset) -> None:
    run_evaluation("local", create_evaluation(dataset, to_decide(run)).id)
    measured = measured_of(dataset, run)
    assert measured is not None
    assert measured.verdict is not None
    page = Page(report_html(run, dataset, named=False, blind="<i>Three of four</i> chose it."))
    assert measured.verdict.sentence in page.words
    assert "<i>Three of four</i> chose it." in page.words
    assert all(one in page.words for one in measured.verdict.would_change)
    table = figures_table(measured.report, 10)
    assert [row[1:] for row in page.figures[1:]] == table.iloc[:, 1:].to_numpy().tolist()
    assert "session kNN" in page.words
    assert measured.verdict.sentence.replace("@", "\u2060@") in model_card(run, dataset)


def test_timeouts_that_were_tried_are_evidence(run: Run, dataset: Dataset) -> None:
    assert "Timeouts tried" not in Page(report_html(run, dataset, named=False)).words
    tried = create_trial(dataset, SplitConfig(use_session_ids=False), [5, 60], QUICK)
    reports = [Report.open(trained(one).report_folder) for one in tried]
    words = Page(report_html(run, dataset, named=False)).words
    for timeout, report in zip(("5 min", "60 min"), reports, strict=True):
        own = report.table.set_index(["MODEL", "METRIC"]).loc[("HRNN", "NDCG@10")]
        assert f"{timeout} {own['VALUE']:.3f} {own['LOW']:.3f}–{own['HIGH']:.3f}" in words
    assert f"{reports[0].heading} (bootstrap), 42 (training) · 4 units" in words


def test_without_a_blind_test_nothing_is_said_of_one(run: Run, dataset: Dataset) -> None:
    page = Page(report_html(run, dataset, named=False))
    assert ("p", "id", "blind") not in page.attributes


def test_nothing_from_outside_becomes_markup_and_nothing_is_loaded(hostile: Dataset) -> None:
    run = trained(create_run(hostile, ExperimentConfig(training=QUICK), "<script>run</script>"))
    made = report_html(run, hostile, named=True)
    page = Page(made)
    assert page.tags == {
        "html", "head", "meta", "title", "style", "body", "header", "main", "section", "article",
        "footer", "h1", "h2", "h3", "p", "b", "ul", "li", "span", "div", "img",
        "table", "thead", "tbody", "tr", "th", "td",
    }  # fmt: skip
    names = {(tag, name) for tag, name, _ in page.attributes}
    assert {name for _, name in names} <= {
        "lang", "charset", "http-equiv", "content", "name", "class", "id", "src", "alt", "scope",
    }  # fmt: skip
    sources = [value or "" for _, name, value in page.attributes if name == "src"]
    assert len(sources) >= 6
    assert all(one.startswith("data:image/svg+xml;base64,") for one in sources)
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    assert ("meta", "content", policy) in page.attributes
    assert b"url(" not in made
    assert b"@import" not in made
    assert all(title in page.words for title in TITLES)
    assert '<b>"log"</b> & *co*' in page.words
    assert all("<script" not in one and "<img" not in one for one in page.pictures)
    assert any("&lt;script&gt;" in one for one in page.pictures)


def test_the_card_is_markdown_in_which_nothing_from_outside_runs(hostile: Dataset) -> None:
    run = trained(create_run(hostile, ExperimentConfig(training=QUICK), "<b>run</b> [a](http://b)"))
    card = model_card(run, hostile)
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(card)
    inside = [one for token in tokens for one in (token, *(token.children or ()))]
    kinds = {one.type for one in inside}
    assert not kinds & {"html_block", "html_inline", "link_open", "image", "em_open"}
    assert "<b>run</b> [a](http\u2060://b)" in " ".join(one.content for one in inside)
    assert next(one.content for one in tokens if one.type == "fence").startswith("import hrnn")


@pytest.mark.parametrize("users", ["pseudonyms", "names"])
def test_no_id_of_a_user_is_in_the_file_unless_users_are_named(
    hostile: Dataset, users: str
) -> None:
    run = trained(create_run(hostile, ExperimentConfig(training=QUICK), "run"))
    made = report_html(run, hostile, named=users == "names")
    page = Page(made)
    whole = "\n".join([made.decode(), page.words, *page.pictures, model_card(run, hostile)])
    whole += unescape(whole)
    assert "One user (user " in page.words  # a warning that quotes an id
    found = [user for user in USERS if user in whole or user[1:] in whole]
    inside = b64encode(USERS[0].encode())[:12].decode() in whole
    assert not inside
    if users == "names":
        assert len(found) >= 5
        assert "User A" not in page.words
    else:
        assert found == []
        for letter in "ABCDE":
            assert f"User {letter} " in page.words
        assert "(an id)" in page.words


def test_five_users_are_explained_with_sessions_lists_and_reasons(
    run: Run, dataset: Dataset
) -> None:
    page = Page(report_html(run, dataset, named=True))
    assert "Five users explained" in page.words
    assert page.words.count("What came next: “Title ") == 5
    assert page.words.count("stands at rank") == 5
    assert "Session 3 · Wed 03 Jan 2024" in page.words
    assert len(page.pictures) == 7  # gaps, curves, and five users
    told = re.findall(r"What came next: “(.*?)”(.*?)Why “(.*?)”\?", page.words)
    found = [(next_item, why) for next_item, where, why in told if "had it at rank" in where]
    assert found  # of seven items, none of those that are ranked stands behind the tenth place
    assert all(next_item == why for next_item, why in found)


def test_flat_models_are_not_said_to_know_sessions(dataset: Dataset) -> None:
    for model, name in (("flat_gru", "flat GRU"), ("sasrec", "SASRec")):
        run = trained(create_run(dataset, ExperimentConfig(training=QUICK, model=model), model))
        page = Page(report_html(run, dataset, named=False))
        assert f"this run trained another model, {name}" in page.words
        assert "The model knows nothing of sessions" in page.words
        assert "user state," not in page.words
        assert page.words.count("stands at rank") == 5
        assert "as one sequence" in model_card(run, dataset)


def test_a_training_on_all_rows_has_no_figures_and_says_so(dataset: Dataset) -> None:
    run = trained(create_run(dataset, ExperimentConfig(training=QUICK, split="all_rows"), "all"))
    page = Page(report_html(run, dataset, named=False))
    assert "No verdict: nothing was held out" in page.words
    assert "There are no figures: the model learned from every row" in page.words
    assert page.figures == []
    assert page.words.count("Nothing of this user was held out") == 5
    card = model_card(run, dataset)
    assert "How well it does what it does is not known" in card
    assert "Not known: nothing was measured" in card


def test_a_regressor_has_its_error_among_the_figures(home: Path) -> None:
    rows = ["user,item,time,rating"]
    for user in range(6):
        rows += [f"u{user},i{(user + at) % 4},{60 * at},{1 + (user * at) % 5}" for at in range(6)]
    columns = {"USER_ID": "user", "ITEM_ID": "item", "TIMESTAMP": "time", "OUTCOME": "rating"}
    dataset = import_log("local", "\n".join(rows).encode(), "ratings", columns)
    training = replace(QUICK, loss="mse")
    run = trained(create_run(dataset, ExperimentConfig(training=training), "mse"))
    page = Page(report_html(run, dataset, named=False))
    assert "RMSE" in page.figures[0]
    assert "continuous (outcomes are amounts)" in page.words
    assert "It predicts the outcome of an item" in model_card(run, dataset)


def test_session_ids_without_a_timeout_and_without_titles(home: Path) -> None:
    rows = ["user,item,time,session"]
    for user in range(6):
        rows += [f"u{user},i{(user + at) % 11},{900 * at},s{at // 3}" for at in range(9)]
    columns = {"USER_ID": "user", "ITEM_ID": "item", "TIMESTAMP": "time", "SESSION_ID": "session"}
    dataset = import_log("local", "\n".join(rows).encode(), "ids", columns)
    experiment = ExperimentConfig(training=QUICK, timeout_minutes=None)
    run = trained(create_run(dataset, experiment, "by ids"))
    page = Page(report_html(run, dataset, named=False))
    assert "The log's session ids decide." in page.words
    assert "Gaps between consecutive interactions" not in page.words  # no rule to draw
    assert "Session 3" in page.words
    assert page.words.count("stands at rank") == 5
    assert "The log's session ids decide." in model_card(run, dataset)
    ignored = replace(experiment, timeout_minutes=30.0, use_session_ids=False)
    other = trained(create_run(dataset, ignored, "by gaps"))
    said = Page(report_html(other, dataset, named=False)).words
    assert "A gap longer than 30 min starts a new session; one equal to it does not." in said
    assert "The log has session ids; they were not used." in said


def test_a_run_that_was_stopped_says_so_and_is_explained_all_the_same(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = create_run(dataset, ExperimentConfig(training=QUICK), "stopped")
    at_update(monkeypatch, 5, lambda _: (run.folder / STOP).touch())  # in the second epoch
    trained(run)
    assert run.state() == State.STOPPED
    page = Page(report_html(run, dataset, named=False))
    assert "It was stopped; the weights of epoch" in page.words
    assert "No verdict: the run was not measured." in page.words
    assert "it was stopped before the figures were complete" in page.words
    assert page.words.count("stands at rank") == 5
    assert "it was stopped before the figures were complete" in model_card(run, dataset)


def test_a_run_without_a_model_or_with_damaged_figures_is_a_sentence(
    run: Run, dataset: Dataset
) -> None:
    (run.report_folder / "report.json").write_text("{")
    (run.model_folder / "model.json").write_text("{")
    page = Page(report_html(run, dataset, named=False))
    assert "There are no figures of this run: the figures cannot be read" in page.words
    assert "No user can be explained: the model in model is damaged" in page.words
    assert "the figures cannot be read" in model_card(run, dataset)
    (run.model_folder / "model.json").unlink()
    assert "The run has no model" in Page(report_html(run, dataset, named=False)).words
    assert "There is no model to open." in model_card(run, dataset)


def test_the_card_names_parts_in_which_the_model_is_weak(run: Run, dataset: Dataset) -> None:
    report = Report.open(run.report_folder)
    row = {"MODEL": "HRNN", "METRIC": "NDCG@10", "VALUE": 0.5, "LOW": 0.4, "HIGH": 0.6, "N": 90}
    parts = {
        "behind": (0.2, 0.1, 0.3, 40),
        "may be as good": (0.4, 0.3, 0.5, 40),
        "too few to say": (0.2, 0.1, 0.3, 29),
    }
    slices = [
        {**row, "SLICE": "session", "PART": part, "VALUE": v, "LOW": low, "HIGH": high, "N": n}
        for part, (v, low, high, n) in parts.items()
    ]
    whole = report.table.assign(VALUE=0.5)
    replace(report, table=whole, slices=pd.DataFrame(slices)).save(run.report_folder)
    card = model_card(run, dataset).partition("## Where it is weak")[2].partition("## What")[0]
    assert "below that of all, 0.500" in card
    assert card.count("\n- ") == 1
    assert "- session, behind: 0.200 (0.100–0.300), 40 interactions" in card


def test_both_files_are_offered_with_users_replaced_unless_that_is_switched_off(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {}

    def offer(label: str, data: Callable[[], object], name: str, mime: str, **more: object) -> None:
        asked[more["key"]] = (data, name, mime)

    monkeypatch.setattr("ui.take_home_report.st.download_button", offer)
    monkeypatch.setattr("ui.take_home_report.report_html", lambda *_, **more: more)
    app = AppTest.from_function(_drawn, args=(run.dataset, run.id)).run()
    assert not app.exception
    assert app.toggle(key="report_pseudonyms").value
    make, name, mime = asked["report_html"]
    assert (name, mime) == (f"{run.id}-report.html", "text/html")
    assert make() == {"named": False, "blind": None}
    app.toggle(key="report_pseudonyms").set_value(False).run()
    assert asked["report_html"][0]() == {"named": True, "blind": None}
    make, name, mime = asked["model_card"]
    assert (name, mime) == (f"{run.id}-model-card.md", "text/markdown")
    assert make().startswith("# quick")


def test_the_buttons_are_drawn(run: Run) -> None:
    app = AppTest.from_function(_drawn, args=(run.dataset, run.id)).run()
    assert not app.exception
    assert [one.label for one in app.get("download_button")] == [
        "Report, HTML",
        "Model card, Markdown",
    ]
    assert keys(app, "toggle") == {"report_pseudonyms"}


def _drawn(dataset: str, run: str) -> None:
    from ui.take_home_report import draw_report
    from workspace.datasets import open_dataset
    from workspace.runs import open_run

    draw_report(open_dataset("local", dataset), open_run("local", run))


def test_offering_the_files_brings_no_torch() -> None:
    code = "import sys, ui.take_home_report; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
