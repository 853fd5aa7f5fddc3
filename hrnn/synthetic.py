"""Generated logs whose right answer is known.

A user comes back for session after session. Each session has a theme, and the theme of a session
is caused by the session before: themes stand in a fixed ring, and a session has the theme that
follows the last one with probability ``cause``, else any theme. Items of a session come from its
theme. Gaps between interactions have two humps on a log axis, drawn so that the two densities,
weighted by how many gaps each has, cross at ``cut_minutes``, and no gap lies on the wrong side.
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
import pandas as pd
from pydantic import Field

from hrnn.columns import ITEM_ID, TIMESTAMP, USER_ID
from hrnn.config import config
from hrnn.errors import ConfigError

THEMES = {
    "Coast": ("Lighthouse", "Harbour", "Tide Pool", "Sea Cliff", "Ferry"),
    "Forest": ("Old Oak", "Fern Path", "Clearing", "Owl Hollow", "Mushroom"),
    "Kitchen": ("Copper Pan", "Sourdough", "Spice Shelf", "Long Table", "Teapot"),
    "Observatory": ("Comet", "Red Giant", "Nebula", "Eclipse", "Star Atlas"),
    "Workshop": ("Lathe", "Dovetail", "Workbench", "Hand Plane", "Chisel"),
    "Market": ("Flower Stall", "Cheese Cart", "Brass Scale", "Arcade", "Basket"),
    "Mountain": ("Ridge", "Glacier", "Stone Hut", "Rope Bridge", "Summit"),
    "Library": ("Folio", "Reading Room", "Card Index", "Marginalia", "Atlas"),
    "Theatre": ("Overture", "Red Curtain", "Understudy", "Footlights", "Encore"),
    "Railway": ("Night Train", "Signal Box", "Viaduct", "Dining Car", "Platform"),
    "Garden": ("Rose Wall", "Orchard", "Greenhouse", "Herb Bed", "Sundial"),
    "Canal": ("Lock Gate", "Narrowboat", "Towpath", "Aqueduct", "Weir"),
}
_MOODS = ("Quiet", "First", "Golden", "Winter", "Hidden", "Evening", "Northern", "Painted")

_WITHIN_MEAN, _WITHIN_SD = 1.2, 1.2  # log2 minutes: half of the gaps inside sessions below 2.3 min
_BETWEEN_SD = 2.2
_START = np.datetime64("2026-01-05T00:00:00", "us")
_MINUTE_US = 60_000_000


@config
class SyntheticConfig:
    """What a generated log is like.

    Attributes:
        users: number of users.
        items: number of items, spread evenly over the themes.
        interactions: number of interactions, reached exactly; at least one a user.
        session_length: mean interactions a session.
        cause: probability that a session's theme follows from the session before.
        cut_minutes: the planted timeout.
        seed: of the random numbers.
    """

    users: Annotated[int, Field(ge=1)] = 600
    items: Annotated[int, Field(ge=len(THEMES))] = 400
    interactions: Annotated[int, Field(ge=1)] = 40_000
    session_length: Annotated[float, Field(gt=1)] = 6.0
    cause: Annotated[float, Field(ge=0, le=1)] = 0.85
    cut_minutes: Annotated[float, Field(ge=1)] = 25.0
    seed: Annotated[int, Field(ge=0)] = 0


@dataclass(frozen=True)
class Synthetic:
    """A generated log and the truth behind it.

    Attributes:
        frame: USER_ID, ITEM_ID, TIMESTAMP (datetime64[us, UTC]), title, theme; sorted by time.
        session: int64 [rows], the planted session of each row, numbered in its user from 0.
        theme: int64 [rows], the theme of that session.
        item_theme: int64 [items], the theme of each item, in the order of its id.
    """

    frame: pd.DataFrame
    session: np.ndarray
    theme: np.ndarray
    item_theme: np.ndarray


def generate(settings: SyntheticConfig | None = None) -> Synthetic:
    """Generate a log; the same settings give the same log.

    Raises:
        ConfigError: there are fewer interactions than users.
    """
    settings = settings or SyntheticConfig()
    if settings.interactions < settings.users:
        raise ConfigError(
            f"interactions={settings.interactions}: {settings.users} users need at least one each"
        )
    random = np.random.default_rng(settings.seed)
    user, session, position = _layout(settings, random)
    theme_of_session, row_session = _themes(user, session, settings.cause, random)
    theme = theme_of_session[row_session]
    item_theme = np.arange(settings.items) % len(THEMES)
    item = _items(theme, item_theme, random)
    time = _times(user, position, settings, random)
    titles, names = item_titles(item_theme), np.array(list(THEMES))
    frame = pd.DataFrame(
        {
            USER_ID: [f"user{number + 1:04d}" for number in user],
            ITEM_ID: [f"item{number + 1:03d}" for number in item],
            TIMESTAMP: pd.DatetimeIndex(time).tz_localize("UTC"),
            "title": titles[item],
            "theme": names[item_theme[item]],
        }
    )
    order = np.argsort(time, kind="stable")
    return Synthetic(
        frame.iloc[order].reset_index(drop=True), session[order], theme[order], item_theme
    )


def item_titles(item_theme: np.ndarray) -> np.ndarray:
    """Make a distinct title for each item of the given themes (object array)."""
    made = []
    seen = np.zeros(len(THEMES), int)
    for theme in item_theme:
        nouns = list(THEMES.values())[theme]
        number = seen[theme]
        seen[theme] += 1
        mood = _MOODS[(number // len(nouns)) % len(_MOODS)]
        part = number // (len(nouns) * len(_MOODS))
        made.append(f"{mood} {nouns[number % len(nouns)]}" + (f" {part + 1}" if part else ""))
    return np.array(made, dtype=object)


def _layout(settings: SyntheticConfig, random: np.random.Generator):
    """Say for each row its user, its session in the user and its position in the session."""
    weight = random.gamma(4.0, size=settings.users)
    spare = settings.interactions - settings.users
    rows = 1 + random.multinomial(spare, weight / weight.sum())
    user = np.repeat(np.arange(settings.users), rows)
    first = np.zeros(len(user), bool)
    first[np.cumsum(rows) - rows] = True
    opens = first | (random.random(len(user)) < 1 / settings.session_length)
    number = np.cumsum(opens) - 1
    starts = np.flatnonzero(opens)
    session = number - number[first][user]
    return user, session, np.arange(len(user)) - starts[number]


def _themes(user: np.ndarray, session: np.ndarray, cause: float, random: np.random.Generator):
    opens = np.ones(len(user), bool)
    opens[1:] = (np.diff(user) != 0) | (np.diff(session) != 0)
    count = int(opens.sum())
    theme = random.integers(len(THEMES), size=count)
    follows = (random.random(count) < cause) & (session[opens] > 0)
    for place in np.flatnonzero(follows):
        theme[place] = (theme[place - 1] + 1) % len(THEMES)
    return theme, np.cumsum(opens) - 1


def _items(theme: np.ndarray, item_theme: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Draw an item of each row's theme; in a theme the r-th item has weight 1 / sqrt(r)."""
    item = np.empty(len(theme), np.int64)
    for number in range(len(THEMES)):
        rows = np.flatnonzero(theme == number)
        own = np.flatnonzero(item_theme == number)
        weight = 1 / np.sqrt(np.arange(1, len(own) + 1))
        item[rows] = random.choice(own, size=len(rows), p=weight / weight.sum())
    return item


