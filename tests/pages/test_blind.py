"""The Blind test page: what a judge sees, what is kept, and when the tally is told."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from hrnn.evaluation import blind as drawing
from hrnn.training.config import ExperimentConfig
from tests.pages.app import QUICK, keys, opened, press, texts
from ui import blind
from workspace.datasets import Dataset
from workspace.importing import import_log
from workspace.judgements import judgements
from workspace.runs import Run, create_run

SEED = 11


@pytest.fixture
def dataset(home: Path) -> Dataset:
    """30 users of three sessions each, over 20 items with titles."""
    lines = ["user,item,time,title"]
    for user in range(30):
        for place in range(12):
            item = (7 * user + place * place) % 20
            time = 86_400 * (place // 4) + 60 * place
            lines.append(f"v{user},p{item},{time},Title {item}")
    return import_log("local", "\n".join(lines).encode(), "small.csv", title_column="title")


def sat_down(run: Run, seed: int = SEED, **link: object) -> AppTest:
    """Open the page with the seed of a visit."""
    app = opened("data", log=run.dataset)
    app.session_state["_blind_seed"] = seed
    app.switch_page("pages/blind.py")
    for key, value in {"log": run.dataset, "run": run.id, **link}.items():
        app.query_params[key] = str(value)
    app.run()
    assert not app.exception
    return app


def dumped(app: AppTest) -> str:
    """Write down all that reaches the browser: every element, in its order."""
    found = []

    def walk(node: object) -> None:
        found.append(str(getattr(node, "proto", "")))
        for child in getattr(node, "children", {}).values():
            walk(child)

    walk(app.main)
    walk(app.sidebar)
    return "\n".join(found)


def lists(app: AppTest) -> tuple[str, str]:
    """Return what stands on side A and on side B, without the letters."""
    found = [one.value for one in app.markdown if one.value.startswith(("**A**", "**B**"))]
    a, b = found
    return a.removeprefix("**A**"), b.removeprefix("**B**")


def test_without_a_model_it_is_said_what_to_do(dataset: Dataset) -> None:
    app = opened("blind", log=dataset.id)
    assert "no model of this log yet" in texts(app)
    assert "to_train" in keys(app, "button")


def test_an_empty_home_is_a_sentence(home: Path) -> None:
    assert "Upload one or pick a sample" in texts(opened("blind"))


def test_what_a_judge_sees_is_the_same_whichever_side_a_model_stands_on(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    blind._questions.clear()
    side = drawing._side
    as_drawn = sat_down(run)
    monkeypatch.setattr(drawing, "_side", lambda *where: not side(*where))
    blind._questions.clear()
    turned = sat_down(run)
    blind._questions.clear()
    a, b = lists(as_drawn)
    assert a != b
    assert lists(turned) == (b, a)

    def marked(app: AppTest) -> str:
        return dumped(app).replace(one_line(a), "?").replace(one_line(b), "?")

    assert marked(as_drawn).count("?") == 2 + dumped(as_drawn).count("?")
    assert marked(as_drawn) == marked(turned)


def one_line(text: str) -> str:
    """Write text as it stands in a dumped element."""
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def test_neither_scores_nor_the_user_nor_what_came_next_is_shown(run: Run) -> None:
    app = sat_down(run)
    assert not app.dataframe
    shown = dumped(app)
    for user in range(30):
        assert f'"v{user}"' not in shown
    assert "came next" not in shown


def test_an_answer_is_kept_for_the_side_it_was_given_to(run: Run) -> None:
    app = sat_down(run)
    for side in ("a", "b", "neither"):
        on_a, on_b = lists(app)
        press(app, f"blind_{side}")
        made = judgements(run)[0][-1]
        titles = [f"{n}. Title {item[1:]}" for n, item in enumerate(made.first, 1)]
        assert "\n".join(titles) == (on_a if made.first_is_a else on_b).strip()
        if side == "a":
            assert made.preferred == ("first" if made.first_is_a else "second")
        elif side == "b":
            assert made.preferred == ("second" if made.first_is_a else "first")
        else:
            assert made.preferred == "neither"
        assert made.seed == SEED
    assert len({one.user for one in judgements(run)[0]}) == 3


def test_the_last_answer_can_be_taken_back_and_its_question_comes_again(run: Run) -> None:
    app = sat_down(run)
    assert app.button(key="blind_undo").disabled
    asked = lists(app)
    press(app, "blind_a")
    assert len(judgements(run)[0]) == 1
    press(app, "blind_undo")
    assert judgements(run)[0] == []
    assert lists(app) == asked
    assert app.button(key="blind_undo").disabled


def test_the_tally_is_told_only_to_who_asks_and_then_no_question_is(run: Run) -> None:
    app = sat_down(run)
    for _ in range(2):
        press(app, "blind_a")
        assert "preferred" not in texts(app)
    app.toggle(key="blind_tally").set_value(True).run()
    assert not app.exception
    first = sum(one.preferred == "first" for one in judgements(run)[0])
    said = texts(app).replace("\\", "")
    assert f"HRNN preferred to popularity in {first} of 2" in said
    assert "What really came next was in the list of HRNN" in said
    assert "2 answers tell next to nothing" in said
    assert f"seed {SEED}" in said
    assert "blind_a" not in keys(app, "button")
    assert len(app.dataframe[0].value) == 2
    app.toggle(key="blind_tally").set_value(False).run()
    assert "blind_a" in keys(app, "button")


def test_a_user_who_was_judged_in_another_tab_is_not_asked_about_again(run: Run) -> None:
    one, other = sat_down(run), sat_down(run, seed=12)
    press(one, "blind_a")
    press(other, "blind_b")
    press(one, "blind_b")
    kept = judgements(run)[0]
    assert [answer.seed for answer in kept] == [SEED, 12, SEED]
    assert kept[2].user not in (kept[0].user, kept[1].user)


def test_answers_outlast_the_visit_and_other_models_have_a_tally_of_their_own(run: Run) -> None:
    press(sat_down(run), "blind_a")
    assert "1 answer so far" in texts(sat_down(run, seed=12))
    assert "0 answers so far" in texts(sat_down(run, blind_other="co-occurrence"))
    assert "0 answers so far" in texts(sat_down(run, exclude_seen=True, blind_other="popularity"))


def test_another_run_is_compared_by_its_name_where_the_models_are_alike(
    run: Run, dataset: Dataset, done: Callable[[Run], Run]
) -> None:
    other = done(create_run(dataset, ExperimentConfig(training=QUICK, model="flat_gru"), "flat"))
    app = sat_down(run, blind_other=other.id)
    press(app, "blind_a")
    assert judgements(run)[0][0].names == ("HRNN", "flat GRU")
    shutil.rmtree(other.folder)
    app.run()
    assert not app.exception
    assert "cannot be used here" in texts(app)


def test_damage_is_a_sentence(run: Run) -> None:
    press(sat_down(run), "blind_a")
    with (run.folder / "judgements.jsonl").open("ab") as file:
        file.write(b"{\n")
    app = sat_down(run, seed=12)
    assert "1 line of the file that keeps the answers cannot be read" in texts(app)
    (run.model_folder / "model.safetensors").write_bytes(b"no")
    blind._questions.clear()
    blind.model_of.clear()
    app = sat_down(run, seed=13)
    assert "train the model again" in app.error[0].value
    assert "blind_a" not in keys(app, "button")
