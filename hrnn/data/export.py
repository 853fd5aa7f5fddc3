"""Tables on their way to a spreadsheet."""

import pandas as pd

STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def inert(frame: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Put an apostrophe before text cells that a spreadsheet would run; leave numbers alone.

    Returns:
        The frame, and how many cells were changed.
    """
    made, changed = frame.copy(), 0
    for name in frame.columns:
        if not pd.api.types.is_numeric_dtype(frame[name]):
            text = frame[name].astype("string")
            runs = text.str.startswith(STARTS_A_FORMULA).fillna(value=False)
            changed += int(runs.sum())
            made[name] = text.mask(runs, "'" + text)
    return made, changed
