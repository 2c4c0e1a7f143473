"""What the host calls, through an extension that has everything."""

import unittest
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated

from koi_extension import (
    Completed,
    Content,
    Error,
    ErrorKind,
    EventType,
    Extension,
    Health,
    JobRun,
    Json,
    Keywords,
    KnowledgeObject,
    Outcome,
    Phase,
    PromptMessages,
    Reference,
    Replace,
    ResourceContents,
    Rid,
    Status,
    Stop,
    Tool,
    ToolResult,
    Unchanged,
)
from koi_extension.exports import Exports

NOTE = "orn:test.note"


@dataclass(frozen=True)
class NoteReference(Reference, pattern="orn:test.note:{shelf}/{name}"):
    shelf: Annotated[str, Keywords(pattern="[a-z]+")]
    name: Annotated[str, Keywords(maxLength=4)]


@dataclass(frozen=True)
class Old:
    text: str


@dataclass(frozen=True)
class New:
    lines: list[str]


def everything() -> Extension:
    extension = Extension("test", "0.1.0", description="All that there is")
    extension.rid_type(NoteReference, schema="new")
    extension.schema("old", Old)
    extension.schema("new", New)

    @extension.validate("new")
    def validate(contents: New) -> None:
        if not contents.lines:
            raise Error.invalid_input("there is no line")

    @extension.transform("old", "new")
    def transform(contents: Old) -> New:
        return New(contents.text.split("\n"))

    @extension.handler(Phase.BUNDLE, [NOTE], event_types=[EventType.NEW])
    def arrives(note: KnowledgeObject) -> Outcome:
        return Replace(contents={"lines": note.contents_as(New).lines + ["seen"]})

    @extension.handler(Phase.BUNDLE, [NOTE], event_types=[EventType.UPDATE])
    def changes(note: KnowledgeObject) -> Outcome:
        return Stop("notes stay as they are")

    @extension.tool(read_only=True, examples=[{"of": [1]}])
    def add(of: Annotated[list[int], "The summands"], times: int = 1) -> dict[str, int]:
        """Adds numbers"""
        return {"sum": sum(of) * times}

    @extension.tool()
    def say(text: str | None = None) -> str:
        return text or "nothing"

    @extension.tool(name="fail")
    def fails() -> ToolResult:
        return ToolResult.failure("it went wrong")

    @extension.tool()
    def picture() -> Content:
        return Content.image("image/png", b"\1\2\3")

    @extension.resource("note:all", mime_type="application/json")
    def notes() -> list[int]:
        """All notes"""
        return [1]

    @extension.resource_template("note:{shelf}/{name}")
    def note(shelf: str, name: str) -> bytes:
        return f"{shelf}.{name}".encode()

    @extension.prompt()
    def greet(name: Annotated[str, "Whom"], how: str = "warmly") -> str:
        """Greets"""
        return f"Greet {name} {how}"

    @extension.complete_prompt("greet", "how")
    def ways(value: str, given: dict[str, str]) -> list[str]:
        return [way for way in ("warmly", "coolly") if way.startswith(value)]

    @extension.job(cron="30 2 * * *")
    def nightly(run: JobRun) -> dict[str, int]:
        return {"attempt": run.attempt}

    @extension.health
    def health() -> Health:
        return Health(Status.DEGRADED, "it is cold")

    state = b""

    @extension.save
    def save() -> bytes:
        return state

    @extension.load
    def load(saved: bytes) -> None:
        nonlocal state
        state = saved

    return extension


