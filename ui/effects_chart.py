"""A history as lines, newest first, with a bar for what each session or item did; frames in."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from hrnn.columns import ITEM_ID, SESSION
from hrnn.explain.leaving_out import Effects
from ui.charts import ACCENT, OTHER_TONE
from ui.words import shortened

Spec = dict[str, Any]
_LINE, _LABEL, _MOST_LETTERS = 20, 200, 34
#: Before the words of a line: its number, by which lines are told apart and sorted, and its kind.
_DIGITS = 4


def lines(
    effects: Effects, titles: Mapping[str, str], when: Mapping[int, str], opened: set[int]
) -> pd.DataFrame:
    """Lay sessions out as lines, those that are opened with their items.

    Args:
        effects: of one item.
        titles: item → title.
        when: session → when it was, in words.
        opened: sessions whose items get a line each.

    Returns:
        ``line`` (unique, in order), ``words``, ``effect``, ``rank`` (without it).
    """
    own = effects.interactions
    rows: list[tuple[str, str, float, int]] = []
    for session in effects.sessions.iloc[::-1].itertuples():
        number = int(session.SESSION)  # pyright: ignore[reportArgumentType]
        items = own[own[SESSION] == number].iloc[::-1]
        words = f"Session {number + 1} · {when.get(number, 'added')}"
        rows.append(("s", words, float(session.EFFECT), int(session.RANK)))  # pyright: ignore
        if number in opened:
            rows += [
                ("i", f"   {titles.get(item, item)}", float(effect), int(rank))
                for item, effect, rank in items[[ITEM_ID, "EFFECT", "RANK"]].to_numpy()
            ]
    return pd.DataFrame(
        [
            (
                f"{place:0{_DIGITS}d}{kind}{shortened(words, _MOST_LETTERS)}",
                words.strip(),
                effect,
                rank,
            )
            for place, (kind, words, effect, rank) in enumerate(rows)
        ],
        columns=["line", "words", "effect", "rank"],
    )


def effects_chart(frame: pd.DataFrame, item: str) -> Spec:
    """Draw lines of a history with their bars: to the right what speaks for an item.

    Args:
        frame: of :func:`lines`.
        item: its title.
    """
    kind = f"datum.value[{_DIGITS}] == 's'"
    y = {
        "field": "line",
        "type": "ordinal",
        "sort": None,
        "title": None,
        "axis": {
            "labelExpr": f"slice(datum.value, {_DIGITS + 1})",
            "labelFontWeight": {"condition": {"test": kind, "value": "bold"}, "value": "normal"},
            "labelAlign": "left",
            "labelPadding": _LABEL,
            "labelLimit": _LABEL,
            "ticks": False,
            "domain": False,
        },
    }
    axis = {"tickCount": 5, "format": "+.1f"}
    x = {
        "field": "effect",
        "type": "quantitative",
        "title": f"← speaks against\u2003{shortened(item, _MOST_LETTERS)}\u2003speaks for →",
        "axis": axis,
    }
    color = {"condition": {"test": "datum.effect < 0", "value": OTHER_TONE}, "value": ACCENT}
    session = f"datum.line[{_DIGITS}] == 's'"
    tooltip = [
        {"field": "words", "title": "left out"},
        {"field": "effect", "title": "effect", "format": "+.2f"},
        {"field": "rank", "title": "rank without it", "format": ",d"},
    ]
    return {
        "height": {"step": _LINE},
        "data": {"name": "lines"},
        "layer": [
            {
                "mark": {"type": "bar", "cornerRadiusEnd": 2},
                "encoding": {
                    "x": x,
                    "y": y,
                    "color": color,
                    "opacity": {"condition": {"test": session, "value": 1}, "value": 0.6},
                    "tooltip": tooltip,
                },
            },
            {"mark": {"type": "rule"}, "encoding": {"x": {"datum": 0}, "color": {"value": "gray"}}},
        ],
        "datasets": {"lines": frame},
    }
