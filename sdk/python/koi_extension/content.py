"""Content blocks, which tools answer with and prompts are made of, and what lists say for people and models
beside names and descriptions."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

from .jsontext import Json
from .members import Named


class Role(StrEnum):
    """Who speaks, or is spoken to."""

    USER = "user"
    """The person."""
    ASSISTANT = "assistant"
    """The model."""


class Theme(StrEnum):
    """The background that an icon is made for."""

    LIGHT = "light"
    """A light one."""
    DARK = "dark"
    """A dark one."""


@dataclass(frozen=True)
class Annotations:
    """For whom content or a resource is and how much it matters."""

    audience: Sequence[Role] | None = None
    """For whom it is; without this, for anybody."""
    priority: float | None = None
    """How much it matters: from 0 (it can be left out) to 1 (nothing goes without it)."""
    last_modified: Annotated[str | None, Named("lastModified")] = None
    """When it was changed last: RFC 3339."""


@dataclass(frozen=True)
class Icon:
    """A picture that clients may show beside a tool, prompt or resource."""

    src: str
    """Its URI, `https:` or `data:`."""
    mime_type: Annotated[str | None, Named("mimeType")] = None
    """Its media type: `image/svg+xml`."""
    sizes: Sequence[str] | None = None
    """In which sizes it is there: `48x48`, or `any` for one that can be scaled."""
    theme: Theme | None = None
    """The background that it is made for; without this, any."""


class Content(dict[str, Any]):
    """A piece of content in the form of MCP: text, an image, sound, a resource or a link to one."""

    @classmethod
    def text(cls, text: str) -> Content:
        """Text."""
        return cls({"type": "text", "text": text})

    @classmethod
    def image(cls, mime_type: str, data: bytes) -> Content:
        """An image of a media type: `image/png`."""
        return cls({"type": "image", "data": base64(data), "mimeType": mime_type})

    @classmethod
    def audio(cls, mime_type: str, data: bytes) -> Content:
        """Sound of a media type: `audio/wav`."""
        return cls({"type": "audio", "data": base64(data), "mimeType": mime_type})

    @classmethod
    def resource(cls, contents: ResourceContents) -> Content:
        """A resource itself, with what it holds."""
        return cls({"type": "resource", "resource": contents.embedded()})

    @classmethod
    def link(cls, uri: str, name: str, **members: object) -> Content:
        """A link to a resource, which need not be listed; `members` are further ones as MCP has them, such
        as `mimeType`."""
        return cls({"type": "resource_link", "uri": uri, "name": name, **members})

    def annotated(self, annotations: Annotations) -> Content:
        """The same, with for whom it is and how much it matters."""
        return Content({**self, "annotations": annotations})


@dataclass(frozen=True)
class ResourceContents:
    """One piece of contents of a resource."""

    uri: str
    """Where it is."""
    body: str | bytes
    """Text, or bytes."""
    mime_type: str | None = None
    """The media type: `text/markdown`."""
    meta: dict[str, Any] | None = None
    """MCP's `_meta`: what some clients understand, under names with a prefix (`example.com/colour`)."""

    @classmethod
    def json(cls, uri: str, value: object) -> ResourceContents:
        """A value as JSON; `permanent` if it has no JSON form."""
        return cls(uri, str(Json.of(value)), "application/json")

    def embedded(self) -> dict[str, Any]:
        """Its form as JSON, as part of something else than the answer of a reading."""
        value: dict[str, Any] = {"uri": self.uri}
        if self.mime_type is not None:
            value["mimeType"] = self.mime_type
        if isinstance(self.body, str):
            value["text"] = self.body
        else:
            value["blob"] = base64(self.body)
        if self.meta:
            value["_meta"] = self.meta
        return value


def base64(data: bytes) -> str:
    """Bytes as MCP writes them: base64 with padding."""
    return b64encode(data).decode("ascii")
