"""The operator's log. `context` groups messages that belong together."""

from __future__ import annotations

from enum import StrEnum

from .host import host


class Level(StrEnum):
    """How much a message matters."""

    TRACE = "trace"
    DEBUG = "debug"
    INFO = "info"
    WARN = "warn"
    ERROR = "error"
    CRITICAL = "critical"


def write(level: Level, message: str, context: str = "") -> None:
    """Writes a message of a level."""
    host().log(level.value, context, message)


def debug(message: str, context: str = "") -> None:
    """Something for whoever looks for a fault."""
    write(Level.DEBUG, message, context)


def info(message: str, context: str = "") -> None:
    """Something worth knowing."""
    write(Level.INFO, message, context)


def warn(message: str, context: str = "") -> None:
    """Something that the operator may want to change."""
    write(Level.WARN, message, context)


def error(message: str, context: str = "") -> None:
    """Something that went wrong."""
    write(Level.ERROR, message, context)
