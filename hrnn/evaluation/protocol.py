"""Fitting models on one split and measuring them on what it holds out.

Shapes: Q questions, K items of a list.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import Literal, get_args

import numpy as np
import pandas as pd

from hrnn.checks import check_seed, check_switch, is_whole
from hrnn.columns import ITEM_ID, TIMESTAMP, USER_ID
from hrnn.data.interactions import Interactions
from hrnn.data.keys import row_keys
from hrnn.data.vocabulary import Vocabulary
from hrnn.diagnostics import Finding, about_lists, about_ties
from hrnn.errors import ConfigError, DataError
from hrnn.evaluation.bootstrap import interval, resampled_means
from hrnn.evaluation.metrics import METRICS, NEGATIVES
from hrnn.evaluation.questions import Answers, Questions, Ranking
from hrnn.evaluation.report import Report
from hrnn.evaluation.slices import popularity_place, slices
from hrnn.evaluation.splits import Split, make_split
from hrnn.recommend.base import Recommender
from hrnn.recommend.network_recommender import NetworkRecommender
from hrnn.recommend.session_aware import SessionRecommender

Targets = Literal["all", "first"]
_OVERLAP, _BIAS, _COVERAGE = "popularity_overlap", "popularity_bias", "coverage"
#: Lists of more than a fifth of the items are alike by chance.
_ROOM = 5


def evaluate(
    models: Mapping[str, Recommender],
    data: Interactions,
    split: Literal["leave_last_out", "last_session_out", "temporal"] = "leave_last_out",
    ranking: Ranking = "full",
    k: Sequence[int] = (5, 10, 20),
    exclude_seen: bool = True,
    targets: Targets = "all",
    seed: int = 0,
    timeout_minutes: float | None = None,
) -> Report:
    """Fit each model on a split of the log and measure it on the interactions held out.

    A model that is trained already is measured as it is; its record says whether it was trained or
    validated on what is held out, and then every figure of it is marked as leaked.

    Args:
        models: name → model.
        data: the log.
        split: a name in :data:`hrnn.evaluation.splits.SPLITS` that holds something out.
        ranking: "full", among all items of the pool (those that every model was trained on), or
            "sampled", among the held-out item and 100 that the user has nowhere in the log, drawn
            uniformly.
        k: cut-offs.
        exclude_seen: whether items of the history are left out of the ranking; a held-out item
            that the user had seen before is then a miss, and counted.
        targets: "all" interactions held out, or only the "first" ones of sessions.
        seed: of the bootstrap and of sampled rankings.
        timeout_minutes: what cuts the sessions of the split; None cuts as the first model that
            reads sessions, or at 30 minutes.

    Raises:
        DataError: nothing can be held out, or no held-out item is in the pool.
        ConfigError: an argument has no such value, or a trained model has no record.
    """
    if split == "all_rows":
        raise ConfigError("split='all_rows' holds nothing out; choose another")
    _check(models, ranking, k, targets, seed)
    check_switch("exclude_seen", exclude_seen)
    cut = make_split(split, data, *_what_cuts(models, timeout_minutes))
    known, role = cut.known()
    for model in models.values():
        if not len(model.vocabulary):
            model.fit(known, role, split=cut.name)
    report = measure(models, cut, ranking, k, exclude_seen, targets, seed)
    assert report is not None  # nobody stopped it
    return report


def measure(
    models: Mapping[str, Recommender],
    split: Split,
    ranking: Ranking = "full",
    k: Sequence[int] = (5, 10, 20),
    exclude_seen: bool = True,
    targets: Targets = "all",
    seed: int = 0,
    stop: Callable[[], bool] = lambda: False,
) -> Report | None:
    """Measure trained models on what a split holds out; arguments as in :func:`evaluate`.

    ``stop`` is asked between parts of the questions; once it says yes, the answer is None.

    Raises:
        DataError: no held-out item is in the pool.
        ConfigError: see :func:`evaluate`.
    """
    _check(models, ranking, k, targets, seed)
    opens = split.sessions.opens[split.test]
    rows = split.test if targets == "all" else split.test[opens]
    questions = Questions(split, rows, common_pool(models))
    if not len(questions.rows):
        raise DataError(
            f"not enough data to evaluate: of {len(rows):,} held-out interactions"
            f"{'' if targets == 'all' else ' that begin a session'} none has an item that all"
            " models were trained on"
        )
    answers = questions.ask(models, ranking, max(k), exclude_seen, seed, stop)
    if answers is None:
        return None
    popular_QK = questions.popular_lists(max(k), exclude_seen)
    trained_on = learned_from(models, questions)
    values = {n: _values(one, questions, popular_QK, k) for n, one in answers.items()}
    for name, model in models.items():
        if model.predicts_outcome:
            error = answers[name].target_score - split.data.outcome[questions.rows]
            values[name]["RMSE"] = error**2
    table, pairs = _figures(values, questions.users, seed)
    sliced, slice_pairs = _sliced(values, questions, seed)
    for frame in (table, sliced):
        frame["LEAKED"] = [trained_on[name] > 0 for name in frame["MODEL"]]
    for frame in (pairs, slice_pairs):
        both = zip(frame["MODEL"], frame["OTHER"], strict=True)
        frame["LEAKED"] = [trained_on[one] + trained_on[other] > 0 for one, other in both]
    return Report(
        table=_with_coverage(table, answers, len(questions.pool), k),
        pairs=pairs,
        slices=sliced,
        slice_pairs=slice_pairs,
        questions=_frame(questions, answers),
        counts={
            **split.counts,
            "cold": questions.cold,
            "seen_before": int(questions.seen_before.sum()),
            "evaluated": len(questions.rows),
            "evaluated_users": len(np.unique(questions.users)),
            "short_pool": questions.short_pool,
        },
        trained_on=trained_on,
        findings=_findings(models, answers, values, questions, k),
        heading=_heading(split, questions, ranking, exclude_seen, targets, seed),
    )


def _check(
    models: Mapping[str, Recommender], ranking: str, k: Sequence[int], targets: str, seed: int
) -> None:
    check_seed(seed)
    for name, value, known in (
        ("ranking", ranking, get_args(Ranking)),
        ("targets", targets, get_args(Targets)),
    ):
        if value not in known:
            raise ConfigError(f"{name}={value!r}: it must be {' or '.join(map(repr, known))}")
    if not isinstance(models, Mapping):
        raise ConfigError(f"models is of type {type(models).__name__}; pass name → model")
    if not models:
        raise ConfigError("models is empty; pass at least one")
    if isinstance(k, str) or not isinstance(k, Sequence | np.ndarray):
        raise ConfigError(f"k={k!r}: it must be several cut-offs, such as (5, 10)")
    if not len(k):
        raise ConfigError("k is empty; pass at least one cut-off")
    for one in k:
        if not is_whole(one) or one < 1:
            raise ConfigError(f"k={one!r}: each cut-off must be a whole number of at least 1")
    if len(set(k)) < len(k):
        raise ConfigError(f"k={tuple(k)}: each cut-off must stand there once")
    for name, model in models.items():
        if not isinstance(name, str):
            raise ConfigError(f"models has the name {name!r}: names must be text")
        if not isinstance(model, Recommender):
            raise ConfigError(f"model {name!r} is {model!r}; pass a recommender or a baseline")
        if model.has_item_subset:
            raise ConfigError(
                f"model {name!r} is limited to some items; call clear_item_subset first"
            )
        if len(model.vocabulary) and model.record is None:
            raise ConfigError(
                f"model {name!r} is trained, but has no record of what on; pass it untrained"
            )


def _what_cuts(
    models: Mapping[str, Recommender], timeout_minutes: float | None
) -> tuple[float | None, bool]:
    """Return the timeout and whether session ids decide."""
    own, use_session_ids = 30.0, True
    for model in models.values():
        if isinstance(model, SessionRecommender):
            own, use_session_ids = model.session_timeout_minutes, model.use_session_ids
            break
    return own if timeout_minutes is None else timeout_minutes, use_session_ids


def common_pool(models: Mapping[str, Recommender]) -> Vocabulary:
    """Return the items that every model knows."""
    first, *others = models.values()
    ids = first.vocabulary.ids
    for other in others:
        ids = ids[np.isin(ids, other.vocabulary.ids)]
    return Vocabulary(ids.tolist())


def learned_from(models: Mapping[str, Recommender], questions: Questions) -> dict[str, int]:
    """Count for each trained model the questions whose row it was trained or validated on."""
    keys = row_keys(questions.split.data)[questions.rows]
    found = {}
    for name, model in models.items():
        assert model.record is not None  # checked before anything was asked
        found[name] = int(model.record.holds(keys).sum())
    return found


def _values(
    answers: Answers, questions: Questions, popular_QK: np.ndarray, k: Sequence[int]
) -> dict[str, np.ndarray]:
    """Return each figure's value for each question (float64 [Q])."""
    values = {f"{name}@{cut}": f(answers.rank, cut) for name, f in METRICS.items() for cut in k}
    popularity = np.append(questions.popularity, 0.0)  # place -1, where a list is shorter
    usual = questions.popularity[questions.target].mean()
    for cut in k:
        lists_QK, popular = answers.lists_QK[:, :cut], popular_QK[:, :cut]
        length = np.maximum((lists_QK >= 0).sum(1), 1)
        common = (lists_QK[:, :, None] == popular[:, None, :]) & (lists_QK >= 0)[:, :, None]
        values[f"{_OVERLAP}@{cut}"] = common.any(2).sum(1) / length
        mean = popularity[lists_QK].sum(1) / length
        values[f"{_BIAS}@{cut}"] = mean / usual if usual else np.full(len(mean), np.nan)
    return values


