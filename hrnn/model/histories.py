"""Users' sessions end to end, without padding, and the batches made of them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch

from hrnn.arrays import ranges
from hrnn.data.vocabulary import PADDING


@dataclass(frozen=True)
class Histories:
    """The sessions of some users.

    Attributes:
        items: int32 [interactions], item indices, by user, session and place in it.
        rows: int64 [interactions], the row of the log that each interaction came from.
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
        order = np.argsort(session, kind="stable")
        order = order[item[order] != PADDING]
        number = session[order]
        first = np.flatnonzero(np.diff(number, prepend=-1))
        owner = user[order][first]
        last = np.full(users, -1, np.int64)
        np.maximum.at(last, user, session)
        kept_last = np.full(users, -1, np.int64)
        np.maximum.at(kept_last, owner, number[first])
        return cls(
            items=item[order],
            rows=order,
            session_starts=np.append(first, len(order)),
            user_starts=np.searchsorted(owner, np.arange(users + 1)),
            lost_last=last != kept_last,
        )

    @property
    def users(self) -> int:
        """Number of users."""
        return len(self.user_starts) - 1

    def window(self, max_sessions: int, max_session_len: int) -> "Histories":
        """Keep the last sessions of each user, and the last items of each session."""
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


_INDICES = ("by_length", "back", "lane", "before")


@dataclass(frozen=True)
class Step:
    """One session of each user who still has one: what the session GRU reads in one call.

    Attributes:
        active: how many users have this session; they are the first of the batch.
        by_length: int64 [active], those users by length of this session, longest first.
        back: int64 [active], the inverse of ``by_length``.
        sizes: int64 [longest session], at each position how many sessions have it.
        lane: int64 [interactions], the active user of each interaction.
        before: int64 [interactions], for each interaction where the state before it stands in
            the first states of the session followed by the states after each interaction.
        start, stop: the step's part of the batch's interactions.
    """

    active: int
    by_length: torch.Tensor
    back: torch.Tensor
    sizes: torch.Tensor
    lane: torch.Tensor
    before: torch.Tensor
    start: int
    stop: int

    def to(self, device: torch.device) -> "Step":
        """Return the step on a device; ``sizes`` stay on the CPU, where torch wants them."""
        moved = {name: getattr(self, name).to(device) for name in _INDICES}
        return replace(self, **moved)


@dataclass(frozen=True)
class Batch:
    """Some users' histories in the order in which the network reads them.

    Interactions go by step (a user's first session, second session, …), position in the session,
    and length of the session. Nothing is padded.

    Attributes:
        users: int64 [B], the users, most sessions first.
        items: int64 [interactions].
        places: int64 [interactions], each one's place in the histories.
        steps: one for each session of the user with the most.
    """

    users: np.ndarray
    items: torch.Tensor
    places: np.ndarray
    steps: list[Step]

    def to(self, device: torch.device) -> "Batch":
        """Return the batch on a device."""
        if device.type == "cpu":
            return self
        steps = [step.to(device) for step in self.steps]
        return Batch(self.users, self.items.to(device), self.places, steps)

    @classmethod
    def of(cls, histories: Histories, users: np.ndarray) -> "Batch":
        """Lay out the given users."""
        counts = np.diff(histories.user_starts)[users]
        order = np.argsort(-counts, kind="stable")
        users, counts = users[order], counts[order]
        steps: list[Step] = []
        places: list[np.ndarray] = []
        start = 0
        for number in range(int(counts.max(initial=0))):
            active = int(np.searchsorted(-counts, -number, side="left"))
            session = histories.user_starts[users[:active]] + number
            first = histories.session_starts[session]
            lengths = histories.session_starts[session + 1] - first
            by_length = np.argsort(-lengths, kind="stable")
            sizes = np.searchsorted(-lengths[by_length], -np.arange(lengths.max()), side="left")
            position = np.repeat(np.arange(len(sizes)), sizes)
            rank = ranges(np.zeros_like(sizes), sizes)
            places.append(first[by_length][rank] + position)
            offset = np.cumsum(sizes) - sizes  # of each position among the step's interactions
            before = np.where(position == 0, rank, active + offset[position - 1] + rank)
            back = np.empty_like(by_length)
            back[by_length] = np.arange(active)
            steps.append(
                Step(
                    active,
                    torch.from_numpy(by_length),
                    torch.from_numpy(back),
                    torch.from_numpy(sizes),
                    torch.from_numpy(by_length[rank]),
                    torch.from_numpy(before),
                    start,
                    start + len(position),
                )
            )
            start += len(position)
        whole = np.concatenate(places) if places else np.empty(0, np.int64)
        return cls(users, torch.from_numpy(histories.items[whole].astype(np.int64)), whole, steps)


def shuffled_batches(
    histories: Histories, users: np.ndarray, batch_size: int, random: np.random.Generator
) -> Iterator[Batch]:
    """Yield all users once, in random batches of users with histories of like length.

    Users are drawn in random order and sorted only inside windows of 16 batches, so that batches
    differ from epoch to epoch while few steps run with most users gone.
    """
    order = random.permutation(users)
    counts = np.diff(histories.session_starts[histories.user_starts])
    window = 16 * batch_size
    batches = []
    for start in range(0, len(order), window):
        some = order[start : start + window]
        some = some[np.argsort(counts[some], kind="stable")]
        batches += [some[i : i + batch_size] for i in range(0, len(some), batch_size)]
    for place in random.permutation(len(batches)).tolist():
        yield Batch.of(histories, batches[place])
