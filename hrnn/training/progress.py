"""A line an epoch, for people at a terminal."""

import sys
from typing import Any


def say(record: dict[str, Any], _trainer: object) -> None:
    """Write an epoch's record to standard error; a callback of the trainer."""
    if record["kind"] != "epoch":
        return
    valid = record["valid_loss"]
    best = "" if valid is None else f"  validation {valid:.4f}  best epoch {record['best_epoch']}"
    sys.stderr.write(
        f"epoch {record['epoch']:3d}  train {record['train_loss']:.4f}{best}"
        f"  {record['seconds']:.1f} s\n"
    )
