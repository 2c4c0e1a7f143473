"""What the host calls: the contract's exports over an `Extension`, texts in and texts out.

All that can be made before a call is made when this is: it is in the component then. An `Error` that leaves a
function is told to the host; any other exception is a fault of the extension's code and ends the call.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from . import members
from .decoding import Unfit, decoder
from .description import Asks, Description, Schema, Transform
from .errors import Error
from .extension import Extension
from .handlers import EventType, KnowledgeObject, Outcome, Phase, Unchanged
from .health import Health, Status
from .jsontext import Json, dumps, loads
from .listed import Completed, JobRun
from .lists import Prompts, Resources, Tools
from .references import Reference
from .schema import schema_or_type


class Exports:
    """The exports of one extension; `TypeError` if a type that it uses has no JSON form."""

    def __init__(self, extension: Extension) -> None:
        self._extension = extension
        self._tools = Tools(extension)
        self._resources = Resources(extension)
        self._prompts = Prompts(extension)
        self._validators = {name: _of_contents(check) for name, check in extension._validators.items()}
        self._transforms = {pair: _of_contents(change) for pair, change in extension._transforms.items()}
        self._description = dumps(_described(extension))

    def interfaces(self) -> list[str]:
        """The interfaces of the contract that the extension implements, `extension` first."""
        extension = self._extension
        implemented = {
            "extension": True,
            "rid-types": extension._references,
            "schemas": extension._validators or extension._transforms,
            "handlers": extension._handlers,
            "tools": extension._tools or extension._tool_sources,
            "resources": extension._resources or extension._templates or extension._resource_sources,
            "prompts": extension._prompts or extension._prompt_sources,
            "completions": extension._completions,
            "schedule": extension._jobs,
            "state": extension._save or extension._load,
        }
        return [name for name, has in implemented.items() if has]

    def describe(self) -> str:
        """`extension.describe`."""
        return self._description

    def start(self) -> None:
        """`extension.start`."""
        if self._extension._start:
            self._extension._start()

    def stop(self) -> None:
        """`extension.stop`."""
        if self._extension._stop:
            self._extension._stop()

    def health(self) -> str:
        """`extension.health`."""
        health = self._extension._health
        return dumps(health() if health else Health(Status.OK))

    def parse_reference(self, rid_type: str, reference: str) -> tuple[str, str]:
        """`rid-types.parse-reference`: the canonical reference and its parts."""
        parts = self._reference(rid_type).parse(reference)
        return parts.print(), dumps(parts)

    def print_reference(self, rid_type: str, parts: str) -> str:
        """`rid-types.print-reference`."""
        reference: Reference = Json(parts).to(self._reference(rid_type))
        return reference.print()

    def validate(self, schema: str, contents: str) -> None:
        """`schemas.validate`."""
        check = self._validators.get(schema)
        if check:
            check(contents)

    def transform(self, origin: str, to: str, contents: str) -> str:
        """`schemas.transform`."""
        change = self._transforms.get((origin, to))
        if change is None:
            raise Error.permanent(f"there is no transform from `{origin}` to `{to}`")
        return str(Json.of(change(contents)))

    def handle(self, knowledge: KnowledgeObject) -> Outcome:
        """`handlers.handle`."""
        event = knowledge.event_type if knowledge.phase is Phase.RID else knowledge.normalized_event_type
        for handler, function in self._extension._handlers:
            if (
                handler.phase == knowledge.phase
                and knowledge.rid.rid_type in handler.rid_types
                and (event is None or handler.event_types is None or event in handler.event_types)
            ):
                return function(knowledge)
        return Unchanged()

    def list_tools(self) -> str:
        """`tools.list-tools`."""
        return self._tools.list()

    def call_tool(self, name: str, arguments: str) -> str:
        """`tools.call-tool`."""
        return self._tools.call(name, arguments)

    def list_resources(self) -> str:
        """`resources.list-resources`."""
        return self._resources.list()

    def read_resource(self, uri: str) -> Sequence[Any]:
        """`resources.read-resource`: `ResourceContents`."""
        return self._resources.read(uri)

    def list_prompts(self) -> str:
        """`prompts.list-prompts`."""
        return self._prompts.list()

    def get_prompt(self, name: str, arguments: str) -> str:
        """`prompts.get-prompt`."""
        return self._prompts.get(name, arguments)

    def complete(self, kind: str, name: str, argument: str, value: str, context: str) -> str:
        """`completions.complete`."""
        function = self._extension._completions.get((kind, name, argument))
        if function is None:
            return dumps(Completed([]))
        given = loads(context)
        given = given.get("arguments", {}) if isinstance(given, dict) else {}
        completed = function(value, given)
        return dumps(completed if isinstance(completed, Completed) else Completed(completed))

    def run_job(self, name: str, run: str) -> str:
        """`schedule.run-job`."""
        for job, function in self._extension._jobs:
            if job.name == name:
                return str(Json.of(function(Json(run).to(JobRun))))
        raise Error.invalid_input(f"there is no job `{name}`")

    def save(self) -> bytes:
        """`state.save`."""
        return self._extension._save() if self._extension._save else b""

    def load(self, state: bytes) -> None:
        """`state.load`."""
        if self._extension._load:
            self._extension._load(state)

    def _reference(self, rid_type: str) -> type[Reference]:
        known = self._extension._references.get(rid_type)
        if known is None:
            raise Error.invalid_input(f"this extension does not know references of `{rid_type}`")
        return known


def phase_of(text: str) -> Phase:
    """A phase by its name; `permanent` if there is none."""
    try:
        return Phase(text)
    except ValueError:
        raise Error.permanent(f"this extension's SDK knows no phase `{text}`") from None


def event_type_of(text: str | None) -> EventType | None:
    """An event type by its name; `permanent` if there is none."""
    try:
        return None if text is None else EventType(text)
    except ValueError:
        raise Error.permanent(f"this extension's SDK knows no event type `{text}`") from None


def _of_contents(function: Callable[..., Any]) -> Callable[[str], Any]:
    """A function of contents as a function of their text."""
    parameters = members.of_function(function)
    if len(parameters) != 1:
        raise TypeError(f"`{function.__name__}` has to have one parameter, the contents")
    form = members.annotations_of(parameters[0].form)[0]
    if form is Json:
        return lambda contents: function(Json(contents))
    decode = decoder(form)

    def call(contents: str) -> Any:
        try:
            value = decode(loads(contents), "")
        except Unfit as unfit:
            raise Error.invalid_input(f"the contents are not as expected: {unfit}") from None
        return function(value)

    return call


def _described(extension: Extension) -> Description:
    asks = extension.asks
    handled = {rid_type for handler, _ in extension._handlers for rid_type in handler.rid_types}
    schemas = [
        Schema(
            name,
            form if isinstance(form, bool) else schema_or_type(form),
            name in extension._validators,
        )
        for name, form in extension._schemas.items()
    ]
    for name in extension._validators:
        if name not in extension._schemas:
            raise ValueError(f"the schema `{name}`, which is validated, is not registered")
    return Description(
        extension.name,
        extension.version,
        extension.description,
        extension._rid_types,
        schemas,
        [Transform(*pair) for pair in extension._transforms],
        [handler for handler, _ in extension._handlers],
        sorted(set(extension.lists_depend_on)),
        [job for job, _ in extension._jobs] or None,
        Asks(
            asks.read,
            asks.publish,
            asks.forget,
            sorted(handled.union(asks.handle)),
            asks.capabilities,
            asks.secrets,
            asks.http,
            asks.files,
            asks.environment,
        ),
        None if extension.config is None else schema_or_type(extension.config),
        extension.mode,
        extension.limits,
    )