class Dispatch(unittest.TestCase):
    def setUp(self) -> None:
        self.exports = Exports(everything())

    @contextmanager
    def refused(self, kind: ErrorKind, message: str) -> Iterator[None]:
        with self.assertRaises(Error) as raised:
            yield
        self.assertEqual((raised.exception.kind, raised.exception.message), (kind, message))

    def test_the_interfaces_are_those_that_something_was_registered_for(self) -> None:
        self.assertEqual(
            self.exports.interfaces(),
            "extension rid-types schemas handlers tools resources prompts completions schedule state".split(),
        )
        self.assertEqual(Exports(Extension("bare", "0.1.0")).interfaces(), ["extension"])

    def test_the_description_says_what_was_registered(self) -> None:
        description = Json(self.exports.describe()).value()
        self.assertEqual(description["rid-types"], [{"rid-type": NOTE, "schema": "new", "parses": True}])
        self.assertEqual([(s["name"], s["validates"]) for s in description["schemas"]], [("old", False), ("new", True)])
        self.assertEqual(description["transforms"], [{"from": "old", "to": "new"}])
        self.assertEqual(description["asks"]["handle"], [NOTE])
        self.assertEqual(
            description["jobs"], [{"name": "nightly", "cron": "30 2 * * *", "jitter": 0, "missed": "once"}]
        )

    def test_references_are_parsed_and_printed_by_their_pattern(self) -> None:
        parsed = self.exports.parse_reference(NOTE, "red/a/b")
        self.assertEqual(parsed, ("red/a/b", '{"shelf":"red","name":"a/b"}'))
        self.assertEqual(self.exports.print_reference(NOTE, '{"name":"x","shelf":"red"}'), "red/x")
        for reference in ["red", "red/", "/a", "Red/a", "red/abcde", "red/äöü"]:
            with self.refused(ErrorKind.INVALID_INPUT, f"`{reference}` is not shelf/name"):
                self.exports.parse_reference(NOTE, reference)

    def test_contents_are_checked_and_transformed_as_the_types_that_functions_take(self) -> None:
        self.assertEqual(self.exports.transform("old", "new", '{"text":"a\\nb"}'), '{"lines":["a","b"]}')
        self.exports.validate("new", '{"lines":["a"]}')
        with self.refused(ErrorKind.INVALID_INPUT, "there is no line"):
            self.exports.validate("new", '{"lines":[]}')
        with self.refused(ErrorKind.PERMANENT, "there is no transform from `new` to `old`"):
            self.exports.transform("new", "old", "{}")

    def test_an_object_goes_to_the_handler_of_its_phase_and_event(self) -> None:
        rid, contents = Rid("orn:test.note:red/a"), Json('{"lines":["a"]}')

        def handled(phase: Phase, event: EventType) -> Outcome:
            return self.exports.handle(
                KnowledgeObject(rid, phase, normalized_event_type=event, contents=contents)
            )

        self.assertEqual(handled(Phase.BUNDLE, EventType.NEW), Replace(contents={"lines": ["a", "seen"]}))
        self.assertEqual(handled(Phase.BUNDLE, EventType.UPDATE), Stop("notes stay as they are"))
        self.assertEqual(handled(Phase.BUNDLE, EventType.FORGET), Unchanged())
        self.assertEqual(handled(Phase.FINAL, EventType.NEW), Unchanged())

    def test_a_tool_is_listed_as_its_function_says(self) -> None:
        tools = Json(self.exports.list_tools()).value()
        self.assertEqual(
            tools[0],
            {
                "name": "add",
                "description": "Adds numbers",
                "inputSchema": {
                    "type": "object",
                    "properties": {
                        "of": {"description": "The summands", "type": "array", "items": {"type": "integer"}},
                        "times": {"type": "integer"},
                    },
                    "required": ["of"],
                },
                "outputSchema": {"type": "object", "additionalProperties": {"type": "integer"}},
                "annotations": {"readOnlyHint": True},
                "_meta": {"koi-mcp/examples": [{"arguments": {"of": [1]}}]},
            },
        )

    def test_what_a_tool_answers_becomes_a_result(self) -> None:
        for name, arguments, answer in [
            ("add", '{"of":[1,2],"times":2}', '{"structuredContent":{"sum":6}}'),
            ("say", '{"text":null}', '{"content":[{"type":"text","text":"nothing"}]}'),
            ("fail", "{}", '{"content":[{"type":"text","text":"it went wrong"}],"isError":true}'),
            ("picture", "{}", '{"content":[{"type":"image","data":"AQID","mimeType":"image/png"}]}'),
        ]:
            self.assertEqual(self.exports.call_tool(name, arguments), answer)

    def test_unfit_arguments_and_unknown_tools_are_invalid_input(self) -> None:
        with self.refused(ErrorKind.INVALID_INPUT, "the arguments of `add` do not fit: `of` is missing"):
            self.exports.call_tool("add", "{}")
        with self.refused(ErrorKind.INVALID_INPUT, "there is no tool `multiply`"):
            self.exports.call_tool("multiply", "{}")

    def test_resources_are_read_at_their_uris(self) -> None:
        self.assertEqual(
            self.exports.read_resource("note:all"), [ResourceContents("note:all", "[1]", "application/json")]
        )
        self.assertEqual(self.exports.read_resource("note:red/a%20b")[0].body, b"red.a b")
        for uri in ["note:red", "note:red/a/b", "other:red/a"]:
            with self.refused(ErrorKind.INVALID_INPUT, f"there is no resource at `{uri}`"):
                self.exports.read_resource(uri)

    def test_prompts_take_texts_and_are_completed(self) -> None:
        self.assertEqual(
            Json(self.exports.list_prompts()).value()[0]["arguments"],
            [{"name": "name", "description": "Whom", "required": True}, {"name": "how", "required": False}],
        )
        self.assertEqual(
            self.exports.get_prompt("greet", '{"name":"Bob"}'),
            '{"messages":[{"role":"user","content":{"type":"text","text":"Greet Bob warmly"}}]}',
        )
        completed = self.exports.complete("prompt", "greet", "how", "w", '{"arguments":{}}')
        self.assertEqual(completed, '{"values":["warmly"]}')
        self.assertEqual(self.exports.complete("prompt", "greet", "name", "w", "{}"), '{"values":[]}')

    def test_jobs_health_and_state_go_to_their_functions(self) -> None:
        self.assertEqual(self.exports.run_job("nightly", '{"attempt":2,"due":"x"}'), '{"attempt":2}')
        with self.refused(ErrorKind.INVALID_INPUT, "there is no job `weekly`"):
            self.exports.run_job("weekly", '{"attempt":1}')
        self.assertEqual(self.exports.health(), '{"status":"degraded","message":"it is cold"}')
        self.exports.load(b"\0\xff")
        self.assertEqual(self.exports.save(), b"\0\xff")


