"""A node in memory, for unit tests on the author's machine: what the host's functions reach where there is no
host. Everything is granted, a publication is stored at once and goes through no handler. Hashes and timestamps are
made up.

    node = Node.fresh(extension)
    node.store(Rid("orn:glossary.term:rid"), {"meaning": "a name of knowledge"})
    answer = node.call_tool("look_up", term="rid")

Functions of the extension may just as well be called by themselves; through the node, arguments and answers take
the way that they take in a real one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

from . import host
from .bundle import Bundle, Publication
from .content import ResourceContents
from .errors import Error
from .exports import Exports
from .extension import Extension
from .handlers import KnowledgeObject, Outcome
from .http import Request, Response
from .jsontext import Json, dumps, loads
from .keyvalue import unused
from .knowledge import Entry, Page
from .network import Neighbour
from .rid import Rid

TIMESTAMP = "2026-01-01T00:00:00.000000Z"
"""The timestamp of everything."""


class Node:
    """A node in memory. `Node.fresh()` makes it the one that the host's functions reach."""

    def __init__(self, extension: Extension | None = None) -> None:
        self.bundles: dict[str, Json] = {}
        """What is stored: contents by RID."""
        self.settings_by_key: dict[str, str] = {}
        """The settings of the extension."""
        self.buckets: dict[str, dict[str, bytes]] = {}
        """The key-value store: values by key, by bucket."""
        self.operators_log: list[tuple[str, str]] = []
        """What was written to the operator's log: levels and messages."""
        self.callers_log: list[tuple[str, Any]] = []
        """What was said to the caller: severities and data."""
        self.steps: list[tuple[float, float | None, str | None]] = []
        """Progress that was told: how far, of how much, what."""
        self.neighbour_nodes: list[Neighbour] = []
        """The nodes around."""
        self.server: Callable[[Request], Response] | None = None
        """Answers the HTTP requests of the extension; without it, they are denied."""
        self.person: Callable[[str, Any], Any] | None = None
        """Answers the questions of the extension, each by its key, in the form in which MCP has them; without
        it, there is nobody to ask."""
        self._exports = None if extension is None else Exports(extension)
        self._extension = extension

    @classmethod
    def fresh(cls, extension: Extension | None = None) -> Node:
        """An empty node: what a test begins with. With an extension it reads in other schemas by the
        extension's transforms, and can call what the extension exports."""
        node = cls(extension)
        host.use(node)
        return node

    def store(self, rid: Rid, contents: object) -> None:
        """Stores a bundle."""
        self.bundles[rid] = Json.of(contents)

    def stored(self, rid: Rid) -> Json | None:
        """The contents stored under a RID."""
        return self.bundles.get(rid)

    def add_neighbour(self, rid: Rid, rid_types: Sequence[str] = ()) -> None:
        """Puts a neighbour on the network, which is a provider, and a subscriber to these RID types."""
        meta = Json.of({"rid-types": list(rid_types)})
        self.neighbour_nodes.append(Neighbour(rid, True, bool(rid_types), meta))
        self.neighbour_nodes.sort(key=lambda neighbour: neighbour.rid)

    # What a real node asks of the extension.

    def exports(self) -> Exports:
        """The exports of the extension, as texts."""
        if self._exports is None:
            raise Error.permanent("this node has no extension: give it to Node.fresh")
        return self._exports

    def call_tool(self, name: str, /, **arguments: object) -> Any:
        """Calls a tool. Gives its structured result, or the whole one if it has none."""
        result = loads(self.exports().call_tool(name, dumps(arguments)))
        return result.get("structuredContent", result)

    def get_prompt(self, name: str, /, **arguments: str) -> Any:
        """The messages of a prompt, in the form of MCP."""
        return loads(self.exports().get_prompt(name, dumps(arguments)))

    def read_resource(self, uri: str) -> Sequence[ResourceContents]:
        """Reads a resource."""
        return self.exports().read_resource(uri)

    def run_job(self, name: str) -> Any:
        """Runs a job once, as if the operator asked for it."""
        return loads(self.exports().run_job(name, '{"attempt":1}'))

    def handle(self, knowledge: KnowledgeObject) -> Outcome:
        """Shows an object to the handler of its phase."""
        return self.exports().handle(knowledge)

    # What the extension asks of the host.

    def read(self, rid: str) -> Bundle | None:
        contents = self.bundles.get(rid)
        return None if contents is None else _bundle(rid, contents)

    def read_as(self, rid: str, schema: str) -> Bundle | None:
        stored = self.read(rid)
        if stored is None or self._exports is None or self._extension is None:
            return stored
        schemas = self._extension._schemas
        if _fits(stored.contents, schemas.get(schema)):
            return stored
        for origin, to in self._extension._transforms:
            if to == schema and _fits(stored.contents, schemas.get(origin)):
                changed = self._exports.transform(origin, to, str(stored.contents))
                return Bundle(stored.rid, stored.timestamp, stored.sha256_hash, Json(changed), stored.meta)
        raise Error.invalid_input(f"the contents of {rid} have no form in the schema `{schema}`")

    def dereference(self, rid: str) -> Bundle | None:
        return self.read(rid)

    def query(self, rid_type: str, options: str) -> Page:
        wanted = loads(options)
        for absent in ("filter", "order"):
            if absent in wanted:
                raise Error.permanent(
                    f"the node in memory knows no `{absent}`: test such queries on a node"
                )
        after, limit = wanted.get("cursor", ""), wanted.get("limit", 100)
        rids = sorted(rid for rid in self.bundles if Rid(rid).rid_type == rid_type and rid > after)
        bundles = [_bundle(rid, self.bundles[rid]) for rid in rids[:limit]]
        return Page(bundles, rids[limit - 1] if len(rids) > limit else None)

    def entries(self, rid_type: str, options: str) -> tuple[list[Entry], str | None]:
        page = self.query(rid_type, options)
        return [Entry(b.rid, b.timestamp, b.sha256_hash) for b in page.bundles], page.next

    def publish(self, rid: str, contents: str) -> Publication:
        if not isinstance(loads(contents), dict):
            raise Error.invalid_input(f"the contents of {rid} are not a JSON object")
        self.bundles[rid] = Json(contents)
        return Publication(Rid(rid), TIMESTAMP, _hash(contents))

    def forget(self, rid: str) -> None:
        self.bundles.pop(rid, None)

    def this_node(self) -> str:
        return "orn:koi-net.node:test+0"

    def neighbours(self) -> list[Neighbour]:
        return list(self.neighbour_nodes)

    def who(self) -> str:
        answers = [] if self.person is None else ["elicitation/create", "sampling/createMessage", "roots/list"]
        return dumps({"kind": "tool", "correlation-id": "test", "answers": answers})

    def progress(self, progress: float, total: float | None, message: str | None) -> None:
        self.steps.append((progress, total, message))

    def log_to_caller(self, level: str, data: str) -> None:
        self.callers_log.append((level, loads(data)))

    def ask(self, questions: str) -> str:
        if self.person is None:
            raise Error.permanent("there is nobody in this test who answers")
        answers = {key: self.person(key, question) for key, question in loads(questions).items()}
        return dumps(answers)

    def placeholder(self, name: str) -> str:
        return f"koi-secret-{name}"

    def setting(self, key: str) -> str | None:
        return self.settings_by_key.get(key)

    def settings(self) -> list[tuple[str, str]]:
        return sorted(self.settings_by_key.items())

    def log(self, level: str, context: str, message: str) -> None:
        self.operators_log.append((level, message))

    def open_bucket(self, name: str) -> Bucket:
        return Bucket(name, self.buckets.setdefault(name, {}))

    def exchange(self, request: Request) -> Response:
        if self.server is None:
            raise request.denied()
        return self.server(request)


