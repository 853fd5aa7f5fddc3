"""Which column of a file means what: guessed from names and first values, or said."""

import re
from collections.abc import Mapping, Sequence

from hrnn.columns import ITEM_ID, OPTIONAL, OUTCOME, REQUIRED, SESSION_ID, TIMESTAMP, USER_ID
from hrnn.errors import DataError, listed

#: For each role, patterns of a column's name without punctuation and case, best first.
_NAMES = {
    USER_ID: (
        r"user(id)?",
        r"(visitor|customer|client|member|person|reader|viewer|household|account)(id|key|no)?",
        r"(user|visitor|customer)\w*",
        r"uid|u",
    ),
    ITEM_ID: (
        r"item(id)?",
        r"(product|article|movie|content|track|song|video|book|stock|news|asin|sku)(id|code|key|no)?",
        r"(click)?(article|item|product|content|movie)\w*id",
        r"(item|product|article)\w*",
        r"iid|i",
    ),
    TIMESTAMP: (
        r"timestamp|time|ts|datetime|eventtime|unixtime",
        r"\w*timestamp\w*",
        r"created(at)?|date",
        r"\w*(time|date)",
        r"\w+at",
        r"t",
    ),
    SESSION_ID: (r"session(id|key|no)?", r"visit(id)?"),
    OUTCOME: (r"outcome", r"label|reward"),
}

_TITLES = (
    r"title",
    r"(item|product|article|movie|track|song|book)(title|name)",
    r"description|name",
)

_TIME_LIKE = re.compile(
    r"^[+-]?\d{9,}(\.\d*)?$|^\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?!\d)|^(19|20)\d{6}([Tt]\d{6}Z?)?$"
)


def guess_columns(names: Sequence[str], first: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Guess the column of each role.

    Args:
        names: the file's columns in order.
        first: some values of each column, as text.

    Returns:
        Role → column; a role for which nothing fits is left out.
    """
    roles = (USER_ID, ITEM_ID, TIMESTAMP, SESSION_ID, OUTCOME)
    found = {role: role for role in roles if role in names}  # what is named so is meant so
    for role in roles:
        if role in found:
            continue
        free = [name for name in names if name not in found.values()]
        if role == TIMESTAMP:
            free = [name for name in free if _holds_times(first.get(name, ()))] or free
        name = _by_name(free, _NAMES[role])
        if name is None and role == TIMESTAMP:
            name = next((name for name in free if _holds_times(first.get(name, ()))), None)
        if name is not None:
            found[role] = name
    for role in (USER_ID, ITEM_ID):  # what calls itself an id and is still free
        if role not in found:
            free = [name for name in names if name not in found.values()]
            name = next((name for name in free if _plain(name).endswith("id")), None)
            if name is not None:
                found[role] = name
    return found


def guess_title(names: Sequence[str]) -> str | None:
    """Guess which of a log's other columns names the items for people."""
    return _by_name(names, _TITLES)


def resolve_columns(
    names: Sequence[str], first: Mapping[str, Sequence[str]], said: Mapping[str, str | None] | None
) -> dict[str, str]:
    """Combine what was said about the columns with guesses for what was not.

    A role said to be None is not used.

    Raises:
        DataError: a role or column does not exist, a column has two roles, or a required role
            is neither said nor guessed.
    """
    said = dict(said or {})
    roles = (*REQUIRED, *OPTIONAL)
    for role, name in said.items():
        if role not in roles:
            raise DataError(f"{role!r} is no role of a column; the roles are {', '.join(roles)}")
        if name is not None and name not in names:
            raise DataError(f"there is no column {name!r} for {role}; the file has {listed(names)}")
    free = [name for name in names if name not in said.values()]
    guessed = guess_columns(free, first)
    found = {**guessed, **said}
    chosen = {role: name for role in roles if (name := found.get(role)) is not None}
    for role in REQUIRED:
        if role not in chosen:
            raise DataError(
                f"no column was found for {role}; the file has {listed(names)}: say which one it is"
            )
    doubled = [name for name in chosen.values() if list(chosen.values()).count(name) > 1]
    if doubled:
        roles_of = " and ".join(role for role, name in chosen.items() if name == doubled[0])
        raise DataError(
            f"column {doubled[0]!r} is chosen for {roles_of}; choose one column for each"
        )
    return chosen


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.lower())


def _by_name(names: Sequence[str], patterns: Sequence[str]) -> str | None:
    for pattern in patterns:
        for name in names:
            if re.fullmatch(pattern, _plain(name)):
                return name
    return None


def _holds_times(values: Sequence[str]) -> bool:
    filled = [value.strip() for value in values if value and value.strip()]
    return bool(filled) and sum(bool(_TIME_LIKE.match(value)) for value in filled) * 2 > len(filled)
