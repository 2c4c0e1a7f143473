"""Lists that are known only while the extension runs, such as a tool for each bundle of a RID type. Name the
RID types that they depend on as `lists_depend_on` of the extension."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from .content import ResourceContents
from .jsontext import Json
from .listed import Prompt, PromptMessages, Resource, ResourceTemplate, Tool


class ToolSource(Protocol):
    """Tools of now, beside those that are registered one by one."""

    def list_tools(self) -> Sequence[Tool]:
        """The tools. After an error the host keeps the list that it has."""

    def call_tool(self, name: str, arguments: Json) -> object:
        """Calls one of them with arguments that fit its schema; answers as a registered tool does."""


class ResourceSource(Protocol):
    """Resources of now, beside those that are registered one by one."""

    def list_resources(self) -> Sequence[Resource | ResourceTemplate]:
        """The resources and templates. After an error the host keeps the list that it has."""

    def read_resource(self, uri: str) -> Sequence[ResourceContents] | None:
        """Reads one of them, or one that fits a template; None if there is none at this URI."""


class PromptSource(Protocol):
    """Prompts of now, beside those that are registered one by one."""

    def list_prompts(self) -> Sequence[Prompt]:
        """The prompts. After an error the host keeps the list that it has."""

    def get_prompt(self, name: str, arguments: dict[str, str]) -> PromptMessages:
        """The messages of one of them; `invalid-input` if the arguments make no sense."""
