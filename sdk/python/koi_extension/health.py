"""How an extension is doing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """An extension's condition in one word."""

    OK = "ok"
    """All is well."""
    DEGRADED = "degraded"
    """It works, but not all of it."""
    FAILING = "failing"
    """It does not work."""


@dataclass(frozen=True)
class Health:
    """How an extension is doing."""

    status: Status
    """In one word."""
    message: str | None = None
    """Why, for a person."""
