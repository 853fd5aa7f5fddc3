"""Records of a training as curves and figures: smoothed over all of them, thinned for drawing."""

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from hrnn.training.config import TrainConfig
from ui.downloads import csv_bytes
from ui.words import plural, seconds, short, size
from workspace.events import Record
from workspace.runs import Run

#: Most points of a series that are sent to a browser.
MOST_POINTS = 400
_SPEED_SECONDS = 10
_COLUMNS = ("run", "kind", "epoch", "update", "time", "loss", "smooth", "valid", "ndcg", "best")


def smoothed(losses: Sequence[float], counts: Iterable[int], half_life: float) -> np.ndarray:
    """Average losses over the updates before, the older the less.

    Args:
        losses: means over some updates each.
        counts: of how many updates.
        half_life: after so many updates an update weighs half; 0 averages nothing.

    Returns:
        Σ w·loss / Σ w over the losses so far, so that the first ones are not drawn towards zero.
    """
    if half_life <= 0:
        return np.array(losses, float)
    total, weight, means = 0.0, 0.0, []
    for loss, count in zip(losses, counts, strict=True):
        kept = 0.5 ** (count / half_life)
        total = kept * total + (1 - kept) * loss
        weight = kept * weight + (1 - kept)
        means.append(total / weight)
    return np.array(means, float)


def thinned(values: np.ndarray, most: int = MOST_POINTS) -> np.ndarray:
    """Choose places to draw: the least and the greatest of each block, and the last one.

    Blocks double as the series grows, so that what is drawn stays where it is between two ticks.
    """
    if len(values) <= most:
        return np.arange(len(values))
    block = 2 ** math.ceil(math.log2(2 * len(values) / most))
    kept = {len(values) - 1}
    for start in range(0, len(values), block):
        part = values[start : start + block]
        kept |= {start + int(part.argmin()), start + int(part.argmax())}
    return np.array(sorted(kept))


def curves_frame(events: Mapping[str, Sequence[Record]], smoothing_epochs: float) -> pd.DataFrame:
    """Lay the records of runs out for :func:`ui.curve_charts.curves`.

    Args:
        events: what a run is called → its records.
        smoothing_epochs: half-life of the smoothing.

    Returns:
        ``run``; ``kind``, "update" or "epoch"; ``epoch``, ``update``, ``time`` (milliseconds);
        ``loss``, ``smooth`` (of updates), ``valid``, ``ndcg``; ``best``, whether it is the epoch
        whose weights are kept.
    """
    rows: list[dict[str, object]] = []
    for name, records in events.items():
        rows += ({"run": name, **row} for row in _update_rows(records, smoothing_epochs))
        rows += ({"run": name, **row} for row in _epoch_rows(records))
    numbers = dict.fromkeys(_COLUMNS[2:-1], float)
    return pd.DataFrame(rows, columns=list(_COLUMNS)).astype({**numbers, "best": bool})


def _update_rows(records: Sequence[Record], smoothing_epochs: float) -> Iterable[dict[str, object]]:
    updates = [one for one in records if one["kind"] == "update"]
    losses = [one["loss"] for one in updates]
    half_life = smoothing_epochs * updates[-1]["updates"] if updates else 0
    counts = np.diff([one["update"] for one in updates], prepend=0)  # each tells of all since
    smooth = smoothed(losses, counts, half_life)
    for place in thinned(np.array(losses)):
        one = updates[place]
        yield {
            "kind": "update",
            "epoch": one["epoch"],
            "update": one["update"],
            "time": one["seconds"] * 1000,
            "loss": one["loss"],
            "smooth": smooth[place],
            "best": False,
        }


def _epoch_rows(records: Sequence[Record]) -> Iterable[dict[str, object]]:
    best = best_epoch(records)
    for one in records:
        if one["kind"] == "epoch":
            yield {
                "kind": "epoch",
                "epoch": one["epoch"],
                "update": one["updates"],
                "time": one["seconds"] * 1000,
                "loss": one["train_loss"],
                "valid": one["valid_loss"],
                "ndcg": one.get("valid_ndcg"),
                "best": one["epoch"] == best,
            }


def best_epoch(records: Sequence[Record]) -> int | None:
    """Return the epoch whose weights are kept; None before one was validated."""
    last = last_epoch(records)
    return None if last is None or last["valid_loss"] is None else last["best_epoch"]


def last_epoch(records: Sequence[Record]) -> Record | None:
    """Return the record of the latest whole epoch."""
    return next((one for one in reversed(records) if one["kind"] == "epoch"), None)


def csv_of(runs: Sequence[Run], events: Mapping[str, Sequence[Record]]) -> bytes:
    """Write all records of runs as CSV, as they are, with text that no spreadsheet runs."""
    rows = [
        {"run": run.id, "name": run.name, **record} for run in runs for record in events[run.id]
    ]
    return csv_bytes(pd.DataFrame(rows))


def numbers(config: TrainConfig, records: Sequence[Record]) -> dict[str, str]:
    """Say where a training is and how it goes: what → a few letters."""
    if not records:
        return {}
    last = records[-1]
    rest = pace(records) * (config.epochs - last["epoch"])
    return {
        f"Epoch of {config.epochs}": f"{last['epoch']:.1f}",
        "Interactions/s": short(speed(records)),
        "Left, at most": seconds(rest) if rest == rest else "–",
        "Memory": size(last["rss"]) if last.get("rss") else "–",
    }


def pace(records: Sequence[Record]) -> float:
    """Return the seconds an epoch takes; NaN where nothing is known yet."""
    last = records[-1]
    return last["seconds"] / last["epoch"] if last["epoch"] else math.nan


def speed(records: Sequence[Record]) -> float:
    """Return the interactions trained on a second, lately; NaN where the records do not say."""
    last = records[-1]
    since = last["seconds"] - _SPEED_SECONDS
    known = [one for one in records if "interactions" in one]
    first = next((one for one in reversed(known) if one["seconds"] <= since), None)
    then, trained = (first["seconds"], first["interactions"]) if first else (0.0, 0)
    if "interactions" not in last or last["seconds"] <= then:
        return math.nan
    return (last["interactions"] - trained) / (last["seconds"] - then)


def countdown(config: TrainConfig, records: Sequence[Record]) -> str:
    """Say when early stopping would end a training; nothing where the epochs end it before."""
    best, last = best_epoch(records), last_epoch(records)
    patience = config.early_stopping_patience
    if best is None or last is None or patience is None or best + patience >= config.epochs:
        return ""
    left = best + patience - records[-1]["epoch"]
    if left <= 0:
        return "stops now"
    whole = plural(best + patience - last["epoch"], "epoch")
    return f"stops in {whole} ({seconds(left * pace(records))}) unless validation improves"
