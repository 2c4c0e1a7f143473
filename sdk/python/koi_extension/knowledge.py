"""The node's knowledge. Each function is checked against the extension's grants for the RID: without the grant
that it names it raises `denied`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .bundle import Bundle, Publication
from .errors import Error, ErrorKind
from .host import host
from .jsontext import Json, dumps
from .rid import Rid


@dataclass(frozen=True)
class Query:
    """Which page of bundles to give."""

    filter: dict[str, Any] | None = None
    """What the contents have to be like, as the contract defines it for `knowledge.query`:
    `{"path": "/owner", "eq": "sales"}`. A page with a filter may be short, or empty, and yet have a next one,
    see `Page.bounded`."""
    order: str | None = None
    """`rid` (if it is not set), `timestamp`, or a path that the owner of the RID type declares for indexing;
    with `-` before it downwards."""
    limit: int | None = None
    """At most this many bundles: 1 to 1000, 100 if it is not set."""
    cursor: str | None = None
    """Where to go on: the `next` of the page before."""


@dataclass(frozen=True)
class Page:
    """One page of bundles."""

    bundles: list[Bundle]
    """The bundles, in the order that was asked for."""
    next: str | None = None
    """The cursor of the next page; none on the last one."""
    bounded: int | None = None
    """How many bundles the node looked at, if the page ended for that before it was full: what was asked for
    may yet be on the next ones."""


@dataclass(frozen=True)
class Entry:
    """A stored bundle without its contents."""

    rid: Rid
    """Its RID."""
    timestamp: str
    """When its contents came into being: RFC 3339 in UTC."""
    sha256_hash: str
    """Lower-case hex SHA-256 of the JCS form of its contents."""


def read(rid: Rid) -> Bundle | None:
    """The stored bundle, if there is one. Needs a grant to read."""
    return host().read(rid)


def read_as(rid: Rid, schema: str) -> Bundle | None:
    """The stored bundle with its contents as the schema of that name wants them, through the transforms that
    extensions offer. What else the bundle says, its hash too, is of what is stored. Needs a grant to read.
    `invalid-input` if there is no such schema or no way to it."""
    return host().read_as(rid, schema)


def dereference(rid: Rid) -> Bundle | None:
    """The stored bundle, else one fetched from a node that provides the RID type. Needs a grant to read.
    `transient` if no node could be asked."""
    return host().dereference(rid)


def find(rid: Rid) -> Bundle:
    """The bundle as `dereference` gives it, where there has to be one; `invalid-input` if nobody has it."""
    bundle = dereference(rid)
    if bundle is None:
        raise Error.invalid_input(f"nothing is known under the RID {rid}")
    return bundle


def publish(rid: Rid, contents: object) -> Publication:
    """Puts contents, a value whose JSON form is an object, under a RID on their way through the pipeline. When
    this returns, the publication is on disk and survives a crash; it is not yet processed. Needs a grant to
    publish."""
    return host().publish(rid, str(Json.of(contents)))


def stored_within(publication: Publication, seconds: float) -> bool:
    """Waits until a publication has been processed and is what the node has stored: from then on everybody
    reads it. False if that is not so within the time, since it waits behind others or was refused on its way,
    and without a grant to read, since then the extension cannot tell: it has been published all the same. The
    contract has no call that waits, so the store is asked again and again."""
    end = time.monotonic() + seconds
    pause = 0.002
    while True:
        try:
            stored = read(publication.rid)
        except Error as error:
            if error.kind == ErrorKind.DENIED:
                return False
            raise
        if stored is not None and stored.sha256_hash == publication.sha256_hash:
            return True
        if time.monotonic() >= end:
            return False
        time.sleep(pause)
        pause = min(pause * 2, 0.05)


def forget(rid: Rid) -> None:
    """Asks the node to forget what is stored under a RID, and to tell its subscribers. On disk and not yet
    processed when it returns. Needs a grant to forget."""
    host().forget(rid)


def query(rid_type: str, query: Query = Query()) -> Page:
    """One page of the stored bundles of a RID type. Needs a grant to read; bundles that it does not cover are
    left out. `invalid-input` for a filter, limit or cursor that cannot be."""
    return host().query(rid_type, dumps(query))


def entries(rid_type: str, query: Query = Query()) -> tuple[list[Entry], str | None]:
    """One page of entries and the cursor of the next one, as `query`; `limit` and `cursor` count."""
    return host().entries(rid_type, dumps(query))


def all(rid_type: str) -> Iterator[Bundle]:
    """All stored bundles of a RID type, in the order of their RIDs, read page by page. Needs a grant to read;
    bundles that it does not cover are left out."""
    page = query(rid_type)
    yield from page.bundles
    while page.next is not None:
        page = query(rid_type, Query(cursor=page.next))
        yield from page.bundles


def all_entries(rid_type: str) -> Iterator[Entry]:
    """The same without contents."""
    page, cursor = entries(rid_type)
    yield from page
    while cursor is not None:
        page, cursor = entries(rid_type, Query(cursor=cursor))
        yield from page
