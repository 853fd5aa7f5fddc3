"""Dropping what a log holds beside people's choices; each step says how many rows it kept."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
from pydantic import Field

from hrnn.columns import SESSION_ID, TIMESTAMP, USER_ID
from hrnn.config import config
from hrnn.data.coded import Coded
from hrnn.data.findings import NA_LIKE
from hrnn.data.interactions import Interactions
from hrnn.data.outcomes import find_mode
from hrnn.errors import DataError
from hrnn.sessions.segmentation import segment

Count = Annotated[int, Field(ge=1)]
_NAMED = 5  # event types that a sentence names


@config
class CleaningConfig:
    """What of a log is kept; as it is made, all of it.

    Attributes:
        event_column: the column that holds the type of each interaction.
        events: event type → outcome; interactions of other types are dropped. "" stands for a
            blank. None keeps all types and leaves outcomes alone.
        drop_na_like: whether interactions go whose user or item looks like a missing value.
        set_aside: ids of users who are left out, robots for example.
        min_item_interactions: an item stays if it has as many interactions or more.
        min_session_interactions: a session stays if it has as many interactions or more.
        min_user_sessions: a user stays who has as many sessions or more.
        timeout_minutes: cuts the sessions that the minimums count.
        use_session_ids: whether SESSION_ID, where present, decides instead.
    """

    event_column: str | None = None
    events: Mapping[str, Annotated[float, Field(allow_inf_nan=False)]] | None = None
    drop_na_like: bool = False
    set_aside: tuple[str, ...] = ()
    min_item_interactions: Count = 1
    min_session_interactions: Count = 1
    min_user_sessions: Count = 1
    timeout_minutes: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 30.0
    use_session_ids: bool = True

    def __post_init__(self) -> None:
        """Refuse events without a column, and none at all."""
        if self.events is not None and self.event_column is None:
            raise ValueError("events are given, but no event_column that holds them")
        if self.events is not None and not self.events:
            raise ValueError("events={}: name one type at least; None keeps all of them")


@dataclass(frozen=True)
class Step:
    """What was left after a step.

    Attributes:
        name: "came_in", "events", "na_like", "set_aside", "items", "sessions", "users" or
            "again".
        words: what the step keeps or drops, for people.
        rows, users, items: how many are left.
    """

    name: str
    words: str
    rows: int
    users: int
    items: int


@dataclass(frozen=True)
class Cleaned:
    """A cleaned log: the interactions left, and the steps that led there, what came in first."""

    data: Interactions
    steps: tuple[Step, ...]


def clean(data: Interactions, config: CleaningConfig) -> Cleaned:
    """Drop what the settings do not keep, one step after another.

    First go event types, ids that look like missing values and the users set aside, then in turn
    items, sessions and users that are below their minimum, as in the HRNN paper's own preparation
    (github.com/mquad/hgru4rec, data/xing/build_dataset.py). One pass of these leaves some below a
    minimum again, since a dropped session takes interactions from its items. So passes go on until
    nothing changes, as RecBole does (``Dataset._filter_by_inter_num``, "k-core data filtering");
    those after the first are one step, which counts them. Sessions are cut anew in each pass, for
    a gap grows where an item is dropped: cutting the result with the same settings gives sessions
    and users that all have their minimum. Steps that are not asked for are left out.

    Args:
        data: the log.
        config: what is kept.

    Returns:
        The rows left, with the report of all, but for its ``outcome_mode``.

    Raises:
        DataError: there is no such column, or a step leaves no interaction.
    """
    waterfall = _Waterfall(data, config)
    outcome = _keep_events(waterfall, config)
    if config.drop_na_like:
        _drop_na_like(waterfall)
    if config.set_aside:
        _set_aside(waterfall, config.set_aside)
    _keep_minimums(waterfall, config)
    kept = waterfall.left()
    if outcome is not None:
        kept = kept.with_outcome(outcome[waterfall.kept])
        report = replace(kept.report, outcome_mode=find_mode(kept.outcome))
        kept = Interactions(kept.table, report)
    return Cleaned(kept, tuple(waterfall.steps))


def count_events(data: Interactions, column: str) -> dict[str, int]:
    """Count the interactions of each event type, most frequent first; "" stands for a blank.

    Raises:
        DataError: there is no such column.
    """
    return _counted(*_events(data, column))


class _Waterfall:
    """The rows still left while a log is cleaned.

    Attributes:
        kept: bool [rows of the log], which are left.
        user, item: int32 [rows left], places in the log's ``user_ids`` and ``item_ids``.
        steps: what has been done.
    """

    def __init__(self, data: Interactions, config: CleaningConfig) -> None:
        self.data, self.config = data, config
        self.kept = np.ones(len(data), bool)
        self.user, self.item = data.user_index, data.item_index
        self.steps: list[Step] = []
        self._sessions: tuple[np.ndarray, np.ndarray] | None = None
        if not len(data):
            raise DataError("the log has no interactions; import one that has some")
        self.done("came_in", "came in")

    def keep(self, rows: np.ndarray, words: str, remedy: str, whole: bool = False) -> bool:
        """Keep some of the rows left.

        Args:
            rows: bool [rows left].
            words: what is kept.
            remedy: what to do where that is nothing.
            whole: whether sessions are kept or dropped as a whole, so that the others stay as
                they are.

        Returns:
            Whether any row went.
        """
        if rows.all():
            return False
        if not rows.any():
            raise DataError(
                f"{words}: of {len(rows):,} interactions ({_distinct(self.user):,} users,"
                f" {_distinct(self.item):,} items) none is left; {remedy}"
            )
        self.kept[self.kept] = rows
        self.user, self.item = self.user[rows], self.item[rows]
        if self._sessions is not None:
            session, owner = self._sessions
            self._sessions = (session[rows], owner) if whole else None
        return True

    def done(self, name: str, words: str) -> None:
        """Note what is left now."""
        self.steps.append(
            Step(name, words, len(self.user), _distinct(self.user), _distinct(self.item))
        )

    def left(self) -> Interactions:
        """Return the rows left, with all their columns."""
        return self.data if len(self.user) == len(self.data) else self.data.take(self.kept)

    def sessions(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the session of each row left, and the user of each session."""
        if self._sessions is None:
            table = self.data.table.select([USER_ID, TIMESTAMP, SESSION_ID])  # what cutting reads
            left = Interactions(table, self.data.report).take(self.kept)
            cut = segment(left, self.config.timeout_minutes, self.config.use_session_ids)
            owner = np.empty(cut.count, self.user.dtype)
            owner[cut.number] = self.user
            self._sessions = cut.number, owner
        return self._sessions


