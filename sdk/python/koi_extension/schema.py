"""JSON Schemas (2020-12) of types.

| type | schema |
|---|---|
| `str`, `int`, `float`, `bool`, `None` | `string`, `integer`, `number`, `boolean`, `null` |
| `list[T]` | `array` of `T` |
| `dict[str, T]` | `object` whose members are `T` |
| `Literal[...]`, an `Enum` | `enum` |
| a dataclass | `object`; a field with a default is not required |
| `A | B` | `anyOf`; with `None`, `null` is one of the types |
| `Rid` | `string` |
| `Any`, `object`, `Json` | anything |

`Annotated[T, "…"]` describes a field, `Keywords` adds keywords, the docstring of a dataclass describes it.
Any other type is a `TypeError` that names it. There are no `$ref`s: some clients of language models do not
follow them, so a dataclass that contains itself has no schema.
"""

from __future__ import annotations

import dataclasses
import types
from enum import Enum
from typing import Any, Literal, Union, get_args, get_origin

from . import members
from .jsontext import Json
from .members import Keywords, Member
from .rid import Rid

_SIMPLE: dict[Any, str] = {
    str: "string",
    Rid: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    None: "null",
    types.NoneType: "null",
}


def schema_of(form: Any) -> dict[str, Any]:
    """The schema of a type; `TypeError` if it has none."""
    return _schema(form, ())


def schema_or_type(form: Any) -> dict[str, Any]:
    """A JSON Schema as it stands, or that of a type."""
    return form if isinstance(form, dict) else schema_of(form)


def schema_of_members(of: list[Member]) -> dict[str, Any]:
    """The schema of an object with these members."""
    return _object(of, ())


def _schema(form: Any, within: tuple[type, ...]) -> dict[str, Any]:
    plain, notes = members.annotations_of(form)
    schema = _plain(plain, within)
    for note in notes:
        if isinstance(note, str):
            schema = {"description": note} | {k: v for k, v in schema.items() if k != "description"}
        elif isinstance(note, Keywords):
            schema |= note.keywords
    return schema


def _plain(form: Any, within: tuple[type, ...]) -> dict[str, Any]:
    if form in (Any, object, Json):
        return {}
    if form in _SIMPLE:
        return {"type": _SIMPLE[form]}
    origin, arguments = get_origin(form), get_args(form)
    if origin is list:
        return {"type": "array", "items": _schema(arguments[0], within)}
    if origin is dict and arguments[0] is str:
        return {"type": "object", "additionalProperties": _schema(arguments[1], within)}
    if origin is Literal:
        return _enum(list(arguments))
    if origin in (Union, types.UnionType):
        return _union(arguments, within)
    if isinstance(form, type) and issubclass(form, Enum):
        return _enum([member.value for member in form])
    if isinstance(form, type) and dataclasses.is_dataclass(form):
        if form in within:
            raise TypeError(f"`{form.__name__}` contains itself: it has no schema without references")
        schema = _object(members.of_dataclass(form), (*within, form))
        description = members.documentation(form)
        return {"description": description, **schema} if description else schema
    raise TypeError(f"`{form}` has no JSON form: see koi_extension.schema for the types that have")


def _object(of: list[Member], within: tuple[type, ...]) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object"}
    if of:
        schema["properties"] = {member.name: _schema(member.form, within) for member in of}
    required = [member.name for member in of if member.required]
    if required:
        schema["required"] = required
    return schema


def _enum(values: list[Any]) -> dict[str, Any]:
    kinds = {_SIMPLE.get(type(value)) for value in values}
    kind = kinds.pop() if len(kinds) == 1 else None
    return {"type": kind, "enum": values} if kind else {"enum": values}


def _union(arguments: tuple[Any, ...], within: tuple[type, ...]) -> dict[str, Any]:
    schemas = [_schema(argument, within) for argument in arguments if argument is not types.NoneType]
    if len(schemas) == len(arguments):
        return {"anyOf": schemas}
    if len(schemas) == 1 and isinstance(schemas[0].get("type"), str) and "enum" not in schemas[0]:
        return {**schemas[0], "type": [schemas[0]["type"], "null"]}
    return {"anyOf": [*schemas, {"type": "null"}]}
