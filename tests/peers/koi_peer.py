"""A real koi-net node, as a test wants it. Nothing of koi-net is patched.

Standard output carries one JSON object a line and nothing else: `ready` with `rid`, `base_url`,
`public_key` and `control_port` once the node runs, then `stopped` (after SIGTERM or SIGINT, exit code
0), `crashed` or `failed` (exit code 1). The node's log is in DIR/log.ndjson.

A second start on the same DIR keeps key, configuration and cache.
"""

import argparse
import json
import os
import signal
import sys
import threading
from pathlib import Path

# Read by koi-net when it is imported.
os.environ.setdefault("PRIV_KEY_PASSWORD", "koi-mcp-tests")

from koi_net.config import (
    FullNodeConfig, FullNodeProfile, KoiNetConfig, NodeContact, NodeProvides,
    PartialNodeConfig, PartialNodeProfile, PollerConfig, ServerConfig,
)
from koi_net.core import FullNode, PartialNode
from koi_net.infra import LogSystem, NodeState
from rid_lib import RID, RIDType
from rid_lib.types import KoiNetEdge, KoiNetNode

from control import serve_control

HOST = "127.0.0.1"
NETWORK_TYPES = [KoiNetNode, KoiNetEdge]


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kind", choices=["coordinator", "full", "partial"], required=True)
    parser.add_argument("--name", required=True)
    parser.add_argument("--dir", required=True, type=Path, help="key, configuration, cache and log")
    parser.add_argument("--port", type=int, help="of its server; not for partial nodes")
    parser.add_argument("--base-url", help="to advertise in place of the server's own")
    parser.add_argument("--first-contact-rid")
    parser.add_argument("--first-contact-url")
    for flag in ("--provides-event", "--provides-state", "--interest"):
        parser.add_argument(flag, action="append", default=[], type=RIDType.from_string, metavar="RIDTYPE")
    parser.add_argument("--poll-interval", type=int, default=1, help="seconds; for partial nodes")
    parser.add_argument("--control-port", type=int, help="serves control.py's requests there; 0 picks a free one")
    arguments = parser.parse_args()
    if arguments.kind != "partial" and arguments.port is None:
        parser.error(f"a {arguments.kind} node needs --port")
    return arguments


def first_contact(arguments):
    rid = arguments.first_contact_rid
    return NodeContact(rid=RID.from_string(rid) if rid else None, url=arguments.first_contact_url)


def node_class(arguments):
    """koi-net takes a node's configuration as a class whose defaults are the values."""
    events, state, interest = arguments.provides_event, arguments.provides_state, arguments.interest
    if arguments.kind == "coordinator":
        events, state = NETWORK_TYPES + events, NETWORK_TYPES + state
        interest = NETWORK_TYPES + [each for each in interest if each not in NETWORK_TYPES]
    provides = NodeProvides(event=events, state=state)
    common = {
        "node_name": arguments.name,
        "rid_types_of_interest": interest or [KoiNetNode],
        "first_contact": first_contact(arguments),
    }

    if arguments.kind == "partial":
        class PartialConfig(PartialNodeConfig):
            poller: PollerConfig = PollerConfig(polling_interval=arguments.poll_interval)
            koi_net: KoiNetConfig = KoiNetConfig(
                node_profile=PartialNodeProfile(provides=provides), **common)

        class Partial(PartialNode):
            config_schema = PartialConfig

        return Partial

    class FullConfig(FullNodeConfig):
        server: ServerConfig = ServerConfig(host=HOST, port=arguments.port)
        koi_net: KoiNetConfig = KoiNetConfig(
            node_profile=FullNodeProfile(base_url=arguments.base_url, provides=provides), **common)

    class Full(FullNode):
        config_schema = FullConfig

    if arguments.kind == "full":
        return Full

    # The published coordinator is a full node and this handler.
    from koi_net_coordinator_node.handshake_handler import HandshakeHandler

    class Coordinator(Full):
        handshake_handler = HandshakeHandler

    return Coordinator


def build_node(arguments):
    node = node_class(arguments)(root_dir=arguments.dir)
    # The configuration that an earlier start wrote wins over the class: what the command line gives
    # has to win over both.
    config = node.config.koi_net
    if arguments.first_contact_rid or arguments.first_contact_url:
        config.first_contact = first_contact(arguments)
    if arguments.kind != "partial":
        node.config.server.port = arguments.port
        config.node_profile.base_url = arguments.base_url or node.config.server.url
    return node


def main():
    arguments = parse_arguments()
    arguments.dir = arguments.dir.resolve()
    arguments.dir.mkdir(parents=True, exist_ok=True)
    os.chdir(arguments.dir)  # koi-net looks for .env and writes dropped logs in the working folder
    LogSystem(use_console_handler=False)

    lines, sys.stdout = sys.stdout, sys.stderr  # koi-net prints tracebacks on standard output

    def say(event, **members):
        print(json.dumps({"event": event, **members}), file=lines, flush=True)

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())

    node = build_node(arguments)
    node.start()
    if node.get_state() is not NodeState.RUNNING:
        say("failed")
        return 1
    control_port = serve_control(node, arguments.control_port)
    say(
        "ready",
        rid=str(node.identity.rid),
        base_url=node.identity.profile.base_url,
        public_key=node.identity.profile.public_key,
        control_port=control_port,
    )

    # koi-net tells nobody when one of its threads ends the node, so its state is looked at.
    while not stop.wait(0.1):
        if node.get_state() is not NodeState.RUNNING:
            say("crashed")
            return 1
    node.stop()
    say("stopped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
