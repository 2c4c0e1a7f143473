"""What an extension has of the node beyond what the glossaries use, each thing as a tool, and a prompt that is
completed. The same as extension.ts and extension.c."""

import os
import random
import uuid
from dataclasses import dataclass
from typing import Annotated, Any

from koi_extension import Asks, Capability, Extension, Mode, config, network, secrets

COLOURS = ["green", "grey", "red"]

counted = 0


@dataclass(frozen=True)
class Settings:
    greeting: Annotated[str, "What it greets with"]


extension = Extension(
    "features",
    "0.1.0",
    asks=Asks(capabilities=[Capability.CONFIG, Capability.NETWORK], secrets=["KEY"]),
    config=Settings,
    mode=Mode.SINGLETON,
)


@extension.tool()
def greet() -> dict[str, Any]:
    """Greets as it is set to"""
    return {"greeting": config.get("greeting")}


@extension.tool()
def secret() -> dict[str, Any]:
    """Tells what stands for a secret"""
    return {"placeholder": secrets.placeholder("KEY")}


@extension.tool()
def neighbours() -> dict[str, Any]:
    """Lists the neighbours of the node"""
    found = [
        {"rid": n.rid, "provider": n.provider, "subscriber": n.subscriber, "ridTypes": n.rid_types()}
        for n in network.neighbours()
    ]
    return {"node": network.this_node(), "neighbours": found}


@extension.tool()
def count() -> dict[str, Any]:
    """Counts its calls"""
    global counted
    counted += 1
    return {"count": counted}


@extension.save
def save() -> bytes:
    return str(counted).encode()


@extension.load
def load(saved: bytes) -> None:
    global counted
    counted = int(saved)


@extension.tool(name="random")
def another() -> dict[str, Any]:
    """Is another one each time"""
    return {
        "numbers": [random.random(), random.random()],
        "uuid": str(uuid.uuid4()),
        "bytes": list(os.urandom(8)),
    }


@extension.prompt()
def paint(thing: Annotated[str, "What"], colour: Annotated[str, "How"]) -> str:
    """Has a thing painted"""
    return f"Paint {thing} in {colour}"


@extension.complete_prompt("paint", "colour")
def colours(typed: str, given: dict[str, str]) -> list[str]:
    return [f"{colour} as {given['thing']}" for colour in COLOURS if colour.startswith(typed)]
