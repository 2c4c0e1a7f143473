"""What ../glossary/SPEC.md says, with a node in memory."""

import unittest
from typing import Any

from koi_extension import Error, ErrorKind, Json, KnowledgeObject, Outcome, Phase, Replace, Rid, Stop, Unchanged
from koi_extension.http import Response
from koi_extension.testing import Node

import app
from names import name_of

EVENT = Rid("orn:glossary.term:koi/event")


class Glossary(unittest.TestCase):
    def setUp(self) -> None:
        self.node = Node.fresh(app.extension)

    def refused(self, tool: str, message: str, kind: ErrorKind = ErrorKind.INVALID_INPUT, **arguments: Any) -> None:
        with self.assertRaises(Error) as raised:
            self.node.call_tool(tool, **arguments)
        self.assertEqual((raised.exception.kind, raised.exception.message), (kind, message))

    def handled(self, phase: Phase, rid: str, contents: str) -> Outcome:
        return self.node.handle(KnowledgeObject(Rid(rid), phase, contents=Json(contents)))

    def test_names_are_ascii_letters_digits_and_single_hyphens(self) -> None:
        self.assertEqual(name_of("  RID_type--of  it "), "rid-type-of-it")
        for text in ["", " - ", "a.b", "a\tb", "Ä", "K\u212a", "a\n", "x" * 65]:
            with self.assertRaises(Error, msg=text):
                name_of(text)

    def test_a_term_that_was_defined_is_looked_up_and_counted(self) -> None:
        defined = self.node.call_tool("define_term", vocabulary="KOI", term="Event", meanings=["It happened"])
        self.assertEqual(defined, {"rid": EVENT, "new": True})
        self.assertEqual(
            str(self.node.stored(EVENT)), '{"term":"Event","meanings":["It happened"],"tags":[]}'
        )
        for _ in range(2):
            term = self.node.call_tool("look_up_term", vocabulary="koi", term="event")
        self.assertEqual(term, {"term": "Event", "meanings": ["It happened"], "tags": []})
        popular = self.node.call_tool("popular_terms", vocabulary="koi")
        self.assertEqual(popular, {"terms": [{"name": "event", "count": 2}]})
        self.refused("look_up_term", "there is no `edge` in `koi`", vocabulary="koi", term="Edge")

    def test_a_term_of_version_1_is_read_as_version_2(self) -> None:
        self.node.store(EVENT, {"term": "Event", "meaning": "It happened", "page": 3})
        term = self.node.call_tool("look_up_term", vocabulary="koi", term="event")
        self.assertEqual(term, {"term": "Event", "meanings": ["It happened"], "tags": []})

    def test_an_import_tells_how_far_it_is(self) -> None:
        terms = [{"term": "Lead", "meaning": "a"}, {"term": "no!", "meaning": "b"}]
        self.refused(
            "import_terms",
            "`no!` cannot be a name: letters a-z, digits, spaces, - and _ can",
            vocabulary="sales",
            terms=terms,
        )
        self.assertEqual(self.node.steps, [(1, 2, "Lead")])

    def test_a_list_of_a_server_is_imported(self) -> None:
        url = "http://example.com/terms"
        for status, body, kind, message in [
            (429, b"", ErrorKind.TRANSIENT, "answered with status 429"),
            (404, b"", ErrorKind.PERMANENT, "answered with status 404"),
            (200, b"{}", ErrorKind.PERMANENT, "has no list of terms"),
            (200, b"\xff", ErrorKind.PERMANENT, "has no list of terms"),
        ]:
            response = Response(status, body=body)
            self.node.server = lambda request, response=response: response
            self.refused("import_from", f"{url} {message}", kind, vocabulary="koi", url=url)
        listed = b'[{"term":"Event","meaning":"x","more":1}]'
        self.node.server = lambda request: Response(200, body=listed)
        self.assertEqual(self.node.call_tool("import_from", vocabulary="koi", url=url), {"imported": 1})
        self.assertEqual(str(self.node.stored(EVENT)), '{"term":"Event","meaning":"x"}')

    def test_a_term_is_only_forgotten_by_who_is_sure(self) -> None:
        self.node.store(EVENT, {"term": "Event", "meaning": "x"})
        asked: list[Any] = []
        answers = [{"action": "decline"}, {"action": "accept", "content": {"sure": True}}]

        def person(key: str, question: Any) -> Any:
            asked.append((key, question["params"]))
            return answers.pop(0)

        self.node.person = person
        for retired in (False, True):
            answer = self.node.call_tool("retire_term", vocabulary="koi", term="event")
            self.assertEqual((answer, self.node.stored(EVENT) is None), ({"retired": retired}, retired))
        schema = {
            "type": "object",
            "properties": {"sure": {"type": "boolean", "title": "Yes, forget it"}},
            "required": ["sure"],
        }
        message = "Forget `event` of `koi`?"
        self.assertEqual(asked[0], ("retire", {"message": message, "requestedSchema": schema}))

    def test_handlers_stop_refuse_trim_and_keep_back(self) -> None:
        private = self.node.handle(KnowledgeObject(Rid("orn:glossary.term:private/a"), Phase.RID))
        self.assertEqual(private, Stop("the vocabulary `private` stays where it is"))
        with self.assertRaisesRegex(Error, f"^{EVENT} names another term than `Edge`$"):
            self.handled(Phase.BUNDLE, EVENT, '{"term":"Edge","meaning":"x"}')
        contents = '{"meaning":" x ","n":1.10,"term":"Event"}'
        trimmed = self.handled(Phase.BUNDLE, EVENT, contents)
        assert isinstance(trimmed, Replace)
        self.assertEqual(str(Json.of(trimmed.contents)), '{"meaning":"x","n":1.10,"term":"Event"}')
        self.assertEqual(self.handled(Phase.BUNDLE, EVENT, '{"term":"Event","meanings":["\\tx\\n"]}'), Unchanged())
        draft = '{"term":"Event","meanings":["x"],"tags":["draft"]}'
        self.assertEqual(self.handled(Phase.NETWORK, EVENT, draft), Replace(network_targets=[]))
        self.assertEqual(self.handled(Phase.NETWORK, EVENT, '{"tags":["draft"]}'), Unchanged())

    def test_a_meaning_stands_there_once(self) -> None:
        with self.assertRaisesRegex(Error, "^the meaning `b` stands there twice$"):
            self.node.exports().validate("glossary.term", '{"term":"x","meanings":["a","b","c","b","a"]}')
        self.node.exports().validate("glossary.term", '{"term":"x","meaning":"a"}')

    def test_vocabularies_are_resources(self) -> None:
        self.assertEqual(self.node.read_resource("glossary:vocabularies")[0].body, "{}")
        self.node.store(EVENT, {"term": "Event", "meaning": "x"})
        self.node.store(Rid("orn:glossary.term:koi/edge"), {"term": "Edge", "meanings": ["a", "b"]})
        self.assertEqual(self.node.read_resource("glossary:vocabularies")[0].body, '{"koi":2}')
        text = "# koi\n\n**Edge**: a; b\n\n**Event**: x\n"
        self.assertEqual(self.node.read_resource("glossary:vocabulary/koi")[0].body, text)
        with self.assertRaisesRegex(Error, "^there is no vocabulary `x`$"):
            self.node.read_resource("glossary:vocabulary/x")

    def test_a_prompt_explains_a_term(self) -> None:
        self.node.store(EVENT, {"term": "Event", "meanings": ["a", "b"]})
        prompt = self.node.get_prompt("explain_term", vocabulary="koi", term="event")
        self.assertEqual(prompt["description"], "Event, for a newcomer")
        self.assertEqual(
            prompt["messages"][0]["content"]["text"], "Explain Event to a newcomer. It means: a; b"
        )

    def test_counts_of_terms_that_are_gone_go_too(self) -> None:
        self.node.store(EVENT, {"term": "Event", "meaning": "x"})
        self.node.call_tool("look_up_term", vocabulary="koi", term="event")
        self.assertEqual(self.node.run_job("tidy"), {"removed": 0})
        self.node.bundles.clear()
        self.assertEqual(self.node.run_job("tidy"), {"removed": 1})


if __name__ == "__main__":
    unittest.main()
