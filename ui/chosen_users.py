"""Users that a report explains: chosen by a rule, so that failures are shown as successes are."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from hrnn.columns import ITEM_ID, TIMESTAMP, USER_ID
from hrnn.evaluation.splits import Split
from hrnn.evaluation.verdict import K

#: How many of each kind, in this order.
_QUOTAS = {
    "The model found it, popularity did not": 2,
    "Both found it": 1,
    "The model did not find it": 2,
}
_ALL = sum(_QUOTAS.values())
RULE = (
    "They are chosen by a rule, not by hand. Of each user, what came first after the rows that"
    " were learned from is looked for; it is found if it stands among a model's first"
    f" {K}. Shown are two users where the model found it and popularity did not, one where both"
    " did, and two where the model did not; where a kind has too few, the others give more. Each"
    " comes from the middle of its kind, ordered by rank: neither the best nor the worst."
)


@dataclass(frozen=True)
class Chosen:
    """A user that a report explains.

    Attributes:
        user: who.
        kind: what became of what was held out; empty where nothing was.
        rank: of the held-out item, infinity for a miss; None where nothing was measured.
        popular: its rank by popularity, likewise.
    """

    user: str
    kind: str = ""
    rank: float | None = None
    popular: float | None = None


def choose_users(
    questions: pd.DataFrame, model: str, split: Split
) -> tuple[list[Chosen], dict[str, int]]:
    """Choose five users by :data:`RULE`, or as many as there are.

    Args:
        questions: of a report, with the ranks of popularity.
        model: its column.
        split: that the report is of.

    Returns:
        The users; and how many there are of each kind.
    """
    first = questions.merge(_firsts(split), on=[USER_ID, ITEM_ID, TIMESTAMP])
    first = first.drop_duplicates(USER_ID).sort_values(model, kind="stable")
    own, popular = first[model] <= K, first["popularity"] <= K
    parts = zip(_QUOTAS, (own & ~popular, own & popular, ~own), strict=True)
    kinds = {kind: first[inside] for kind, inside in parts}
    chosen = []
    for kind, count in _counts({kind: len(one) for kind, one in kinds.items()}).items():
        rows = kinds[kind].iloc[_middle(len(kinds[kind]), count)]
        for user, rank, popularity in rows[[USER_ID, model, "popularity"]].to_numpy().tolist():
            chosen.append(Chosen(user, kind, rank, popularity))
    return chosen, {kind: len(one) for kind, one in kinds.items()}


def any_users(users: list[str], split: Split) -> list[Chosen]:
    """Choose users where nothing is known of how right a model is: spread over their activity.

    Args:
        users: of the log, the most active first.
        split: whose users are chosen, if they did something before what it held out.
    """
    data = split.data
    able = set(data.user_ids[~np.isin(data.user_starts[:-1], split.test)].tolist())
    there = [user for user in users if user in able]
    return [Chosen(there[place]) for place in _middle(len(there), min(_ALL, len(there)))]


def _firsts(split: Split) -> pd.DataFrame:
    """Return the first held-out interaction of each user who did something before it."""
    data, test = split.data, split.test
    owner = data.user_index[test]
    rows = test[np.unique(owner, return_index=True)[1]]
    rows = rows[rows > data.user_starts[data.user_index[rows]]]
    return pd.DataFrame(
        {
            USER_ID: data.user_ids[data.user_index[rows]],
            ITEM_ID: data.item_ids[data.item_index[rows]],
            TIMESTAMP: pd.to_datetime(data.time_us[rows], unit="us", utc=True),
        }
    )


def _counts(there: dict[str, int]) -> dict[str, int]:
    """Say how many to take of each kind: its quota, and what others lack."""
    taken = {kind: min(quota, there[kind]) for kind, quota in _QUOTAS.items()}
    for _ in range(min(_ALL, sum(there.values())) - sum(taken.values())):
        most = max(there, key=lambda kind: there[kind] - taken[kind])
        taken[most] += 1
    return taken


def _middle(there: int, count: int) -> list[int]:
    """Choose so many of some places in order, each from the middle of its share."""
    return [(2 * one + 1) * there // (2 * count) for one in range(count)]
