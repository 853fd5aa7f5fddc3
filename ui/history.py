"""A user's history as it is read: sessions as cards, and what is too old to be read as a table."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
import streamlit as st

from hrnn.baselines.flat import FlatRecommender
from hrnn.columns import SESSION
from hrnn.data.interactions import Interactions
from hrnn.explain.leaving_out import Effects
from hrnn.explain.readings import Reading
from hrnn.explain.scenario import Scenario
from hrnn.recommend.network_recommender import NetworkRecommender
from hrnn.sessions import MINUTE_US
from ui.downloads import draw_table
from ui.history_cards import Card, Effect, Line, cards_html
from ui.words import cut_words, minutes, moment, plural

#: A flat model may read many short sessions; more cards than this nobody looks at.
_MOST_CARDS = 30
#: Lines of a session of which nothing is read, and rows of the table of older sessions.
_MOST_LINES, _MOST_ROWS = 30, 500


@dataclass(frozen=True)
class History:
    """What is drawn.

    Attributes:
        rows: the log's rows of the user.
        was: the history as it was.
        scenario: the history as it is taken to be.
        titles: item → title.
        pictures: item → address of a picture, of those that are shown.
    """

    rows: Interactions
    was: Scenario
    scenario: Scenario
    titles: Mapping[str, str]
    pictures: Mapping[str, str]


def draw_history(
    history: History,
    model: NetworkRecommender,
    timeout_minutes: float | None,
    effects: Effects | None,
) -> None:
    """Draw the sessions, newest first, each item with what it did to the one that is explained.

    Args:
        history: what is drawn.
        model: whose reading of it is shown.
        timeout_minutes: what cut the sessions anew; None as the model cuts them.
        effects: of one item, if one is explained.
    """
    st.subheader("Sessions, newest first", anchor=False)
    by_ids = model.use_session_ids and history.rows.session_index is not None
    st.caption(_rule(model, timeout_minutes, by_ids))
    cards, older = cards_of(history, model, effects)
    if cards:
        st.html(cards_html(cards))
    else:
        st.caption("Nothing has been done yet.")
    if older:
        number = np.array(history.scenario.sessions[:older])
        sessions = len(np.unique(number))
        unread = "" if isinstance(model, FlatRecommender) else ", which the model does not read"
        with st.expander(f"{plural(sessions, 'older session')}{unread}"):
            first = _older_table(history, older, max(older - _MOST_ROWS, 0))
            whole = partial(_older_table, history, older, 0)
            draw_table(first, "older-sessions", "older_table", whole)
            if older > _MOST_ROWS:
                st.caption(f"The last {_MOST_ROWS:,} of {plural(older, 'interaction')}.")


def _rule(model: NetworkRecommender, timeout_minutes: float | None, by_ids: bool) -> str:
    if timeout_minutes is None:
        cut = f"as in training, {cut_words(model.session_timeout_minutes, by_ids)}"
    else:
        cut = f"anew {cut_words(timeout_minutes, by_ids=False)}; the model stays as it was trained"
    if isinstance(model, FlatRecommender):
        return (
            f"Cut {cut}. The model knows nothing of sessions: it reads the last {model.length:,}"
            " interactions as one sequence."
        )
    return (
        f"Cut {cut}. The model reads the last {plural(model.max_sessions, 'session')}, the last"
        f" {plural(model.max_session_len, 'item')} of each."
    )


def cards_of(
    history: History, model: NetworkRecommender, effects: Effects | None
) -> tuple[list[Card], int]:
    """Return the cards, newest first, and how many of the scenario's places are older than them."""
    scenario, reading = history.scenario, Reading.of(model, history.scenario)
    number = np.array(scenario.sessions, np.int64)
    kept = np.unique(number)
    flat = isinstance(model, FlatRecommender)
    read = len(np.unique(reading.session)) if flat else model.max_sessions
    shown = kept[-max(min(read, _MOST_CARDS), 1) :]
    oldest = int(shown[0]) if len(shown) else 0
    gone = {one for one in set(history.was.sessions) - set(kept.tolist()) if one >= oldest}
    by_place, by_session = _effects(effects)
    times = _Times.of(history)
    cards = []
    for session in sorted({*shown.tolist(), *gone}, reverse=True):
        name = f"Session {session + 1}"
        if session in gone:
            cards.append(Card(name, "dropped", dropped=True))
            continue
        start, stop = np.searchsorted(number, (session, session + 1)).tolist()
        latest = session == kept[-1]
        own = reading.places[(reading.places >= start) & (reading.places < stop)]
        first = int(own[0]) if len(own) else max(start, stop - _MOST_LINES)
        lines = [_line(history, place, set(own.tolist()), by_place) for place in range(first, stop)]
        unread = first - start
        note = f"{plural(unread, 'earlier item')} of it, which the model does not read"
        cards.append(
            Card(
                name + (", the latest" if latest else ""),
                times.facts(start, stop),
                lines[::-1],
                note if unread else "",
                by_session.get(session),
                latest and not scenario.waits,
            )
        )
    return cards, int(np.searchsorted(number, oldest))


