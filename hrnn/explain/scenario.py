"""What if a history had been another: edits that can be undone, and what would be recommended."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from hrnn.columns import ITEM_ID, OUTCOME, SESSION_ID, TIMESTAMP, USER_ID
from hrnn.data.interactions import Interactions
from hrnn.errors import ConfigError
from hrnn.recommend.network_recommender import NetworkRecommender
from hrnn.sessions import segment

_SECOND_US, _DAY_US = 1_000_000, 86_400_000_000


@dataclass(frozen=True)
class Scenario:
    """Items in sessions, as they were or as they might have been.

    Places count from 0 in the order of the items; sessions keep their numbers when others go.

    Attributes:
        items: the item of each place.
        sessions: the session of each place, ascending.
        rows: the row of the history that each place was taken from; None for what was added.
        waits: whether whoever it is has been away since, so that what comes next begins a session.
        begun: how many sessions there have been, those that were dropped too; the next number.
    """

    items: tuple[str, ...] = ()
    sessions: tuple[int, ...] = ()
    rows: tuple[int | None, ...] = ()
    waits: bool = False
    begun: int = 0

    @classmethod
    def of(
        cls, model: NetworkRecommender, history: Interactions, timeout_minutes: float | None = None
    ) -> "Scenario":
        """Take a history as it was.

        Args:
            model: whose sessions it has.
            history: the rows of one user.
            timeout_minutes: cuts the sessions anew, ids left out of account; None cuts as the
                model does.
        """
        cut = (
            model.sessions(history)
            if timeout_minutes is None
            else segment(history, timeout_minutes, use_session_ids=False)
        )
        order = np.argsort(cut.in_user, kind="stable")
        items = history.item_ids[history.item_index[order]].tolist()
        sessions = tuple(cut.in_user[order].tolist())
        return cls(tuple(items), sessions, tuple(order.tolist()), begun=cut.count)

    def __len__(self) -> int:
        return len(self.items)

    def log(self, history: Interactions) -> Interactions:
        """Write the scenario as a log, for models that read times: its sessions by id.

        What was taken from the history keeps its time and outcome, unless something later stands
        before it; what was added came a second after the one before, or a day where it begins a
        session, with an outcome of 1.

        Args:
            history: the rows that the scenario was taken from.
        """
        if not self.items:
            return history.slice(0, 0)
        times, outcomes = [], []
        now, last = int(history.time_us[-1]) if len(history) else 0, None
        for row, session in zip(self.rows, self.sessions, strict=True):
            if row is not None:
                now = max(now, int(history.time_us[row])) if times else int(history.time_us[row])
            else:
                now += _SECOND_US if session == last else _DAY_US
            times.append(now)
            outcomes.append(1.0 if row is None else history.outcome[row])
            last = session
        user = history.user_ids[0] if len(history) else "somebody new"
        columns = {
            USER_ID: pa.array([user] * len(self)).dictionary_encode(),
            ITEM_ID: pa.array(self.items).dictionary_encode(),
            TIMESTAMP: pa.array(times, pa.timestamp("us", "UTC")),
            OUTCOME: pa.array(outcomes, pa.float64()),
            SESSION_ID: pa.array(map(str, self.sessions)).dictionary_encode(),
        }
        return Interactions(pa.table(columns), history.report)

    def without_session(self, number: int) -> "Scenario":
        """Drop a session. If it was the last one, what comes next begins a session."""
        self._check(number in self.sessions, f"session {number + 1} is not there")
        last = number == self.sessions[-1]
        kept = [place for place, one in enumerate(self.sessions) if one != number]
        return replace(self._of(kept), waits=self.waits or last)

    def without(self, place: int) -> "Scenario":
        """Remove one interaction; a session that loses its only one is dropped."""
        self._check(0 <= place < len(self), f"place {place + 1} is not there")
        if self.sessions.count(self.sessions[place]) == 1:
            return self.without_session(self.sessions[place])
        return self._of([one for one in range(len(self)) if one != place])

    def with_item(self, item: str) -> "Scenario":
        """Add an interaction at the end: to the last session, or to a new one after a wait."""
        new = self.waits or not self.sessions
        number = self.begun if new else self.sessions[-1]
        return Scenario(
            (*self.items, item),
            (*self.sessions, number),
            (*self.rows, None),
            begun=self.begun + new,
        )

    def moved(self, place: int, to: int) -> "Scenario":
        """Take an interaction to another place, into the session that it has now.

        A session that loses its only one is dropped; if it was the last one, what comes next begins
        a session.
        """
        for one in (place, to):
            self._check(0 <= one < len(self), f"place {one + 1} is not there")
        order = list(range(len(self)))
        order.insert(to, order.pop(place))
        number = [self.sessions[to if one == place else one] for one in order]
        waits = self.waits or number[-1] != self.sessions[-1]
        return replace(self._of(order), sessions=tuple(number), waits=waits)

    def after_a_wait(self) -> "Scenario":
        """Wait for longer than the timeout."""
        return replace(self, waits=True)

    def edited(self, edits: Sequence[str]) -> "Scenario":
        """Make edits, one after another: "drop:3", "remove:7", "add:ITEM", "move:4-1", "wait".

        Raises:
            ConfigError: an edit is none of these, or what it is about is not there.
        """
        scenario = self
        for edit in edits:
            kind, _, rest = edit.partition(":")
            try:
                scenario = scenario._edited(kind, rest)
            except ConfigError:
                raise
            except ValueError:
                raise ConfigError(
                    f"edit {edit!r}: it must be drop:SESSION, remove:PLACE, add:ITEM, move:FROM-TO"
                    " or wait"
                ) from None
        return scenario

    def _edited(self, kind: str, rest: str) -> "Scenario":
        if kind == "drop":
            return self.without_session(int(rest))
        if kind == "remove":
            return self.without(int(rest))
        if kind == "add" and rest:
            return self.with_item(rest)
        if kind == "move":
            place, _, to = rest.partition("-")
            return self.moved(int(place), int(to))
        if kind == "wait" and not rest:
            return self.after_a_wait()
        raise ValueError(kind)

    def _of(self, places: list[int]) -> "Scenario":
        items, sessions, rows = (
            tuple(one[place] for place in places) for one in (self.items, self.sessions, self.rows)
        )
        return replace(self, items=items, sessions=sessions, rows=rows)

    def _check(self, there: bool, problem: str) -> None:
        if not there:
            raise ConfigError(f"{problem}; it may have been dropped or removed before")
