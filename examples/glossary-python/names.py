"""Names of terms and vocabularies, and the RIDs that are made of them."""

import re
from dataclasses import dataclass
from typing import Annotated

from koi_extension import Error, Keywords, Reference, Rid

TERM = "orn:glossary.term"
LONGEST = 64

_LETTERS = re.compile(r"[a-zA-Z0-9 _-]*")
_BETWEEN = re.compile(r"[ _-]+")
Part = Annotated[str, Keywords(pattern="[a-z0-9]+(-[a-z0-9]+)*", maxLength=LONGEST)]


@dataclass(frozen=True)
class TermReference(Reference, pattern="orn:glossary.term:{vocabulary}/{name}"):
    vocabulary: Part
    name: Part


def name_of(text: str) -> str:
    """The name of a term or vocabulary; `invalid-input` if it cannot have one."""
    name = _BETWEEN.sub("-", text).strip("-").lower()
    if not _LETTERS.fullmatch(text) or not name or len(name) > LONGEST:
        raise Error.invalid_input(f"`{text}` cannot be a name: letters a-z, digits, spaces, - and _ can")
    return name


def rid_of(vocabulary: str, term: str) -> Rid:
    """The RID of a term."""
    return TermReference(name_of(vocabulary), name_of(term)).rid()