def _distinct(code: np.ndarray) -> int:
    seen = np.zeros(int(code.max(initial=-1)) + 1, bool)
    seen[code] = True
    return int(seen.sum())


def _events(data: Interactions, column: str) -> tuple[np.ndarray, list[str]]:
    """Return a code for each row and the text of each code; blanks are the last, ""."""
    if column not in data.table.column_names:
        known = ", ".join(data.table.column_names)
        raise DataError(f"there is no column {column!r} for event types; there are {known}")
    coded = Coded.of(data.table[column])
    texts = [*coded.values.to_pylist(), ""]
    return np.where(coded.code < 0, len(texts) - 1, coded.code), texts


def _counted(code: np.ndarray, texts: list[str]) -> dict[str, int]:
    counts = np.bincount(code, minlength=len(texts))
    order = np.argsort(-counts, kind="stable")
    return {texts[place]: int(counts[place]) for place in order.tolist() if counts[place]}


def _keep_events(waterfall: _Waterfall, config: CleaningConfig) -> np.ndarray | None:
    """Keep the chosen event types; return the outcome of each of the log's rows, if they say."""
    if config.events is None or config.event_column is None:
        return None
    code, texts = _events(waterfall.data, config.event_column)
    wanted = np.array([text in config.events for text in texts])
    outcome = np.array([config.events.get(text, np.nan) for text in texts])
    words = f"event types {_listed([text or '(blank)' for text in config.events])}"
    there = _listed([f"{text!r} ({rows:,})" for text, rows in _counted(code, texts).items()])
    waterfall.keep(wanted[code], words, f"choose among {there}")
    waterfall.done("events", words)
    return outcome[code]


