"""Secrets of the operator, such as API keys, that this extension uses and never sees. Ask for them by name with
`Asks(secrets=[...])`."""

from __future__ import annotations

from .host import host


def placeholder(name: str) -> str:
    """What stands for the secret of that name: a text of letters, digits and `-` without meaning, the same in
    each call. Put it where the value belongs in an HTTP request: in the path or the query of the URL, in the
    value of a header (also as user or password of basic authentication) or in the body. The host puts the value
    in, if the secret was granted for the request's host. `denied` if the secret was not granted, `permanent` if
    the operator has not set it."""
    return host().placeholder(name)
