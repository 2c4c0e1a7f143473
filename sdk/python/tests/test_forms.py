"""Schemas of types, and values of types out of JSON and back."""

import unittest
from dataclasses import dataclass, field
from enum import Enum
from typing import Annotated, Any, Literal

from koi_extension import Error, ErrorKind, Json, Keywords, Named, Rid, schema_of
from koi_extension.jsontext import dumps


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True)
class Part:
    """A part of something."""

    name: Annotated[str, "What it is called", Keywords(minLength=1)]
    weight: float = 1.0


@dataclass(frozen=True)
class Whole:
    parts: list[Part]
    kind: Literal["big", "small"]
    title: Annotated[str | None, Named("dc:title")] = None
    colours: dict[str, Colour] = field(default_factory=dict)
    more: Any = None


@dataclass
class Tree:
    children: "list[Tree]"


class Schemas(unittest.TestCase):
    def test_a_dataclass_says_what_its_fields_say(self) -> None:
        self.assertEqual(
            dumps(schema_of(Whole)),
            '{"type":"object","properties":{"parts":{"type":"array","items":{"description":"A part of something.",'
            '"type":"object","properties":{"name":{"description":"What it is called","type":"string","minLength":1},'
            '"weight":{"type":"number"}},"required":["name"]}},"kind":{"type":"string","enum":["big","small"]},'
            '"dc:title":{"type":["string","null"]},"colours":{"type":"object","additionalProperties":'
            '{"type":"string","enum":["red","blue"]}},"more":{}},"required":["parts","kind"]}',
        )

    def test_alternatives_stand_beside_each_other(self) -> None:
        self.assertEqual(schema_of(int | str), {"anyOf": [{"type": "integer"}, {"type": "string"}]})
        self.assertEqual(schema_of(Rid | None), {"type": ["string", "null"]})

    def test_what_has_no_json_form_is_named(self) -> None:
        for form, name in [(bytes, "bytes"), (dict[int, str], "dict"), (Tree, "Tree")]:
            with self.assertRaisesRegex(TypeError, name):
                schema_of(form)


class Decoding(unittest.TestCase):
    def refused(self, text: str, form: Any) -> str:
        with self.assertRaises(Error) as raised:
            Json(text).to(form)
        self.assertEqual(raised.exception.kind, ErrorKind.INVALID_INPUT)
        return raised.exception.message

    def test_a_value_comes_back_as_it_was_written(self) -> None:
        whole = Whole([Part("a"), Part("b", 2.5)], "big", "Ä", {"x": Colour.RED})
        text = dumps(whole)
        self.assertEqual(
            text,
            '{"parts":[{"name":"a","weight":1.0},{"name":"b","weight":2.5}],"kind":"big","dc:title":"Ä",'
            '"colours":{"x":"red"}}',
        )
        self.assertEqual(Json(text).to(Whole), whole)

    def test_the_place_of_what_does_not_fit_is_named(self) -> None:
        for text, said in [
            ('{"parts":[{"name":"a"},{}],"kind":"big"}', "`parts[1].name` is missing"),
            ('{"parts":[{"name":1}],"kind":"big"}', "`parts[0].name` has to be a text and is a number"),
            ('{"parts":{},"kind":"big"}', "`parts` has to be an array and is an object"),
            ('{"parts":[],"kind":"huge"}', "`kind` has to be one of `big`, `small` and is a text"),
            ('{"parts":[],"kind":true}', "`kind` has to be one of `big`, `small` and is true or false"),
            ('{"parts":[],"kind":"big","colours":{"x":"pink"}}', "`colours.x` has to be one of `red`, `blue`"),
            ("[]", "an array is not an object"),
        ]:
            self.assertIn(said, self.refused(text, Whole))

    def test_true_is_no_number_and_a_number_no_truth(self) -> None:
        self.refused("true", int)
        self.refused("true", float)
        self.refused("1", bool)
        self.refused("1.5", int)
        self.assertEqual(Json("5.0").to(int), 5)
        self.assertEqual(Json("5").to(float), 5)

    def test_the_first_alternative_that_fits_is_taken(self) -> None:
        self.assertEqual(Json('{"name":"a"}').to(Whole | Part), Part("a"))
        self.assertIn("`parts` is missing and `name` is missing", self.refused("{}", Whole | Part))

    def test_members_that_nobody_knows_are_left_out(self) -> None:
        self.assertEqual(Json('{"name":"a","other":1}').to(Part), Part("a"))

    def test_a_type_that_contains_itself_can_be_read(self) -> None:
        self.assertEqual(Json('{"children":[{"children":[]}]}').to(Tree), Tree([Tree([])]))


class Texts(unittest.TestCase):
    def test_numbers_and_order_stay_as_they_were_read(self) -> None:
        text = '{"b":1.10,"a":[-0,1e400,0.1e1,123456789012345678901234567890],"c":"\\u0001\\"/é"}'
        self.assertEqual(dumps(Json(text).value()), text)

    def test_what_is_no_json_is_invalid_input(self) -> None:
        for text in ["", "{", "NaN", "[Infinity]", "'a'", "[" * 200_000]:
            with self.assertRaises(Error) as raised:
                Json.parse(text)
            self.assertEqual(raised.exception.kind, ErrorKind.INVALID_INPUT)
        with self.assertRaises(Error):
            Json.parse(b"\xff")

    def test_what_has_no_json_form_is_permanent(self) -> None:
        for value in [float("nan"), float("inf"), {1: 2}, b"x", object(), "\ud800", Part]:
            with self.assertRaises(Error) as raised:
                dumps(value)
            self.assertEqual(raised.exception.kind, ErrorKind.PERMANENT)

    def test_json_within_a_value_stands_as_it_is(self) -> None:
        self.assertEqual(dumps({"a": Json("1.0"), "b": (None, True, -1)}), '{"a":1.0,"b":[null,true,-1]}')


if __name__ == "__main__":
    unittest.main()
