"""Pieces of knowledge."""

from __future__ import annotations

from dataclasses import dataclass
from types import UnionType
from typing import Any, TypeVar, overload

from .errors import Error
from .jsontext import Json
from .rid import Rid

T = TypeVar("T")


@dataclass(frozen=True)
class Bundle:
    """A piece of knowledge: contents under a RID, with the manifest that identifies them."""

    rid: Rid
    """Its name."""
    timestamp: str
    """When these contents came into being at their source: RFC 3339, UTC."""
    sha256_hash: str
    """Lower-case hex SHA-256 of the JCS form (RFC 8785) of the contents."""
    contents: Json
    """A JSON object."""
    meta: Json
    """A JSON object with everything else that is known about the bundle."""

    @overload
    def contents_as(self, form: type[T]) -> T: ...

    @overload
    def contents_as(self, form: UnionType) -> Any: ...

    def contents_as(self, form: Any) -> Any:
        """The contents as a value of a type; `invalid-input` if they do not fit."""
        return contents_as(self.rid, self.contents, form)


@dataclass(frozen=True)
class Publication:
    """What a publication was given."""

    rid: Rid
    """The name under which it was published."""
    timestamp: str
    """Its timestamp: RFC 3339, UTC."""
    sha256_hash: str
    """Lower-case hex SHA-256 of the JCS form (RFC 8785) of the contents."""


def contents_as(rid: Rid, contents: Json, form: Any) -> Any:
    """Contents as a value, with the RID in the message when they are not."""
    try:
        return contents.to(form)
    except Error as error:
        raise Error(error.kind, f"the contents of {rid} are {error.message}") from None
