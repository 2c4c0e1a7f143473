"""A WebSocket client that knows nothing of MCP, led by a test.

It connects with the subprotocol `mcp` and with permessage-deflate, prints `{"event": "ready",
"subprotocol", "extensions"}`, and then answers each line of JSON on its standard input with one line.
At the end of its input it leaves.

  {"op": "send", "message"}    sends a JSON value as a text message
  {"op": "send_text", "text"}  sends a text message
  {"op": "next"}               waits for a message: {"message", "compressed", "wire"}, the last the bytes
                               that it took on the wire; or {"closed": code}
"""

import argparse
import asyncio
import json
import sys

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.extensions.permessage_deflate import PerMessageDeflate

PATIENCE = 50  # seconds; less than the test's own, so that it hears what was waited for

frames = []
decode = PerMessageDeflate.decode


def noting(self, frame, **options):
    """Notes each frame as it was on the wire."""
    frames.append((frame.rsv1, len(frame.data)))
    return decode(self, frame, **options)


PerMessageDeflate.decode = noting


async def following(socket):
    try:
        text = await asyncio.wait_for(socket.recv(), PATIENCE)
    except ConnectionClosed as closed:
        return {"closed": closed.rcvd.code if closed.rcvd else None}
    # A message may have come before it was waited for.
    data = [frame for frame in frames if frame[1]]
    frames.clear()
    return {
        "message": json.loads(text),
        "compressed": any(compressed for compressed, _ in data),
        "wire": sum(size for _, size in data),
    }


async def answer(socket, request):
    match request:
        case {"op": "send", "message": message}:
            await socket.send(json.dumps(message))
            return None
        case {"op": "send_text", "text": text}:
            await socket.send(text)
            return None
        case {"op": "next"}:
            return await following(socket)


def say(message):
    print(json.dumps(message), flush=True)


async def main(arguments):
    headers = {"Authorization": f"Bearer {arguments.token}"} if arguments.token else {}
    compression = None if arguments.plain else "deflate"
    connecting = connect(
        arguments.url,
        subprotocols=["mcp"],
        compression=compression,
        additional_headers=headers,
        proxy=None,
        max_size=None,
    )
    try:
        socket = await connecting
    except InvalidStatus as refused:
        say({"event": "refused", "status": refused.response.status_code})
        return
    async with socket:
        say(
            {
                "event": "ready",
                "subprotocol": socket.subprotocol,
                "extensions": [extension.name for extension in socket.protocol.extensions],
            }
        )
        while line := await asyncio.to_thread(sys.stdin.readline):
            say({"result": await answer(socket, json.loads(line))})


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--token")
    parser.add_argument("--plain", action="store_true", help="without permessage-deflate")
    asyncio.run(main(parser.parse_args()))
