"""HTTP requests to others. Each needs the grant `http=METHOD:SCHEME://HOST`.

    response = http.get("https://api.example.com/rates").accepted()
    rates = response.json(Rates)

Redirects are not followed: they come back as responses, with the header `location`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from .errors import Error
from .host import host
from .jsontext import Json

T = TypeVar("T")


@dataclass(frozen=True)
class Request:
    """A request."""

    method: str
    """In upper case."""
    url: str
    """With `http` or `https`."""
    headers: Sequence[tuple[str, bytes]] = ()
    """Names and values. Those about the connection (`host`, `content-length`, `connection` and the like) are the
    host's affair."""
    body: bytes = b""
    """Empty if there is none."""
    time_out: float | None = None
    """How many seconds the whole exchange may take, where that is less than what the host allows."""

    def denied(self) -> Error:
        """What is raised where it was denied. The host tells the same to the operator."""
        origin = re.match(r"(\w+://)?[^/?#]*", self.url)
        grant = f"http={self.method}:{origin[0] if origin else self.url}"
        return Error.denied(f"`{self.method} {self.url}` was not sent: it needs the grant `{grant}`")


@dataclass(frozen=True)
class Response:
    """A response."""

    status: int
    """Such as 200."""
    headers: Sequence[tuple[str, bytes]] = ()
    """Names in lower case, and values."""
    body: bytes = b""
    """All of it."""

    def header(self, name: str) -> str | None:
        """The first header of a name, which is in lower case, if its value is text."""
        value = next((value for known, value in self.headers if known == name), None)
        try:
            return None if value is None else value.decode()
        except UnicodeDecodeError:
            return None

    def accepted(self) -> Response:
        """Itself, if its status is 200 to 299. Else `transient` for 408, 425, 429 and 500 and above, `permanent`
        for all others."""
        message = f"the answer was the status {self.status}"
        if 200 <= self.status <= 299:
            return self
        if self.status in (408, 425, 429) or self.status >= 500:
            raise Error.transient(message)
        raise Error.permanent(message)

    def text(self) -> str:
        """The body as text; `permanent` if it is not UTF-8."""
        try:
            return self.body.decode()
        except UnicodeDecodeError as error:
            raise Error.permanent(f"the answer is no text: {error}") from None

    def json(self, form: type[T]) -> T:
        """The body as a value; `permanent` if it is not the JSON form of such a value."""
        try:
            return Json.parse(self.body).to(form)
        except Error as error:
            raise Error.permanent(f"the answer is not as expected: {error}") from None


def fetch(
    method: str,
    url: str,
    *,
    headers: Sequence[tuple[str, bytes]] = (),
    body: bytes = b"",
    json: object = None,
    time_out: float | None = None,
) -> Response:
    """Sends a request and waits for the whole response, whatever its status. `json` is a value that becomes the
    body, with the header that says so. `denied` without the grant, `invalid-input` if it is no request,
    `transient` if no response came, `permanent` if what came is too large or no HTTP."""
    if json is not None:
        body = str(Json.of(json)).encode()
        headers = [*headers, ("content-type", b"application/json")]
    return host().exchange(Request(method, url, headers, body, time_out))


def get(url: str) -> Response:
    """Sends a `GET` request, as `fetch` does."""
    return fetch("GET", url)
