"""A user in a report: sessions, recommendations, what came next, and why; brings torch."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from hrnn.columns import SESSION
from hrnn.data.interactions import Interactions
from hrnn.evaluation.verdict import K
from hrnn.explain.leaving_out import Effects, leave_out
from hrnn.explain.ranking import ranked
from hrnn.explain.scenario import Scenario
from hrnn.recommend.network_recommender import NetworkRecommender
from ui import logs
from ui.chosen_users import Chosen
from ui.effects_chart import effects_chart, lines
from ui.exploring import Scene, recs_table, scene_of
from ui.models import model_of
from ui.paper import Picture, picture_of
from ui.why import has_user_state, why_words
from ui.words import day, plural, shortened
from workspace.datasets import Dataset
from workspace.runs import Run

_SESSIONS, _ITEMS, _TOP, _LETTERS = 5, 10, 5, 90
_BARS_SESSIONS, _BARS_ITEMS, _BARS_PIXELS = 4, 8, 240


@dataclass(frozen=True)
class Explained:
    """A user as a report shows one.

    Attributes:
        name: what the report calls the user.
        kind: of user, see :mod:`ui.chosen_users`.
        sessions: when, and which items; the latest first.
        older: what is not shown of the sessions.
        held_out: what came next, and where it stands.
        table: the first recommendations.
        asked: which item is explained.
        why: why it stands where it stands.
        bars: what each session and item did; None where nothing was done before.
    """

    name: str
    kind: str
    sessions: list[tuple[str, list[str]]]
    older: str
    held_out: str
    table: pd.DataFrame
    asked: str
    why: str
    bars: Picture | None


def explained(dataset: Dataset, run: Run, chosen: Chosen, name: str) -> Explained:
    """Explain what is recommended to a user after the rows that were learned from.

    Explained is what came next where the model found it, else what it put first.

    Args:
        dataset: the log.
        run: a run with a model.
        chosen: the user.
        name: what the user is called.

    Raises:
        HRNNError: the model or the log cannot be read.
    """
    model, titles = model_of(run), logs.titles_of(dataset.owner, dataset.id)
    scene = scene_of(dataset, run, model, chosen.user)
    scenario = Scenario.of(model, scene.history)
    found = ranked(model, scenario, scene.begins, exclude_seen=True)
    popularity = logs.popularity_of(dataset.owner, dataset.id)
    table = recs_table(scene, scenario, found, None, popularity, titles).head(_TOP)
    sessions, older = _sessions(scene, model, titles)
    asked, why, bars = "", "The user has had every item; there is nothing to recommend.", None
    if len(found):
        hit = scene.held_out is not None and (chosen.rank or np.inf) <= K
        item = scene.held_out if hit and scene.held_out is not None else found["ITEM_ID"].iloc[0]
        asked = titles.get(item, item)
        effects = leave_out(model, scenario, item, scene.begins, exclude_seen=True)
        why = "There is nothing before it that the model knows."
        if len(effects.sessions):
            why = why_words(effects, f"“{asked}”", has_user_state(model))
            bars = _bars(effects, asked, titles, _days(scene, model))
    columns = ["Rank", "Title" if titles else "Item", "Note"]
    held_out = _held_out(scene, chosen, titles, len(found))
    return Explained(name, chosen.kind, sessions, older, held_out, table[columns], asked, why, bars)


def _sessions(
    scene: Scene, model: NetworkRecommender, titles: Mapping[str, str]
) -> tuple[list[tuple[str, list[str]]], str]:
    """Return the latest sessions, each with its day and items; and what is left out."""
    data = scene.history
    number = model.sessions(data).in_user
    last = int(number.max())
    shown = []
    for session in range(last, max(last - _SESSIONS, -1), -1):
        rows = np.flatnonzero(number == session)
        head = f"Session {session + 1} · {day(int(data.time_us[rows[0]]))}"
        if session == last:
            head += ", a new one begins" if scene.begins else ", the latest, which goes on"
            head = head if scene.held_out is not None else head.partition(",")[0]
        items = [_title(data, row, titles) for row in rows[-_ITEMS:].tolist()]
        before = len(rows) - len(items)
        shown.append((head, [f"({before:,} before)", *items] if before else items))
    older = max(last + 1 - _SESSIONS, 0)
    return shown, f"{plural(older, 'older session')} not shown." if older else ""


def _days(scene: Scene, model: NetworkRecommender) -> dict[int, str]:
    sessions, first = np.unique(model.sessions(scene.history).in_user, return_index=True)
    times = scene.history.time_us[first].tolist()
    return {int(one): day(time) for one, time in zip(sessions, times, strict=True)}


def _title(data: Interactions, row: int, titles: Mapping[str, str]) -> str:
    item = data.item_ids[data.item_index[row]]
    title = shortened(titles.get(item, item), _LETTERS)
    return f"{title} (outcome 0)" if data.outcome[row] == 0 else title


def _held_out(scene: Scene, chosen: Chosen, titles: Mapping[str, str], ranked_items: int) -> str:
    """Say what came next and where it stands, in the words of the figures."""
    if scene.held_out is None or scene.held_out_time is None:
        return "Nothing of this user was held out, so nothing can be said of what came next."
    title = shortened(titles.get(scene.held_out, scene.held_out), _LETTERS)
    where = "in a new session" if scene.begins else "in the same session"
    what = f"What came next: “{title}”, {where} ({day(scene.held_out_time)})."
    if chosen.rank is None:
        return what
    if np.isinf(chosen.rank):
        return f"{what} The user had it before, so a list without items seen before cannot hold it."
    rank = f"{what} The model had it at rank {int(chosen.rank):,} of {ranked_items:,}"
    if chosen.popular is None or np.isinf(chosen.popular):
        return f"{rank}."
    return f"{rank}, popularity at rank {int(chosen.popular):,}."


def _bars(
    effects: Effects, title: str, titles: Mapping[str, str], when: Mapping[int, str]
) -> Picture:
    """Draw the sessions and items that did most; there is no room for all."""
    strong = effects.sessions["EFFECT"].abs().nlargest(_BARS_SESSIONS).index
    kept = effects.sessions.index.isin([*strong, effects.sessions.index[-1]])
    sessions = effects.sessions[kept]
    own = effects.interactions[effects.interactions[SESSION].isin(sessions[SESSION])]
    most = own["EFFECT"].abs().nlargest(_BARS_ITEMS).index
    few = replace(effects, sessions=sessions, interactions=own[own.index.isin(most)])
    frame = lines(few, titles, when, set(sessions[SESSION]))
    chart = effects_chart(frame, "")  # the item stands above it, and there is little room
    return picture_of(chart, _BARS_PIXELS, f"What speaks for “{title}”")
