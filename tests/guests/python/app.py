"""A guest without an SDK: one tool and one handler, straight against the contract."""

import json

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports.handlers import KnowledgeObject, Outcome_Replace, Outcome_Stop, Replacement
from wit_world.imports.types import Error, ErrorKind_InvalidInput

NOTE = "orn:python.note"
TEXT = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}


class Extension(exports.Extension):
    def describe(self) -> str:
        return json.dumps({
            "name": "python-guest",
            "version": "0.1.0",
            "rid-types": [{"rid-type": NOTE, "title": "Note", "schema": "python-note"}],
            "schemas": [{"name": "python-note", "schema": TEXT}],
            "handlers": [{"phase": "bundle", "rid-types": [NOTE], "event-types": ["NEW", "UPDATE"]}],
            "asks": {"handle": [NOTE]},
        })

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def health(self) -> str:
        return '{"status":"ok"}'


class Handlers(exports.Handlers):
    def handle(self, object: KnowledgeObject) -> Outcome_Replace | Outcome_Stop:
        note = json.loads(object.contents)
        if not note["text"].strip():
            return Outcome_Stop("the note is empty")
        return Outcome_Replace(Replacement(json.dumps(note | {"seen-by": "python"}), None, None, "{}"))


class Tools(exports.Tools):
    def list_tools(self) -> str:
        return json.dumps([{"name": "python_shout", "description": "Says it loudly", "inputSchema": TEXT}])

    def call_tool(self, name: str, arguments: str) -> str:
        if name != "python_shout":
            raise Err(Error(ErrorKind_InvalidInput(), f"there is no tool `{name}`"))
        return json.dumps({"structuredContent": {"text": json.loads(arguments)["text"].upper()}})
