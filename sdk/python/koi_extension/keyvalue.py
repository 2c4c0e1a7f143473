"""Values under keys, in buckets. They belong to the extension and outlive its revisions. Needs the capability
`keyvalue`.

Every function raises `denied` without it; `transient` if the store is out of reach for a while; `permanent` if it
refuses, as it does a key that is too long or a value beyond the quota.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from .errors import Error
from .host import host
from .jsontext import Json

T = TypeVar("T")


class Bucket:
    """A set of keys with values; `invalid-input` if there is no bucket of that name."""

    def __init__(self, name: str = "default") -> None:
        self._name = name
        self._bucket = host().open_bucket(name)

    def get(self, key: str) -> bytes | None:
        """The value, if there is one."""
        return self._bucket.get(key)

    def get_as(self, key: str, form: type[T]) -> T | None:
        """The value as JSON, if there is one; `invalid-input` if it does not have the form."""
        value = self.get(key)
        if value is None:
            return None
        try:
            return Json.parse(value).to(form)
        except Error as error:
            where = f"the value of `{key}` in the bucket `{self._name}`"
            raise Error(error.kind, f"{where} is not as expected: {error.message}") from None

    def set(self, key: str, value: bytes) -> None:
        """Stores a value, in place of an earlier one."""
        self._bucket.set(key, value)

    def set_as(self, key: str, value: object) -> None:
        """Stores a value as JSON, in place of an earlier one."""
        self.set(key, str(Json.of(value)).encode())

    def delete(self, key: str) -> None:
        """Removes a value; nothing happens if there is none."""
        self._bucket.delete(key)

    def exists(self, key: str) -> bool:
        """Whether there is a value."""
        return self._bucket.exists(key)

    def keys(self) -> list[str]:
        """All keys, read page by page."""
        page, cursor = self._bucket.list_keys(None)
        keys = list(page)
        while cursor is not None:
            page, cursor = self._bucket.list_keys(cursor)
            keys.extend(page)
        return keys

    def increment(self, key: str, delta: int = 1) -> int:
        """Adds to a decimal number stored as text (a missing one counts as 0) and returns the sum. Nobody can
        come in between. `delta` is 0 to 2^64 - 1."""
        return self._bucket.increment(key, delta)

    def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        """The values of several keys, in their order; None where there is no value."""
        return self._bucket.get_many(keys)

    def set_many(self, entries: Sequence[tuple[str, bytes]]) -> None:
        """Stores several values, all or none."""
        self._bucket.set_many(entries)

    def delete_many(self, keys: Sequence[str]) -> None:
        """Removes several values, all or none."""
        self._bucket.delete_many(keys)


def unused(bucket: str, kind: str, reason: str) -> Error:
    """What is raised where a bucket could not be used."""
    return Error(kind, f"the key-value bucket `{bucket}` could not be used: {reason}")
