"""Findings about data, settings and trainings: what is wrong, how one sees it, what to do.

Free of torch, so that a page can ask before anything is trained.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hrnn.data.interactions import Interactions
from hrnn.sessions import Sessions
from hrnn.training.config import TrainConfig

_DAY_US = 24 * 60 * 60 * 1_000_000
#: Shares and sizes from which something is worth a sentence.
_MOST_TIED, _MOST_CUT_OFF, _MOST_WITHOUT_SECOND = 0.5, 0.1, 0.5
_SAME_LIST, _STILL, _FALLING, _RISEN = 0.9, 0.005, 0.01, 0.02
_BEST_LOST = "Those of the last epoch were kept; keep the best ones (restore_best_weights). "


@dataclass(frozen=True)
class Finding:
    """Something that makes results worse than they could be, or not worth believing.

    Attributes:
        code: its name.
        evidence: what was seen, with figures.
        remedy: what to do about it.
    """

    code: str
    evidence: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.evidence}. {self.remedy}"


def about_data(data: Interactions) -> Iterator[Finding]:
    """Look at a log before anything is done with it."""
    if not (data.outcome > 0).any():
        yield Finding(
            "NO_POSITIVE",
            f"None of {len(data):,} interactions has an outcome above 0",
            "There is nothing to recommend from; check which column is the outcome.",
        )
    if len(data.item_ids) < 2:
        yield Finding(
            "ONE_ITEM",
            f"All {len(data):,} interactions are with one item",
            "A recommender needs at least two items to choose between.",
        )
    if len(data) == len(data.user_ids):
        yield Finding(
            "ONE_INTERACTION_A_USER",
            f"Each of {len(data):,} users has a single interaction",
            "Only what is popular as a first item can be learned; check which column is the user.",
        )
    if len(data) > 1 and not (data.time_us % _DAY_US).any():
        yield Finding(
            "DAY_RESOLUTION",
            f"All {len(data):,} times are midnight, so they tell days, not moments",
            "Order inside a day is that of the file, and a timeout below a day decides nothing;"
            " use a column with the time of day.",
        )
    yield from about_ties(data)


def about_ties(data: Interactions) -> Iterator[Finding]:
    """Ask whether the order of interactions is evidence at all."""
    pair = np.flatnonzero(np.diff(data.user_index) == 0)
    tied = pair[data.time_us[pair] == data.time_us[pair + 1]]
    if not len(pair) or len(tied) <= _MOST_TIED * len(pair):
        return
    rank = np.empty(len(data.item_ids), np.int64)
    rank[np.argsort(data.item_ids.astype(str), kind="stable")] = np.arange(len(rank))
    item = rank[data.item_index]
    ascending = float((item[tied] < item[tied + 1]).mean())
    yield Finding(
        "ORDER_IS_NO_EVIDENCE",
        f"{_share(len(tied) / len(pair))} of consecutive interactions share user and time"
        f" ({len(tied):,} of {len(pair):,}); {_share(ascending)} of these ascend by item id",
        "Order inside sessions is no evidence here: it is that of the file, and a model that"
        " predicts it has learned how the file was sorted.",
    )


def about_sessions(
    sessions: Sessions, max_sessions: int | None = None, max_session_len: int | None = None
) -> Iterator[Finding]:
    """Look at the sessions of a log, and at what of them a model would read.

    Args:
        sessions: the log, cut.
        max_sessions: sessions that scoring reads, if known.
        max_session_len: items of each that scoring reads, if known.
    """
    users, rows = len(sessions.per_user), len(sessions.number)
    without = int((sessions.per_user < 2).sum())
    if without == users:
        yield Finding(
            "ONE_SESSION_A_USER",
            f"Each of {users:,} users has a single session",
            "The user state has nothing to do. Check that the times are read in the right unit, and"
            " try a shorter timeout.",
        )
    elif without > _MOST_WITHOUT_SECOND * users:
        yield Finding(
            "FEW_SECOND_SESSIONS",
            f"{without:,} of {users:,} users ({_share(without / users)}) have no second session",
            "For them the hierarchy has nothing to do; what it gains comes from the others alone.",
        )
    if rows and int(sessions.lengths.max()) == 1 and rows > users:
        yield Finding(
            "ONE_ITEM_A_SESSION",
            f"Each of {sessions.count:,} sessions holds a single item",
            "Inside sessions there is no order to learn. Check the unit of the times, and try a"
            " longer timeout.",
        )
    if max_sessions is None or max_session_len is None:
        return
    cut = sessions.cut_off(max_sessions, max_session_len)
    if cut > _MOST_CUT_OFF * rows:
        yield Finding(
            "CUT_OFF",
            f"{cut:,} of {rows:,} interactions ({_share(cut / rows)}) lie outside the last"
            f" {max_sessions} sessions or the last {max_session_len} items of one",
            "Scoring does not read them; let it read more sessions or more of each (max_sessions,"
            " max_session_len).",
        )


def about_settings(config: TrainConfig) -> Iterator[Finding]:
    """Look at the settings of a training."""
    if config.loss == "bce" and config.num_negatives == 0:
        yield Finding(
            "NO_NEGATIVES",
            "num_negatives is 0, so no target is compared with another item",
            "Scores of items that are not met stay near random; set at least 1.",
        )


def about_training(history: Sequence[Mapping[str, Any]], config: TrainConfig) -> Iterator[Finding]:
    """Look at the epoch records of a training.

    Args:
        history: records as :class:`hrnn.training.trainer.Trainer` emits them; other kinds are
            passed over.
        config: its settings.
    """
    epochs = [one for one in history if one["kind"] == "epoch"]
    if len(epochs) < 2:
        return
    train = np.array([one["train_loss"] for one in epochs])
    if abs(train[-1] - train[0]) < _STILL * abs(train[0]):
        yield Finding(
            "LOSS_DOES_NOT_MOVE",
            f"In {len(epochs)} epochs the training loss went from {train[0]:.4f} to"
            f" {train[-1]:.4f}",
            "Try a higher learning rate and dropout_rate=0, and check that the model can overfit"
            " before anything else.",
        )
    if epochs[-1]["valid_loss"] is None:
        return
    valid = np.array([one["valid_loss"] for one in epochs])
    best = int(valid.argmin())
    risen = valid[-1] > (1 + _RISEN) * valid[best] and train[-1] < train[best]
    if risen:
        yield Finding(
            "OVERFITTING",
            f"The validation loss rose from {valid[best]:.3f} in epoch {best + 1} to"
            f" {valid[-1]:.3f} while the training loss fell from {train[best]:.3f} to"
            f" {train[-1]:.3f}",
            ("The best weights were kept. " if config.restore_best_weights else _BEST_LOST)
            + "More dropout, more weight decay or fewer units may help.",
        )
    elif best == len(valid) - 1 and valid[-2] - valid[-1] > _FALLING * valid[-1]:
        yield Finding(
            "STILL_IMPROVING",
            f"The validation loss still fell in the last epoch, from {valid[-2]:.3f} to"
            f" {valid[-1]:.3f}",
            "More epochs would help; early stopping had no reason to end it.",
        )
    if config.dropout_rate > 0 and (valid < train).all():
        yield Finding(
            "VALID_BELOW_TRAIN",
            f"The validation loss ({valid[-1]:.3f}) lies below the training loss ({train[-1]:.3f})"
            " in every epoch",
            f"That is no leak by itself: training drops {_share(config.dropout_rate)} of its"
            " inputs, validation none.",
        )


def about_lists(
    lists_QK: np.ndarray, overlap: float, model: str, trained: bool = True
) -> Iterator[Finding]:
    """Ask whether a model recommends the same to everybody.

    Args:
        lists_QK: integers [questions, items of a list], what was recommended.
        overlap: mean share of the lists that popularity, under the same rule for seen items,
            recommends too.
        model: its name.
        trained: whether it learns by going over the log again and again.
    """
    length = int((lists_QK >= 0).sum(1).max(initial=0))
    if len(lists_QK) < 2 or not length:
        return
    _, count = np.unique(np.sort(lists_QK, axis=1), axis=0, return_counts=True)
    same = count.max() / len(lists_QK)
    if same < _SAME_LIST and overlap < _SAME_LIST:
        return
    what = (
        f"the same {length} items for {_share(same)} of {len(lists_QK):,} histories"
        if same >= _SAME_LIST
        else f"what popularity recommends: {_share(overlap)} of the items in lists of {length}"
    )
    yield Finding(
        "POPULARITY_COLLAPSE",
        f"{model} recommends {what}",
        "It has learned what is popular and little about users: train longer, or with a higher"
        " learning rate or more negatives."
        if trained
        else "It knows little about these users beyond what is popular.",
    )


def _share(part: float) -> str:
    return f"{100 * part:.1f} %"
