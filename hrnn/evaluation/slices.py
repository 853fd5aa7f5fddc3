"""Parts of the held-out interactions that are looked at by themselves."""

from collections.abc import Iterator

import numpy as np

from hrnn.sessions import Sessions

_SESSIONS_BEFORE = ((0, "none"), (1, "1"), (2, "2 to 4"), (5, "5 to 9"), (10, "10 or more"))
_POSITIONS = ((0, "first"), (1, "second"), (2, "third to fifth"), (5, "later"))
_THIRDS = ("most popular third", "middle third", "least popular third")


def slices(
    sessions: Sessions, rows: np.ndarray, popularity: np.ndarray
) -> Iterator[tuple[str, str, np.ndarray]]:
    """Yield slice, part and a bool array [questions] of the questions in it; no empty parts.

    Args:
        sessions: the log, cut.
        rows: int64 [questions], the held-out rows.
        popularity: float [questions], for each held-out item the share of training interactions
            with items that are more popular, plus half of its own.
    """
    opens = sessions.opens[rows]
    named = [
        ("session", opens, ("continues a session", "begins a session")),
        ("sessions before", *_steps(sessions.in_user[rows], _SESSIONS_BEFORE)),
        ("position in session", *_steps(_position(sessions)[rows], _POSITIONS)),
        ("item popularity", np.minimum((3 * popularity).astype(int), 2), _THIRDS),
    ]
    for name, part, labels in named:
        for number, label in enumerate(labels):
            inside = part == number
            if inside.any():
                yield name, label, inside


def popularity_place(counts: np.ndarray) -> np.ndarray:
    """Return for each item the share of interactions that more popular ones have (0 to 1).

    Half of the item's own interactions count with them, so that equal thirds of interactions, not
    of items, come out.
    """
    order = np.argsort(-counts, kind="stable")
    before = np.cumsum(counts[order]) - counts[order] / 2
    place = np.empty(len(counts))
    place[order] = before / max(counts.sum(), 1)
    return place


def _steps(
    values: np.ndarray, steps: tuple[tuple[int, str], ...]
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Number the step that each value has reached."""
    least = np.array([low for low, _ in steps])
    return np.searchsorted(least, values, side="right") - 1, tuple(label for _, label in steps)


def _position(sessions: Sessions) -> np.ndarray:
    """int64 [rows]: place of each interaction in its session, from 0."""
    order = np.argsort(sessions.number, kind="stable")
    first = np.cumsum(sessions.lengths) - sessions.lengths
    position = np.empty(len(order), np.int64)
    position[order] = np.arange(len(order)) - np.repeat(first, sessions.lengths)
    return position
