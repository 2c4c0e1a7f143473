"""What dataclasses and functions say of their members: names, types, descriptions, defaults."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, get_args, get_origin, get_type_hints


class Keywords:
    """JSON Schema keywords for a field or parameter, beyond what its type says:
    `Annotated[str, "What it means", Keywords(minLength=1, maxLength=2000)]`. The host checks contents and
    arguments against them; the SDK itself checks types only."""

    def __init__(self, **keywords: Any) -> None:
        self.keywords: dict[str, Any] = keywords
        """The keywords as they stand in the schema."""


class Named:
    """The name of a field in JSON where it is no Python name: `Annotated[str, Named("dc:title")]`."""

    def __init__(self, name: str) -> None:
        self.name: str = name
        """The name in JSON."""


@dataclass(frozen=True)
class Member:
    """A field of a dataclass or a parameter of a function."""

    attribute: str
    """Its name in Python."""
    name: str
    """Its name in JSON."""
    form: Any
    """Its type, with annotations."""
    required: bool
    """Whether it has no default."""
    unset: bool
    """Whether its default is None: it is not written then."""


def of_dataclass(form: type) -> list[Member]:
    """The fields of a dataclass that its constructor takes, in order."""
    hints = get_type_hints(form, include_extras=True)
    members = []
    for field in dataclasses.fields(form):
        if field.init:
            required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
            members.append(_member(field.name, hints[field.name], required, field.default is None))
    return members


def of_function(function: Callable[..., Any]) -> list[Member]:
    """The parameters of a function, in order. `TypeError` if one has no annotation or is not plain."""
    hints = get_type_hints(function, include_extras=True)
    members = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise TypeError(f"the parameter `{parameter.name}` of `{function.__name__}` has no name in JSON")
        if parameter.name not in hints:
            raise TypeError(f"the parameter `{parameter.name}` of `{function.__name__}` has no annotation")
        required = parameter.default is parameter.empty
        members.append(_member(parameter.name, hints[parameter.name], required, parameter.default is None))
    return members


def answer_of(function: Callable[..., Any]) -> Any:
    """The annotation of what a function returns; None if it has none."""
    return get_type_hints(function, include_extras=True).get("return")


def annotations_of(form: Any) -> tuple[Any, tuple[Any, ...]]:
    """A type without `Annotated`, and what stood there."""
    if get_origin(form) is Annotated:
        plain, *notes = get_args(form)
        return plain, tuple(notes)
    return form, ()


def documentation(thing: Any) -> str | None:
    """The docstring of a function or class as one text; none for what dataclasses make themselves."""
    text = thing.__dict__.get("__doc__") if isinstance(thing, type) else thing.__doc__
    if not text or (isinstance(thing, type) and text.startswith(f"{thing.__name__}(")):
        return None
    return inspect.cleandoc(text)


def _member(attribute: str, form: Any, required: bool, unset: bool) -> Member:
    notes = annotations_of(form)[1]
    name = next((note.name for note in notes if isinstance(note, Named)), attribute)
    return Member(attribute, name, form, required, unset)