class Bucket:
    """A bucket in memory."""

    def __init__(self, name: str, values: dict[str, bytes]) -> None:
        self._name = name
        self._values = values

    def get(self, key: str) -> bytes | None:
        return self._values.get(key)

    def set(self, key: str, value: bytes) -> None:
        self._values[key] = bytes(value)

    def delete(self, key: str) -> None:
        self._values.pop(key, None)

    def exists(self, key: str) -> bool:
        return key in self._values

    def list_keys(self, cursor: int | None) -> tuple[Sequence[str], int | None]:
        return sorted(self._values), None

    def increment(self, key: str, delta: int) -> int:
        try:
            total = int(self._values.get(key, b"0")) + delta
        except ValueError:
            raise unused(self._name, "permanent", f"`{key}` is not a number to add to") from None
        self._values[key] = str(total).encode()
        return total

    def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        return [self._values.get(key) for key in keys]

    def set_many(self, entries: Sequence[tuple[str, bytes]]) -> None:
        self._values.update(entries)

    def delete_many(self, keys: Sequence[str]) -> None:
        for key in keys:
            self._values.pop(key, None)


def _bundle(rid: str, contents: Json) -> Bundle:
    return Bundle(Rid(rid), TIMESTAMP, _hash(str(contents)), contents, Json("{}"))


def _hash(contents: str) -> str:
    """Not the hash of the protocol, but another one for other contents."""
    return hashlib.sha256(contents.encode()).hexdigest()


def _fits(contents: Json, form: Any) -> bool:
    """Whether contents have the form of a schema, as far as its type says: JSON Schemas fit always."""
    if form is None or isinstance(form, dict | bool):
        return form is not None
    try:
        contents.to(form)
    except Error:
        return False
    return True
