"""A history as cards: what is written, and that nothing foreign becomes markup."""

import re

from ui.history_cards import Card, Effect, Line, cards_html

HOSTILE = '<script>alert("1")</script> & \' onmouseover=x'


def cards(count: int) -> list[Card]:
    lines = [Line("a", effect=Effect(0.5, 7)), Line("b", "added", Effect(-1.0, 1))]
    return [Card(f"Session {n}", "today", lines, effect=Effect(n, 3)) for n in range(count)]


def bars(html: str) -> list[tuple[float, float]]:
    found = re.findall(r"left:([\d.]+)%;width:([\d.]+)%", html)
    return [(float(left), float(width)) for left, width in found]


def test_bars_start_in_the_middle_and_the_longest_effect_fills_its_half() -> None:
    html = cards_html([Card("s", "", cards(1)[0].lines, effect=Effect(2.0, 3))])
    assert bars(html) == [(50, 50), (50, 12.5), (25, 25)]
    assert re.findall(r'class="value"[^>]*>([^<]*)<', html) == ["+2.00", "+0.50", "-1.00"]
    assert re.findall(r'class="bar" title="([^"]*)"', html) == [
        f"without it: rank {rank}" for rank in (3, 7, 1)
    ]


def test_an_effect_that_rounds_to_nothing_has_no_sign() -> None:
    html = cards_html([Card("s", "", [Line("a", effect=Effect(-0.001, 1))])])
    assert ">0.00<" in html


def test_the_newest_sessions_and_those_that_did_most_are_open() -> None:
    opened = re.findall(r"<details( open)?>", cards_html(cards(6)))
    assert [bool(one) for one in opened] == [True, True, False, False, True, True]


def test_without_effects_there_is_no_column_for_them() -> None:
    html = cards_html([Card("s", "", [Line("a")])])
    assert 'class="bar"' not in html
    assert 'class="history plain"' in html


def test_foreign_text_stays_text() -> None:
    line = Line(HOSTILE, HOSTILE, picture=f'https://x/"{HOSTILE}')
    html = cards_html([Card(HOSTILE, HOSTILE, [line], HOSTILE)])
    body = re.sub("<style>.*?</style>", "", html, flags=re.S)
    tags = set(re.findall(r"</?([a-z]+)", body))
    assert tags == {"div", "details", "summary", "b", "span", "ol", "li", "img"}
    assert set(re.findall(r'\s([a-z]+)="', re.sub(r'"[^"]*"', '""', body))) == {
        *("class", "src", "alt", "loading", "referrerpolicy", "title")
    }
