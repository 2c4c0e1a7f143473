// The official TypeScript MCP client, led by a test. Operations and answers are those of mcp_client.py,
// which says what they are; what is missing here, no test asks for.

import { createInterface } from "node:readline";
import { parseArgs } from "node:util";

import { Client, ProtocolError, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";

const PATIENCE = 50_000; // milliseconds; less than the test's own, so that it hears what was waited for

const TOOLS = "tools";
const RESOURCES = "resources";

/** What the server has told, each piece until somebody waits for it. */
class News {
  pieces = [];
  wake = () => {};

  tell(piece) {
    this.pieces.push(piece);
    this.wake();
  }

  async take(piece) {
    while (!this.pieces.includes(piece)) {
      await new Promise((wake) => (this.wake = wake));
    }
    this.pieces = this.pieces.filter((other) => other !== piece);
  }
}

class Session {
  constructor(client, news) {
    Object.assign(this, { client, news });
  }

  get isModern() {
    return this.client.getNegotiatedProtocolVersion() >= "2026-07-28";
  }

  async tools() {
    return (await this.client.listTools()).tools.map((tool) => tool.name);
  }

  async tool({ name }) {
    return (await this.client.listTools()).tools.find((tool) => tool.name === name) ?? null;
  }

  async call({ name, arguments: given }) {
    const result = await this.client.callTool({ name, arguments: given });
    return { isError: false, ...result };
  }

  async resources() {
    return (await this.client.listResources()).resources.map((resource) => resource.uri);
  }

  async templates() {
    const { resourceTemplates } = await this.client.listResourceTemplates();
    return resourceTemplates.map((template) => template.uriTemplate);
  }

  async read({ uri }) {
    return (await this.client.readResource({ uri })).contents;
  }

  async subscribe({ uri }) {
    if (this.isModern) {
      await this.client.listen({ resourceSubscriptions: [uri] });
    } else {
      await this.client.subscribeResource({ uri });
    }
  }

  async ignore_news() {
    this.news.pieces = [];
  }

  async told_of_tool({ name, listed = true }) {
    await this.told(TOOLS, () => this.tools(), name, listed);
  }

  async told_of_resource({ uri, listed = true }) {
    await this.told(RESOURCES, () => this.resources(), uri, listed);
  }

  async told_of_update({ uri }) {
    await this.news.take(uri);
  }

  async told(piece, listing, wanted, listed) {
    do {
      await this.news.take(piece);
    } while ((await listing()).includes(wanted) !== listed);
  }
}

async function answer(session, { op, ...request }) {
  let timer;
  const patience = new Promise((_, fail) => {
    const inVain = () => fail(new Error(`waited ${PATIENCE} ms in vain: ${op}`));
    timer = setTimeout(inVain, PATIENCE);
  });
  try {
    return { result: (await Promise.race([session[op](request), patience])) ?? null };
  } catch (error) {
    const code = error instanceof ProtocolError ? error.code : 0;
    return { error: { code, message: String(error.message) } };
  } finally {
    clearTimeout(timer);
  }
}

function say(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

async function connect({ mode, url, command }) {
  const news = new News();
  const client = new Client(
    { name: "koi-tests", version: "1.0.0" },
    { versionNegotiation: { mode: /^\d/.test(mode) ? { pin: mode } : mode } },
  );
  client.setNotificationHandler("notifications/tools/list_changed", () => news.tell(TOOLS));
  client.setNotificationHandler("notifications/resources/list_changed", () => news.tell(RESOURCES));
  client.setNotificationHandler("notifications/resources/updated", ({ params }) => news.tell(params.uri));
  const [program, ...args] = command;
  const transport = url
    ? new StreamableHTTPClientTransport(new URL(url))
    : new StdioClientTransport({ command: program, args });
  await client.connect(transport);
  const session = new Session(client, news);
  if (session.isModern) {
    await client.listen({ toolsListChanged: true, resourcesListChanged: true });
  }
  return session;
}

const { values, positionals } = parseArgs({
  options: { mode: { type: "string", default: "auto" }, url: { type: "string" } },
  allowPositionals: true,
});
const session = await connect({ ...values, command: positionals });
say({ event: "ready", protocol: session.client.getNegotiatedProtocolVersion() });
for await (const line of createInterface({ input: process.stdin })) {
  say(await answer(session, JSON.parse(line)));
}
await session.client.close();
