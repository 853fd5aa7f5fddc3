"""Schemas: which columns a table must have and what they hold, declared in a YAML file.

::

    columns:
      - name: TIMESTAMP
        type: time          # str, int, float, bool or time
      - name: OUTCOME
        type: float
        optional: true      # may be missing; false if not said

A schema only checks. It changes no value, and columns that it does not declare are kept.
"""

import re
import reprlib
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import yaml

from hrnn.columns import OPTIONAL, OUTCOME, REQUIRED
from hrnn.data.sql import BLANKS, connect
from hrnn.data.tables import TextTable
from hrnn.data.timestamps import parse_times
from hrnn.errors import ConfigError, DataError, listed

SHIPPED = Path(__file__).parent / "schemas"

#: Other spellings of the types, in small letters and without what pandas puts in brackets.
_SPELLINGS = {
    "string": "str",
    "object": "str",
    "integer": "int",
    "int32": "int",
    "int64": "int",
    "double": "float",
    "float32": "float",
    "float64": "float",
    "boolean": "bool",
    "datetime": "time",
    "datetime64": "time",
    "timestamp": "time",
}
#: For each type that is checked: which values are unreadable, in SQL, and what to write instead.
_UNREADABLE = {
    "int": (r"NOT regexp_full_match(value, '[+-]?\d+(\.0*)?')", "whole numbers such as 42"),
    "float": ("TRY_CAST(value AS DOUBLE) IS NULL", "numbers such as 0.5"),
    "bool": ("lower(value) NOT IN ('true', 'false', '1', '0')", "true or false"),
    "time": ("time_us IS NULL", "ISO 8601 or Unix seconds"),
}
#: What an outcome may be besides its type: the reader takes it for 1, 0 and not observed.
_OUTCOME_WORDS = "lower(value) NOT IN ('true', 'false', 'nan')"
_SHOWN_CHARACTERS = 60
_ROLES = {*REQUIRED, *OPTIONAL}


@dataclass(frozen=True)
class Column:
    """A declared column: its name, its type, whether it may be missing."""

    name: str
    type: str
    optional: bool = False


