"""Users' sessions end to end, without padding."""

from dataclasses import dataclass

import numpy as np

from hrnn.arrays import ranges
from hrnn.data.vocabulary import PADDING


@dataclass(frozen=True)
class Histories:
    """The sessions of some users.

    Attributes:
        items: int32 [interactions], item indices, by user, session and place in it.
        rows: integers [interactions], the row of the log that each interaction came from.
        session_starts: int64 [sessions + 1], where each session starts in ``items``.
        user_starts: int64 [users + 1], where each user starts in the sessions.
        lost_last: bool [users], whether all items of the user's last session are unknown, so
            that what follows has no session to continue.
    """

    items: np.ndarray
    rows: np.ndarray
    session_starts: np.ndarray
    user_starts: np.ndarray
    lost_last: np.ndarray

    @classmethod
    def of(cls, item: np.ndarray, user: np.ndarray, session: np.ndarray, users: int) -> "Histories":
        """Lay rows out by session; rows with an unknown item (PADDING) are left out.

        Args:
            item: int32 [rows], item indices.
            user: integers [rows], ascending, below ``users``.
            session: integers [rows], session numbers that ascend from user to user.
            users: how many users there are, with or without rows.
        """
        if (session[1:] < session[:-1]).any():  # sessions interleave
            order = np.argsort(session, kind="stable")
            order = order[item[order] != PADDING]
        else:
            order = np.flatnonzero(item != PADDING)
        rows = order.astype(np.int32 if len(item) < 2**31 else np.int64)
        del order
        number = session[rows]
        opens = np.ones(len(number), bool)
        np.not_equal(number[1:], number[:-1], out=opens[1:])
        first = np.flatnonzero(opens)
        owner, number = user[rows[first]], number[first]
        last = np.full(users, -1, session.dtype)
        np.maximum.at(last, user, session)
        kept_last = np.full(users, -1, session.dtype)
        np.maximum.at(kept_last, owner, number)
        return cls(
            items=item[rows],
            rows=rows,
            session_starts=np.append(first, len(rows)),
            user_starts=np.searchsorted(owner, np.arange(users + 1)),
            lost_last=last != kept_last,
        )

    @property
    def users(self) -> int:
        """Number of users."""
        return len(self.user_starts) - 1

    def window(self, max_sessions: int | np.ndarray, max_session_len: int) -> "Histories":
        """Keep the last sessions of each user (or [users] of them), and their last items."""
        sessions = np.diff(self.user_starts)
        kept = np.minimum(sessions, max_sessions)
        chosen = ranges(self.user_starts[1:] - kept, kept)
        lengths = np.minimum(np.diff(self.session_starts)[chosen], max_session_len)
        places = ranges(self.session_starts[1:][chosen] - lengths, lengths)
        return Histories(
            items=self.items[places],
            rows=self.rows[places],
            session_starts=np.concatenate([[0], np.cumsum(lengths)]),
            user_starts=np.concatenate([[0], np.cumsum(kept)]),
            lost_last=self.lost_last,
        )
