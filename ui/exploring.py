"""One user's sessions beside what a model recommends next."""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from itertools import islice

import numpy as np
import pandas as pd
import streamlit as st

import hrnn
from hrnn.baselines.flat import FlatRecommender
from hrnn.data.interactions import Interactions
from hrnn.experiment import use_threads
from hrnn.explain.ranking import moves
from hrnn.explain.scenario import Scenario
from hrnn.recommend.base import Recommender
from hrnn.recommend.network_recommender import NetworkRecommender
from hrnn.sessions import MINUTE_US
from ui import logs
from ui.downloads import draw_table
from ui.quiet import freeze
from ui.words import cut_words, day, literal, minutes, moment, plural
from workspace.datasets import Dataset
from workspace.runs import Run

_TOP_K = 10


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


@st.cache_resource(max_entries=2, show_spinner="Opening the model")
def model_of(run_id: str, _run: Run) -> Recommender:
    """Open a run's model once for all visits."""
    use_threads(1)
    model = hrnn.load(_run.model_folder)
    freeze()  # torch came with it
    return model


def scene_of(dataset: Dataset, run: Run, model: Recommender, user: str) -> Scene:
    """Cut a user's log where the run's split cut it."""
    split = logs.split_of(dataset.owner, dataset.id, run.experiment.cut)
    data = split.data
    own = data.of_user(user)
    at = np.flatnonzero(data.user_ids[data.user_index[split.test]] == user) if len(own) else []
    if not len(at):
        return Scene(user, own, None, None, begins=False)
    row = int(split.test[at[0]])
    place = row - int(data.user_starts[data.user_index[row]])
    begins = bool(model.begins_session(own, np.array([place]))[0])
    item = data.item_ids[data.item_index[row]]
    before = own.take(np.arange(len(own)) < place)
    return Scene(user, before, item, int(data.time_us[row]), begins)


def draw_sessions(
    scene: Scene, model: NetworkRecommender, titles: dict[str, str], dropped: Set[int]
) -> None:
    """Draw the sessions, newest first; what the model does not read, or was dropped, is marked."""
    st.subheader("Sessions, newest first", anchor=False)
    data = scene.history
    sessions = model.sessions(data)
    read, length = model.estimator.config.max_sessions, model.estimator.config.max_session_len
    by = cut_words(model.session_timeout_minutes, model.use_session_ids)
    flat = isinstance(model, FlatRecommender)
    if flat:
        st.caption(
            f"Cut {by}. The model knows nothing of sessions: it reads the last {model.length:,}"
            " interactions as one sequence."
        )
        length = len(data)
    else:
        st.caption(
            f"Cut as in training, {by}. The model reads the last {read}, {length} items each."
        )
    number = sessions.in_user
    last = int(number.max())
    ends = np.full(last + 1, np.iinfo(np.int64).min)
    np.maximum.at(ends, number, data.time_us)
    for session in range(last, max(last - read, -1), -1):
        if session in dropped:
            st.caption(f"Session {session + 1}: dropped")
            continue
        rows = np.flatnonzero(number == session)
        _draw_session(data, rows, session, ends, titles, length, last)
    older = last + 1 - read
    if older > 0:
        unread = "" if flat else ", which the model does not read"
        with st.expander(f"{plural(older, 'older session')}{unread}"):
            rows = np.flatnonzero(number < older)[::-1]
            draw_table(_rows_table(data, rows, number, titles), "older-sessions", "older_table")


def _draw_session(
    data: Interactions,
    rows: np.ndarray,
    session: int,
    ends: np.ndarray,
    titles: dict[str, str],
    length: int,
    last: int,
) -> None:
    start, end = int(data.time_us[rows[0]]), int(ends[session])
    facts = [f"{moment(start)} UTC", plural(len(rows), "item")]
    if end > start:
        facts.append(minutes((end - start) / MINUTE_US))
    if session > 0 and start > ends[session - 1]:
        facts.append(f"{minutes((start - ends[session - 1]) / MINUTE_US)} after the one before")
    with st.container(border=True):
        name = f"Session {session + 1}" + (", the latest" if session == last else "")
        st.markdown(f"**{name}** · " + " · ".join(facts))
        unread = max(len(rows) - length, 0)
        if unread:
            st.caption(
                f"{plural(unread, 'earlier item')} of this session, which the model does not read"
            )
        names = [_name(data, row, titles) for row in rows[-length:]]
        st.markdown(" → ".join(names))