@dataclass(frozen=True)
class Schema:
    """The declared columns of a table, and the file that declares them."""

    columns: tuple[Column, ...]
    file: str

    @classmethod
    def open(cls, path: str | Path) -> "Schema":
        """Read a schema; one shipped with the package is found by its file's name alone.

        Raises:
            ConfigError: there is no such file, or it is no schema.
        """
        found = _find(path)
        plain = _parse(found)
        if not isinstance(plain, dict) or not isinstance(plain.get("columns"), list):
            raise ConfigError(f"{found.name} is no schema; it must hold a list under 'columns:'")
        columns = tuple(_column(one, found.name) for one in plain["columns"])
        names = [column.name for column in columns]
        if not names or len(set(names)) < len(names):
            twice = sorted({name for name in names if names.count(name) > 1})
            fault = f"declares {listed(twice, 3)} twice" if twice else "declares no column"
            raise ConfigError(f"{found.name} {fault}; declare each column once")
        known = {"name", "type", "optional"}
        unused = [str(key) for key in plain if key != "columns"]
        unused += [str(key) for one in plain["columns"] for key in one if key not in known]
        if unused:
            warnings.warn(
                f"{found.name} says what has no meaning here and is ignored:"
                f" {listed(dict.fromkeys(unused))}; a column has a name, a type and optional",
                stacklevel=3,
            )
        return cls(columns, found.name)

    def check(self, text: TextTable, roles: Mapping[str, str | None] | None = None) -> None:
        """Check a table; a blank cell is missing and no fault of its type.

        Args:
            text: the table.
            roles: role → column, as it was said; a declared role means that column.

        Raises:
            DataError: a column that is not optional is missing, or holds what its type cannot be.
        """
        said = dict(roles or {})
        place = {column: said.get(column.name) or column.name for column in self.columns}
        self._check_presence(text.names, place, takes_roles=roles is not None)
        with connect() as con:
            con.register("source", text.table)
            for column, name in place.items():
                if name in text.names and column.type in _UNREADABLE:
                    outcome = name == (said.get(OUTCOME) or OUTCOME)
                    self._check_values(con, text.names.index(name), name, column.type, outcome)

    def _check_presence(
        self, names: Sequence[str], place: Mapping[Column, str], takes_roles: bool
    ) -> None:
        missing = {
            column.name: name
            for column, name in place.items()
            if name not in names and not column.optional
        }
        if missing:
            role = next((name for name in missing if name in _ROLES and takes_roles), None)
            said = f", say which column it is (columns={{{role!r}: …}})" if role else ""
            raise DataError(
                f"{self.file} declares {listed(missing.values())}, and there is only"
                f" {listed(names)}; correct the name{said} or declare it with optional: true"
            )

    def _check_values(
        self, con: duckdb.DuckDBPyConnection, place: int, name: str, kind: str, outcome: bool
    ) -> None:
        unreadable, remedy = _UNREADABLE[kind]
        joined = ""
        if kind == "time":
            parse_times(con, f"c{place}")
            joined = "JOIN times USING (line)"
        elif outcome:
            finite = "isfinite(TRY_CAST(value AS DOUBLE))"
            unreadable = f"({unreadable} OR NOT {finite}) AND {_OUTCOME_WORDS}"
        row = con.execute(
            f"""SELECT count(*) FILTER (bad), count(*), min(line) FILTER (bad),
                arg_min(value, line) FILTER (bad)
            FROM (SELECT line, value, {unreadable} AS bad FROM (
                SELECT line, nullif(trim(c{place}, '{BLANKS}'), '') AS value FROM source
            ) {joined} WHERE value IS NOT NULL)"""
        ).fetchone()
        assert row is not None
        faults, filled, line, example = row
        if faults:
            raise DataError(
                f"{faults:,} of {filled:,} values of column {name!r} cannot be read as {kind}"
                f" (line {line}: {example[:_SHOWN_CHARACTERS]!r}); write {remedy}, or declare the"
                f" column as str in {self.file}"
            )


def _find(path: str | Path) -> Path:
    if not isinstance(path, str | Path):
        raise ConfigError(
            f"client_schema_path is a {type(path).__name__}; it must be the path of a YAML file"
        )
    for place in (Path(path), SHIPPED / Path(path).name):
        try:
            if place.is_file():
                return place
        except OSError:  # a name that no file can have
            continue
    shipped = sorted(one.name for one in SHIPPED.glob("*.yaml"))
    raise ConfigError(
        f"client_schema_path={str(path)!r}: there is no such file, and the schemas shipped are"
        f" {listed(shipped)}"
    )


def _parse(file: Path) -> Any:
    try:
        return yaml.safe_load(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}") from None
    except Exception as error:  # PyYAML lets KeyError, RecursionError and others through too
        mark = getattr(error, "problem_mark", None)
        where = f" on line {mark.line + 1}" if mark else ""
        raise ConfigError(f"{file.name} is not valid YAML{where}; correct it") from None


def _column(plain: Any, file: str) -> Column:
    if not isinstance(plain, dict) or not {"name", "type"} <= plain.keys():
        raise ConfigError(f"{file}: each of 'columns:' must have a 'name:' and a 'type:'")
    name, kind, optional = plain["name"], plain["type"], plain.get("optional", False)
    if not isinstance(name, str) or not name:
        raise ConfigError(f"{file}: the name {reprlib.repr(name)} is no text; put it in quotes")
    spelled = re.sub(r"\[.*\]$", "", kind.lower()) if isinstance(kind, str) else ""
    spelled = _SPELLINGS.get(spelled, spelled)
    if spelled not in ("str", *_UNREADABLE):
        raise ConfigError(
            f"{file}: type={reprlib.repr(kind)} of column {name!r} must be"
            f" {', '.join(_UNREADABLE)} or str"
        )
    if not isinstance(optional, bool):
        raise ConfigError(
            f"{file}: optional={reprlib.repr(optional)} of column {name!r} must be true or false"
        )
    return Column(name, spelled, optional)
