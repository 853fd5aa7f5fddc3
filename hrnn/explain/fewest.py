"""The fewest sessions without which another item would come first."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from hrnn.explain.readings import Whole, score_variants
from hrnn.explain.scenario import Scenario
from hrnn.recommend.network_recommender import NetworkRecommender

#: So many sessions at most are left out together.
MOST = 3


@dataclass(frozen=True)
class Dethroned:
    """What it takes to dethrone the item recommended first.

    Attributes:
        top: the item; None where nothing is recommended, since all has been seen.
        sessions: numbers of the sessions to leave out, in the user from 0; None where not even
            three are enough.
        instead: the item that is first without them; None likewise.
    """

    top: str | None
    sessions: tuple[int, ...] | None
    instead: str | None


def fewest_sessions(
    model: NetworkRecommender,
    scenario: Scenario,
    begins: bool = False,
    exclude_seen: bool = False,
) -> Dethroned:
    """Find the smallest set of sessions whose removal dethrones the top item: exact up to three.

    Of sets of one size, the one after which the item is furthest behind the new first one, in
    score, is returned.

    Args:
        model: a trained network.
        scenario: a history, as it was or as it might have been.
        begins: whether what comes next begins a new session even without a wait.
        exclude_seen: whether items that have been are not ranked; a session left out has not been.
    """
    whole = Whole.of(model, scenario, begins)
    numbers = np.unique(whole.reading().session)

    def scores_without(sets: list[tuple[int, ...]]) -> np.ndarray:
        readings = [whole.reading(one) for one in sets]
        variants = [(one.items, one.session) for one in readings]
        scores_VI = score_variants(model, variants, np.array([one.begins for one in readings]))
        if exclude_seen:
            scores_VI[np.array([whole.seen(one) for one in sets])] = -np.inf
        return scores_VI

    now_I = scores_without([()])[0]
    top, ids = int(now_I.argmax()), model.vocabulary.ids
    if np.isneginf(now_I[top]):
        return Dethroned(None, None, None)
    for size in range(1, min(MOST, len(numbers)) + 1):
        sets = list(combinations(numbers.tolist(), size))
        scores_VI = scores_without(sets)
        behind_V = scores_VI.max(1) - scores_VI[:, top]
        best = int(behind_V.argmax())
        if behind_V[best] > 0:
            return Dethroned(ids[top], sets[best], ids[int(scores_VI[best].argmax())])
    return Dethroned(ids[top], None, None)
