"""What an extension asks for and how it would like to run, in the form of `docs/describe.schema.json`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any

from .handlers import EventType, Phase
from .members import Named


class Capability(StrEnum):
    """Host capabilities that an operator grants by name."""

    KEYVALUE = "keyvalue"
    """`koi_extension.keyvalue`."""
    CONFIG = "config"
    """`koi_extension.config`."""
    NETWORK = "network"
    """`koi_extension.network`."""
    ASK = "ask"
    """Questions to whoever caused a call: `koi_extension.caller.ask`."""


class Mode(StrEnum):
    """How long an instance of the extension lives."""

    FRESH = "fresh"
    """For one call; nothing in its memory survives it."""
    POOLED = "pooled"
    """For many calls, one after another, beside others of its kind. What a call leaves in memory may or may
    not be there in the next one."""
    SINGLETON = "singleton"
    """For all calls, one after another. What is in memory is the extension's state."""


class Limit(StrEnum):
    """A limit of a call."""

    CPU = "cpu"
    """CPU time in milliseconds."""
    WALL = "wall"
    """Time from call to answer in milliseconds."""
    PERSON = "person"
    """Time spent waiting for a person, in milliseconds."""
    MEMORY = "memory"
    """Bytes of all memories and tables."""
    RESULT = "result"
    """Bytes of an answer."""
    HOST_CALLS = "host_calls"
    """Calls to the host."""
    LOG_BYTES = "log_bytes"
    """Bytes of log."""
    SENT = "sent"
    """Bytes sent out of the node."""
    CONCURRENT = "concurrent"
    """Calls at the same time."""
    QUEUE = "queue"
    """Calls that wait."""


class Missed(StrEnum):
    """What becomes of runs of a job for which the node or the extension was not there."""

    SKIP = "skip"
    """Nothing: the next run comes when it is due."""
    ONCE = "once"
    """All of them are made up for by one run, at once."""


@dataclass(frozen=True)
class Folder:
    """A folder that is asked for."""

    path: str
    """The absolute path under which the extension sees it; the operator says which one it is."""
    write: bool = False
    """Whether it is to be changed, too."""


@dataclass(frozen=True)
class Asks:
    """What an extension asks to be granted. RIDs are asked for by pattern: a RID type (`orn:data.dataset`, all
    RIDs of it), or a RID type and a reference in which `*` stands for any text (`orn:data.dataset:sales/*`).
    To `handle` what handlers are registered for is asked for by itself, and so is `schedule` by jobs."""

    read: Sequence[str] = ()
    """RIDs to read."""
    publish: Sequence[str] = ()
    """RIDs to publish under."""
    forget: Sequence[str] = ()
    """RIDs to forget."""
    handle: Sequence[str] = ()
    """RIDs to handle, beyond those of the handlers."""
    capabilities: Sequence[Capability] = ()
    """Host capabilities."""
    secrets: Sequence[str] | None = None
    """Secrets of the operator by name; see `koi_extension.secrets`."""
    http: Sequence[str] | None = None
    """HTTP requests, by methods, scheme, host and port: `GET,POST:https://example.com`,
    `*:https://*.example.com:8443`, `GET:https://*`. Hosts that are not on the public Internet are only
    reached where the operator's grant names them."""
    files: Sequence[Folder] | None = None
    """Folders."""
    environment: Sequence[str] | None = None
    """Environment variables of the node, by their names."""


@dataclass(frozen=True)
class RidType:
    """A RID type that an extension owns, as it is described."""

    rid_type: Annotated[str, Named("rid-type")]
    schema: str | None = None
    title: str | None = None
    description: str | None = None
    mime_type: Annotated[str | None, Named("mime-type")] = None
    parses: bool = False
    indexes: Sequence[str] | None = None
    examples: Sequence[str] | None = None


@dataclass(frozen=True)
class Handler:
    """Which knowledge objects an extension handles, as it is described."""

    phase: Phase
    rid_types: Annotated[Sequence[str], Named("rid-types")]
    event_types: Annotated[Sequence[EventType] | None, Named("event-types")] = None
    priority: int = 0


@dataclass(frozen=True)
class Job:
    """A job and when it is due, as it is described."""

    name: str
    title: str | None = None
    description: str | None = None
    every: int | None = None
    cron: str | None = None
    jitter: int = 0
    missed: Missed = Missed.ONCE


@dataclass(frozen=True)
class Schema:
    """A schema of contents, as it is described."""

    name: str
    schema: dict[str, Any] | bool
    validates: bool


@dataclass(frozen=True)
class Transform:
    """A pair of schemas, as it is described."""

    origin: Annotated[str, Named("from")]
    to: str


@dataclass(frozen=True)
class Description:
    """The document that `describe` answers."""

    name: str
    version: str
    description: str | None = None
    rid_types: Annotated[Sequence[RidType], Named("rid-types")] = ()
    schemas: Sequence[Schema] = ()
    transforms: Sequence[Transform] = ()
    handlers: Sequence[Handler] = ()
    lists_depend_on: Annotated[Sequence[str], Named("lists-depend-on")] = ()
    jobs: Sequence[Job] | None = None
    asks: Asks = field(default_factory=Asks)
    config_schema: Annotated[dict[str, Any] | None, Named("config-schema")] = None
    mode: Mode | None = None
    limits: dict[Limit, int] | None = None
