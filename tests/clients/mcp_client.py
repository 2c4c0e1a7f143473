"""The official MCP client, led by a test.

It connects, subscribes to whatever changes, prints `{"event": "ready", "protocol"}`, and then answers
each line of JSON on its standard input with one line: `{"result"}` or `{"error": {"code", "message"}}`.
At the end of its input it leaves.

  {"op": "tools"}                            the names of all tools
  {"op": "tool", "name"}                     a tool as the server describes it; null if it is not listed
  {"op": "call", "name", "arguments"}        a tool call
  {"op": "resources"}                        the URIs of all resources
  {"op": "templates"}                        all URI templates
  {"op": "read", "uri"}                      a resource's contents
  {"op": "prompt", "name", "arguments"}      the messages of a prompt
  {"op": "complete", "prompt", "argument", "value", "given"}
                                             what may follow what was typed of an argument of a prompt, where
                                             others are given already
  {"op": "subscribe", "uri"}                 wants to hear when the resource changes
  {"op": "ignore_news"}                      what was heard so far does not count any more
  {"op": "told_of_tool", "name", "listed"}   waits for the news that the list of tools has changed, until
                                             the tool is listed, or no longer is
  {"op": "told_of_resource", "uri", "listed"}   the same for resources
  {"op": "told_of_update", "uri"}            waits for the news that the resource has changed

Lists are asked for as any client would, through the client's own cache: that a list has changed, it
knows from the news alone.
"""

import argparse
import json
import sys
import warnings
from contextlib import AsyncExitStack

import anyio
import mcp_types as types
from mcp import Client, MCPError, StdioServerParameters
from mcp.client.subscriptions import ResourcesListChanged, ResourceUpdated, ToolsListChanged
from mcp.shared.exceptions import MCPDeprecationWarning

PATIENCE = 50  # seconds; less than the test's own, so that it hears what was waited for

TOOLS, RESOURCES = "tools", "resources"


class News:
    """What the server has told, each piece until somebody waits for it."""

    def __init__(self):
        self.pieces = []
        self.more = anyio.Event()

    def tell(self, piece):
        self.pieces.append(piece)
        self.more.set()

    async def take(self, piece):
        while piece not in self.pieces:
            self.more = anyio.Event()
            await self.more.wait()
        self.pieces = [other for other in self.pieces if other != piece]

    async def heard(self, message):
        """Notifications as they come before 2026-07-28."""
        match message:
            case types.ToolListChangedNotification():
                self.tell(TOOLS)
            case types.ResourceListChangedNotification():
                self.tell(RESOURCES)
            case types.ResourceUpdatedNotification():
                self.tell(str(message.params.uri))

    async def listen(self, subscription):
        """Events as they come from 2026-07-28 on."""
        async for event in subscription:
            match event:
                case ToolsListChanged():
                    self.tell(TOOLS)
                case ResourcesListChanged():
                    self.tell(RESOURCES)
                case ResourceUpdated(uri=uri):
                    self.tell(uri)


class Session:
    def __init__(self, client, news, stack, tasks):
        self.client, self.news, self.stack, self.tasks = client, news, stack, tasks

    @property
    def is_modern(self):
        return self.client.protocol_version >= "2026-07-28"

    async def listen(self, **wanted):
        subscription = await self.stack.enter_async_context(self.client.listen(**wanted))
        self.tasks.start_soon(self.news.listen, subscription)

    async def all_pages(self, method, member):
        items, cursor = [], None
        while True:
            page = await method(cursor=cursor)
            items += getattr(page, member)
            cursor = page.next_cursor
            if cursor is None:
                return items

    async def all_tools(self):
        return await self.all_pages(self.client.list_tools, "tools")

    async def tools(self):
        return [tool.name for tool in await self.all_tools()]

    async def tool(self, name):
        return next((dumped(tool) for tool in await self.all_tools() if tool.name == name), None)

    async def call(self, name, arguments):
        return dumped(await self.client.call_tool(name, arguments))

    async def resources(self):
        return [str(each.uri) for each in await self.all_pages(self.client.list_resources, "resources")]

    async def templates(self):
        found = await self.all_pages(self.client.list_resource_templates, "resource_templates")
        return [each.uri_template for each in found]

    async def read(self, uri):
        return dumped(await self.client.read_resource(uri))["contents"]

    async def prompt(self, name, arguments):
        return dumped(await self.client.get_prompt(name, arguments))["messages"]

    async def complete(self, prompt, argument, value, given):
        reference = types.PromptReference(name=prompt)
        typed = {"name": argument, "value": value}
        return dumped(await self.client.complete(reference, typed, given))["completion"]["values"]

    async def subscribe(self, uri):
        if self.is_modern:
            await self.listen(resource_subscriptions=[uri])
        else:
            await self.client.subscribe_resource(uri)

    async def ignore_news(self):
        self.news.pieces = []

    async def told_of_tool(self, name, listed=True):
        await self.told(TOOLS, self.tools, name, listed)

    async def told_of_resource(self, uri, listed=True):
        await self.told(RESOURCES, self.resources, uri, listed)

    async def told(self, piece, listing, wanted, listed):
        while True:
            await self.news.take(piece)
            if (wanted in await listing()) == listed:
                return

    async def told_of_update(self, uri):
        await self.news.take(uri)


def dumped(model):
    return model.model_dump(mode="json", by_alias=True, exclude_none=True)


async def answer(session, request):
    operation = request.pop("op")
    try:
        with anyio.fail_after(PATIENCE):
            return {"result": await getattr(session, operation)(**request)}
    except MCPError as error:
        return {"error": {"code": error.code, "message": error.message}}
    except TimeoutError:
        return {"error": {"code": 0, "message": f"waited {PATIENCE} s in vain: {operation} {request}"}}


def say(message):
    print(json.dumps(message), flush=True)


async def main(arguments):
    command = arguments.command
    server = StdioServerParameters(command=command[0], args=command[1:]) if command else arguments.url
    news = News()
    async with (
        Client(server, mode=arguments.mode, message_handler=news.heard, read_timeout_seconds=PATIENCE) as client,
        anyio.create_task_group() as tasks,
        AsyncExitStack() as stack,
    ):
        session = Session(client, news, stack, tasks)
        if session.is_modern:
            await session.listen(tools_list_changed=True, resources_list_changed=True)
        say({"event": "ready", "protocol": client.protocol_version})
        while line := await anyio.to_thread.run_sync(sys.stdin.readline):
            say(await answer(session, json.loads(line)))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--mode", default="auto")
    parser.add_argument("--url")
    parser.add_argument("command", nargs="*", help="an MCP server to start, in place of a URL")
    warnings.simplefilter("ignore", MCPDeprecationWarning)
    anyio.run(main, parser.parse_args())