def _figures(
    values: Mapping[str, Mapping[str, np.ndarray]], users: np.ndarray, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return a table of figures with intervals, and one of differences between models."""
    names = [(model, metric) for model, own in values.items() for metric in own]
    values_QM = np.column_stack([values[model][metric] for model, metric in names])
    draws_RM = resampled_means(values_QM, users, seed)
    value_M = values_QM.mean(0)
    roots = np.array([metric == "RMSE" for _, metric in names])
    value_M[roots], draws_RM[:, roots] = np.sqrt(value_M[roots]), np.sqrt(draws_RM[:, roots])
    low_M, high_M = interval(draws_RM)
    rows = zip(names, value_M, low_M, high_M, strict=True)
    table = pd.DataFrame(
        [(*name, *three, len(users)) for name, *three in rows],
        columns=["MODEL", "METRIC", "VALUE", "LOW", "HIGH", "N"],
    )
    column = {name: place for place, name in enumerate(names)}
    differences = []
    for one, other in combinations(values, 2):
        for metric in values[one]:
            if metric in values[other]:
                mine, theirs = column[one, metric], column[other, metric]
                bounds = interval(draws_RM[:, mine] - draws_RM[:, theirs])
                differences.append((one, other, metric, value_M[mine] - value_M[theirs], *bounds))
    names_of = ["MODEL", "OTHER", "METRIC", "DIFFERENCE", "LOW", "HIGH"]
    return table, pd.DataFrame(differences, columns=names_of)


def _with_coverage(
    table: pd.DataFrame, answers: Mapping[str, Answers], pool: int, k: Sequence[int]
) -> pd.DataFrame:
    """Add the share of the pool that stands in any list; it has no interval over users."""
    parts = []
    for name, part in table.groupby("MODEL", sort=False):
        covered = []
        for cut in k:
            lists_QK = answers[str(name)].lists_QK[:, :cut]
            share = len(np.unique(lists_QK[lists_QK >= 0])) / pool
            covered.append((name, f"{_COVERAGE}@{cut}", share, np.nan, np.nan, len(lists_QK)))
        extra = pd.DataFrame(covered, columns=table.columns[:6])
        parts += [part, extra.assign(LEAKED=part["LEAKED"].iloc[0])]
    return pd.concat(parts, ignore_index=True)


def _sliced(
    values: Mapping[str, Mapping[str, np.ndarray]], questions: Questions, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return figures and differences for each part of each slice."""
    accuracy = {
        model: {m: v for m, v in own.items() if m.partition("@")[0] in METRICS}
        for model, own in values.items()
    }
    place = popularity_place(questions.popularity)[questions.target]
    tables, differences = [], []
    for name, part, inside in slices(questions.split.sessions, questions.rows, place):
        own = {model: {m: v[inside] for m, v in one.items()} for model, one in accuracy.items()}
        for frame, parts in zip(
            _figures(own, questions.users[inside], seed), (tables, differences), strict=True
        ):
            frame.insert(1, "SLICE", name)
            frame.insert(2, "PART", part)
            parts.append(frame)
    return pd.concat(tables, ignore_index=True), pd.concat(differences, ignore_index=True)


def _frame(questions: Questions, answers: Mapping[str, Answers]) -> pd.DataFrame:
    data, rows = questions.split.data, questions.rows
    known = {
        USER_ID: data.user_ids[questions.users],
        ITEM_ID: questions.pool.ids[questions.target],
        TIMESTAMP: pd.to_datetime(data.time_us[rows], unit="us", utc=True),
    }
    return pd.DataFrame({**known, **{name: one.rank for name, one in answers.items()}})


def _findings(
    models: Mapping[str, Recommender],
    answers: Mapping[str, Answers],
    values: Mapping[str, Mapping[str, np.ndarray]],
    questions: Questions,
    k: Sequence[int],
) -> tuple[Finding, ...]:
    found = list(about_ties(questions.split.data))
    length = max((one for one in k if one * _ROOM <= len(questions.pool)), default=None)
    if length is None:
        return tuple(found)
    for name, model in models.items():
        if model.kind not in ("popularity", "own_popularity"):
            overlap = float(values[name][f"{_OVERLAP}@{length}"].mean())
            trained = isinstance(model, NetworkRecommender)
            lists_QK = answers[name].lists_QK[:, :length]
            found += about_lists(lists_QK, overlap, name, trained)
    return tuple(found)


def _heading(
    split: Split,
    questions: Questions,
    ranking: Ranking,
    exclude_seen: bool,
    targets: Targets,
    seed: int,
) -> str:
    pool = f"{len(questions.pool):,} items"
    how = (
        f"full ranking of {pool}"
        if ranking == "full"
        else f"sampled ranking, 1 + {NEGATIVES} unseen of {pool}"
    )
    held = f"{len(questions.rows):,} held-out interaction{'s' * (len(questions.rows) != 1)}"
    if targets == "first":
        held += " that begin a session"
    count = len(np.unique(questions.users))
    users = f"{count:,} user{'s' * (count != 1)}"
    rule = "items seen before left out" if exclude_seen else "items seen before included"
    return f"{split.name}, {held} of {users} · {how} · {rule} · seed {seed}"
