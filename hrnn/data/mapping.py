"""Which column of a file means what: guessed from names and first values, or said."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from hrnn.columns import ITEM_ID, OPTIONAL, OUTCOME, REQUIRED, SESSION_ID, TIMESTAMP, USER_ID
from hrnn.data.guessing import (
    are_numbered,
    guess_by_content,
    hold_addresses,
    hold_clocks,
    hold_dates_alone,
    hold_grades,
    hold_kinds,
    hold_named_kinds,
    hold_numbers,
    hold_pictures,
    hold_times,
    hold_words,
)
from hrnn.errors import DataError, listed

#: For each role, patterns of a column's name without punctuation and case, best first.
_NAMES = {
    USER_ID: (
        r"user(id)?",
        r"(visitor|customer|client|member|person|reader|viewer|household|account|buyer|shopper"
        r"|subscriber|guest|student|learner|listener|player|device|cookie)(id|key|no)?",
        r"(user|visitor|customer|fullvisitor)\w*",
        r"uid|u",
    ),
    ITEM_ID: (
        r"item(id)?",
        r"(product|article|movie|content|track|song|video|book|stock|news|asin|sku|game|course"
        r"|recipe|listing|hotel)(id|code|key|no)?",
        r"(click)?(article|item|product|content|movie)\w*id",
        r"(item|product|article)\w*",
        r"aid|iid|i",
    ),
    TIMESTAMP: (
        r"timestamp|time|ts|datetime|eventtime|unixtime",
        r"\w*timestamp\w*",
        r"created(at)?|date",
        r"\w*(time|date)",
        r"\w+at",
        r"t",
    ),
    SESSION_ID: (r"session(id|key|no)?", r"visit(id)?|sid"),
    OUTCOME: (r"outcome", r"label|reward"),
}
_TITLES = (
    r"title",
    r"(item|product|article|movie|track|song|book|news|video|game|course|page)(title|name)",
    r"description|name|headline",
)
_PICTURES = (
    r"(item|product|article|movie|book|track)?(image|picture|img|pic|photo|thumbnail|thumb|poster"
    r"|cover)(url|link|src|address|path|href)?",
    r"\w*(image|picture|img|photo|thumbnail|poster)(url|link|src)\w*",
)
_CATEGORIES = (
    r"(item|product|article|movie|book|track|song|news|course|page)?(category|categories|genres?"
    r"|topics?|themes?|department|section)(name|code|label)?",
    r"\w*categor\w*",
)
_EVENTS = (
    r"event|eventtype|eventname|action|actiontype|interactiontype|interaction|behaviou?r"
    r"|behaviou?rtype|activity|activitytype",
    r"type|verb|operation",
    r"\w*(event|action)(type|name)",
)
_CLOCKS = (r"time|clock|timeofday|hour", r"\w*time", r"\w*(clock|hour)\w*")
_GRADES = (
    r"rating|ratings|stars?|score|grade|likes?|liked|thumbs?|vote|votes|preference|feedback",
    r"(user|item|movie|book|review|overall)?(rating|stars?|score)(value)?",
)
_Test = Callable[[Sequence[str | None]], bool]
#: The end of a name in a RecBole file tells a type, which is no part of the meaning.
_RECBOLE = re.compile(r":(token|float)(_seq)?$")
#: Ids, but neither of a user nor of an item.
_OTHER_ID = re.compile(
    r"(event|transaction|order|row|basket|invoice|session|visit|request|log|app|page|record|message"
    r"|impression|s|r)id"
)


@dataclass(frozen=True)
class Extras:
    """Columns that a log can do without, as far as guessed.

    Attributes:
        title: names the items for people.
        category: holds the item's category.
        picture: holds the address of a picture of the item.
        event: holds the kind of the interaction (view, cart, purchase).
        time_of_day: completes the TIMESTAMP column, which holds dates alone.
        outcome: holds ratings or the like. A suggestion: a rating is an outcome only if somebody
            says so, because every number above 0 would be a success.
    """

    title: str | None = None
    category: str | None = None
    picture: str | None = None
    event: str | None = None
    time_of_day: str | None = None
    outcome: str | None = None


def guess_columns(
    names: Sequence[str], first: Mapping[str, Sequence[str | None]]
) -> dict[str, str]:
    """Guess the column of each role.

    One role and one column that are left belong together. Without any user, each session counts
    as a user: the session's column then has both roles. Of columns named column_1, column_2, …
    the roles are guessed by content, see :func:`hrnn.data.guessing.guess_by_content`.

    Args:
        names: the file's columns in order.
        first: some values of each column, as text.

    Returns:
        Role → column; a role for which nothing fits is left out.
    """
    if are_numbered(names):
        return guess_by_content(names, first)
    roles = (USER_ID, ITEM_ID, TIMESTAMP, SESSION_ID, OUTCOME)
    found = {role: role for role in roles if role in names}  # what is named so is meant so
    for role in roles:
        if role in found:
            continue
        free = [name for name in names if name not in found.values()]
        if role == TIMESTAMP:
            free = [name for name in free if hold_times(first.get(name, ()))] or free
        name = _by_name(free, _NAMES[role])
        if name is None and role == TIMESTAMP:
            name = next((name for name in free if hold_times(first.get(name, ()))), None)
        if name is not None:
            found[role] = name
    users = (USER_ID,) if SESSION_ID not in found else ()  # a session is told from a user by name
    for role in (*users, ITEM_ID):  # what calls itself an id and is still free
        if role not in found:
            free = [name for name in names if name not in found.values()]
            ids = sorted(filter(_calls_itself_id, free), key=lambda name: _plain(name) == "id")
            if ids:
                found[role] = ids[0]
    if USER_ID not in found and SESSION_ID in found:
        found[USER_ID] = found[SESSION_ID]
    missing = [role for role in REQUIRED if role not in found]
    free = [name for name in names if name not in found.values()]
    if len(missing) == len(free) == 1 and missing != [TIMESTAMP]:
        found[missing[0]] = free[0]  # what else could it be?
    return {role: found[role] for role in roles if role in found}


def sessions_are_users(chosen: Mapping[str, str | None]) -> bool:
    """Whether one column is both user and session, so that each session is a user of its own."""
    user = chosen.get(USER_ID)
    return user is not None and user == chosen.get(SESSION_ID)


def guess_title(names: Sequence[str]) -> str | None:
    """Guess which of a log's other columns names the items for people."""
    return _by_name(names, _TITLES)


