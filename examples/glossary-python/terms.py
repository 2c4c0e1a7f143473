"""What is known of a term: two versions of its contents, and the way from one to the other."""

from dataclasses import dataclass, field
from typing import Annotated

from koi_extension import Error, Keywords, Rid, knowledge

from names import TERM, TermReference

Text = Annotated[str, Keywords(minLength=1, maxLength=200)]
Meaning = Annotated[str, Keywords(minLength=1, maxLength=2000)]


@dataclass(frozen=True)
class TermV1:
    term: Text
    meaning: Meaning


@dataclass(frozen=True)
class TermV2:
    term: Text
    meanings: Annotated[list[Meaning], Keywords(minItems=1, maxItems=32)]
    tags: Annotated[list[Text], Keywords(maxItems=32)] = field(default_factory=list)


AnyTerm = TermV2 | TermV1


def upgraded(term: TermV1) -> TermV2:
    return TermV2(term.term, [term.meaning])


def checked(term: AnyTerm) -> None:
    """No two meanings are equal."""
    if isinstance(term, TermV2):
        for at, meaning in enumerate(term.meanings):
            if meaning in term.meanings[:at]:
                raise Error.invalid_input(f"the meaning `{meaning}` stands there twice")


def found(rid: Rid) -> TermV2:
    """The stored term as version 2; `invalid-input` if there is none."""
    bundle = knowledge.read_as(rid, "glossary.term.v2")
    if bundle is None:
        raise missing(rid)
    return bundle.contents_as(TermV2)


def missing(rid: Rid) -> Error:
    reference = TermReference.of(rid)
    return Error.invalid_input(f"there is no `{reference.name}` in `{reference.vocabulary}`")


def of_vocabulary(vocabulary: str) -> list[TermV2]:
    """All stored terms of a vocabulary, in order of names."""
    terms = []
    for bundle in knowledge.all(TERM):
        if TermReference.of(bundle.rid).vocabulary == vocabulary:
            term = bundle.contents_as(AnyTerm)
            terms.append(upgraded(term) if isinstance(term, TermV1) else term)
    return terms
