"""The host's functions over the node in memory."""

import unittest
from dataclasses import dataclass

from koi_extension import Error, ErrorKind, Extension, Rid, caller, config, http, keyvalue, knowledge, log, network, secrets
from koi_extension.caller import Action, Questions, Severity
from koi_extension.http import Request, Response
from koi_extension.testing import Node


@dataclass(frozen=True)
class Name:
    name: str


@dataclass(frozen=True)
class Names:
    names: list[str]


class NodeInMemory(unittest.TestCase):
    def setUp(self) -> None:
        self.node = Node.fresh()

    def test_what_was_published_can_be_read_and_what_was_forgotten_cannot(self) -> None:
        rid = Rid("orn:test.name:1")
        publication = knowledge.publish(rid, Name("a"))
        self.assertEqual(knowledge.find(rid).contents_as(Name), Name("a"))
        self.assertTrue(knowledge.stored_within(publication, 0))
        knowledge.forget(rid)
        self.assertIsNone(knowledge.read(rid))
        self.assertFalse(knowledge.stored_within(publication, 0))
        with self.assertRaisesRegex(Error, "nothing is known under the RID orn:test.name:1"):
            knowledge.find(rid)
        with self.assertRaisesRegex(Error, "not a JSON object"):
            knowledge.publish(rid, [1])

    def test_all_bundles_are_read_page_by_page(self) -> None:
        for n in range(250):
            self.node.store(Rid.of("orn:test.number", n), {"n": n})
        self.node.store(Rid("orn:test.other:1"), {})
        rids = [bundle.rid for bundle in knowledge.all("orn:test.number")]
        self.assertEqual((len(rids), rids), (250, sorted(rids)))
        self.assertEqual([entry.rid for entry in knowledge.all_entries("orn:test.number")], rids)

    def test_contents_that_do_not_fit_name_their_rid(self) -> None:
        rid = Rid("orn:test.name:1")
        self.node.store(rid, {})
        with self.assertRaisesRegex(Error, "the contents of orn:test.name:1 are not the expected Name: `name`"):
            knowledge.find(rid).contents_as(Name)

    def test_other_schemas_are_reached_by_the_extensions_transforms(self) -> None:
        extension = Extension("test", "0.1.0")
        extension.schema("one", Name)
        extension.schema("many", Names)

        @extension.transform("one", "many")
        def many(one: Name) -> Names:
            return Names([one.name])

        node, rid = Node.fresh(extension), Rid("orn:test.name:1")
        node.store(rid, Name("a"))
        for _ in range(2):
            bundle = knowledge.read_as(rid, "many")
            assert bundle is not None
            self.assertEqual(bundle.contents_as(Names), Names(["a"]))
            node.store(rid, Names(["a"]))
        with self.assertRaises(Error):
            knowledge.read_as(rid, "one")

    def test_a_person_answers_a_form(self) -> None:
        self.assertEqual(caller.who().answers, [])
        with self.assertRaisesRegex(Error, "nobody"):
            caller.ask("who", "What is your name?", Name)
        self.node.person = lambda key, question: {"action": "accept", "content": {"name": key}}
        self.assertEqual(caller.ask("who", "What is your name?", Name).content, Name("who"))
        self.node.person = lambda key, question: {"action": "decline"}
        filled = caller.ask("who", "What is your name?", Name)
        self.assertEqual((filled.action, filled.content), (Action.DECLINE, None))

    def test_several_questions_are_asked_at_once(self) -> None:
        answers = {"capital": {"content": {"type": "text", "text": "Paris"}}, "folders": {"roots": []}}
        self.node.person = lambda key, question: answers[key]
        told = Questions().sample("capital", {}).roots("folders").ask()
        self.assertEqual(told.sampled_text("capital"), "Paris")
        self.assertEqual(str(told.answer("folders")), '{"roots":[]}')
        with self.assertRaisesRegex(Error, "`other`"):
            told.answer("other")

    def test_what_is_said_meanwhile_can_be_looked_at(self) -> None:
        caller.progress(1, 2, "half")
        caller.log(Severity.NOTICE, {"a": 1})
        log.warn("it is late")
        self.assertEqual(self.node.steps, [(1, 2, "half")])
        self.assertEqual(self.node.callers_log, [("notice", {"a": 1})])
        self.assertEqual(self.node.operators_log, [("warn", "it is late")])

    def test_a_bucket_keeps_and_counts(self) -> None:
        bucket = keyvalue.Bucket()
        self.assertEqual([bucket.increment("n"), bucket.increment("n", 5)], [1, 6])
        bucket.set_as("name", Name("a"))
        self.assertEqual(keyvalue.Bucket().get_as("name", Name), Name("a"))
        bucket.set_many([("x", b"1"), ("y", b"2")])
        self.assertEqual(bucket.get_many(["y", "z", "x"]), [b"2", None, b"1"])
        bucket.delete_many(["x", "n"])
        self.assertEqual(bucket.keys(), ["name", "y"])
        with self.assertRaises(Error) as raised:
            bucket.increment("name")
        self.assertEqual(raised.exception.kind, ErrorKind.PERMANENT)
        with self.assertRaisesRegex(Error, "the value of `name` in the bucket `default` is not as expected"):
            bucket.get_as("name", Names)

    def test_settings_are_texts_or_json(self) -> None:
        self.node.settings_by_key.update(name="Bob", limit="5")
        self.assertEqual((config.get("name"), config.get("other")), ("Bob", None))
        self.assertEqual((config.get_as("limit", int), config.get_as("limit", str)), (5, "5"))
        with self.assertRaisesRegex(Error, "the setting `name` cannot be `Bob`"):
            config.get_as("name", int)

    def test_requests_are_denied_until_a_test_answers_them(self) -> None:
        with self.assertRaisesRegex(Error, "it needs the grant `http=POST:https://a.b:8443`$"):
            http.fetch("POST", "https://a.b:8443/c?d", json={})

        def serve(request: Request) -> Response:
            status = 503 if request.url.endswith("/busy") else 200
            return Response(status, [("x-a", b"1")], request.body)

        self.node.server = serve
        answer = http.fetch("PUT", "http://a/", json=[1, 2]).accepted()
        self.assertEqual((answer.json(list[int]), answer.header("x-a")), ([1, 2], "1"))
        with self.assertRaises(Error) as raised:
            http.get("http://a/busy").accepted()
        self.assertEqual(raised.exception.kind, ErrorKind.TRANSIENT)

    def test_neighbours_say_what_they_receive(self) -> None:
        self.node.add_neighbour(Rid("orn:koi-net.node:b+1"), ["orn:test.name"])
        [neighbour] = network.neighbours()
        self.assertTrue(neighbour.receives("orn:test.name"))
        self.assertFalse(neighbour.receives("orn:test.other"))
        self.assertEqual(network.this_node().rid_type, "orn:koi-net.node")
        self.assertEqual(secrets.placeholder("key"), "koi-secret-key")


class Rids(unittest.TestCase):
    def test_a_rid_has_a_type_and_a_reference(self) -> None:
        rid = Rid("orn:agent.personality:bob/1:2")
        self.assertEqual((rid.rid_type, rid.reference), ("orn:agent.personality", "bob/1:2"))
        self.assertEqual(Rid("https://example.com").rid_type, "https")
        self.assertEqual(Rid.of("urn:isbn", 42), "urn:isbn:42")

    def test_what_lacks_a_part_is_no_rid(self) -> None:
        for text in ["", ":", "orn", "orn:", "orn::x", "orn:a", "orn:a:", "https:", ":x"]:
            with self.assertRaises(Error, msg=text):
                Rid(text)
        with self.assertRaises(Error):
            Rid.of("orn", "a:b")


if __name__ == "__main__":
    unittest.main()
