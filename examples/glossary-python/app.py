"""The glossary: terms and what they mean, shared over the network. ../glossary/SPEC.md says what it does."""

from collections import Counter
from dataclasses import dataclass
from typing import Annotated

from koi_extension import (
    Asks,
    Capability,
    Error,
    EventType,
    Extension,
    JobRun,
    Keywords,
    Phase,
    PromptMessage,
    PromptMessages,
    Rid,
    caller,
    http,
    knowledge,
)

import counts
import pipeline
import terms
from names import TERM, TermReference, name_of, rid_of
from terms import AnyTerm, TermV1, TermV2

extension = Extension(
    "glossary",
    "1.0.0",
    description="Terms and what they mean, shared over the network.",
    asks=Asks(
        read=[TERM],
        publish=[TERM],
        forget=[TERM],
        capabilities=[Capability.KEYVALUE, Capability.ASK],
        http=["GET:http://*:*", "GET:https://*:*"],
    ),
)
extension.rid_type(
    TermReference,
    schema="glossary.term",
    title="Term",
    description="A term of a vocabulary and its meanings.",
)
extension.schema("glossary.term.v1", TermV1)
extension.schema("glossary.term.v2", TermV2)
extension.schema("glossary.term", TermV1 | TermV2)
extension.validate("glossary.term.v2")(terms.checked)
extension.validate("glossary.term")(terms.checked)
extension.transform("glossary.term.v1", "glossary.term.v2")(terms.upgraded)
extension.handler(Phase.RID, [TERM])(pipeline.stays_here)
extension.handler(Phase.BUNDLE, [TERM], event_types=[EventType.NEW, EventType.UPDATE])(pipeline.tidied)
extension.handler(Phase.NETWORK, [TERM])(pipeline.kept_back)

Vocabulary = Annotated[str, "Its vocabulary"]
Term = Annotated[str, "The term"]


@dataclass(frozen=True)
class Name:
    name: str


@extension.tool(read_only=True)
def name_of_term(term: Term) -> Name:
    """Tells under which name a term is kept"""
    return Name(name_of(term))


@dataclass(frozen=True)
class Defined:
    rid: Rid
    new: bool


@extension.tool()
def define_term(
    vocabulary: Vocabulary,
    term: Term,
    meanings: Annotated[list[str], "What it means", Keywords(minItems=1, maxItems=32)],
    tags: Annotated[list[str], "Tags"] = [],
) -> Defined:
    """Says what a term means, for everybody on the network"""
    rid = rid_of(vocabulary, term)
    new = knowledge.read(rid) is None
    knowledge.publish(rid, TermV2(term, meanings, tags))
    return Defined(rid, new)


@dataclass(frozen=True)
class Meanings:
    term: str
    meanings: list[str]
    tags: list[str]


@extension.tool(read_only=True)
def look_up_term(vocabulary: Vocabulary, term: Term) -> Meanings:
    """Tells what a term means"""
    rid = rid_of(vocabulary, term)
    known = terms.found(rid)
    counts.add_one(TermReference.of(rid))
    return Meanings(known.term, known.meanings, known.tags)


@dataclass(frozen=True)
class NewTerm:
    term: Annotated[str, "The term"]
    meaning: Annotated[str, "What it means"]


@dataclass(frozen=True)
class Imported:
    imported: int


@extension.tool()
def import_terms(
    vocabulary: Vocabulary,
    terms: Annotated[list[NewTerm], "What to define", Keywords(minItems=1, maxItems=100)],
) -> Imported:
    """Defines many terms"""
    for done, new in enumerate(terms, start=1):
        knowledge.publish(rid_of(vocabulary, new.term), new)
        caller.progress(done, len(terms), new.term)
    return Imported(len(terms))


@extension.tool(open_world=True)
def import_from(
    vocabulary: Vocabulary,
    url: Annotated[str, "Where the list is: JSON, an array of term and meaning"],
) -> Imported:
    """Defines the terms that a server lists"""
    response = http.get(url)
    if response.status != 200:
        message = f"{url} answered with status {response.status}"
        passes = response.status == 429 or response.status >= 500
        raise Error.transient(message) if passes else Error.permanent(message)
    try:
        listed = response.json(list[NewTerm])
    except Error:
        raise Error.permanent(f"{url} has no list of terms") from None
    for new in listed:
        knowledge.publish(rid_of(vocabulary, new.term), new)
    return Imported(len(listed))


@dataclass(frozen=True)
class Sure:
    sure: Annotated[bool, Keywords(title="Yes, forget it")]


@dataclass(frozen=True)
class Retired:
    retired: bool


@extension.tool(destructive=True)
def retire_term(vocabulary: Vocabulary, term: Term) -> Retired:
    """Forgets a term, after asking"""
    rid = rid_of(vocabulary, term)
    if knowledge.read(rid) is None:
        raise terms.missing(rid)
    reference = TermReference.of(rid)
    filled = caller.ask("retire", f"Forget `{reference.name}` of `{reference.vocabulary}`?", Sure)
    retired = filled.content is not None and filled.content.sure
    if retired:
        knowledge.forget(rid)
    return Retired(retired)


@dataclass(frozen=True)
class Popular:
    name: str
    count: int


@dataclass(frozen=True)
class PopularTerms:
    terms: list[Popular]


@extension.tool(read_only=True)
def popular_terms(
    vocabulary: Vocabulary,
    limit: Annotated[int, "At most so many", Keywords(minimum=1, maximum=100)] = 10,
) -> PopularTerms:
    """Lists the terms that were looked up most"""
    found = [Popular(name, count) for name, count in counts.of_vocabulary(name_of(vocabulary)).items()]
    found.sort(key=lambda term: (-term.count, term.name))
    return PopularTerms(found[:limit])


@extension.resource("glossary:vocabularies", mime_type="application/json")
def vocabularies() -> dict[str, int]:
    """The vocabularies, with how many terms each has"""
    found = Counter(TermReference.of(entry.rid).vocabulary for entry in knowledge.all_entries(TERM))
    return dict(sorted(found.items()))


@extension.resource_template("glossary:vocabulary/{vocabulary}", mime_type="text/markdown")
def vocabulary(vocabulary: str) -> str:
    """All terms of a vocabulary"""
    found = terms.of_vocabulary(vocabulary)
    if not found:
        raise Error.invalid_input(f"there is no vocabulary `{vocabulary}`")
    return f"# {vocabulary}\n" + "".join(f"\n**{t.term}**: {'; '.join(t.meanings)}\n" for t in found)


@extension.prompt()
def explain_term(
    vocabulary: Vocabulary,
    term: Term,
    audience: Annotated[str, "To whom"] = "a newcomer",
) -> PromptMessages:
    """Has a term explained to somebody"""
    known = terms.found(rid_of(vocabulary, term))
    text = f"Explain {known.term} to {audience}. It means: {'; '.join(known.meanings)}"
    return PromptMessages(f"{known.term}, for {audience}", [PromptMessage.user(text)])


@dataclass(frozen=True)
class Removed:
    removed: int


@extension.job(every=3600, title="Tidy up")
def tidy(run: JobRun) -> Removed:
    """Forgets counts of terms that are gone."""
    return Removed(counts.keep({entry.rid.reference for entry in knowledge.all_entries(TERM)}))
