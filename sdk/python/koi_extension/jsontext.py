"""JSON as text, read and written.

Text that is passed on stays as it is. What is read and written again keeps the order of members and the
spelling of numbers. Text from outside that is no JSON, or is nested too deeply, is `invalid-input`.
"""

from __future__ import annotations

import dataclasses
import json
from enum import Enum
from json.encoder import encode_basestring
from types import UnionType
from typing import Any, TypeVar, overload

from . import members
from .decoding import Unfit, decoder, register
from .errors import Error

T = TypeVar("T")


class Spelled(float):
    """A number that Python would write in another way than it was read: `1.10`, `-0`, `1e400`. It is
    written as it was read."""

    text: str

    def __new__(cls, text: str) -> Spelled:
        number = super().__new__(cls, text)
        number.text = text
        return number


class Json:
    """A JSON document as text. `Json.parse` takes text that may be none."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    @classmethod
    def of(cls, value: object) -> Json:
        """Writes a value as JSON, compactly; see `dumps`."""
        return value if isinstance(value, Json) else cls(dumps(value))

    @classmethod
    def parse(cls, text: str | bytes) -> Json:
        """Takes text as JSON; `invalid-input` if it is none."""
        try:
            text = text.decode() if isinstance(text, bytes) else text
        except UnicodeDecodeError:
            raise Error.invalid_input("the text is not JSON: it is not UTF-8") from None
        loads(text)
        return cls(text)

    def value(self) -> Any:
        """The document as dicts, lists, texts, numbers, booleans and None; `invalid-input` if it is no
        JSON."""
        return loads(self._text)

    @overload
    def to(self, form: type[T]) -> T: ...

    @overload
    def to(self, form: UnionType) -> Any: ...

    def to(self, form: Any) -> Any:
        """The document as a value of a type: a dataclass, `list[Term]`, `A | B`. Members that the type
        does not have are ignored. `invalid-input` if it does not fit; the message names the place."""
        if form is Json:
            return self
        try:
            return decoder(form)(self.value(), "")
        except Unfit as unfit:
            name = form.__name__ if isinstance(form, type) else str(form)
            raise Error.invalid_input(f"not the expected {name}: {unfit}") from None

    def __str__(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return f"Json({self._text!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Json) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)


def loads(text: str) -> Any:
    """Reads JSON; `invalid-input` if it is none."""
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise Error.invalid_input(f"the text is not JSON: {error}") from None
    except RecursionError:
        raise Error.invalid_input("the JSON is nested too deeply") from None


def dumps(value: object) -> str:
    """Writes a value as JSON without spaces, members in their order: dataclasses (a field that is None and
    has that as its default is left out), dicts, lists, tuples, texts, numbers, booleans, None, enums, `Json`
    as it stands. `permanent` if the value has no JSON form."""
    parts: list[str] = []
    try:
        _write(value, parts)
        text = "".join(parts)
        # What is no Unicode cannot leave the guest.
        if not text.isascii():
            text.encode()
        return text
    except (TypeError, UnicodeEncodeError, RecursionError) as error:
        raise Error.permanent(f"a value has no JSON form: {error}") from None


def _integer(text: str) -> int | float:
    # Python's own bound of what it reads as an integer is a little above 4000 digits.
    return Spelled(text) if text == "-0" or len(text) > 4000 else int(text)


def _no_constant(text: str) -> Any:
    raise Error.invalid_input(f"the text is not JSON: {text} is no number")


_DECODER = json.JSONDecoder(parse_float=Spelled, parse_int=_integer, parse_constant=_no_constant)


def _write(value: object, parts: list[str]) -> None:
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, str):
        parts.append(encode_basestring(value))
    elif value is None:
        parts.append("null")
    elif value is True:
        parts.append("true")
    elif value is False:
        parts.append("false")
    elif isinstance(value, int):
        parts.append(int.__repr__(value))
    elif isinstance(value, Spelled):
        parts.append(value.text)
    elif isinstance(value, float):
        if value - value != 0:
            raise TypeError(f"{value} is no number in JSON")
        parts.append(float.__repr__(value))
    elif isinstance(value, Json):
        parts.append(str(value))
    elif isinstance(value, dict):
        _write_members(value.items(), parts)
    elif isinstance(value, list | tuple):
        opening = "["
        for item in value:
            parts.append(opening)
            _write(item, parts)
            opening = ","
        parts.append("]" if value else "[]")
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        _write_members(_fields(value), parts)
    else:
        raise TypeError(f"it is of type `{type(value).__name__}`")


def _write_members(items: Any, parts: list[str]) -> None:
    opening = "{"
    for name, item in items:
        if not isinstance(name, str):
            raise TypeError(f"`{name}` is no name of a member")
        parts.append(opening + encode_basestring(name) + ":")
        _write(item, parts)
        opening = ","
    parts.append("}" if opening == "," else "{}")


def _fields(value: Any) -> list[tuple[str, object]]:
    kind = type(value)
    known = _MEMBERS.get(kind)
    if known is None:
        known = _MEMBERS[kind] = members.of_dataclass(kind)
    named = ((member, getattr(value, member.attribute)) for member in known)
    return [(member.name, item) for member, item in named if not (item is None and member.unset)]


_MEMBERS: dict[type, list[members.Member]] = {}

register(Json, lambda value, _: Json.of(value))
