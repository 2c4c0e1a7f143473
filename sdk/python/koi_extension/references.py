"""References of the RID types that an extension owns."""

from __future__ import annotations

import dataclasses
import re
from typing import Any, ClassVar, TypeVar

from . import members
from .errors import Error
from .members import Keywords, Member
from .rid import Rid

R = TypeVar("R", bound="Reference")


class Reference:
    """The reference of one RID type, taken apart: a dataclass whose fields are its parts, all of them texts.

        @dataclass(frozen=True)
        class Dataset(Reference, pattern="orn:data.dataset:{namespace}/{name}"):
            namespace: str
            name: Annotated[str, Keywords(pattern="[a-z]+", maxLength=64)]

    A part is not empty, and holds nothing of the text that follows it in the pattern; the last one takes the
    rest. `pattern`, `minLength` and `maxLength` (in bytes) of its keywords hold for the whole of it. A
    domain with other rules overrides `parse` and `print`, which have to be each other's inverse.
    """

    rid_type: ClassVar[str]
    """The RID type that it belongs to: `orn:data.dataset`."""
    _pattern: ClassVar[str]
    _compiled: ClassVar[tuple[re.Pattern[str], list[Member]] | None]

    def __init_subclass__(cls, *, pattern: str) -> None:
        super().__init_subclass__()
        before = pattern.partition("{")[0]
        rid_type, colon, start = before.rpartition(":")
        if not colon:
            raise ValueError(f"`{pattern}` is no pattern of RIDs: expected TYPE:{{part}}")
        cls.rid_type = rid_type
        cls._pattern = start + pattern[len(before) :]
        cls._compiled = None

    @classmethod
    def parse(cls: type[R], reference: str) -> R:
        """Takes a reference apart; `invalid-input` if it is malformed."""
        compiled, parts = _compiled(cls)
        match = compiled.fullmatch(reference)
        if match is None or not all(_fits(member, match[member.attribute]) for member in parts):
            shape = re.sub(r"\{(\w+)\}", r"\1", cls._pattern)
            raise Error.invalid_input(f"`{reference}` is not {shape}")
        return cls(**match.groupdict())

    def print(self) -> str:
        """The canonical reference of the parts."""
        parts = {member.attribute: getattr(self, member.attribute) for member in _compiled(type(self))[1]}
        return self._pattern.format(**parts)

    def rid(self) -> Rid:
        """The RID of the parts; `invalid-input` if they print as nothing."""
        return Rid.of(self.rid_type, self.print())

    @classmethod
    def of(cls: type[R], rid: Rid) -> R:
        """The parts of a RID; `invalid-input` if it is of another type or its reference is malformed."""
        if rid.rid_type != cls.rid_type:
            raise Error.invalid_input(f"{rid} is not of type {cls.rid_type}")
        return cls.parse(rid.reference)


def _compiled(cls: type[Reference]) -> tuple[re.Pattern[str], list[Member]]:
    if cls._compiled is None:
        if not dataclasses.is_dataclass(cls):
            raise TypeError(f"`{cls.__name__}` has to be a dataclass")
        texts = re.split(r"\{(\w+)\}", cls._pattern)
        expression = re.escape(texts[0])
        for name, text in zip(texts[1::2], texts[2::2], strict=True):
            inner = f"(?:(?!{re.escape(text)}).)+" if text else ".+"
            expression += f"(?P<{name}>{inner}){re.escape(text)}"
        parts = members.of_dataclass(cls)
        if [member.attribute for member in parts] != texts[1::2]:
            raise TypeError(f"the fields of `{cls.__name__}` are not the parts of its pattern, in order")
        cls._compiled = (re.compile(expression, re.DOTALL), parts)
    return cls._compiled


def _fits(member: Member, part: str) -> bool:
    keywords: dict[str, Any] = {}
    for note in members.annotations_of(member.form)[1]:
        if isinstance(note, Keywords):
            keywords |= note.keywords
    length = len(part.encode())
    return (
        length >= keywords.get("minLength", 1)
        and length <= keywords.get("maxLength", length)
        and ("pattern" not in keywords or re.fullmatch(keywords["pattern"], part) is not None)
    )
