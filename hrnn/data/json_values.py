"""JSON read value by value from a stream, with every digit of every number kept."""

import json
import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

from hrnn.errors import DataError

#: A single value is no longer than so many characters; it has to fit in memory several times over.
LONGEST_VALUE = 1 << 28
_WHOLE = re.compile(r"(-?\d+)\.0*")
_MOST_DIGITS = 40
_OF_NUMBER = re.compile(r"[\d.eE+-]*")
_BLANK = re.compile(r"[ \t\n\r]*")


class Exact(str):
    """A number with a fraction or an exponent, as it is written."""

    __slots__ = ()


DECODER = json.JSONDecoder(parse_float=Exact, parse_constant=lambda _: None)


def cell(value: Any) -> str | None:
    """Write a value as the text of a cell: whole numbers without a fraction, null as nothing."""
    if value is None or type(value) is str:
        return value
    if value is True or value is False:
        return "true" if value else "false"
    if type(value) is int:
        return str(value)
    return number_text(value) if type(value) is Exact else json_text(value)


def number_text(written: str) -> str:
    """Write a number without ``.0`` or an exponent if it is whole, else as it stands."""
    if found := _WHOLE.fullmatch(written):
        return found[1]
    if "e" in written.lower():
        try:
            number = Decimal(written)
        except InvalidOperation:
            return written
        if number == 0:
            return "0"
        if number.adjusted() < _MOST_DIGITS and number == number.to_integral_value():
            return f"{number:f}".split(".")[0]
    return written


def json_text(value: Any) -> str:
    """Write a list or an object as JSON."""
    if isinstance(value, dict):
        parts = (f"{_quoted(str(key))}: {json_text(one)}" for key, one in value.items())
        return "{" + ", ".join(parts) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(json_text(one) for one in value) + "]"
    if isinstance(value, Exact):
        return str(value)
    if value is None or isinstance(value, bool | int | float):
        return json.dumps(value)
    return _quoted(str(value))


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


class Scanner:
    """Takes a JSON text apart that is longer than memory.

    Args:
        blocks: the text in UTF-8, cut anywhere between characters.
    """

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._text = ""
        self._at = 0
        self._line = 1

    def peek(self) -> str:
        """Return the next character that is not blank, or nothing at the end."""
        self._at = self._skip(self._at)
        return self._text[self._at : self._at + 1]

    def opens_objects(self) -> bool:
        """Whether a list comes next, and an object first in it."""
        if self.peek() != "[":
            return False
        place = self._skip(self._at + 1)
        return self._text[place : place + 1] == "{"

    def take(self, expected: str) -> str:
        """Go past the next character, which has to be one of those expected.

        Raises:
            DataError: it is another.
        """
        found = self.peek()
        if not found or found not in expected:
            raise self.damaged(f"{' or '.join(map(repr, expected))} expected, not {found!r}")
        self._at += 1
        return found

    def value(self) -> Any:
        """Take the next value.

        Raises:
            DataError: it is damaged, too long or nested too deep.
        """
        self.peek()
        while True:
            try:
                value, end = DECODER.raw_decode(self._text, self._at)
            except RecursionError:
                raise self.damaged("values lie in values in values, without end") from None
            except ValueError as error:
                if not self._more():
                    self._at = min(getattr(error, "pos", self._at), len(self._text))
                    raise self.damaged(getattr(error, "msg", str(error))) from None
                continue
            rest = _OF_NUMBER.match(self._text, end)
            assert rest is not None
            # A number at the very end may go on: "0" is not yet 0.5.
            if rest.end() < len(self._text) or self._text[end - 1] in '}]"' or not self._more():
                self._at = end
                return value

    def damaged(self, why: str) -> DataError:
        """Return the error to raise for what is next."""
        line = self._line + self._text.count("\n", 0, self._at)
        return DataError(f"the JSON is damaged on line {line:,} ({why}); export it again")

    def _skip(self, place: int) -> int:
        """Return the place of the next character that is not blank."""
        while True:
            found = _BLANK.match(self._text, place)
            assert found is not None
            if found.end() < len(self._text):
                return found.end()
            behind = found.end() - self._at
            if not self._more():
                return found.end()
            place = behind  # what was before ``_at`` is gone

    def _more(self) -> bool:
        """Read on, as much again as is there; return whether anything came."""
        left = self._text[self._at :]
        if len(left) > LONGEST_VALUE:
            raise DataError(
                f"a value in the JSON is longer than {LONGEST_VALUE >> 20:,} MB, too much to hold;"
                " write the log as JSON Lines, one record a line"
            )
        added: list[str] = []
        length = 0
        for block in self._blocks:
            added.append(block.decode())
            length += len(added[-1])
            if length >= len(left):
                break
        if not added:
            return False
        self._line += self._text.count("\n", 0, self._at)
        self._text, self._at = "".join([left, *added]), 0
        return True
