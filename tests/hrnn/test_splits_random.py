"""Splits of random logs against loops over rows, written as plainly as the rules are said."""

from collections import Counter
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from hrnn import Interactions, read_interactions
from hrnn.columns import ITEM_ID, OUTCOME, SESSION_ID, TIMESTAMP, USER_ID
from hrnn.evaluation.splits import SPLITS, make_split
from hrnn.training.roles import HISTORY, TRAIN, VALID

NOTE = "NOTE"  # a number for each row of a random log, which keeps equal rows apart
MINUTE = 60_000_000
SEEDS = range(8)
CUTS = ["leave_last_out", "last_session_out", "temporal"]


@cache
def random_log(
    seed: int, users: int = 40, items: int = 12, ids: bool = True, most: int = 13
) -> Interactions:
    """Outcomes of 1, 0 and none, times that tie, sessions that overlap, and equal rows."""
    random = np.random.default_rng(seed)
    rows = []
    for user in range(users):
        own = [
            [
                f"u{user}",
                f"i{random.integers(items)}",
                600 * int(random.integers(60)),
                random.choice([1.0, 0.0, np.nan], p=[0.75, 0.15, 0.1]),
                random.choice(["s1", "s2", "s3", "s4"]) if ids and random.random() < 0.5 else None,
            ]
            for _ in range(random.integers(1, most + 1))
        ]
        for _ in range(random.integers(3)):
            user_id, item, time, _, _ = own[random.integers(len(own))]
            own.append([user_id, item, time, float(random.integers(2)), None])
        rows += own
    frame = pd.DataFrame(rows, columns=[USER_ID, ITEM_ID, TIMESTAMP, OUTCOME, SESSION_ID])
    frame = frame.sample(frac=1, random_state=seed, ignore_index=True)
    return read_interactions(frame.assign(**{NOTE: [f"n{row}" for row in range(len(frame))]}))


@dataclass(frozen=True)
class Row:
    number: int
    user: str
    item: str
    time: int
    positive: bool
    session_id: str | None

    @property
    def what(self) -> tuple:
        return self.user, self.item, self.time


def plain_rows(data: Interactions) -> dict[str, list[Row]]:
    """The rows of each user, in the order of the log."""
    frame, found = data.frame(), {}
    columns = [frame[name] for name in (USER_ID, ITEM_ID, OUTCOME, SESSION_ID)]
    for number, (user, item, outcome, session_id) in enumerate(zip(*columns, strict=True)):
        known = session_id if isinstance(session_id, str) else None
        row = Row(number, user, item, int(data.time_us[number]), outcome > 0, known)
        found.setdefault(row.user, []).append(row)
    return found


def first_rows(rows: list[Row], minutes: float = 30) -> dict[int, int]:
    """For each row of a user the first row of its session."""
    found, first, chain, before = {}, {}, None, None
    for row in rows:
        if row.session_id is None:
            if before is None or row.time - before > minutes * MINUTE:
                chain = row.number
            before, key = row.time, ("gap", chain)
        else:
            key = ("id", row.session_id)
        found[row.number] = first.setdefault(key, row.number)
    return found


