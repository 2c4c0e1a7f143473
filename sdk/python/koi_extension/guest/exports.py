"""The classes that componentize-py looks for, one for each interface of the contract. The world of a component
says which of them it exports."""

from __future__ import annotations

import functools
import gc
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from .. import host
from ..content import ResourceContents
from ..errors import Error
from ..exports import Exports, event_type_of, phase_of
from ..extension import Extension as AuthorsExtension
from ..handlers import KnowledgeObject, Replace, Stop
from ..jsontext import Json, dumps
from ..rid import Rid
from .host import GuestHost, bundle_of, err_of

# Bindings are only there for what the component exports, and imports only while it is made.
with suppress(ImportError):
    from wit_world.exports import (  # type: ignore[import-not-found, unused-ignore]
        handlers as wit_handlers,
    )
with suppress(ImportError):
    from wit_world.exports import (  # type: ignore[import-not-found, unused-ignore]
        resources as wit_resources,
    )
with suppress(ImportError):
    from wit_world.exports import (  # type: ignore[import-not-found, unused-ignore]
        rid_types as wit_rid_types,
    )

F = TypeVar("F", bound=Callable[..., Any])

host.use(GuestHost())
_exports: Exports


def serve(extension: AuthorsExtension) -> None:
    """Makes the component's exports those of an extension. The last thing that is done before the memory becomes
    part of the component."""
    global _exports
    _exports = Exports(extension)
    # What is there now stays: no later collection looks at it, and so copies none of its pages.
    gc.collect()
    gc.freeze()


def _telling(method: F) -> F:
    @functools.wraps(method)
    def tell(*arguments: Any) -> Any:
        try:
            return method(*arguments)
        except Error as error:
            told = err_of(error)
        raise told

    return tell  # type: ignore[return-value]


class Extension:
    @_telling
    def describe(self) -> str:
        return _exports.describe()

    @_telling
    def start(self) -> None:
        _exports.start()

    def stop(self) -> None:
        _exports.stop()

    @_telling
    def health(self) -> str:
        return _exports.health()


class RidTypes:
    @_telling
    def parse_reference(self, rid_type: str, reference: str) -> Any:
        return wit_rid_types.ParsedReference(*_exports.parse_reference(rid_type, reference))

    @_telling
    def print_reference(self, rid_type: str, parts: str) -> str:
        return _exports.print_reference(rid_type, parts)


class Schemas:
    @_telling
    def validate(self, schema: str, contents: str) -> None:
        _exports.validate(schema, contents)

    @_telling
    def transform(self, from_schema: str, to_schema: str, contents: str) -> str:
        return _exports.transform(from_schema, to_schema, contents)


class Handlers:
    @_telling
    def handle(self, object: Any) -> Any:
        outcome = _exports.handle(
            KnowledgeObject(
                Rid(object.rid),
                phase_of(object.phase),
                event_type_of(object.event_type),
                event_type_of(object.normalized_event_type),
                None if object.source is None else Rid(object.source),
                object.timestamp,
                object.sha256_hash,
                None if object.contents is None else Json(object.contents),
                [Rid(target) for target in object.network_targets],
                None if object.previous is None else bundle_of(object.previous),
                Json(object.meta),
            )
        )
        if isinstance(outcome, Stop):
            return wit_handlers.Outcome_Stop(outcome.reason)
        if isinstance(outcome, Replace):
            contents = None if outcome.contents is None else str(Json.of(outcome.contents))
            targets = None if outcome.network_targets is None else list(outcome.network_targets)
            event_type = outcome.normalized_event_type
            return wit_handlers.Outcome_Replace(wit_handlers.Replacement(contents, event_type, targets, "{}"))
        return wit_handlers.Outcome_Unchanged()


class Tools:
    @_telling
    def list_tools(self) -> str:
        return _exports.list_tools()

    @_telling
    def call_tool(self, name: str, arguments: str) -> str:
        return _exports.call_tool(name, arguments)


class Resources:
    @_telling
    def list_resources(self) -> str:
        return _exports.list_resources()

    @_telling
    def read_resource(self, uri: str) -> list[Any]:
        def told(contents: ResourceContents) -> Any:
            body = contents.body
            kind = wit_resources.ResourceBody_Text if isinstance(body, str) else wit_resources.ResourceBody_Blob
            meta = dumps(contents.meta or {})
            return wit_resources.ResourceContents(contents.uri, contents.mime_type, kind(body), meta)

        return [told(contents) for contents in _exports.read_resource(uri)]


class Prompts:
    @_telling
    def list_prompts(self) -> str:
        return _exports.list_prompts()

    @_telling
    def get_prompt(self, name: str, arguments: str) -> str:
        return _exports.get_prompt(name, arguments)


class Completions:
    @_telling
    def complete(self, kind: str, name: str, argument: str, value: str, context: str) -> str:
        return _exports.complete(kind, name, argument, value, context)


class Schedule:
    @_telling
    def run_job(self, name: str, run: str) -> str:
        return _exports.run_job(name, run)


class State:
    @_telling
    def save(self) -> bytes:
        return _exports.save()

    @_telling
    def load(self, state: bytes) -> None:
        _exports.load(state)
