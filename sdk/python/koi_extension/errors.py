"""Failures as values, as the contract knows them."""

from __future__ import annotations

from enum import StrEnum


class ErrorKind(StrEnum):
    """What kind of failure it is; it decides what the host does next."""

    TRANSIENT = "transient"
    """Another try may succeed. A handler's object is given again, with back-off."""
    PERMANENT = "permanent"
    """Another try with the same input fails again. A handler's object goes to the dead letters."""
    INVALID_INPUT = "invalid-input"
    """The input does not hold what the called function asks for."""
    DENIED = "denied"
    """The operator has not granted what this needs."""


class Error(Exception):
    """A failure: its kind, and one sentence for a person that says what happened, to what, and what to
    do about it.

    Raised by the host's functions and by an extension's own. Any other exception that leaves a function of
    an extension is a fault of its code: the call ends as a crash, with the traceback in the operator's log.
    """

    def __init__(self, kind: ErrorKind | str, message: str) -> None:
        super().__init__(message)
        self.kind: ErrorKind | str = kind
        """An `ErrorKind`, or the text of a kind from a later revision of the contract, which is to be
        treated like `ErrorKind.PERMANENT`."""
        self.message: str = message
        """One sentence for a person."""

    @classmethod
    def transient(cls, message: str) -> Error:
        """A failure that another try may not meet."""
        return cls(ErrorKind.TRANSIENT, message)

    @classmethod
    def permanent(cls, message: str) -> Error:
        """A failure that every other try meets too."""
        return cls(ErrorKind.PERMANENT, message)

    @classmethod
    def invalid_input(cls, message: str) -> Error:
        """The input is not what the function asks for."""
        return cls(ErrorKind.INVALID_INPUT, message)

    @classmethod
    def denied(cls, message: str) -> Error:
        """Something that the caller is not allowed to do."""
        return cls(ErrorKind.DENIED, message)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Error):
            return NotImplemented
        return (self.kind, self.message) == (other.kind, other.message)

    def __hash__(self) -> int:
        return hash((self.kind, self.message))

    def __repr__(self) -> str:
        return f"Error({str(self.kind)!r}, {self.message!r})"
