"""The network that the node is a member of. Needs the capability `network`."""

from __future__ import annotations

from dataclasses import dataclass

from .host import host
from .jsontext import Json
from .rid import Rid


@dataclass(frozen=True)
class Neighbour:
    """Another node, and how it is connected."""

    rid: Rid
    """Its RID."""
    provider: bool
    """Whether this node subscribes to it."""
    subscriber: bool
    """Whether it subscribes to this node."""
    meta: Json
    """A JSON object with all else that is known: `rid-types` that it receives as a subscriber, `node-type`."""

    def rid_types(self) -> list[str]:
        """The RID types that it receives as a subscriber."""
        types = self.meta.value().get("rid-types", [])
        return [rid_type for rid_type in types if isinstance(rid_type, str)]

    def receives(self, rid_type: str) -> bool:
        """Whether it subscribes to knowledge of a RID type."""
        return self.subscriber and rid_type in self.rid_types()


def this_node() -> Rid:
    """This node's RID: `orn:koi-net.node:<name>+<hash>`. Without the capability the call of the extension ends:
    the contract has no answer for it."""
    return Rid(host().this_node())


def neighbours() -> list[Neighbour]:
    """The nodes that share an edge with this one, in the order of their RIDs. `denied` without the
    capability."""
    return host().neighbours()