class Registering(unittest.TestCase):
    def test_what_cannot_be_told_apart_is_refused(self) -> None:
        extension = everything()
        with self.assertRaisesRegex(ValueError, "two handlers of the bundle phase"):
            extension.handler(Phase.BUNDLE, [NOTE])
        with self.assertRaisesRegex(ValueError, "two of the tool `add`"):
            extension.tool(name="add")(lambda: "")
        with self.assertRaisesRegex(ValueError, "`every` or `cron`"):
            extension.job()

    def test_lists_can_come_from_what_is_known_only_while_it_runs(self) -> None:
        class Source:
            def list_tools(self) -> list[Tool]:
                return [Tool("dynamic", description="One of now")]

            def call_tool(self, name: str, arguments: Json) -> object:
                return {"name": name, "arguments": arguments}

        extension = Extension("test", "0.1.0")
        extension.tools_from(Source())
        exports = Exports(extension)
        self.assertEqual(
            exports.list_tools(),
            '[{"name":"dynamic","description":"One of now","inputSchema":{"type":"object"}}]',
        )
        self.assertEqual(
            exports.call_tool("dynamic", '{"a":1.0}'),
            '{"structuredContent":{"name":"dynamic","arguments":{"a":1.0}}}',
        )

    def test_a_function_without_annotations_is_named(self) -> None:
        extension = Extension("test", "0.1.0")
        extension.tool()(lambda text: text)
        with self.assertRaisesRegex(TypeError, "`text` of `<lambda>` has no annotation"):
            Exports(extension)


if __name__ == "__main__":
    unittest.main()
