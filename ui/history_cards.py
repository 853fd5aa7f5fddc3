"""A history as cards, one a session, newest first: HTML of which every foreign word is escaped."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from ui.charts import ACCENT, OTHER_TONE

#: So many sessions, the newest and those that did most, are open; the others open with a click.
_NEWEST, _STRONGEST = 2, 2
#: A bar of this effect fills its half at least: where nothing did more, nothing looks strong.
_LEAST = 0.1
_STYLE = f"""<style>
.history details {{border: 1px solid color-mix(in srgb, currentColor 22%, transparent);
 border-radius: .5rem; margin-bottom: .6rem; padding: .35rem .7rem}}
.history details.latest {{border-left: 4px solid {ACCENT}}}
.history summary, .history li {{display: grid; align-items: center; column-gap: .6rem;
 grid-template-columns: minmax(0, 1fr) 7.5rem 3.2rem; line-height: 1.55}}
.history.plain summary, .history.plain li {{grid-template-columns: minmax(0, 1fr)}}
.history summary {{cursor: pointer}}
.history summary b::before {{content: "▸ "; opacity: .6}}
.history details[open] > summary b::before {{content: "▾ "}}
.history details:has(ol:empty) > summary b::before {{content: none}}
.history summary .quiet {{grid-column: 1 / -1}}
.history ol {{list-style: none; margin: .2rem 0 .1rem; padding: 0}}
.history li {{font-size: .92rem}}
.history .words {{display: flex; align-items: center; gap: .5rem; min-width: 0}}
.history .title {{overflow: hidden; text-overflow: ellipsis; white-space: nowrap}}
.history .quiet {{font-size: .82rem; opacity: .78}}
.history .dropped {{text-decoration: line-through}}
.history img {{width: 2rem; height: 2rem; object-fit: cover; border-radius: .25rem}}
.history .bar {{position: relative; height: .7rem;
 background: linear-gradient(currentColor, currentColor) center / 1px 100% no-repeat}}
.history .bar i {{position: absolute; top: .08rem; bottom: .08rem; border-radius: 2px}}
.history li .bar i {{opacity: .8}}
.history .value {{font-size: .82rem; text-align: right; font-variant-numeric: tabular-nums}}
@media (max-width: 640px) {{.history summary, .history li
 {{grid-template-columns: minmax(0, 1fr) 4rem 2.9rem}}}}
</style>"""


@dataclass(frozen=True)
class Effect:
    """What leaving something out did: the change of an item's log share, and its rank then."""

    value: float
    rank: int


@dataclass(frozen=True)
class Line:
    """An interaction: its title, what has to be said of it, its effect, its picture's address."""

    title: str
    note: str = ""
    effect: Effect | None = None
    picture: str | None = None


@dataclass(frozen=True)
class Card:
    """A session.

    Attributes:
        name: "Session 3".
        facts: when it was, how long, after what gap.
        lines: its interactions, the newest first.
        note: what has to be said of it, such as how much of it is not read.
        effect: of all of it.
        latest: whether it is the one that goes on.
        dropped: whether it was left out.
    """

    name: str
    facts: str
    lines: Sequence[Line] = ()
    note: str = ""
    effect: Effect | None = None
    latest: bool = False
    dropped: bool = False


def cards_html(cards: Sequence[Card]) -> str:
    """Draw cards; bars to the right of the middle speak for the item that is explained."""
    effects = [one.effect for card in cards for one in (card, *card.lines) if one.effect]
    most = max((abs(one.value) for one in effects), default=0.0)
    most = max(most, _LEAST)
    size = [abs(card.effect.value) if card.effect else 0.0 for card in cards]
    strongest = sorted(range(len(cards)), key=size.__getitem__, reverse=True)[:_STRONGEST]
    opened = {*range(_NEWEST), *(place for place in strongest if size[place])}
    body = "".join(
        _card(card, most, place in opened, explained=bool(effects))
        for place, card in enumerate(cards)
    )
    return f'{_STYLE}<div class="history{"" if effects else " plain"}">{body}</div>'


def _card(card: Card, most: float, opened: bool, explained: bool) -> str:
    struck = ' class="dropped"' if card.dropped else ""
    name = f"<b{struck}>{escape(card.name)}</b>{_bar(card.effect, most, explained)}"
    head = f'{name}<span class="quiet">{escape(card.facts)}</span>'
    note = f'<div class="quiet">{escape(card.note)}</div>' if card.note else ""
    lines = "".join(
        f"<li>{_words(one)}{_bar(one.effect, most, explained)}</li>" for one in card.lines
    )
    mark = ' class="latest"' if card.latest else ""
    shown = " open" if opened and card.lines else ""
    return f"<details{mark}{shown}><summary>{head}{note}</summary><ol>{lines}</ol></details>"


def _words(line: Line) -> str:
    picture = ""
    if line.picture is not None:
        picture = (
            f'<img src="{escape(line.picture)}" alt="" loading="lazy" referrerpolicy="no-referrer">'
        )
    note = f'<span class="quiet">{escape(line.note)}</span>' if line.note else ""
    title = escape(line.title)
    title = f'<span class="title" title="{title}">{title}</span>'
    return f'<span class="words">{picture}{title}{note}</span>'


def _bar(effect: Effect | None, most: float, explained: bool) -> str:
    """Draw an effect as a bar from the middle, with its sign in figures beside it."""
    if not explained:
        return ""
    if effect is None:
        return "<span></span><span></span>"
    width = 50 * abs(effect.value) / most
    left, color = (50, ACCENT) if effect.value >= 0 else (50 - width, OTHER_TONE)
    told = f"without it: rank {effect.rank:,}"
    return (
        f'<span class="bar" title="{told}">'
        f'<i style="left:{left:.1f}%;width:{width:.1f}%;background:{color}"></i></span>'
        f'<span class="value" title="{told}">{_signed(effect.value)}</span>'
    )


def _signed(value: float) -> str:
    text = f"{value:+.2f}"
    return text if float(text) else "0.00"
