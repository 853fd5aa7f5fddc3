"""Settings that check themselves: frozen, keyword-only pydantic dataclasses."""

import dataclasses
import typing
from collections.abc import Callable
from typing import Any, TypeVar, cast, dataclass_transform

import pydantic
from pydantic.dataclasses import dataclass as pydantic_dataclass

from hrnn.errors import ConfigError

C = TypeVar("C")
_RULE = "it must be "


@dataclass_transform(kw_only_default=True, frozen_default=True)
def config(cls: type[C]) -> type[C]:
    """Make a class a frozen settings object that raises ConfigError.

    A value out of range is reported with its name, the value and the allowed range; an unknown
    name with the names that exist.
    """
    made = pydantic_dataclass(frozen=True, kw_only=True, config={"extra": "forbid"})(cls)
    checked: Callable[..., None] = made.__init__

    def checking(self: object, **values: object) -> None:
        try:
            checked(self, **values)
        except pydantic.ValidationError as error:
            sentences: dict[str, str] = {}
            for one in error.errors():  # of a setting of several kinds there is one for each
                name = ".".join(part for part in map(str, one["loc"]) if part.isidentifier())
                said, sentence = sentences.get(name), _sentence(dict(one), name, made)
                sentences[name] = f"{said}, or {sentence.split(_RULE)[-1]}" if said else sentence
            raise ConfigError("; ".join(sentences.values())) from None

    made.__init__ = checking
    return cast(type[C], made)


def _sentence(error: dict[str, Any], name: str, owner: type) -> str:
    name = name or owner.__name__
    if error["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
        for part in error["loc"][:-1]:  # an unknown name inside a setting that is settings itself
            owner = typing.get_type_hints(owner)[part]
        known = ", ".join(field.name for field in dataclasses.fields(owner))
        return f"{name} is not a setting; the settings are {known}"
    if error["type"] == "value_error":  # raised by a setting's owner, in words of its own
        return str(error["ctx"]["error"])
    rule = error["msg"].removeprefix("Value error, ").replace("Input should be ", _RULE)
    return f"{name}={error['input']!r}: {rule}"
