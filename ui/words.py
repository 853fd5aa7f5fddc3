"""Numbers, times and foreign text as people read them."""

import re
from datetime import UTC, datetime

from hrnn.words import plural as plural

_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+\-.!|~:$<>&])")
#: What Markdown turns into links and icons even where its marks are escaped.
_LINK_LIKE = re.compile(r"www(?=\.)|(https?|ftp)(?=:)|:(?=[a-z])|(?=@)", re.IGNORECASE)
_JOINER = "\u2060"  # no width, no break
#: What Markdown reads inside a line, and what it reads only where a line begins.
_MARK = re.compile(r"([\\`*_{}\[\]#|~$<>&])")
_BEGINS = re.compile(r"^(\d{0,9})([.)]|[-+=]+)(?=\s|$)")
_SECOND, _MINUTE, _HOUR, _DAY = 1 / 60, 1, 60, 24 * 60


def literal(text: object) -> str:
    """Write text from outside so that Markdown shows it letter by letter and runs none of it."""
    broken = _LINK_LIKE.sub(rf"\g<0>{_JOINER}", " ".join(str(text).split()))
    return _SPECIAL.sub(r"\\\1", broken)


def literal_in_file(text: object) -> str:
    """Write text from outside as :func:`literal` does, for a file that is read as it is, too.

    Marks that do something only where a line begins are left alone elsewhere, as in 0.38 (0.3–0.4).
    """
    broken = _LINK_LIKE.sub(rf"\g<0>{_JOINER}", " ".join(str(text).split()))
    return _BEGINS.sub(r"\1\\\2", _MARK.sub(r"\\\1", broken))


def shortened(text: str, most: int) -> str:
    """Cut text to so many letters, the last of them a mark that some are missing."""
    return text if len(text) <= most else text[: most - 1] + "…"


def clipped(text: str, most: int = 26) -> str:
    """Write text from outside in one short line."""
    return literal(shortened(text, most))


def sentence(text: str) -> str:
    """Begin with a capital, unless the first word is a name that must stay as it is."""
    return text[:1].upper() + text[1:] if text.split(" ")[0].isalpha() else text


def minutes(value: float, digits: int = 3) -> str:
    """Write minutes as 40 s, 30.5 min, 4 h or 3 d: in the largest unit of which there are two."""
    for size, unit in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min"), (_SECOND, "s")):
        if value >= 2 * size or unit == "s" or value == size == _MINUTE:
            shown = value / size
            break
    rounded = f"{shown:.{max(0, digits - len(f'{shown:.0f}'))}f}"
    return f"{rounded.rstrip('0').removesuffix('.') if '.' in rounded else rounded} {unit}"


def cut_words(timeout_minutes: float | None, by_ids: bool) -> str:
    """Say what cuts the sessions: ids, a timeout, both, or nothing."""
    if timeout_minutes is None:
        return "**by their ids**" if by_ids else "by **nothing**"
    by_gap = f"at **{minutes(timeout_minutes)}**"
    return f"**by their ids**, rows without one {by_gap}" if by_ids else by_gap


def seconds(value: float) -> str:
    """Write seconds as 40 s, 3 min or 2.5 h."""
    return minutes(value / 60, digits=2)


def size(count: float) -> str:
    """Write bytes as 61 kB, 312 MB or 1.2 GB."""
    if count < 1e6:
        return f"{count / 1e3:.0f} kB"
    return f"{count / 1e6:.0f} MB" if count < 1e9 else f"{count / 1e9:.1f} GB"


def short(count: float) -> str:
    """Write a count for a tile: 1,204, 48.2 k, 1.2 M; – for not known."""
    if count != count:
        return "–"
    if count < 10_000:
        return f"{count:,.0f}"
    return f"{count / 1e3:.1f} k" if count < 1e6 else f"{count / 1e6:.1f} M"


def average(value: float) -> str:
    """Write an average to two or three digits; – for not known."""
    if value != value:
        return "–"
    return f"{value:.2f}" if value < 10 else f"{value:,.1f}"


def share(part: float) -> str:
    """Write a share as a percentage; – for not known."""
    return "–" if part != part else f"{100 * part:.1f} %"


def moment(time_us: int) -> str:
    """Write microseconds since the epoch as a date and a time, UTC."""
    return f"{datetime.fromtimestamp(time_us / 1e6, UTC):%a %d %b %Y %H:%M}"


def day(time_us: int) -> str:
    """Write microseconds since the epoch as a day, UTC."""
    return f"{datetime.fromtimestamp(time_us / 1e6, UTC):%a %d %b %Y}"
