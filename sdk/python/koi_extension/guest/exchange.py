"""A request and its response over `wasi:http`."""

from __future__ import annotations

import re
from typing import Any

from componentize_py_types import Err  # type: ignore[import-not-found, unused-ignore]
from wit_world.imports import outgoing_handler, streams  # type: ignore[import-not-found, unused-ignore]
from wit_world.imports import wasi_http_types as wit  # type: ignore[import-not-found, unused-ignore]

from ..errors import Error
from ..http import Request, Response

_CHUNK = 4096
"""Most bytes that a stream takes at once."""

_METHODS = {
    "GET": wit.Method_Get,
    "HEAD": wit.Method_Head,
    "POST": wit.Method_Post,
    "PUT": wit.Method_Put,
    "DELETE": wit.Method_Delete,
    "OPTIONS": wit.Method_Options,
    "PATCH": wit.Method_Patch,
}


def exchange(request: Request) -> Response:
    """Sends a request and waits for the response."""
    outgoing = _outgoing(request)
    try:
        body = outgoing.body()
        options = wit.RequestOptions()
        if request.time_out is not None:
            options.set_first_byte_timeout(max(0, int(request.time_out * 1e9)))
    except Err:
        raise _lost(request) from None
    try:
        # The body is taken in while it is written, so the exchange begins before.
        answer = outgoing_handler.handle(outgoing, options)
    except Err as failed:
        raise _failed(request, failed.value) from None
    with answer:
        try:
            _write(body, request.body)
        except Err:
            # Why nobody took it is what the answer says.
            _response(request, answer.get())
            raise _lost(request) from None
        with answer.subscribe() as ready:
            ready.block()
        response = _response(request, answer.get())
        if response is None:
            raise _lost(request)
        with response:
            return _taken(request, response)


def _outgoing(request: Request) -> Any:
    scheme, separator, rest = request.url.partition("://")
    if not separator:
        raise _wrong(request, "its URL has no scheme")
    found = re.match(r"([^/?#]*)([^#]*)", rest)
    authority, path = found.groups() if found else ("", "")
    if not path.startswith("/"):
        path = "/" + path
    schemes = {"http": wit.Scheme_Http, "https": wit.Scheme_Https}
    method = _METHODS.get(request.method)
    fields = wit.Fields()
    for name, value in request.headers:
        try:
            fields.append(name, value)
        except Err:
            raise _wrong(request, f"its header `{name}` is not allowed") from None
    outgoing = wit.OutgoingRequest(fields)
    what = "method"
    try:
        outgoing.set_method(method() if method else wit.Method_Other(request.method))
        what = "scheme"
        outgoing.set_scheme(schemes[scheme]() if scheme in schemes else wit.Scheme_Other(scheme))
        what = "host"
        outgoing.set_authority(authority)
        what = "path"
        outgoing.set_path_with_query(path)
    except Err:
        raise _wrong(request, f"its {what} makes no sense") from None
    return outgoing


def _write(body: Any, data: bytes) -> None:
    """Writes all of a body and ends it."""
    with body.write() as stream:
        for at in range(0, len(data), _CHUNK):
            stream.blocking_write_and_flush(data[at : at + _CHUNK])
    wit.OutgoingBody.finish(body, None)


def _response(request: Request, answer: Any) -> Any:
    """The response, if there is one; raises why not, if that is known."""
    if answer is None or isinstance(answer, Err):
        return None
    if isinstance(answer.value, Err):
        raise _failed(request, answer.value.value)
    return answer.value.value


def _taken(request: Request, response: Any) -> Response:
    chunks = []
    try:
        with response.consume() as body, body.stream() as stream:
            while True:
                try:
                    chunks.append(stream.blocking_read(1 << 20))
                except Err as ended:
                    if isinstance(ended.value, streams.StreamError_Closed):
                        break
                    raise
    except Err:
        raise _lost(request) from None
    with response.headers() as headers:
        return Response(response.status(), headers.entries(), b"".join(chunks))


def _wrong(request: Request, what: str) -> Error:
    return Error.invalid_input(f"`{request.method} {request.url}` cannot be sent: {what}")


def _lost(request: Request) -> Error:
    return Error.transient(f"the exchange `{request.method} {request.url}` broke off")


def _failed(request: Request, code: Any) -> Error:
    if isinstance(code, wit.ErrorCode_HttpRequestDenied):
        return request.denied()
    nothing = f"`{request.method} {request.url}` came to nothing: "
    if isinstance(code, wit.ErrorCode_DnsError):
        return Error.transient(nothing + (code.value.rcode or "its host was not found"))
    if isinstance(code, wit.ErrorCode_ConnectionRefused | wit.ErrorCode_DestinationUnavailable):
        return Error.transient(nothing + "its host cannot be reached")
    if isinstance(code, wit.ErrorCode_HttpResponseTimeout | wit.ErrorCode_ConnectionTimeout):
        return Error.transient(nothing + "no answer came in time")
    if isinstance(code, wit.ErrorCode_ConnectionLimitReached):
        return Error.transient(nothing + "too many answers have not been read yet")
    if isinstance(code, wit.ErrorCode_HttpRequestBodySize):
        return Error.permanent(nothing + "it is larger than the call may send")
    if isinstance(code, wit.ErrorCode_HttpResponseBodySize):
        return Error.permanent(nothing + "the answer is too large")
    return Error.permanent(nothing + type(code).__name__.removeprefix("ErrorCode_"))