def _times(
    user: np.ndarray, position: np.ndarray, settings: SyntheticConfig, random: np.random.Generator
) -> np.ndarray:
    first = np.ones(len(user), bool)
    first[1:] = np.diff(user) != 0
    between = (position == 0) & ~first
    cut = np.log2(settings.cut_minutes)
    share = between.sum() / max((~first).sum(), 1)
    mean = _between_mean(cut, share)
    gap = np.where(
        between,
        _truncated(random, len(user), mean, _BETWEEN_SD, low=cut),
        _truncated(random, len(user), _WITHIN_MEAN, _WITHIN_SD, high=cut),
    )
    step = np.round(np.exp2(gap) * _MINUTE_US).astype(np.int64)
    step[first] = random.integers(0, 30 * 24 * 60 * _MINUTE_US, size=int(first.sum()))
    total = np.cumsum(step)
    return _START + (total - (total - step)[first][user]).astype("timedelta64[us]")


def _between_mean(cut: float, share: float) -> float:
    """Return the mean at which the weighted densities of both humps are equal at the cut."""
    z = (cut - _WITHIN_MEAN) / _WITHIN_SD
    share = min(max(share, 1e-6), 1 - 1e-6)
    ratio = (1 - share) / share * _BETWEEN_SD / _WITHIN_SD
    return cut + _BETWEEN_SD * float(np.sqrt(max(z * z - 2 * np.log(ratio), 0.0)))


def _truncated(
    random: np.random.Generator, size: int, mean: float, sd: float,
    low: float = -np.inf, high: float = np.inf,
) -> np.ndarray:  # fmt: skip
    """Draw from a normal distribution what lies strictly between two bounds."""
    drawn = random.normal(mean, sd, size)
    while (bad := (drawn <= low) | (drawn >= high)).any():
        drawn[bad] = random.normal(mean, sd, int(bad.sum()))
    return drawn
