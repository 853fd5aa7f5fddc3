"""Session kNN again, as slowly and plainly as its docstring can be written, on random logs."""

import math

import numpy as np
import pandas as pd
import pytest

from hrnn import read_interactions
from hrnn.baselines import SessionKNN
from hrnn.recommend.request import Request
from hrnn.training.roles import HISTORY, TRAIN, VALID


def plain_sessions(rows: list[tuple], timeout: float = 30) -> list[list[tuple]]:
    """Cut (item, minute, outcome, …) rows of one user."""
    cut: list[list[tuple]] = []
    for row in rows:
        if not cut or row[1] - cut[-1][-1][1] > timeout:
            cut.append([])
        cut[-1].append(row)
    return cut


class PlainKNN:
    """Session kNN as its docstring has it; a log is user → rows of item, minute, outcome, role."""

    def __init__(self, log: dict[str, list[tuple]], known: list[str], settings: dict) -> None:
        self.known, self.settings = known, settings
        self.popular = dict.fromkeys(known, 0)
        sessions = []
        for user in sorted(log):
            for rows in plain_sessions(log[user]):
                held = [row for row in rows if row[3] == TRAIN and row[2] > 0]
                for row in held:
                    self.popular[row[0]] += 1
                if held:
                    sessions.append((held[-1][1], user, sorted({row[0] for row in held})))
        self.sessions = sorted(sessions, key=lambda one: one[0])  # stable

    def held_by(self, item: str) -> int:
        return sum(item in held for _, _, held in self.sessions)

    def scores(self, user: str, rows: list[tuple], new: bool) -> list[float]:
        cut = plain_sessions(rows)
        if not new and cut and not any(row[0] in self.known for row in cut[-1]):
            new = True
        last = [] if new or not cut else cut.pop()
        current = [row[0] for row in last if row[0] in self.known]
        earlier = [row for one in cut for row in one if row[0] in self.known]
        missing = max(0, self.settings["extend_length"] - len(current))
        extended = [row[0] for row in earlier[-missing:]] if missing else []
        found = self.by_neighbours(user, extended + current, last, rows)
        reminded: list[str] = []
        for item, _, outcome in reversed(earlier):
            if outcome > 0 and item not in reminded:
                reminded.append(item)
        for rank, item in enumerate(reminded, 1):
            found[item] += self.settings["remind_weight"] / rank
        most = max(self.popular.values())
        return [found[item] + 1e-6 * self.popular[item] / (2 * most + 1) for item in self.known]

    def by_neighbours(
        self, user: str, session: list[str], last: list[tuple], rows: list[tuple]
    ) -> dict[str, float]:
        back = {item: len(session) - place for place, item in enumerate(session)}
        known_last = [row for row in last if row[0] in self.known]
        sharing = [one for one in self.sessions if any(item in back for item in one[2])]
        rated = []
        for order, (end, owner, held) in enumerate(sharing[-self.settings["sample_size"] :]):
            shared = [back[item] for item in held if item in back]
            similarity = sum(1 / math.log10(p + 0.7) for p in sorted(shared))
            if owner == user:
                over = end < known_last[0][1] if known_last else end <= rows[-1][1]
                similarity *= (1 + self.settings["boost"]) * over
            rated.append((similarity, order, min(shared), held))
        rated.sort(reverse=True)
        found = dict.fromkeys(self.known, 0.0)
        for similarity, _, nearest, held in rated[: self.settings["neighbours"]]:
            for item in held:
                rarity = 1 + 10 * math.log(len(self.sessions) / self.held_by(item))
                found[item] += similarity / nearest**2 * rarity
        best = max(found.values())
        return {item: score / best if best else score for item, score in found.items()}


def random_rows(random: np.random.Generator, items: int) -> list[tuple]:
    """Rows of one user: item, minute, outcome, role."""
    rows, minute = [], float(random.integers(0, 400))
    for _ in range(random.integers(1, 30)):
        minute += float(random.choice([2, 5, 30, 31, 300], p=[0.4, 0.25, 0.1, 0.1, 0.15]))
        outcome = float(random.choice([1, 0.5, 0, np.nan], p=[0.7, 0.1, 0.1, 0.1]))
        role = random.choice([TRAIN, VALID, HISTORY], p=[0.8, 0.1, 0.1])
        rows.append((f"i{random.integers(items)}", minute, outcome, int(role)))
    return rows


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"neighbours": 3, "sample_size": 6},
        {"neighbours": 2, "extend_length": 0, "boost": 0.0},
        {"extend_length": 7, "remind_weight": 0.0, "sample_size": 9},
        {"extend_length": 1, "boost": 10.0, "neighbours": 5, "remind_weight": 2.0},
    ],
)
@pytest.mark.parametrize("seed", range(4))
def test_scores_equal_those_of_the_formula_written_plainly(settings, seed):
    random = np.random.default_rng(seed)
    log = {f"u{number}": random_rows(random, 9) for number in range(8)}
    frame = pd.DataFrame(
        [(user, *row) for user in log for row in log[user]],
        columns=["USER_ID", "ITEM_ID", "MINUTE", "OUTCOME", "ROLE"],
    )
    start = pd.Timestamp("2024-01-01T00:00:00Z")
    frame["TIMESTAMP"] = start + pd.to_timedelta(frame["MINUTE"], unit="min")
    data = read_interactions(frame[["USER_ID", "ITEM_ID", "TIMESTAMP", "OUTCOME"]])
    model = SessionKNN(**settings)
    model.fit(data, frame["ROLE"].to_numpy(np.int8))
    plain = PlainKNN(log, model.vocabulary.ids.tolist(), model.settings())
    asked = [
        (place, stop, new)
        for place in range(8)
        for stop in range(len(log[f"u{place}"]) + 1)
        for new in (False, True)
    ]
    place, stop, new = (np.array(one) for one in zip(*asked, strict=True))
    first = data.user_starts[place]
    found = model.score(Request(data, data.user_ids[place], first, first + stop, new))
    expected = [
        plain.scores(f"u{place}", [row[:3] for row in log[f"u{place}"][:stop]], new)
        for place, stop, new in asked
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-9)
