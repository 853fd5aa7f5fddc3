"""Two lists for real users, on sides that are drawn, so that nobody can know which is whose.

Shapes: Q questions, K items of a list.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hrnn.errors import DataError
from hrnn.evaluation.protocol import common_pool, learned_from
from hrnn.evaluation.questions import Questions
from hrnn.evaluation.splits import Split
from hrnn.recommend.base import Recommender

#: Interactions that a user must have before the held-out one; fewer tell a judge too little.
LEAST_HISTORY = 5
#: Questions of a sitting, and how many users are asked about at most to find them.
_MOST, _MOST_ASKED = 100, 1000
#: Of so many questions in a row, half have the first model's list on either side.
_BLOCK = 4


@dataclass(frozen=True)
class BlindQuestion:
    """Two lists for one user.

    Attributes:
        row: the held-out row of the log; the rows of its user before it are the history.
        first, second: item ids that the first and the second model recommend, best first.
        first_is_a: whether the first model's list stands on side A.
    """

    row: int
    first: tuple[str, ...]
    second: tuple[str, ...]
    first_is_a: bool


def draw_questions(
    models: Mapping[str, Recommender], split: Split, length: int, exclude_seen: bool, seed: int
) -> list[BlindQuestion]:
    """Draw users whose lists differ, without replacement; the same seed draws the same.

    Both models rank the same items, those that both know, by the same rule for seen ones, and are
    told alike whether a session begins. Asked about is each user's first held-out row whose item
    both know. Left out are users with less than :data:`LEAST_HISTORY` interactions before it, and
    those to whom both recommend the same items or one of them fewer than asked.

    Args:
        models: name → trained model, two of them.
        split: what was held out from both.
        length: items of a list.
        exclude_seen: whether items of the history are left out.
        seed: of the users' order and of the sides.

    Raises:
        DataError: a model has learned from what is held out, or no user is left.
    """
    pool = common_pool(models)
    if not len(pool):
        raise DataError("the two models know no item in common; choose another to compare with")
    questions = Questions(split, _one_a_user(split), pool)
    for name, count in learned_from(models, questions).items():
        if count:
            raise DataError(
                f"{name} has learned from {count:,} of the {len(questions.rows):,} interactions"
                " that are held out here; compare with a model trained on the same split"
            )
    random = np.random.default_rng(seed)
    order = random.permutation(questions.rows)
    found: list[BlindQuestion] = []
    for start in range(0, min(len(order), _MOST_ASKED), _MOST):
        asked = Questions(split, order[start : start + _MOST], pool)
        answers = asked.ask(models, "full", length, exclude_seen, seed, lambda: False)
        assert answers is not None  # nobody stopped it
        first_QK, second_QK = (one.lists_QK for one in answers.values())
        for row, mine, other in zip(asked.rows.tolist(), first_QK, second_QK, strict=True):
            whole = mine.min() >= 0 and other.min() >= 0
            if whole and set(mine.tolist()) != set(other.tolist()):
                lists = (tuple(pool.ids[one].tolist()) for one in (mine, other))
                found.append(BlindQuestion(row, *lists, first_is_a=_side(seed, len(found))))
        if len(found) >= _MOST:
            break
    if not found:
        raise DataError(
            f"of {len(order):,} users with a held-out interaction and {LEAST_HISTORY} before it,"
            f" none gets two whole lists of {length} items that differ; choose shorter lists or"
            " another model"
        )
    return found[:_MOST]


def _one_a_user(split: Split) -> np.ndarray:
    """Return the first held-out row of each user who has enough before it (int64, ascending)."""
    data = split.data
    owner, first = np.unique(data.user_index[split.test], return_index=True)
    rows = split.test[first]
    return rows[rows - data.user_starts[owner] >= LEAST_HISTORY]


def _side(seed: int, number: int) -> bool:
    """Draw whether the first model stands on side A in a question; half of each block does."""
    random = np.random.default_rng([seed, number // _BLOCK])
    return bool(random.permutation(_BLOCK)[number % _BLOCK] < _BLOCK // 2)
