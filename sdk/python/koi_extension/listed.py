"""What MCP clients see in lists: tools, resources, prompts; and what a call of them answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

from .content import Annotations, Content, Icon, Role
from .jsontext import Json
from .members import Named


class TaskSupport(StrEnum):
    """Whether a call of a tool may become a task: something that goes on while the client is gone, and that
    it asks after."""

    OPTIONAL = "optional"
    """It becomes one where the client knows of tasks."""
    REQUIRED = "required"
    """Clients that do not know of tasks cannot call it."""


@dataclass(frozen=True)
class Tool:
    """A tool as it is listed, in the form of MCP."""

    name: str
    """A name for programs."""
    title: str | None = None
    """A name for people."""
    description: str = ""
    """What agents read to decide whether to call it."""
    input_schema: Annotated[dict[str, Any] | Json, Named("inputSchema")] = Json('{"type":"object"}')
    """JSON Schema of the arguments, which are an object."""
    output_schema: Annotated[dict[str, Any] | Json | None, Named("outputSchema")] = None
    """JSON Schema of the structured result. Results that do not fit are refused."""
    annotations: dict[str, bool] | None = None
    """What a client may believe of it: MCP's hints, such as `readOnlyHint`."""
    execution: dict[str, str] | None = None
    """`{"taskSupport": "optional"}` or `"required"`; without this, no call becomes a task."""
    icons: Sequence[Icon] | None = None
    """Pictures to show beside it."""
    meta: Annotated[dict[str, Any] | None, Named("_meta")] = None
    """What some clients understand, under names with a prefix (`example.com/colour`)."""


@dataclass(frozen=True)
class ToolResult:
    """What a tool answers, where it is more than one value."""

    structured_content: Annotated[Any, Named("structuredContent")] = None
    """A value, which the host writes as text too if there is no content; None if there is none."""
    content: Sequence[Content] | None = None
    """Content blocks."""
    is_error: Annotated[bool | None, Named("isError")] = None
    """Whether it is a failure that the agent can do something about."""

    @classmethod
    def failure(cls, text: str) -> ToolResult:
        """A failure that the agent can do something about: the text says what."""
        return cls(content=[Content.text(text)], is_error=True)


@dataclass(frozen=True)
class Resource:
    """A resource as it is listed."""

    uri: str
    """Where it is."""
    name: str
    """A name for programs."""
    title: str | None = None
    """A name for people."""
    description: str | None = None
    """What it is, for agents and people."""
    mime_type: Annotated[str | None, Named("mimeType")] = None
    """The media type of its contents."""
    annotations: Annotations | None = None
    """For whom it is and how much it matters."""
    size: int | None = None
    """How many bytes its contents have."""
    icons: Sequence[Icon] | None = None
    """Pictures to show beside it."""


@dataclass(frozen=True)
class ResourceTemplate:
    """A template of resources as it is listed."""

    uri_template: Annotated[str, Named("uriTemplate")]
    """The URIs, with variables (RFC 6570)."""
    name: str
    """A name for programs."""
    title: str | None = None
    """A name for people."""
    description: str | None = None
    """What they are, for agents and people."""
    mime_type: Annotated[str | None, Named("mimeType")] = None
    """The media type of their contents, if all have the same."""
    annotations: Annotations | None = None
    """For whom they are and how much they matter."""
    icons: Sequence[Icon] | None = None
    """Pictures to show beside them."""


@dataclass(frozen=True)
class PromptArgument:
    """An argument of a prompt: text that a person types."""

    name: str
    """A name for programs."""
    description: str | None = None
    """What it is for, for people."""
    required: bool = False
    """Whether the prompt cannot be made without it."""


@dataclass(frozen=True)
class Prompt:
    """A prompt as it is listed."""

    name: str
    """A name for programs."""
    title: str | None = None
    """A name for people."""
    description: str = ""
    """What people read to pick it."""
    arguments: Sequence[PromptArgument] | None = None
    """What a person types."""
    icons: Sequence[Icon] | None = None
    """Pictures to show beside it."""


@dataclass(frozen=True)
class PromptMessage:
    """One message of a conversation."""

    role: Role
    """Who says it."""
    content: Content
    """What they say."""

    @classmethod
    def user(cls, text: str) -> PromptMessage:
        """Something that the person says."""
        return cls(Role.USER, Content.text(text))

    @classmethod
    def assistant(cls, text: str) -> PromptMessage:
        """Something that the model says."""
        return cls(Role.ASSISTANT, Content.text(text))


@dataclass(frozen=True)
class PromptMessages:
    """The messages of a prompt, in their order."""

    description: str | None = None
    """What they are about, for people."""
    messages: Sequence[PromptMessage] = ()
    """What the conversation begins with."""


@dataclass(frozen=True)
class Completed:
    """Values to choose from."""

    values: Sequence[str]
    """The best first. The host passes on 100."""
    total: int | None = None
    """How many there are in all."""
    has_more: Annotated[bool | None, Named("hasMore")] = None
    """Whether there are more than these."""


@dataclass(frozen=True)
class JobRun:
    """One run of a job. Without arguments: the first try of a run that the operator asked for, of a job that
    never ran."""

    attempt: int = 1
    """How often it was tried, this time included."""
    due: str | None = None
    """When it was due, RFC 3339 in UTC; none if the operator asked for it."""
    last_success: Annotated[str | None, Named("last-success")] = None
    """When the last run that succeeded began, RFC 3339 in UTC."""
