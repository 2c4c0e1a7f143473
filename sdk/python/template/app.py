"""Notes that agents write and read, shared with every node of the network."""

from dataclasses import dataclass
from typing import Annotated

from koi_extension import (
    Asks,
    EventType,
    Extension,
    Keywords,
    KnowledgeObject,
    Outcome,
    Phase,
    Reference,
    Rid,
    Stop,
    Unchanged,
    knowledge,
)


@dataclass(frozen=True)
class NoteReference(Reference, pattern="orn:{{name}}.note:{title}"):
    """The name of a note on the network: `orn:{{name}}.note:shopping`."""

    title: str


@dataclass(frozen=True)
class Note:
    """What is published under it."""

    text: Annotated[str, "What it says", Keywords(minLength=1, maxLength=10000, examples=["Milk"])]


NOTE = NoteReference.rid_type
extension = Extension(
    "{{name}}",
    "0.1.0",
    description="Notes that agents write and read, shared with every node of the network.",
    asks=Asks(read=[NOTE], publish=[NOTE]),
)
extension.schema("{{name}}.note", Note)
extension.rid_type(
    NoteReference,
    schema="{{name}}.note",
    title="Note",
    description="A note with a title.",
    examples=["shopping"],
)


@extension.handler(Phase.BUNDLE, [NOTE], event_types=[EventType.NEW, EventType.UPDATE])
def no_empty_notes(arriving: KnowledgeObject) -> Outcome:
    """Looks at each note that is about to be stored, wherever it comes from."""
    note = arriving.contents_as(Note)
    return Unchanged() if note.text.strip() else Stop("it says nothing")


@dataclass(frozen=True)
class Written:
    rid: Rid


@extension.tool(examples=[{"title": "shopping", "text": "Milk"}])
def write_note(
    title: Annotated[str, "Its title", Keywords(minLength=1, maxLength=200)],
    text: Annotated[str, "What it says", Keywords(minLength=1, maxLength=10000)],
) -> Written:
    """Writes a note, in place of an earlier one of that title"""
    rid = NoteReference(title).rid()
    knowledge.publish(rid, Note(text))
    return Written(rid)


@dataclass(frozen=True)
class Titled:
    title: str
    text: str


@dataclass(frozen=True)
class Notes:
    notes: list[Titled]


@extension.tool(read_only=True, examples=[{"about": "milk"}])
def read_notes(about: Annotated[str, "What they say"] = "") -> Notes:
    """Reads all notes, or those that say something"""
    notes = [
        Titled(NoteReference.of(bundle.rid).title, bundle.contents_as(Note).text)
        for bundle in knowledge.all(NOTE)
    ]
    return Notes([note for note in notes if about.lower() in note.text.lower()])
