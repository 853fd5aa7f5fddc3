"""What a timeout does to a log, in figures for tiles and charts."""

from itertools import pairwise

import numpy as np
import pandas as pd
import streamlit as st

from hrnn.data.interactions import Interactions
from hrnn.sessions import MINUTE_US, Sessions, gaps_minutes
from ui import logs
from ui.words import average, minutes, moment, share, short

_BINS_AN_OCTAVE = 4
_SHORTEST, _LONGEST = 1 / 60, 60 * 24 * 30  # minutes: the histogram's ends
_TIMELINE_ROWS = 120


def session_tiles(sessions: Sessions) -> dict[str, str]:
    """Return the figures that follow the timeout."""
    lengths, per_user = sessions.lengths, sessions.per_user
    return {
        "Sessions": f"{sessions.count:,}",
        "A user, mean": average(float(per_user.mean())),
        "A user, median": f"{np.median(per_user):g}",
        "Items a session": average(float(lengths.mean())),
        "Single-item": share(float((lengths == 1).mean())),
        "Users with ≥ 2": short(int((per_user > 1).sum())),
    }


@st.cache_data(max_entries=4, show_spinner=False)
def gap_bins(owner: str, made: str) -> pd.DataFrame:
    """Count a log's gaps in bins of equal width on a log scale.

    Returns:
        ``low``, ``high`` (minutes) and ``gaps``; attribute ``zero`` counts gaps of zero. Gaps
        beyond either end are counted in the outermost bins.
    """
    gaps = gaps_minutes(logs.rows_of(owner, made))
    positive = gaps[gaps > 0]
    steps = int(np.ceil(np.log2(_LONGEST / _SHORTEST) * _BINS_AN_OCTAVE))
    edges = _SHORTEST * 2 ** (np.arange(steps + 1) / _BINS_AN_OCTAVE)
    counts, _ = np.histogram(np.clip(positive, edges[0], edges[-1]), edges)
    frame = pd.DataFrame({"low": edges[:-1], "high": edges[1:], "gaps": counts})
    pairs = pairwise(edges.tolist())
    frame["label"] = [f"{minutes(low)} to {minutes(high)}" for low, high in pairs]
    frame.attrs["zero"] = int((gaps == 0).sum())
    return frame


def user_gaps(
    data: Interactions, sessions: Sessions, user: str, titles: dict[str, str]
) -> pd.DataFrame:
    """Lay out the last interactions of a user along a line for the timeline.

    Returns:
        ``place`` (distance grows with the log of the gap), ``session`` (from 1), ``title``,
        ``time`` and ``gap`` in words.
    """
    at = int(np.flatnonzero(data.user_ids == user)[0])
    start, stop = data.user_starts[at], data.user_starts[at + 1]
    rows = np.arange(start, stop)
    number = sessions.in_user[start:stop] + 1
    order = np.argsort(number, kind="stable")[-_TIMELINE_ROWS:]
    rows, number = rows[order], number[order]
    gap = np.maximum(np.diff(data.time_us[rows], prepend=data.time_us[rows[0]]), 0) / MINUTE_US
    items = data.item_ids[data.item_index[rows]]
    return pd.DataFrame(
        {
            "place": np.cumsum(0.4 + np.log2(1 + gap)),
            "session": number,
            "title": [titles.get(item, item) for item in items],
            "time": [moment(time) for time in data.time_us[rows].tolist()],
            "gap": ["" if i == 0 else minutes(one) for i, one in enumerate(gap.tolist())],
        }
    )
