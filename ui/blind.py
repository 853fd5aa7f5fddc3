"""A blind test: one user's sessions, two lists, and nothing that tells whose list is whose."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from hrnn.evaluation.blind import BlindQuestion, draw_questions
from hrnn.evaluation.splits import Split
from hrnn.training.config import MODEL_NAMES
from ui import logs
from ui.downloads import draw_table
from ui.inputs import pick_choice, pick_exclude_seen, run_words
from ui.models import baseline_of, model_of
from ui.tiles import tiles
from ui.words import clipped, day, literal, plural, sentence
from workspace.datasets import Dataset
from workspace.evaluations import BASELINES
from workspace.judgements import (
    BlindTest,
    Judgement,
    add_judgement,
    judgements,
    preference,
    take_back,
)
from workspace.runs import Run

_SEED, _MINE = "_blind_seed", "_blind_mine"
#: Of the history, a judge sees the last so many sessions, and of each the last so many items.
_SESSIONS, _ITEMS, _LETTERS = 3, 12, 90
#: Answers from which a tally is worth a look; looking sooner is possible, and said to be early.
_EARLY = 5
_ANSWERS = {"A is better": "a", "Cannot say": "neither", "B is better": "b"}


@dataclass(frozen=True)
class Sitting:
    """What is compared, and what this visit draws of it.

    Attributes:
        log: what the log is called.
        run: whose model comes first.
        test: what it is compared with, and how.
        names: what the two models are called.
        split: what was held out.
        seed: of this visit.
        questions: in the order in which they are asked.
    """

    log: str
    run: Run
    test: BlindTest
    names: tuple[str, str]
    split: Split
    seed: int
    questions: Sequence[BlindQuestion]

    def user_of(self, question: BlindQuestion) -> str:
        """Return whom a question is about."""
        data = self.split.data
        return str(data.user_ids[data.user_index[question.row]])


def pick_test(run: Run, runs: list[Run]) -> tuple[BlindTest, tuple[str, str]]:
    """Let it be chosen what a run is compared with; return that, and what the two are called."""
    others = {one.id: one for one in runs if one.id != run.id}
    words = run_words(others.values())
    left, right = st.columns([3, 2])
    with left:
        options = [*BASELINES, *others]
        other = pick_choice("blind_other", "Compared with", BASELINES[0], options, words)
    with right:
        length = pick_choice("blind_length", "Items of a list", "5", ["5", "10"], {})
    test = BlindTest(other, int(length), pick_exclude_seen())
    mine = MODEL_NAMES[run.experiment.model]
    if other not in others:
        return test, (mine, other)
    theirs = MODEL_NAMES[others[other].experiment.model]
    if mine != theirs:
        return test, (mine, theirs)
    both = run_words([run, others[other]])
    return test, (f"{mine} ({both[run.id]})", f"{theirs} ({both[other]})")


def sit_down(
    dataset: Dataset, run: Run, runs: list[Run], test: BlindTest, names: tuple[str, str]
) -> Sitting:
    """Draw the questions of this visit; another visit draws others.

    Raises:
        HRNNError: a model cannot be opened, or there is nothing to ask.
    """
    seed = st.session_state.setdefault(_SEED, secrets.randbelow(2**31))
    split = logs.split_of(dataset.owner, dataset.id, run.experiment.cut)
    other = next((one for one in runs if one.id == test.other), None)
    questions = _questions(dataset, run, other, test, names, seed)
    return Sitting(dataset.name, run, test, names, split, seed, questions)


@st.cache_resource(
    max_entries=8,
    show_spinner="Asking both models",
    hash_funcs={Dataset: lambda one: one.id, Run: Run.model_stamp},
)
def _questions(
    dataset: Dataset,
    run: Run,
    other: Run | None,
    test: BlindTest,
    names: tuple[str, str],
    seed: int,
) -> list[BlindQuestion]:
    split = logs.split_of(dataset.owner, dataset.id, run.experiment.cut)
    first = model_of(run)
    second = (
        baseline_of(dataset.owner, dataset.id, run.experiment.cut, test.other)
        if other is None
        else model_of(other)
    )
    models = dict(zip(names, (first, second), strict=True))
    return draw_questions(models, split, test.length, test.exclude_seen, seed)


def judge(sitting: Sitting, titles: dict[str, str]) -> None:
    """Ask the next question that nobody has answered yet, and keep the answer."""
    answers = answers_of(sitting)
    judged = {one.user for one in answers}
    left = (one for one in sitting.questions if sitting.user_of(one) not in judged)
    question = next(left, None)
    if question is None:
        st.info("Everybody who was drawn has been judged. Show the tally.")
        return
    left, right = st.columns([2, 3], gap="medium")
    with left:
        _draw_history(sitting, question, titles)
    with right:
        _draw_lists(sitting, question, titles)
        st.caption(
            f"{plural(len(answers), 'answer')} so far. The tally stays hidden while you judge: who"
            " knows how it stands judges otherwise."
        )


def offer_undo(sitting: Sitting) -> None:
    """Offer to take back the last answer that this visit gave in this test."""
    stand = {one.id for one in judgements(sitting.run)[0] if one.test == sitting.test}
    mine = [one for one in st.session_state.get(_MINE, ()) if one in stand]
    if st.button("Take back the last answer", key="blind_undo", disabled=not mine):
        take_back(sitting.run, mine[-1])
        st.rerun()


def answers_of(sitting: Sitting) -> list[Judgement]:
    """Return the answers of this test that stand, of every visit; say it if some are damaged."""
    kept, damaged = judgements(sitting.run)
    if damaged:
        st.warning(
            f"{plural(damaged, 'line')} of the file that keeps the answers cannot be read and"
            f" {'is' if damaged == 1 else 'are'} left out. The others count."
        )
    return [one for one in kept if one.test == sitting.test]


def _draw_lists(sitting: Sitting, question: BlindQuestion, titles: dict[str, str]) -> None:
    st.subheader("Which list would this user rather have?", anchor=False)
    sides = (question.first, question.second)
    if not question.first_is_a:
        sides = sides[::-1]
    for place, name, items in zip(st.columns(2), "AB", sides, strict=True):
        with place.container(border=True, key=f"blind_list_{name.lower()}"):
            names = (clipped(titles.get(one, one), _LETTERS) for one in items)
            lines = (f"{n}. {one}" for n, one in enumerate(names, 1))
            st.markdown(f"**{name}**\n\n" + "\n".join(lines))
    for place, (label, side) in zip(st.columns(3), _ANSWERS.items(), strict=True):
        kind = "secondary" if side == "neither" else "primary"
        if place.button(label, key=f"blind_{side}", type=kind, width="stretch"):
            _keep(sitting, question, side)
            st.rerun()


def _draw_history(sitting: Sitting, question: BlindQuestion, titles: dict[str, str]) -> None:
    """Draw the last sessions before what was held out, the newest first; by title alone."""
    sessions, data = sitting.split.sessions, sitting.split.data
    start = int(data.user_starts[data.user_index[question.row]])
    before: dict[int, list[int]] = {}
    for row in range(start, question.row):
        before.setdefault(int(sessions.number[row]), []).append(row)
    begins = bool(sessions.opens[question.row])
    comes = "begins a new session" if begins else "goes on with the latest session"
    st.subheader("Somebody's last sessions", anchor=False)
    st.caption(f"A user drawn at random, newest session first. What comes next {comes}.")
    with st.container(key="blind_history"):
        for rows in [*before.values()][: -_SESSIONS - 1 : -1]:
            shown = rows[-_ITEMS:]
            names = (titles.get(one, one) for one in data.item_ids[data.item_index[shown]])
            more = "… → " if len(rows) > len(shown) else ""
            with st.container(border=True):
                st.caption(f"{day(int(data.time_us[rows[0]]))} UTC · {plural(len(rows), 'item')}")
                st.markdown(more + " → ".join(clipped(one, _LETTERS) for one in names))


def _keep(sitting: Sitting, question: BlindQuestion, side: str) -> None:
    preferred = "neither"
    if side != "neither":
        preferred = "first" if (side == "a") == question.first_is_a else "second"
    data = sitting.split.data
    made = add_judgement(
        sitting.run,
        test=sitting.test,
        names=sitting.names,
        seed=sitting.seed,
        user=sitting.user_of(question),
        first=question.first,
        second=question.second,
        first_is_a=question.first_is_a,
        came_next=str(data.item_ids[data.item_index[question.row]]),
        preferred=preferred,
    )
    st.session_state.setdefault(_MINE, []).append(made.id)


def draw_tally(sitting: Sitting, titles: dict[str, str]) -> None:
    """Say which model was preferred, and whose list had what really came next."""
    answers = answers_of(sitting)
    if not answers:
        st.info("Nobody has answered yet.")
        return
    first, second = sitting.names
    found = preference(answers)
    tiles(
        {
            sentence(f"{first} preferred"): f"{found.wins:,}",
            sentence(f"{second} preferred"): f"{found.losses:,}",
            "Undecided": f"{found.undecided:,}",
        },
        key="blind_figures",
        width="stretch",
    )
    st.markdown(literal(found.sentence(first, second)))
    held = [one.held() for one in answers]
    hits = [sum(one) for one in zip(*held, strict=True)]
    st.markdown(
        f"What really came next was in the list of {literal(first)} for {hits[0]:,} of"
        f" {plural(len(answers), 'user')}, in that of {literal(second)} for {hits[1]:,}."
    )
    if len(answers) < _EARLY:
        count = plural(len(answers), "answer tells", "answers tell")
        st.caption(f"{count} next to nothing; go on to twenty or so.")
    if sitting.test.other == "popularity":
        st.caption(
            "Popularity recommends nearly the same to everybody, so a judge may come to know its"
            " list. Another model to compare with does not give itself away like that."
        )
    rule = "left out" if sitting.test.exclude_seen else "included"
    seeds = ", ".join(str(one) for one in sorted({one.seed for one in answers}))
    st.caption(
        f"{literal(sitting.log)} · {sitting.split.name} · lists of {sitting.test.length} among the"
        f" items that both know · items seen before {rule} · seed {seeds}, one a visit. The"
        " interval takes each answer for one of a number fixed beforehand; who looks often, and"
        " stops when it pleases, makes it too narrow."
    )
    draw_table(tally_table(answers, sitting.names, titles), "blind-test", "blind_table")


def tally_table(
    answers: Sequence[Judgement], names: tuple[str, str], titles: dict[str, str]
) -> pd.DataFrame:
    """Lay the answers out, the latest first: what was preferred, and which list was right."""
    said = {"first": names[0], "second": names[1], "neither": "–"}
    latest = answers[::-1]
    return pd.DataFrame(
        {
            "Preferred": [said[one.preferred] for one in latest],
            "Came next": [titles.get(one.came_next, one.came_next) for one in latest],
            f"In the list of {names[0]}": ["yes" if one.held()[0] else "" for one in latest],
            f"In the list of {names[1]}": ["yes" if one.held()[1] else "" for one in latest],
            f"{names[0]} stood on": ["A" if one.first_is_a else "B" for one in latest],
            "User": [one.user for one in latest],
            "Answered": [one.made for one in latest],
        }
    )
