"""Batches: users side by side, each read from the first interaction to the last."""

from dataclasses import dataclass, replace

import numpy as np
import torch

from hrnn.arrays import ranges
from hrnn.model.histories import Histories


@dataclass(frozen=True)
class Batch:
    """Some users' histories in the order in which a network reads them.

    Every user has a lane, and all lanes go on by one interaction a step, through the ends of their
    sessions: there are as many steps as the longest history has interactions. Lanes go by length,
    so that those still read at a step are the first; nothing is padded.

    Attributes:
        users: int64 [B], whose each lane is, the longest history first.
        items: int64 [N], by step and then by lane.
        places: int64 [N], each interaction's place in the histories.
        offsets: int64 [steps + 1], where each step begins among the interactions.
        opening: int64 [sessions but the users' first], the lanes in which a session starts, by
            step and then by lane.
        openings: int64 [steps + 1], where each step begins in ``opening``.
    """

    users: np.ndarray
    items: torch.Tensor
    places: np.ndarray
    offsets: np.ndarray
    opening: torch.Tensor
    openings: np.ndarray

    @property
    def steps(self) -> int:
        """Number of steps."""
        return len(self.offsets) - 1

    @property
    def begun(self) -> int:
        """Number of lanes that have an interaction; they are the first."""
        return int(self.offsets[1]) if self.steps else 0

    def step(self, number: int) -> tuple[slice, torch.Tensor]:
        """Return a step's interactions, and the lanes in which a session starts with it."""
        interactions = slice(int(self.offsets[number]), int(self.offsets[number + 1]))
        return interactions, self.opening[self.openings[number] : self.openings[number + 1]]

    def to(self, device: torch.device) -> "Batch":
        """Return the batch with its items and lanes on a device."""
        if device.type == "cpu":
            return self
        return replace(self, items=self.items.to(device), opening=self.opening.to(device))

    @classmethod
    def of(cls, histories: Histories, users: np.ndarray) -> "Batch":
        """Lay out the given users."""
        first_session = histories.user_starts[users]
        sessions = histories.user_starts[users + 1] - first_session
        start = histories.session_starts[first_session]
        length = histories.session_starts[first_session + sessions] - start
        order = np.argsort(-length, kind="stable")
        users, start, length = users[order], start[order], length[order]
        active = np.searchsorted(-length, -np.arange(length.max(initial=0)), side="left")
        offsets = np.concatenate([[0], np.cumsum(active)])
        step = np.repeat(np.arange(len(active)), active)
        places = start[np.arange(offsets[-1]) - offsets[step]] + step
        later = np.maximum(sessions[order] - 1, 0)
        opening = np.repeat(np.arange(len(users)), later)
        at = histories.session_starts[ranges(first_session[order] + 1, later)] - start[opening]
        by_step = np.argsort(at, kind="stable")
        return cls(
            users,
            torch.from_numpy(histories.items[places].astype(np.int64)),
            places,
            offsets,
            torch.from_numpy(opening[by_step]),
            np.searchsorted(at[by_step], np.arange(len(offsets))),
        )


def shuffled_users(
    histories: Histories, users: np.ndarray, batch_size: int, random: np.random.Generator
) -> list[np.ndarray]:
    """Return all users once, in random batches of users with histories of like length.

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
    return [batches[place] for place in random.permutation(len(batches)).tolist()]