def _listed(texts: list[str]) -> str:
    more = len(texts) - _NAMED
    return ", ".join(texts[:_NAMED]) + (f" and {more:,} more" if more > 0 else "")


def _drop_na_like(waterfall: _Waterfall) -> None:
    data, words = waterfall.data, "without ids that look like missing values"
    user, item = (
        np.array([text.lower() in NA_LIKE for text in ids])
        for ids in (data.user_ids, data.item_ids)
    )
    rows = ~(user[waterfall.user] | item[waterfall.item])
    waterfall.keep(rows, words, "map the columns that hold the ids, or keep such ids")
    waterfall.done("na_like", words)


def _set_aside(waterfall: _Waterfall, users: tuple[str, ...]) -> None:
    named = set(users)
    aside = np.array([text in named for text in waterfall.data.user_ids])
    there = int(aside.sum())
    words = f"{there:,} user{'' if there == 1 else 's'} set aside"
    if there < len(named):
        words += f" ({len(named) - there:,} not in the log)"
    waterfall.keep(~aside[waterfall.user], words, "set fewer users aside")
    waterfall.done("set_aside", words)


def _items(waterfall: _Waterfall) -> tuple[np.ndarray, np.ndarray]:
    return np.bincount(waterfall.item), waterfall.item


def _sessions(waterfall: _Waterfall) -> tuple[np.ndarray, np.ndarray]:
    session, _ = waterfall.sessions()
    return np.bincount(session), session


def _users(waterfall: _Waterfall) -> tuple[np.ndarray, np.ndarray]:
    session, owner = waterfall.sessions()
    there = np.zeros(len(owner), bool)
    there[session] = True
    return np.bincount(owner[there]), waterfall.user


@dataclass(frozen=True)
class _Minimum:
    """A minimum: of what there must be as many, in what, and how to count it.

    ``count`` returns the count of each thing, and the thing of each row left.
    """

    name: str
    of: str
    setting: str
    count: Callable[[_Waterfall], tuple[np.ndarray, np.ndarray]]

    def words(self, config: CleaningConfig) -> str:
        return f"{self.name} of {getattr(config, self.setting):,} {self.of} or more"

    def keep(self, waterfall: _Waterfall) -> bool:
        """Keep the rows of things that have the minimum; say whether any went."""
        counts, thing = self.count(waterfall)
        enough = counts >= getattr(waterfall.config, self.setting)
        return waterfall.keep(
            enough[thing],
            self.words(waterfall.config),
            f"the most that one has is {int(counts.max()):,}; lower {self.setting}",
            whole=self.name != "items",
        )


_MINIMUMS = (
    _Minimum("items", "interactions", "min_item_interactions", _items),
    _Minimum("sessions", "interactions", "min_session_interactions", _sessions),
    _Minimum("users", "sessions", "min_user_sessions", _users),
)


def _keep_minimums(waterfall: _Waterfall, config: CleaningConfig) -> None:
    """Drop items, sessions and users below their minimum until all are at or above it."""
    asked = [one for one in _MINIMUMS if getattr(config, one.setting) > 1]
    for one in asked:
        one.keep(waterfall)
        waterfall.done(one.name, one.words(config))
    rounds = 0
    while sum(one.keep(waterfall) for one in asked):  # unlike any, each of them has its turn
        rounds += 1
    if rounds:
        counted = "1 more round" if rounds == 1 else f"{rounds:,} more rounds"
        waterfall.done("again", f"these minimums again, until nothing changes ({counted})")