def slow_test_and_valid(name: str, users: dict[str, list[Row]]) -> tuple[list[Row], list[Row]]:
    test, valid = [], []
    if name == "temporal":
        positive = [row for rows in users.values() for row in rows if row.positive]
        times = sorted(row.time for row in positive)
        until_train, until_valid = (times[len(times) * share // 10 - 1] for share in (8, 9))
        for row in positive:
            if row.time > until_valid:
                test.append(row)
            elif row.time > until_train:
                valid.append(row)
        return test, valid
    for rows in users.values():
        positive = [row for row in rows if row.positive]
        if name == "leave_last_out" and len(positive) >= 3:
            test.append(positive[-1])
            valid.append(positive[-2])
        if name == "last_session_out":
            session = first_rows(rows)
            with_positive = sorted({session[row.number] for row in positive})
            if len(with_positive) >= 3:
                held = [row for row in positive if session[row.number] == with_positive[-1]]
                test += held
                for row in positive:
                    if session[row.number] == with_positive[-2] and row.number < held[0].number:
                        valid.append(row)
    return test, valid


def slow_split(name: str, users: dict[str, list[Row]]) -> tuple[list[int], list[int], list[int]]:
    """Roles, held-out rows and hidden rows, as row numbers."""
    test, valid = slow_test_and_valid(name, users)
    held, validating = {row.number for row in test}, {row.number for row in valid}
    equal_to_held = {row.what for row in test}
    equal_to_any = equal_to_held | {row.what for row in valid}
    role, hidden = {}, []
    for rows in users.values():
        for row in rows:
            before = {one.number for one in rows if one.number <= row.number}
            is_hidden, is_after = bool(before & held), bool(before & (held | validating))
            if name == "temporal":
                is_hidden = row.time >= min(one.time for one in test)
                is_after = row.time >= min(one.time for one in valid)
            if is_hidden:
                hidden.append(row.number)
            role[row.number] = HISTORY if is_after else TRAIN
            if row.number in validating and row.what not in equal_to_held:
                role[row.number] = VALID
            if role[row.number] == TRAIN and row.what in equal_to_any:
                role[row.number] = HISTORY
    return [role[n] for n in sorted(role)], [row.number for row in test], hidden


@pytest.mark.parametrize("ids", [True, False], ids=["session ids", "timeout"])
@pytest.mark.parametrize("name", CUTS)
def test_random_logs_are_cut_as_a_loop_over_rows_cuts_them(name, ids):
    overlapping = 0
    for seed in SEEDS:
        data = random_log(seed, ids=ids)
        users = plain_rows(data)
        role, test, hidden = slow_split(name, users)
        split = make_split(name, data)
        assert split.test.tolist() == sorted(test)
        assert np.flatnonzero(split.hidden).tolist() == hidden
        assert split.role.tolist() == role
        session = {}
        for rows in users.values():
            session |= first_rows(rows)
        number = split.sessions.number
        assert split.sessions.opens.tolist() == [session[row] == row for row in range(len(data))]
        overlapping += int((np.diff(number)[np.diff(data.user_index) == 0] < 0).sum())
    assert (overlapping > 100) == ids


@pytest.mark.parametrize("name", CUTS)
def test_what_is_special_is_counted_as_a_loop_counts_it(name):
    total: Counter[str] = Counter()
    for seed in SEEDS:
        data = random_log(seed)
        users = plain_rows(data)
        role, test, hidden = slow_split(name, users)
        tested, valid = slow_test_and_valid(name, users)
        held, validating = set(test), {row.number for row in valid}
        if name == "temporal":
            after = min(row.time for row in [*tested, *valid])
            untrained = {r.number for rows in users.values() for r in rows if r.time >= after}
        else:
            untrained = set()
            for row in [*tested, *valid]:
                untrained |= {one.number for one in users[row.user] if one.number >= row.number}
        counts = {
            "users": len(users),
            "too_short": sum(
                not any(row.number in held for row in rows) for rows in users.values()
            ),
            "trained": role.count(TRAIN),
            "validated": role.count(VALID),
            "held_out": len(test),
            "tied_last": sum(
                row.time == before.time and before.user == row.user
                for rows in users.values()
                for before, row in pairwise(rows)
                if row.number in held
            ),
            "after_last": len(hidden) - len(test),
            "twins": sum(
                role[row] == HISTORY and (row not in untrained or row in validating)
                for row in range(len(data))
            ),
            "between": sum(
                role[row] == HISTORY
                and row in untrained
                and row not in validating
                and row not in hidden
                for row in range(len(data))
            ),
        }
        assert make_split(name, data).counts == counts
        total.update(counts)
    if name == "temporal":  # equal rows lie on the same side of one moment
        assert total.pop("twins") == 0
    assert min(total.values()) > 10, total  # every case has been met


@pytest.mark.parametrize("name", CUTS)
def test_trained_validating_and_held_out_interactions_are_disjoint_and_nothing_later_is_known(name):
    for seed in SEEDS:
        data = random_log(seed)
        split = make_split(name, data)
        frame = data.frame()
        what = list(zip(frame[USER_ID], frame[ITEM_ID], frame[TIMESTAMP], strict=True))
        parts = [
            {what[row] for row in rows}
            for rows in (
                np.flatnonzero(split.role == TRAIN),
                np.flatnonzero(split.role == VALID),
                split.test,
            )
        ]
        assert all(parts)
        for one, other in ((0, 1), (0, 2), (1, 2)):
            assert not parts[one] & parts[other]
        known, role = split.known()
        users, notes = frame[USER_ID].tolist(), frame[NOTE].tolist()
        given = known.frame()[NOTE].tolist()
        shown = set(given)
        kept = [row for row, note in enumerate(notes) if note in shown]
        assert [notes[row] for row in kept] == given
        assert role.tolist() == split.role[kept].tolist()
        first = {}
        for row in split.test.tolist():
            first.setdefault(users[row], row)
        assert all(row < first.get(users[row], len(data)) for row in kept)
        assert (data.outcome[split.test] > 0).all()
        assert (data.outcome[split.role == VALID] > 0).all()
        if name == "temporal":
            assert known.time_us.max() < data.time_us[split.test].min()
            assert known.time_us[role == TRAIN].max() < known.time_us[role == VALID].min()


@pytest.mark.parametrize("name", sorted(SPLITS.keys() - {"temporal"}))  # one moment cuts all users
def test_split_does_not_depend_on_rows_of_other_users(name):
    data = random_log(3)
    whole = make_split(name, data)
    users = data.user_index % 2 == 0
    half = make_split(name, data.take(users))
    assert half.role.tolist() == whole.role[users].tolist()
    assert half.hidden.tolist() == whole.hidden[users].tolist()
    kept = np.isin(np.flatnonzero(users), whole.test)
    assert half.test.tolist() == np.flatnonzero(kept).tolist()


def test_all_rows_are_trained_on_and_none_is_hidden():
    data = random_log(0)
    split = make_split("all_rows", data)
    known, role = split.known()
    assert known.frame().equals(data.frame())
    assert role.tolist() == [TRAIN] * len(data)
    assert not len(split.test)
    assert not split.hidden.any()
