"""DuckDB as it is used here: in memory, and loading nothing from anywhere."""

from functools import lru_cache

import duckdb

#: What may stand around a value and does not belong to it.
BLANKS = " \t\n\u00a0"

_NO_EXTENSIONS: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "python_enable_replacements": "false",
}


def connect() -> duckdb.DuckDBPyConnection:
    """Open a connection of one's own, whose views and temporary tables end with it."""
    return _database().cursor()


@lru_cache(maxsize=1)
def _database() -> duckdb.DuckDBPyConnection:
    """Open the one database: it takes longer to open than a short log to read."""
    return duckdb.connect(":memory:", config=_NO_EXTENSIONS)