def _effects(effects: Effects | None) -> tuple[dict[int, Effect], dict[int, Effect]]:
    if effects is None:
        return {}, {}
    each, whole = effects.interactions, effects.sessions
    return (
        _made(each["PLACE"], each["EFFECT"], each["RANK"]),
        _made(whole[SESSION], whole["EFFECT"], whole["RANK"]),
    )


def _made(keys: Iterable[int], values: Iterable[float], ranks: Iterable[int]) -> dict[int, Effect]:
    return {
        int(key): Effect(float(value), int(rank))
        for key, value, rank in zip(keys, values, ranks, strict=True)
    }


def _line(history: History, place: int, read: set[int], effects: Mapping[int, Effect]) -> Line:
    scenario = history.scenario
    item, row = scenario.items[place], scenario.rows[place]
    notes = ["added"] * (row is None) + ["unknown to the model"] * (place not in read)
    if row is not None and history.rows.outcome[row] == 0:
        notes.append("outcome 0")
    title = history.titles.get(item, item)
    return Line(title, ", ".join(notes), effects.get(place), history.pictures.get(item))


@dataclass(frozen=True)
class _Times:
    """When places were, microseconds since the epoch; added ones were never.

    Attributes:
        time: of each place.
        known: whether it was.
        stays: whether it was, and in the session that it has now.
    """

    time: np.ndarray
    known: np.ndarray
    stays: np.ndarray

    @classmethod
    def of(cls, history: History) -> "_Times":
        rows, scenario, was = history.rows, history.scenario, history.was
        row = np.array([-1 if one is None else one for one in scenario.rows], np.int64)
        known = row >= 0
        if not len(rows):
            return cls(np.zeros(len(row), np.int64), known, known)
        session = np.empty(len(rows), np.int64)
        session[list(was.rows)] = was.sessions
        return cls(rows.time_us[row], known, known & (session[row] == scenario.sessions))

    def facts(self, start: int, stop: int) -> str:
        """Say when a session was, how much there is of it, how long it took, after what gap."""
        facts, own = [], self.time[start:stop][self.stays[start:stop]]
        count = plural(stop - start, "item")
        if not len(own):
            return f"{'moved' if self.known[start:stop].any() else 'added'} · {count}"
        first, last = int(own.min()), int(own.max())
        facts = [f"{moment(first)} UTC", count]
        if last > first:
            facts.append(minutes((last - first) / MINUTE_US, digits=2))
        before = self.time[:start][self.stays[:start]]
        if len(before) and first > before.max():
            gap = minutes((first - int(before.max())) / MINUTE_US, digits=2)
            facts.append(f"{gap} after the one before")
        return " · ".join(facts)


def _older_table(history: History, stop: int, start: int) -> pd.DataFrame:
    scenario = history.scenario
    places = range(stop - 1, start - 1, -1)
    items = [scenario.items[place] for place in places]
    times = _Times.of(history)
    return pd.DataFrame(
        {
            "Session": [scenario.sessions[place] + 1 for place in places],
            "Time (UTC)": [
                moment(int(times.time[place])) if times.known[place] else "added"
                for place in places
            ],
            "Title": [history.titles.get(item, item) for item in items],
            "Item": items,
        }
    )