def _name(data: Interactions, row: int, titles: dict[str, str]) -> str:
    item = data.item_ids[data.item_index[row]]
    outcome = data.outcome[row]
    mark = " :gray[(outcome 0)]" if outcome == 0 else ""
    return literal(titles.get(item, item)) + mark


def _rows_table(
    data: Interactions, rows: np.ndarray, number: np.ndarray, titles: dict[str, str]
) -> pd.DataFrame:
    items = data.item_ids[data.item_index[rows]]
    return pd.DataFrame(
        {
            "Session": number[rows] + 1,
            "Time (UTC)": [moment(time) for time in data.time_us[rows].tolist()],
            "Title": [titles.get(item, item) for item in items],
            "Item": items,
        }
    )


def begins(scene: Scene, start: str) -> bool:
    """Say whether what comes next begins a session: as chosen, or as it was."""
    return scene.begins if start == "auto" else start == "new"


def when_of(scene: Scene, model: NetworkRecommender) -> dict[int, str]:
    """Say on which day each session was."""
    number = model.sessions(scene.history).in_user
    sessions, first = np.unique(number, return_index=True)
    times = scene.history.time_us[first].tolist()
    return {int(one): day(time) for one, time in zip(sessions, times, strict=True)}


def recs_table(
    scene: Scene,
    scenario: Scenario,
    ranked: pd.DataFrame,
    before: pd.DataFrame | None,
    popularity: Mapping[str, int],
    titles: Mapping[str, str],
) -> pd.DataFrame:
    """Lay the first recommendations out: rank, title (where there are some), score, notes, id.

    Args:
        scene: the user.
        scenario: the history that they follow from.
        ranked: all of them.
        before: all of them without edits, where there are edits.
        popularity: item → interactions in the log.
        titles: item → title.
    """
    seen, ranked = set(scenario.items), ranked.head(_TOP_K)
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
    table["Score"] = ranked["SCORE"].round(2)
    table["Had by"] = [popularity.get(item, 0) for item in items]
    table["Note"] = notes
    return table.assign(Item=items)


def _moved(places: float) -> str:
    if places != places:
        return "new"
    return "–" if places == 0 else f"{'▲' if places > 0 else '▼'} {abs(int(places)):,}"


def held_out_words(
    scene: Scene, ranked: pd.DataFrame, exclude_seen: bool, titles: dict[str, str]
) -> str:
    """Say what was held out and where it stands among all items, under which rule."""
    if scene.held_out is None or scene.held_out_time is None:
        return "Nothing of this user was held out, so the model may have learned what comes next."
    hit = ranked.loc[ranked["ITEM_ID"] == scene.held_out, "RANK"]
    rule = "items seen before left out" if exclude_seen else "items seen before included"
    rank = f"rank {int(hit.iloc[0]):,}" if len(hit) else "not"
    place = f"{rank} among {len(ranked):,}, {rule}"
    session = "which begins a new session" if scene.begins else "in the same session"
    title = literal(titles.get(scene.held_out, scene.held_out))
    when = f"{moment(scene.held_out_time)} UTC, {session}"
    again = (
        " The user had it before: a list without seen items cannot hold it."
        if scene.held_out in set(scene.history.item_ids)
        else ""
    )
    return (
        f"Held out from training, and what really came next: **{title}** ({when}) – {place}.{again}"
    )


def draw_popular(dataset: Dataset, titles: dict[str, str]) -> None:
    """Draw the most popular items, for somebody the log does not know."""
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
