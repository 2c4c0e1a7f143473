"""Tools, resources and prompts of an extension: what is listed, and what a call of one comes to."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Sequence
from typing import Any, get_origin
from urllib.parse import unquote

from . import members
from .content import Content, ResourceContents
from .decoding import Unfit, members_decoder
from .errors import Error
from .extension import Extension
from .jsontext import Json, dumps, loads
from .listed import PromptArgument, PromptMessage, PromptMessages, Resource, Tool, ToolResult
from .schema import schema_of, schema_of_members, schema_or_type

Decode = Callable[[Any, str], dict[str, Any]]


class Tools:
    """The tools of an extension."""

    def __init__(self, extension: Extension) -> None:
        self._sources = extension._tool_sources
        self._tools: list[Json] = []
        self._calls: dict[str, tuple[Decode, Callable[..., object]]] = {}
        for tool, output, function in extension._tools:
            parameters = members.of_function(function)
            schema = tool.input_schema
            if tool.input_schema is Tool.input_schema:
                schema = schema_of_members(parameters)
            output_schema = _output_schema(function) if output is None else schema_or_type(output)
            listed = dataclasses.replace(tool, input_schema=schema, output_schema=output_schema)
            self._tools.append(Json.of(listed))
            self._calls[tool.name] = (members_decoder(parameters), function)

    def list(self) -> str:
        """The tools of now."""
        return dumps([*self._tools, *(tool for source in self._sources for tool in source.list_tools())])

    def call(self, name: str, arguments: str) -> str:
        """Calls one."""
        if name in self._calls:
            decode, function = self._calls[name]
            return _result(function(**_decoded(decode, arguments, name)))
        for source in self._sources:
            if any(tool.name == name for tool in source.list_tools()):
                return _result(source.call_tool(name, Json(arguments)))
        raise Error.invalid_input(f"there is no tool `{name}`")


class Resources:
    """The resources of an extension."""

    def __init__(self, extension: Extension) -> None:
        self._sources = extension._resource_sources
        self._resources = [Json.of(resource) for resource, _ in extension._resources]
        self._templates = [Json.of(template) for template, _ in extension._templates]
        self._fixed = {resource.uri: (resource.mime_type, call) for resource, call in extension._resources}
        self._matching = [
            (_expression(template.uri_template), template.mime_type, call)
            for template, call in extension._templates
        ]

    def list(self) -> str:
        """The resources and templates of now."""
        found = [item for source in self._sources for item in source.list_resources()]
        resources = [item for item in found if isinstance(item, Resource)]
        templates = [item for item in found if not isinstance(item, Resource)]
        return dumps(
            {
                "resources": [*self._resources, *resources],
                "templates": [*self._templates, *templates],
            }
        )

    def read(self, uri: str) -> Sequence[ResourceContents]:
        """Reads one."""
        if uri in self._fixed:
            mime_type, call = self._fixed[uri]
            return _contents(uri, mime_type, call())
        for expression, mime_type, of_variables in self._matching:
            match = expression.fullmatch(uri)
            if match:
                variables = {name: unquote(value) for name, value in match.groupdict().items()}
                return _contents(uri, mime_type, of_variables(**variables))
        for source in self._sources:
            contents = source.read_resource(uri)
            if contents is not None:
                return contents
        raise Error.invalid_input(f"there is no resource at `{uri}`")


class Prompts:
    """The prompts of an extension."""

    def __init__(self, extension: Extension) -> None:
        self._sources = extension._prompt_sources
        self._prompts: list[Json] = []
        self._calls: dict[str, tuple[Decode, Callable[..., PromptMessages | str]]] = {}
        for prompt, function in extension._prompts:
            parameters = members.of_function(function)
            arguments = [_argument(member, function) for member in parameters]
            self._prompts.append(Json.of(dataclasses.replace(prompt, arguments=arguments or None)))
            self._calls[prompt.name] = (members_decoder(parameters), function)

    def list(self) -> str:
        """The prompts of now."""
        found = [prompt for source in self._sources for prompt in source.list_prompts()]
        return dumps([*self._prompts, *found])

    def get(self, name: str, arguments: str) -> str:
        """The messages of one."""
        if name in self._calls:
            decode, function = self._calls[name]
            messages = function(**_decoded(decode, arguments, name))
            if isinstance(messages, str):
                messages = PromptMessages(messages=[PromptMessage.user(messages)])
            return dumps(messages)
        for source in self._sources:
            if any(prompt.name == name for prompt in source.list_prompts()):
                return dumps(source.get_prompt(name, loads(arguments)))
        raise Error.invalid_input(f"there is no prompt `{name}`")


def _decoded(decode: Decode, arguments: str, name: str) -> dict[str, Any]:
    try:
        return decode(loads(arguments), "")
    except Unfit as unfit:
        raise Error.invalid_input(f"the arguments of `{name}` do not fit: {unfit}") from None


def _output_schema(function: Callable[..., Any]) -> dict[str, Any] | None:
    """The schema of what a function answers, where that is an object of known members."""
    form = members.annotations_of(members.answer_of(function))[0]
    known = isinstance(form, type) and dataclasses.is_dataclass(form) and form is not ToolResult
    if known or (get_origin(form) is dict):
        return schema_of(form)
    return None


def _result(value: object) -> str:
    if isinstance(value, ToolResult):
        return dumps(value)
    if isinstance(value, Content):
        return dumps(ToolResult(content=[value]))
    if isinstance(value, str):
        return dumps(ToolResult(content=[Content.text(value)]))
    if value is None:
        return dumps(ToolResult(content=[]))
    return dumps(ToolResult(value))


def _expression(template: str) -> re.Pattern[str]:
    """What the URIs of a template look like: a variable is what has no `/`, `?` or `#` in it."""
    texts = re.split(r"\{(\w+)\}", template)
    expression = re.escape(texts[0])
    for name, text in zip(texts[1::2], texts[2::2], strict=True):
        expression += f"(?P<{name}>[^/?#]+){re.escape(text)}"
    if "{" in "".join(texts[::2]):
        raise ValueError(f"the template `{template}` has something else than variables `{{name}}`")
    return re.compile(expression)


def _contents(uri: str, mime_type: str | None, value: object) -> Sequence[ResourceContents]:
    if isinstance(value, ResourceContents):
        return [value]
    if isinstance(value, list) and value and all(isinstance(item, ResourceContents) for item in value):
        return value
    if isinstance(value, str | bytes):
        return [ResourceContents(uri, value, mime_type)]
    return [ResourceContents(uri, dumps(value), mime_type or "application/json")]


def _argument(member: members.Member, function: Callable[..., Any]) -> PromptArgument:
    form, notes = members.annotations_of(member.form)
    if form not in (str, str | None):
        raise TypeError(f"the parameter `{member.name}` of the prompt `{function.__name__}` has to be a text")
    description = next((note for note in notes if isinstance(note, str)), None)
    return PromptArgument(member.name, description, member.required)
