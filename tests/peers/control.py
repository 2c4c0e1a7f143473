"""A way for a test to look into a koi-net node and to give it knowledge: JSON over HTTP on loopback.
No part of KOI-net.

  GET  /state                                   identity, cache, edges, neighbours, buffers
  GET  /bundle?rid=RID                          a bundle of the cache; 404 if it isn't there
  POST /push     {"rid", "contents"}            a bundle of the node's own into its pipeline
  POST /push_rid {"rid", "event_type", "source"}   a RID alone, as a FORGET; the last two may be absent
  POST /request  {"node", "op", "args"}         a request to another node by `request_handler.<op>`
  POST /deref    {"rid"}                        fetches a bundle over the network into the cache

What goes wrong is answered with status 500 and the exception's name and message.
"""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from koi_net.protocol import EdgeProfile, EventType
from rid_lib import RID
from rid_lib.ext import Bundle
from rid_lib.types import KoiNetEdge


def serve_control(node, port):
    """Serves on a thread of its own; gives the port, or None if none was asked for."""
    if port is None:
        return None
    server = ThreadingHTTPServer(("127.0.0.1", port), handler(node))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_port


def dumped(model):
    return None if model is None else model.model_dump(mode="json")


def state(node, _):
    def edges():
        for rid in node.cache.list_rids(rid_types=[KoiNetEdge]):
            if bundle := node.cache.read(rid):
                yield {"rid": str(rid), **dumped(bundle.validate_contents(EdgeProfile))}

    def buffer(events):
        return {
            str(target): [event.model_dump(mode="json", exclude_none=True) for event in queue]
            for target, queue in events.buffers.items()
        }

    def neighbours(direction):
        return sorted(str(rid) for rid in node.graph.get_neighbors(direction=direction))

    return {
        "rid": str(node.identity.rid),
        "profile": dumped(node.identity.profile),
        "first_contact": dumped(node.config.koi_net.first_contact),
        "state": str(node.get_state()),
        "cache": sorted(str(rid) for rid in node.cache.list_rids()),
        "edges": list(edges()),
        "neighbors_in": neighbours("in"),
        "neighbors_out": neighbours("out"),
        "poll_buffer": buffer(node.poll_event_buf),
        "broadcast_buffer": buffer(node.broadcast_event_buf),
    }


def bundle(node, query):
    return dumped(node.cache.read(RID.from_string(query["rid"])))


def push(node, body):
    made = Bundle.generate(RID.from_string(body["rid"]), body["contents"])
    node.kobj_queue.push(bundle=made)
    return dumped(made)


def push_rid(node, body):
    event_type, source = body.get("event_type"), body.get("source")
    node.kobj_queue.push(
        rid=RID.from_string(body["rid"]),
        event_type=EventType(event_type) if event_type else None,
        source=RID.from_string(source) if source else None,
    )
    return {}


def request(node, body):
    operation = getattr(node.request_handler, body["op"])
    return dumped(operation(node=RID.from_string(body["node"]), **body.get("args", {})))


def dereference(node, body):
    rid = RID.from_string(body["rid"])
    return dumped(node.effector.deref(rid, use_network=True, write_through=True))


READS = {"/state": state, "/bundle": bundle}
WRITES = {"/push": push, "/push_rid": push_rid, "/request": request, "/deref": dereference}


def handler(node):
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_GET(self):
            url = urlsplit(self.path)
            self.answer(READS.get(url.path), {key: values[0] for key, values in parse_qs(url.query).items()})

        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.answer(WRITES.get(self.path), json.loads(body or b"{}"))

        def answer(self, operation, argument):
            if operation is None:
                return self.reply(404, {"error": f"no such path: {self.path}"})
            try:
                result = operation(node, argument)
            except Exception as error:
                return self.reply(500, {"error": type(error).__name__, "message": str(error)})
            # Only a read that finds nothing is a 404: other operations may well give nothing.
            absent = result is None and operation is bundle
            self.reply(404 if absent else 200, result)

        def reply(self, status, value):
            body = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Handler
