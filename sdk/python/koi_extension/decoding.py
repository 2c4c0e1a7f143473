"""Values of types out of what JSON has: strict, and with the place in the message where one does not fit.

A decoder is made once for each type and kept, so that making one costs nothing in a call.
"""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Callable
from enum import Enum
from typing import Any, Literal, Union, get_args, get_origin

from . import members
from .errors import Error
from .members import Member
from .rid import Rid

Decoder = Callable[[Any, str], Any]
"""Makes a value of what JSON has; the text is the place of it, for messages. Raises `Unfit`."""


class Unfit(Exception):
    """Something is not of the type that it should be; the text says what, and where."""


def decoder(form: Any) -> Decoder:
    """The decoder of a type; `TypeError` if the type has no JSON form."""
    try:
        known = _KNOWN.get(form)
    except TypeError:  # Annotations that cannot be keys.
        return _make(form)
    if known is None:
        # A dataclass that contains itself finds this one while its own is made.
        _KNOWN[form] = lambda value, place: _KNOWN[form](value, place)
        try:
            known = _KNOWN[form] = _make(form)
        except TypeError:
            del _KNOWN[form]
            raise
    return known


def members_decoder(of: list[Member]) -> Callable[[Any, str], dict[str, Any]]:
    """A decoder for the members of an object, by their names in Python. Those that are not there and need
    not be are left out."""
    known = [(member, decoder(member.form)) for member in of]

    def decode(value: Any, place: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise _unfit(value, place, "an object")
        decoded = {}
        for member, decode_member in known:
            inner = f"{place}.{member.name}" if place else member.name
            if member.name in value:
                decoded[member.attribute] = decode_member(value[member.name], inner)
            elif member.required:
                raise Unfit(f"`{inner}` is missing")
        return decoded

    return decode


def register(form: Any, decode: Decoder) -> None:
    """Has a type decoded in its own way."""
    _KNOWN[form] = decode


_KNOWN: dict[Any, Decoder] = {}

_SIMPLE: dict[Any, tuple[type | tuple[type, ...], str]] = {
    str: (str, "a text"),
    float: ((int, float), "a number"),
    bool: (bool, "true or false"),
    types.NoneType: (types.NoneType, "null"),
    None: (types.NoneType, "null"),
}


def _make(form: Any) -> Decoder:
    form, _ = members.annotations_of(form)
    origin, arguments = get_origin(form), get_args(form)
    if form in (Any, object):
        return lambda value, _: value
    if form in _SIMPLE:
        return _simple(*_SIMPLE[form])
    if form is int:
        return _integer
    if origin is list:
        return _list(decoder(arguments[0]))
    if origin is dict and arguments[0] is str:
        return _dict(decoder(arguments[1]))
    if origin is Literal:
        return _one_of({_key(value): value for value in arguments})
    if origin in (Union, types.UnionType):
        return _union([decoder(argument) for argument in arguments])
    if isinstance(form, type):
        if issubclass(form, Rid):
            return _rid
        if issubclass(form, Enum):
            return _one_of({_key(member.value): member for member in form})
        if dataclasses.is_dataclass(form):
            return _dataclass(form)
    raise TypeError(f"`{form}` has no JSON form: see koi_extension.schema for the types that have")


def _simple(accepted: type | tuple[type, ...], name: str) -> Decoder:
    number = accepted == (int, float)

    def decode(value: Any, place: str) -> Any:
        if isinstance(value, accepted) and not (number and isinstance(value, bool)):
            return value
        raise _unfit(value, place, name)

    return decode


def _integer(value: Any, place: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    # JSON Schema takes 5.0 for an integer too.
    if isinstance(value, float) and value.is_integer():
        return int(value)
    raise _unfit(value, place, "an integer")


def _list(item: Decoder) -> Decoder:
    def decode(value: Any, place: str) -> Any:
        if not isinstance(value, list):
            raise _unfit(value, place, "an array")
        return [item(each, f"{place}[{at}]") for at, each in enumerate(value)]

    return decode


def _dict(item: Decoder) -> Decoder:
    def decode(value: Any, place: str) -> Any:
        if not isinstance(value, dict):
            raise _unfit(value, place, "an object")
        return {name: item(each, f"{place}.{name}" if place else name) for name, each in value.items()}

    return decode


def _key(value: Any) -> Any:
    """A key by which true is not 1."""
    return (type(value), value) if isinstance(value, bool) else value


def _one_of(values: dict[Any, Any]) -> Decoder:
    names = ", ".join(f"`{key[1] if isinstance(key, tuple) else key}`" for key in values)

    def decode(value: Any, place: str) -> Any:
        key = None if isinstance(value, dict | list) else _key(value)
        if key is not None and key in values:
            return values[key]
        raise _unfit(value, place, f"one of {names}")

    return decode


def _union(alternatives: list[Decoder]) -> Decoder:
    def decode(value: Any, place: str) -> Any:
        reasons = []
        for alternative in alternatives:
            try:
                return alternative(value, place)
            except Unfit as unfit:
                reasons.append(str(unfit))
        raise Unfit(" and ".join(dict.fromkeys(reasons)))

    return decode


def _rid(value: Any, place: str) -> Rid:
    if not isinstance(value, str):
        raise _unfit(value, place, "a RID")
    try:
        return Rid(value)
    except Error as error:
        raise Unfit(error.message) from None


def _dataclass(form: type) -> Decoder:
    decode_members = members_decoder(members.of_dataclass(form))

    def decode(value: Any, place: str) -> Any:
        return form(**decode_members(value, place))

    return decode


def _unfit(value: Any, place: str, expected: str) -> Unfit:
    kinds: list[tuple[type | tuple[type, ...], str]] = [
        (types.NoneType, "null"),
        (bool, "true or false"),
        ((int, float), "a number"),
        (str, "a text"),
        (list, "an array"),
        (dict, "an object"),
    ]
    name = next((name for kind, name in kinds if isinstance(value, kind)), "something else")
    return Unfit(f"`{place}` has to be {expected} and is {name}" if place else f"{name} is not {expected}")