def guess_extras(
    names: Sequence[str],
    first: Mapping[str, Sequence[str | None]],
    chosen: Mapping[str, str | None] | None = None,
) -> Extras:
    """Guess the columns that a log can do without.

    Args:
        names: the file's columns in order.
        first: some values of each column, as text.
        chosen: role → column, as guessed or said; guessed if None.
    """
    chosen = guess_columns(names, first) if chosen is None else chosen
    free = [name for name in names if name not in chosen.values()]

    def named(patterns: Sequence[str], fits: _Test) -> str | None:
        return _by_name([one for one in free if not first.get(one) or fits(first[one])], patterns)

    def shown(fits: _Test) -> str | None:
        return next((one for one in free if fits(first.get(one, ()))), None)

    headless = are_numbered(names)
    picture = named(_PICTURES, hold_addresses) or shown(hold_pictures)
    event = named(_EVENTS, hold_kinds) or (shown(hold_named_kinds) if headless else None)
    outcome = named(_GRADES, hold_numbers) or (shown(hold_grades) if headless else None)
    return Extras(
        title=named(_TITLES, hold_words),
        category=named(_CATEGORIES, hold_words),
        picture=picture,
        event=event,
        time_of_day=find_time_of_day(free, first, chosen.get(TIMESTAMP)),
        outcome=None if chosen.get(OUTCOME) else outcome,
    )


def find_time_of_day(
    names: Sequence[str], first: Mapping[str, Sequence[str | None]], date: str | None
) -> str | None:
    """Find the column with the time of day that completes a column of dates.

    Args:
        names: columns to choose from.
        first: some values of each column, as text.
        date: the column of dates.

    Returns:
        A column of times such as 14:05 or 2:05:30 pm, or of digits such as 1405 if it is named so;
        None if there is none, or if the dates have a time of their own.
    """
    if date is None or not hold_dates_alone(first.get(date, ())):
        return None
    clocks = [name for name in names if name != date and hold_clocks(first.get(name, ()))]
    if clocks:
        return _by_name(clocks, _CLOCKS) or clocks[0]
    digits = [name for name in names if name != date and hold_clocks(first.get(name, ()), True)]
    return _by_name(digits, _CLOCKS)


def resolve_columns(
    names: Sequence[str],
    first: Mapping[str, Sequence[str | None]],
    said: Mapping[str, str | None] | None,
) -> dict[str, str]:
    """Combine what was said about the columns with guesses for what was not.

    A role said to be None is not used. One column may be both user and session: then each session
    is a user of its own, see :func:`sessions_are_users`.

    Raises:
        DataError: a role or column does not exist, a column has two roles, or a required role
            is neither said nor guessed.
    """
    if said is not None and not isinstance(said, Mapping):
        raise DataError(f"columns={said!r}: pass role and column, such as {{'USER_ID': 'visitor'}}")
    said = dict(said or {})
    roles = (*REQUIRED, *OPTIONAL)
    for role, name in said.items():
        if role not in roles:
            raise DataError(f"{role!r} is no role of a column; the roles are {', '.join(roles)}")
        if name is not None and name not in names:
            raise DataError(f"there is no column {name!r} for {role}; the file has {listed(names)}")
    free = [name for name in names if name not in said.values()]
    guessed = guess_columns(free, first)
    if USER_ID not in guessed and said.get(SESSION_ID):
        guessed[USER_ID] = str(said[SESSION_ID])
    found = {**guessed, **said}
    chosen = {role: name for role in roles if (name := found.get(role)) is not None}
    for role in REQUIRED:
        if role not in chosen:
            raise DataError(
                f"no column was found for {role}; the file has {listed(names)}: say which one it is"
            )
    taken = [name for role, name in chosen.items() if role != SESSION_ID]
    if not sessions_are_users(chosen) and SESSION_ID in chosen:
        taken.append(chosen[SESSION_ID])
    doubled = [name for name in taken if taken.count(name) > 1]
    if doubled:
        roles_of = " and ".join(role for role, name in chosen.items() if name == doubled[0])
        raise DataError(
            f"column {doubled[0]!r} is chosen for {roles_of}; choose one column for each"
        )
    return chosen


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", _RECBOLE.sub("", name).lower())


def _calls_itself_id(name: str) -> bool:
    plain = _plain(name)
    return plain.endswith("id") and not _OTHER_ID.fullmatch(plain)


def _by_name(names: Sequence[str], patterns: Sequence[str]) -> str | None:
    """Find the name that fits best; of a value in an object (``user.id``), by its last part too."""
    for plain in (_plain, lambda name: _plain(name.rsplit(".", 1)[-1])):
        for pattern in patterns:
            for name in names:
                if re.fullmatch(pattern, plain(name)):
                    return name
    return None
