"""Fitting models on one split and measuring them on what it holds out."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from hrnn.data.interactions import Interactions
from hrnn.data.vocabulary import PADDING
from hrnn.errors import ConfigError, DataError
from hrnn.evaluation.metrics import METRICS, ranks
from hrnn.evaluation.splits import Split, leave_last_out
from hrnn.recommend.base import Recommender, Request

_RESAMPLES = 1000
#: Scores held at once: 32 MB of float32.
_SCORES_AT_ONCE = 1 << 23


@dataclass(frozen=True)
class Report:
    """What was measured.

    Attributes:
        table: a row a MODEL and METRIC ("HR@10") with VALUE, LOW and HIGH (95 % bootstrap interval
            over users) and N (held-out interactions).
        counts: users, too_short, tied_last, after_last, cold, seen_before, evaluated.
        leaked: whether a held-out interaction was trained on; never, where models are fitted here.
        heading: data, split, ranking, pool, seen rule and seed, in words.
    """

    table: pd.DataFrame
    counts: Mapping[str, int]
    leaked: bool
    heading: str


def evaluate(
    models: Mapping[str, Recommender],
    data: Interactions,
    split: Literal["leave_last_out"] = "leave_last_out",
    ranking: Literal["full"] = "full",
    k: Sequence[int] = (5, 10, 20),
    exclude_seen: bool = True,
    targets: Literal["all"] = "all",
    seed: int = 0,
) -> Report:
    """Fit each model on a split of the log and measure it on the interactions held out.

    Args:
        models: name → model that is not trained yet.
        data: the log.
        split: "leave_last_out".
        ranking: "full", among all items that were trained on.
        k: cut-offs.
        exclude_seen: whether items of the history are left out of the ranking; a held-out item
            that the user had seen before is then a miss, and counted.
        targets: "all" interactions held out.
        seed: of the bootstrap.

    Raises:
        DataError: nothing can be held out.
        ConfigError: a model is trained already, or an argument has no such value.
    """
    if split != "leave_last_out":
        raise ConfigError(f"split={split!r}: it must be 'leave_last_out'")
    if ranking != "full":
        raise ConfigError(f"ranking={ranking!r}: it must be 'full'")
    if targets != "all":
        raise ConfigError(f"targets={targets!r}: it must be 'all'")
    if not models:
        raise ConfigError("models is empty; pass at least one")
    _check_cut_offs(k)
    trained = [name for name, model in models.items() if len(model.vocabulary)]
    if trained:
        raise ConfigError(
            f"model {trained[0]!r} is trained already, on rows that may be held out here; pass"
            " models that are not trained"
        )
    cut = leave_last_out(data)
    known, role = cut.known()
    for model in models.values():
        model.fit(known, role)
    report = measure(models, cut, k, exclude_seen, seed)
    assert report is not None  # nobody stopped it
    return report


def measure(
    models: Mapping[str, Recommender],
    split: Split,
    k: Sequence[int] = (5, 10, 20),
    exclude_seen: bool = True,
    seed: int = 0,
    stop: Callable[[], bool] = lambda: False,
) -> Report | None:
    """Measure models that were fitted on ``split.known()``; arguments as in :func:`evaluate`.

    ``stop`` is asked between parts of the users; once it says yes, the answer is None.

    Raises:
        DataError: no held-out item is known to the models.
    """
    _check_cut_offs(k)
    tables = []
    counts = dict(split.counts)
    items = 0
    for name, model in models.items():
        found = held_out_ranks(model, split, exclude_seen, stop)
        if found is None:
            return None
        rank, cold, seen = found
        counts |= {"cold": int(cold.sum()), "seen_before": int(seen.sum())}
        counts["evaluated"] = int((~cold).sum())
        items = len(model.vocabulary)
        tables.append(_table(name, rank[~cold], k, seed))
    if not counts["evaluated"]:
        raise DataError(
            "not enough data to evaluate: every held-out item is missing from the training rows"
        )
    rule = "items seen before left out" if exclude_seen else "items seen before included"
    heading = (
        f"leave-last-out, {counts['evaluated']:,} users · full ranking of {items:,} items · {rule}"
        f" · seed {seed}"
    )
    return Report(pd.concat(tables, ignore_index=True), counts, leaked=False, heading=heading)


def _check_cut_offs(k: Sequence[int]) -> None:
    for one in k:
        if isinstance(one, bool) or not isinstance(one, int | np.integer) or one < 1:
            raise ConfigError(f"k={one!r}: each cut-off must be a whole number of at least 1")


def held_out_ranks(
    model: Recommender,
    split: Split,
    exclude_seen: bool = True,
    stop: Callable[[], bool] = lambda: False,
) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """Rank every held-out item by full ranking.

    Returns:
        Rank (float64), whether the item is cold, i.e. unknown to the model (its rank is NaN), and
        whether the user had it before, each [tested users]; None once ``stop`` says yes.
    """
    data, test = split.data, split.test
    target = model.vocabulary.indices(data.item_ids)[data.item_index[test]]
    rank = np.full(len(test), np.nan)
    seen_before = np.zeros(len(test), bool)
    cold = target == PADDING
    for places, request in _requests(model, split, np.flatnonzero(~cold)):
        if stop():
            return None
        scores = model.checked_scores(request)
        seen = model.seen(request)
        own = target[places] - 1
        seen_before[places] = seen[np.arange(len(places)), own]
        rank[places] = ranks(scores, own, seen if exclude_seen else None)
    return rank, cold, seen_before


def _requests(
    model: Recommender, split: Split, places: np.ndarray
) -> Iterator[tuple[np.ndarray, Request]]:
    """Yield parts of the tested users with what a model is asked about them."""
    data, test = split.data, split.test
    new = model.begins_session(data, test)
    size = max(1, _SCORES_AT_ONCE // max(len(model.vocabulary), 1))
    for start in range(0, len(places), size):
        part = places[start : start + size]
        users = data.user_ids[data.user_index[test[part]]]
        yield part, Request(split.histories(test[part]), users, new[part])


def _table(name: str, rank: np.ndarray, k: Sequence[int], seed: int) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    rows = []
    for metric, formula in METRICS.items():
        for cut in k:
            values = formula(rank, cut)
            low, high = _interval(values, random)
            value = float(values.mean()) if len(values) else float("nan")
            rows.append((name, f"{metric}@{cut}", value, low, high, len(values)))
    return pd.DataFrame(rows, columns=["MODEL", "METRIC", "VALUE", "LOW", "HIGH", "N"])


def _interval(values: np.ndarray, random: np.random.Generator) -> tuple[float, float]:
    """95 % percentile bootstrap over users; each resample draws multinomial counts."""
    if not len(values):
        return float("nan"), float("nan")
    distinct, counts = np.unique(values, return_counts=True)
    draws = random.multinomial(len(values), counts / len(values), size=_RESAMPLES)
    low, high = np.quantile(draws @ distinct / len(values), [0.025, 0.975])
    return float(low), float(high)
