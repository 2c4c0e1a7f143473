"""Knowledge objects on their way through the five-phase pipeline, and what becomes of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import UnionType
from typing import Any, TypeVar, overload

from .bundle import Bundle, contents_as
from .errors import Error
from .jsontext import Json
from .rid import Rid

T = TypeVar("T")


class Phase(StrEnum):
    """A phase of the pipeline."""

    RID = "rid"
    """Only the RID is known."""
    MANIFEST = "manifest"
    """Timestamp and hash are known."""
    BUNDLE = "bundle"
    """The contents are known."""
    NETWORK = "network"
    """The object is stored; who will be told can be changed."""
    FINAL = "final"
    """All is done."""


class EventType(StrEnum):
    """What happened, or is about to happen, to a piece of knowledge."""

    NEW = "NEW"
    """It came into being."""
    UPDATE = "UPDATE"
    """It changed."""
    FORGET = "FORGET"
    """It is gone."""


@dataclass(frozen=True)
class KnowledgeObject:
    """A knowledge object on its way through the pipeline. What is known grows from phase to phase: a unit
    test begins with `KnowledgeObject(rid, Phase.RID)`."""

    rid: Rid
    """Its name."""
    phase: Phase
    """The phase that it is in."""
    event_type: EventType | None = None
    """The event as it was received or published; none for knowledge that was fetched."""
    normalized_event_type: EventType | None = None
    """What this node is about to do, or did: `NEW` or `UPDATE` (write), `FORGET` (delete)."""
    source: Rid | None = None
    """The node that it came from; none if it came into being here."""
    timestamp: str | None = None
    """RFC 3339, UTC; from the manifest phase on."""
    sha256_hash: str | None = None
    """Lower-case hex; from the manifest phase on."""
    contents: Json | None = None
    """A JSON object; from the bundle phase on."""
    network_targets: Sequence[Rid] = ()
    """Nodes that will be told; from the network phase on."""
    previous: Bundle | None = None
    """What was stored under this RID before, if anything was; from the bundle phase on."""
    meta: Json = field(default=Json("{}"))
    """A JSON object with everything else that is known."""

    @overload
    def contents_as(self, form: type[T]) -> T: ...

    @overload
    def contents_as(self, form: UnionType) -> Any: ...

    def contents_as(self, form: Any) -> Any:
        """The contents as a value of a type; `invalid-input` if they do not fit, `permanent` if this phase
        knows none."""
        return contents_as(self.rid, self.known_contents(), form)

    def known_contents(self) -> Json:
        """The contents; `permanent` if this phase knows none."""
        if self.contents is None:
            raise Error.permanent(f"the contents of {self.rid} are not known in the {self.phase} phase")
        return self.contents


@dataclass(frozen=True)
class Unchanged:
    """The object goes on as it is."""


@dataclass(frozen=True)
class Replace:
    """The object goes on changed. What is None stays as it is."""

    contents: object = None
    """New contents, a value whose JSON form is an object; only in the bundle phase."""
    normalized_event_type: EventType | None = None
    """Another event type; in the manifest and bundle phases."""
    network_targets: Sequence[Rid] | None = None
    """All the nodes to tell, in place of the list that was given; only in the network phase."""


@dataclass(frozen=True)
class Stop:
    """The object ends here, on purpose."""

    reason: str
    """Why; it goes to the log."""


Outcome = Unchanged | Replace | Stop
"""What becomes of an object."""
