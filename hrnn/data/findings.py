"""What is odd about a log that could be read: each finding once, with a count and lines."""

import re
from collections.abc import Iterator

import numpy as np

from hrnn.columns import SESSION_ID
from hrnn.data.export import STARTS_A_FORMULA
from hrnn.data.interactions import Interactions
from hrnn.data.report import WARNED_LINES, Warned
from hrnn.words import plural

NA_LIKE = {
    "na",
    "n/a",
    "#n/a",
    "<na>",
    "nan",
    "null",
    "none",
    "nil",
    "undefined",
    "(not set)",
    "-",
    "?",
    "nat",
    "\\n",  # \\N, as MySQL writes it
    "(null)",
}
_ROUNDED = re.compile(r"\d(\.\d+)?e\+\d+", re.IGNORECASE)
_HALF_HOUR_US = 30 * 60 * 1_000_000
_WEEK_US = 7 * 24 * 60 * 60 * 1_000_000


def warned(code: str, message: str, lines: np.ndarray | list[int]) -> Warned:
    """Make a warning that counts all its lines and keeps the first."""
    ordered = np.sort(np.asarray(lines, dtype=np.int64))
    return Warned(code, message, len(ordered), tuple(ordered[:WARNED_LINES].tolist()))


def find_oddities(data: Interactions, line: np.ndarray, tied: np.ndarray) -> Iterator[Warned]:
    """Look through the accepted rows.

    Args:
        data: the rows, sorted.
        line: int64 array, the line of each row in the file.
        tied: bool array, whether another row of the same user has the same time.
    """
    if tied.any():
        yield warned(
            "TIED_TIMES",
            f"{int(tied.sum()):,} of {len(data):,} interactions share user and time with another;"
            " they stay in the order of the file",
            line[tied],
        )
    yield from _odd_ids(data, line)
    yield from _lopsided(data, line)
    if data.session_index is not None:
        yield from _odd_sessions(data, data.session_index, line)


def _sessions_of(data: Interactions) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    if data.session_index is not None:
        ids = data.table[SESSION_ID].combine_chunks().dictionary.to_numpy(zero_copy_only=False)
        yield "session", ids, data.session_index


def _odd_ids(data: Interactions, line: np.ndarray) -> Iterator[Warned]:
    kinds = (
        ("user", data.user_ids, data.user_index),
        ("item", data.item_ids, data.item_index),
        *_sessions_of(data),
    )
    na_rows = np.zeros(len(data), bool)
    for _, ids, index in kinds:
        # one more, for the rows without a session: their index is -1
        na_rows |= np.array([*(text.lower() in NA_LIKE for text in ids), False], bool)[index]
    if na_rows.any():
        yield warned(
            "NA_LIKE_IDS",
            f"{plural(int(na_rows.sum()), 'interaction has', 'interactions have')} an id that looks"
            " like a missing value ('NA', 'null', …) and is kept as an id; leave the field empty"
            " where there is none",
            line[na_rows],
        )
    for kind, ids, index in kinds:
        held = [text for text in ids if text[:1] == "'" and text[1:].startswith(STARTS_A_FORMULA)]
        if held:
            rows = np.isin(index, np.flatnonzero(np.isin(ids, held)))
            yield warned(
                "APOSTROPHE_IDS",
                f"{plural(len(held), f'{kind} id begins', f'{kind} ids begin')} with the apostrophe"
                f" that an export puts before a formula ({held[0]!r}); it is kept, apart from the"
                " same id without it: take it away if this file is an export",
                line[rows],
            )
        rounded = [text for text in ids if _ROUNDED.fullmatch(text)]
        if rounded:
            rows = np.isin(index, np.flatnonzero(np.isin(ids, rounded)))
            yield warned(
                "FLOAT_LIKE_IDS",
                f"{plural(len(rounded), f'{kind} id was a float', f'{kind} ids were floats')}"
                f" before the log came here ({rounded[0]!r}), so that last digits may be lost; pass"
                " the column as text or as whole numbers",
                line[rows],
            )
        known = set(ids)
        pairs = [(text, whole) for text in ids if (whole := _whole(text)) and whole in known]
        if not pairs:
            continue
        rows = np.isin(index, np.flatnonzero(np.isin(ids, [text for text, _ in pairs])))
        text, whole = pairs[0]
        here, there = (int((index == np.flatnonzero(ids == one)[0]).sum()) for one in pairs[0])
        yield warned(
            "FLOAT_LIKE_IDS",
            f"{kind} {text!r} ({_rows(here)}) may be the same id as {whole!r} ({_rows(there)});"
            f" {len(pairs):,} such pairs, kept apart",
            line[rows],
        )


def _rows(count: int) -> str:
    return f"{count:,} row" + ("" if count == 1 else "s")


def _whole(text: str) -> str | None:
    head, dot, tail = text.partition(".")
    return head if dot and tail and head.lstrip("+-").isdigit() and not tail.strip("0") else None


def _lopsided(data: Interactions, line: np.ndarray) -> Iterator[Warned]:
    new = np.ones(len(data), bool)
    user, time_us = data.user_index, data.time_us
    new[1:] = (user[1:] != user[:-1]) | (time_us[1:] - time_us[:-1] > _HALF_HOUR_US)
    session = np.cumsum(new, dtype=np.int32 if len(new) < 2**31 else np.int64)
    for code, what, group in (
        ("LONG_SESSION", "one session at 30 minutes", session),
        ("DOMINANT_USER", "one user", data.user_index),
    ):
        sizes = np.bincount(group)
        largest = int(sizes.argmax())
        if 2 * sizes[largest] > len(data):
            rows = group == largest
            owner = data.user_ids[data.user_index[rows.argmax()]]
            yield warned(
                code,
                f"{what} (user {owner!r}) holds {sizes[largest]:,} of {len(data):,} interactions",
                line[rows],
            )


def _odd_sessions(data: Interactions, session: np.ndarray, line: np.ndarray) -> Iterator[Warned]:
    rows = np.flatnonzero(session >= 0)
    users = len(data.user_ids)
    key, pair_of = np.unique(session[rows] * users + data.user_index[rows], return_inverse=True)
    pairs = np.stack([key // users, key % users])
    bad = np.zeros(pairs.shape[1], bool)
    ids, users_of_id = np.unique(pairs[0], return_counts=True)
    shared = np.isin(pairs[0], ids[users_of_id > 1])
    start = np.full(len(bad), np.iinfo(np.int64).max)
    end = np.full(len(bad), np.iinfo(np.int64).min)
    np.minimum.at(start, pair_of, data.time_us[rows])
    np.maximum.at(end, pair_of, data.time_us[rows])
    lasting = end - start > _WEEK_US
    order = np.lexsort((end, start, pairs[1]))
    overlap = np.zeros(len(bad), bool)
    latest, owner, holder = 0, -1, -1
    for pair in order.tolist():  # by user and start: does it begin before an earlier one ended?
        if pairs[1, pair] == owner and start[pair] < latest:
            overlap[[pair, holder]] = True
        if pairs[1, pair] != owner or end[pair] > latest:
            latest, owner, holder = end[pair], pairs[1, pair], pair
    bad |= shared | lasting | overlap
    if bad.any():
        yield warned(
            "SESSION_ID_REUSED",
            f"{plural(int(bad.sum()), 'session has', 'sessions have')} an id that several users"
            f" share ({int(shared.sum()):,}), that overlaps another of its user"
            f" ({int(overlap.sum()):,}) or that spans more than 7 days"
            f" ({int(lasting.sum()):,}); ids belong to their user",
            line[rows[bad[pair_of]]],
        )
