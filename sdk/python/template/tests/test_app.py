"""Tests of the extension, with a node in memory: `PYTHONPATH=.:sdk/python python3 -m unittest discover tests`."""

import unittest

from koi_extension import KnowledgeObject, Phase, Rid, Stop, Unchanged
from koi_extension.jsontext import Json
from koi_extension.testing import Node

import app


class Notes(unittest.TestCase):
    def setUp(self) -> None:
        self.node = Node.fresh(app.extension)

    def test_what_was_written_can_be_read(self) -> None:
        app.write_note("shopping", "Milk")
        app.write_note("garden", "Water it")
        self.assertEqual(len(app.read_notes().notes), 2)
        self.assertEqual(app.read_notes("milk").notes, [app.Titled("shopping", "Milk")])

    def test_tools_are_called_by_name_with_json(self) -> None:
        rid = Rid("orn:{{name}}.note:shopping")
        self.assertEqual(self.node.call_tool("write_note", title="shopping", text="Milk"), {"rid": rid})
        self.assertEqual(self.node.stored(rid), Json('{"text":"Milk"}'))

    def test_a_note_that_says_nothing_is_stopped(self) -> None:
        rid = app.NoteReference("empty").rid()
        for text, outcome in [(" \n", Stop("it says nothing")), ("Milk", Unchanged())]:
            note = KnowledgeObject(rid, Phase.BUNDLE, contents=Json.of({"text": text}))
            self.assertEqual(self.node.handle(note), outcome)


if __name__ == "__main__":
    unittest.main()
