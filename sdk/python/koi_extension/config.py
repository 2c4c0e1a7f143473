"""Settings that the operator gave this extension. Needs the capability `config`. `permanent` if settings cannot
be read; the message says why."""

from __future__ import annotations

from typing import TypeVar

from .decoding import Unfit, decoder
from .errors import Error
from .host import host
from .jsontext import loads

T = TypeVar("T")


def get(key: str) -> str | None:
    """One setting as text; None if it is not set."""
    return host().setting(key)


def get_as(key: str, form: type[T]) -> T | None:
    """One setting as a value; None if it is not set. A text is taken as it stands, all else as JSON.
    `permanent` if it has no such form."""
    text = get(key)
    if text is None:
        return None
    try:
        value: T = decoder(form)(text if form is str else loads(text), "")
        return value
    except (Unfit, Error) as error:
        raise Error.permanent(f"the setting `{key}` cannot be `{text}`: {error}") from None


def all() -> dict[str, str]:
    """All settings."""
    return dict(host().settings())
