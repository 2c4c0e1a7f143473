"""The host's functions over the bindings that componentize-py makes. Failures become `Error`s."""

# The bindings are made when a component is, so that type checkers know nothing of them.
# mypy: disable-error-code="no-any-return"

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from componentize_py_types import Err  # type: ignore[import-not-found, unused-ignore]
from wit_world.imports import (  # type: ignore[import-not-found, unused-ignore]
    atomics,
    batch,
    caller,
    knowledge,
    logging,
    network,
    secrets,
    wasi_config_store,
    wasi_keyvalue_store,
)
from wit_world.imports import koi_extension_types as wit  # type: ignore[import-not-found, unused-ignore]

from ..bundle import Bundle, Publication
from ..errors import Error, ErrorKind
from ..http import Request, Response
from ..jsontext import Json
from ..keyvalue import unused
from ..knowledge import Entry, Page
from ..network import Neighbour
from ..rid import Rid
from . import exchange

T = TypeVar("T")


class GuestHost:
    """The host of this component."""

    def read(self, rid: str) -> Bundle | None:
        return _optional_bundle(_told(knowledge.read, rid))

    def read_as(self, rid: str, schema: str) -> Bundle | None:
        return _optional_bundle(_told(knowledge.read_as, rid, schema))

    def dereference(self, rid: str) -> Bundle | None:
        return _optional_bundle(_told(knowledge.dereference, rid))

    def query(self, rid_type: str, options: str) -> Page:
        page = _told(knowledge.query, rid_type, options)
        return Page([bundle_of(bundle) for bundle in page.bundles], page.next, page.bounded)

    def entries(self, rid_type: str, options: str) -> tuple[list[Entry], str | None]:
        page = _told(knowledge.entries, rid_type, options)
        return [Entry(Rid(e.rid), e.timestamp, e.sha256_hash) for e in page.entries], page.next

    def publish(self, rid: str, contents: str) -> Publication:
        published = _told(knowledge.publish, str(rid), contents)
        return Publication(Rid(published.rid), published.timestamp, published.sha256_hash)

    def forget(self, rid: str) -> None:
        _told(knowledge.forget, rid)

    def this_node(self) -> str:
        node: str = network.this_node()
        return node

    def neighbours(self) -> list[Neighbour]:
        found = _told(network.neighbours)
        return [Neighbour(Rid(n.rid), n.provider, n.subscriber, Json(n.meta)) for n in found]

    def who(self) -> str:
        who: str = caller.who()
        return who

    def progress(self, progress: float, total: float | None, message: str | None) -> None:
        caller.progress(float(progress), None if total is None else float(total), message)

    def log_to_caller(self, level: str, data: str) -> None:
        caller.log(level, data)

    def ask(self, questions: str) -> str:
        return _told(caller.ask, questions)

    def placeholder(self, name: str) -> str:
        return _told(secrets.placeholder, name)

    def setting(self, key: str) -> str | None:
        return _setting(key, wasi_config_store.get, key)

    def settings(self) -> list[tuple[str, str]]:
        return _setting("*", wasi_config_store.get_all)

    def log(self, level: str, context: str, message: str) -> None:
        logging.log(logging.Level[level.upper()], context, message)

    def open_bucket(self, name: str) -> GuestBucket:
        return GuestBucket(name)

    def exchange(self, request: Request) -> Response:
        return exchange.exchange(request)


class GuestBucket:
    """A bucket of the host."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._bucket = self._told(wasi_keyvalue_store.open, name)

    def get(self, key: str) -> bytes | None:
        return self._told(self._bucket.get, key)

    def set(self, key: str, value: bytes) -> None:
        self._told(self._bucket.set, key, value)

    def delete(self, key: str) -> None:
        self._told(self._bucket.delete, key)

    def exists(self, key: str) -> bool:
        return self._told(self._bucket.exists, key)

    def list_keys(self, cursor: int | None) -> tuple[Sequence[str], int | None]:
        page: Any = self._told(self._bucket.list_keys, cursor)
        return page.keys, page.cursor

    def increment(self, key: str, delta: int) -> int:
        return self._told(atomics.increment, self._bucket, key, delta)

    def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        entries: list[tuple[str, bytes] | None] = self._told(batch.get_many, self._bucket, list(keys))
        return [None if entry is None else entry[1] for entry in entries]

    def set_many(self, entries: Sequence[tuple[str, bytes]]) -> None:
        self._told(batch.set_many, self._bucket, list(entries))

    def delete_many(self, keys: Sequence[str]) -> None:
        self._told(batch.delete_many, self._bucket, list(keys))

    def _told(self, function: Callable[..., T], *arguments: Any) -> T:
        try:
            return function(*arguments)
        except Err as failed:
            error = failed.value
        if isinstance(error, wasi_keyvalue_store.Error_NoSuchStore):
            raise unused(self._name, ErrorKind.INVALID_INPUT, "there is none")
        if isinstance(error, wasi_keyvalue_store.Error_AccessDenied):
            raise unused(self._name, ErrorKind.DENIED, "it is not granted")
        # The interface has no kinds of failure: the host begins the text of one that may pass so.
        reason = error.value.removeprefix("transient: ")
        kind = ErrorKind.PERMANENT if reason == error.value else ErrorKind.TRANSIENT
        raise unused(self._name, kind, reason)


def bundle_of(bundle: Any) -> Bundle:
    """A bundle of the contract as one of the SDK."""
    return Bundle(
        Rid(bundle.rid), bundle.timestamp, bundle.sha256_hash, Json(bundle.contents), Json(bundle.meta)
    )


def err_of(error: Error) -> BaseException:
    """An error of the SDK as one of the contract."""
    kind = _TO_WIT.get(error.kind)
    kind = wit.ErrorKind_Other(str(error.kind)) if kind is None else kind()
    told: BaseException = Err(wit.Error(kind, error.message))
    return told


_TO_WIT: dict[str, Callable[[], Any]] = {
    ErrorKind.TRANSIENT: wit.ErrorKind_Transient,
    ErrorKind.PERMANENT: wit.ErrorKind_Permanent,
    ErrorKind.INVALID_INPUT: wit.ErrorKind_InvalidInput,
    ErrorKind.DENIED: wit.ErrorKind_Denied,
}
_FROM_WIT = {form: kind for kind, form in _TO_WIT.items()}


def _optional_bundle(bundle: Any) -> Bundle | None:
    return None if bundle is None else bundle_of(bundle)


def _told(function: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return function(*arguments)
    except Err as failed:
        error = failed.value
    kind = _FROM_WIT.get(type(error.kind))
    raise Error(error.kind.value if kind is None else kind, error.message)


def _setting(key: str, function: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return function(*arguments)
    except Err as failed:
        reason = failed.value.value
    raise Error.permanent(f"the setting `{key}` cannot be read: {reason}")
