"""What a model recommends next to a user of a log, and to somebody new."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice

import numpy as np
import pandas as pd
import streamlit as st

from hrnn.baselines.flat import FlatRecommender
from hrnn.data.interactions import Interactions
from hrnn.explain.ranking import moves, ranked
from hrnn.explain.scenario import Scenario
from hrnn.recommend.base import Recommender
from ui import logs, state, what_if
from ui.beside import add_ranks, may_know, overlap_words, pick_beside, ranks_beside
from ui.downloads import draw_table
from ui.inputs import pick_begins, pick_exclude_seen, pick_item
from ui.models import model_of
from ui.why import Asked
from ui.words import literal, moment
from workspace.datasets import Dataset
from workspace.runs import Run

#: Recommendations shown.
TOP_K = 10
#: Columns that need little, in pixels, so that titles have room.
_OTHER_WIDTH = 84
_WIDTHS = {"Rank": 44, "Moved": 56, "Score": 52, "Had by": 60, "Note": 76}


@dataclass(frozen=True)
class Scene:
    """A user as the model sees him: a history, and what was held out after it.

    Attributes:
        history: the rows that the recommendations follow from.
        held_out, held_out_time: the item held out from training and its time (microseconds
            since the epoch), None where there is none.
        begins: whether that item begins a new session.
    """

    user: str
    history: Interactions
    held_out: str | None
    held_out_time: int | None
    begins: bool


def scene_of(dataset: Dataset, run: Run, model: Recommender, user: str | None) -> Scene:
    """Cut a user's log before what the run's split held out: the first, or what the link says.

    Nobody (None) has done nothing.
    """
    split = logs.split_of(dataset.owner, dataset.id, run.experiment.cut)
    data = split.data
    if user is None:
        return Scene("somebody new", data.slice(0, 0), None, None, begins=False)
    own = data.of_user(user)
    at = np.flatnonzero(data.user_ids[data.user_index[split.test]] == user) if len(own) else []
    if not len(at):
        return Scene(user, own, None, None, begins=False)
    rows = split.test[at]
    asked = np.flatnonzero(data.time_us[rows].astype(str) == state.picked(state.HELD))
    row = int(rows[asked[0] if len(asked) else 0])
    state.remember(state.HELD, int(data.time_us[row]) if len(asked) else None)
    place = row - int(data.user_starts[data.user_index[row]])
    begins = bool(model.begins_session(own, np.array([place]))[0])
    item = data.item_ids[data.item_index[row]]
    before = own.take(np.arange(len(own)) < place)
    return Scene(user, before, item, int(data.time_us[row]), begins)


def draw_popular_instead(dataset: Dataset, scene: Scene, titles: Mapping[str, str]) -> None:
    """Say that a user has no history here, and draw what is popular."""
    gone = "is not in this log" if scene.held_out is None else "has no row before the held-out"
    st.warning(f"User {literal(scene.user)} {gone}. Shown are the items most popular in it.")
    _draw_popular(dataset, titles)


def draw_next(
    dataset: Dataset, runs: list[Run], run: Run, scene: Scene, scenario: Scenario
) -> Asked | None:
    """Draw what comes next after a scenario; return what is to be explained of it, if anything.

    Args:
        dataset: the log.
        runs: of the log, which can be shown beside.
        run: whose model it is.
        scene: the user.
        scenario: the history that is taken to be.
    """
    model = model_of(run)
    titles = logs.titles_of(dataset.owner, dataset.id)
    popularity = logs.popularity_of(dataset.owner, dataset.id)
    st.subheader("What comes next", anchor=False)
    flat = isinstance(model, FlatRecommender)
    timeout = what_if.new_timeout() or model.session_timeout_minutes
    begins = pick_begins(scene.begins, None if flat else timeout, scenario.waits)
    exclude = pick_exclude_seen()
    what_if.draw_edits(titles)
    found = ranked(model, scenario, begins, exclude)
    whole = Scenario.of(model, scene.history)
    before = None if scenario == whole else ranked(model, whole, begins, exclude)
    table = recs_table(scene, scenario, found, before, popularity, titles)
    beside = pick_beside(runs, run)
    cut, rows = run.experiment.cut, scene.history
    others = ranks_beside(beside, runs, dataset, cut, scenario, rows, begins, exclude)
    with st.container(key="recs_table"):
        if len(table):
            shown = add_ranks(table, others, TOP_K)
            widths = _WIDTHS | dict.fromkeys(others, _OTHER_WIDTH)
            narrow = {name: st.column_config.Column(width=one) for name, one in widths.items()}
            score = st.column_config.NumberColumn(width=_WIDTHS["Score"], format="%.2f")
            columns = narrow | {"Score": score}
            draw_table(shown, "recommendations", "recs", column_config=columns)
        else:
            st.info(
                f"User {literal(scene.user)} has seen every item; show seen ones to get a list."
            )
    if others and len(table):
        st.caption(overlap_words(table, others, TOP_K))
    if knows := may_know(beside, runs, cut):
        st.warning(knows)
    st.markdown(held_out_words(scene, scenario, found, exclude, titles))
    what_if.draw_click(found, titles)
    item = pick_item(found, scene.held_out, logs.names_of(dataset.owner, dataset.id))
    if item is None:
        return None
    return Asked(run.model_stamp(), model, scenario, item, begins, exclude, titles)


def draw_what_if(dataset: Dataset, model: Recommender, scenario: Scenario, was: Scenario) -> None:
    """Offer the edits that can be made of a history; one of nothing has no sessions to cut anew."""
    names = logs.names_of(dataset.owner, dataset.id)
    items = list(logs.popularity_of(dataset.owner, dataset.id))
    recut = not isinstance(model, FlatRecommender) and len(was) > 0
    what_if.draw_editor(scenario, items, names, recut=recut)


def recs_table(
    scene: Scene,
    scenario: Scenario,
    ranked: pd.DataFrame,
    before: pd.DataFrame | None,
    popularity: Mapping[str, int],
    titles: Mapping[str, str],
) -> pd.DataFrame:
    """Lay the first recommendations out: rank, title (where there are some), notes, score, id.

    Args:
        scene: the user.
        scenario: the history that they follow from.
        ranked: all of them.
        before: all of them without edits, where there are edits.
        popularity: item → interactions in the log.
        titles: item → title.
    """
    seen, ranked = set(scenario.items), ranked.head(TOP_K)
    items = ranked["ITEM_ID"].tolist()
    notes = [
        ", ".join(["came next"] * (item == scene.held_out) + ["seen"] * (item in seen))
        for item in items
    ]
    table = pd.DataFrame({"Rank": ranked["RANK"]})
    if before is not None:
        table["Moved"] = [_moved(one) for one in moves(before, ranked)]
    if titles:
        table["Title"] = [titles.get(item, item) for item in items]
    table["Note"] = notes
    table["Had by"] = [popularity.get(item, 0) for item in items]
    table["Score"] = ranked["SCORE"].round(2)
    return table.assign(Item=items)


def _moved(places: float) -> str:
    if places != places:
        return "new"
    return "–" if places == 0 else f"{'▲' if places > 0 else '▼'} {abs(int(places)):,}"


def held_out_words(
    scene: Scene,
    scenario: Scenario,
    ranked: pd.DataFrame,
    exclude_seen: bool,
    titles: Mapping[str, str],
) -> str:
    """Say what was held out and where it stands among all items, under which rule.

    Args:
        scene: the user.
        scenario: the history that the ranks follow from.
        ranked: all items.
        exclude_seen: whether items of the scenario are left out of them.
        titles: item → title.
    """
    item, time = scene.held_out, scene.held_out_time
    if item is None or time is None:
        if not scenario.items:
            return "This is what the model says to somebody new."
        if not len(scene.history):
            return "This is what the model says to somebody who did what stands in the history."
        return "Nothing of this user was held out, so the model may have learned what comes next."
    session = "which begins a new session" if scene.begins else "in the same session"
    what = (
        f"Held out from training, and what really came next: **{literal(titles.get(item, item))}**"
        f" ({moment(time)} UTC, {session})"
    )
    rank = dict(zip(ranked["ITEM_ID"], ranked["RANK"], strict=True)).get(item)
    if rank is not None:
        rule = "items seen before left out" if exclude_seen else "items seen before included"
        return f"{what} – rank {int(rank):,} among {len(ranked):,}, {rule}."
    if exclude_seen and item in scenario.items:
        return f"{what}. It stands in the history, and a list without seen items cannot hold it."
    return f"{what}. The model does not know this item: it did not learn from it."


def _draw_popular(dataset: Dataset, titles: Mapping[str, str]) -> None:
    best = list(islice(logs.popularity_of(dataset.owner, dataset.id).items(), 10))
    table = pd.DataFrame(
        {
            "Rank": np.arange(1, len(best) + 1),
            "Title": [titles.get(item, item) for item, _ in best],
            "Interactions": [count for _, count in best],
            "Item": [item for item, _ in best],
        }
    )
    with st.container(key="recs_table"):
        draw_table(table, "popular-items", "popular_table")
