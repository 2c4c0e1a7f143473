"""RIDs, the names of knowledge."""

from __future__ import annotations

from .errors import Error


class Rid(str):
    """A RID: a type and a reference, such as `orn:glossary.term:bundle`. A text of its own kind: wherever a
    text will do, a RID will.

    Raises `invalid-input` if the text has no type or no reference.
    """

    __slots__ = ()

    def __new__(cls, text: str) -> Rid:
        if _colon(text) is None:
            raise Error.invalid_input(f"`{text}` is not a RID: it needs a type, a colon and a reference")
        return super().__new__(cls, text)

    @classmethod
    def of(cls, rid_type: str, reference: object) -> Rid:
        """The RID of a type (`orn:glossary.term`) and a reference (`bundle`); `invalid-input` if the two
        do not make one."""
        rid = cls(f"{rid_type}:{reference}")
        if rid.rid_type != rid_type:
            raise Error.invalid_input(f"`{rid_type}` is not a RID type")
        return rid

    @property
    def rid_type(self) -> str:
        """The type: `orn:glossary.term`."""
        return self[: _colon(self)]

    @property
    def reference(self) -> str:
        """What stands after the type: `bundle`."""
        return self[(_colon(self) or 0) + 1 :]


def _colon(text: str) -> int | None:
    """Where the colon between type and reference stands; none if there is none with both around it."""
    at = text.find(":")
    if text[:at] in ("orn", "urn"):
        start = at + 1
        at = text.find(":", start)
        if at == start:
            return None
    return at if 0 < at < len(text) - 1 else None
