/** MCP tools. */

import type { Content, Icon, Meta } from './content.js';
import { textContent } from './content.js';
import { invalidInput } from './error.js';
import { Json, stringify } from './json.js';
import type { Schema } from './schema.js';
import { object } from './schema.js';

/** What agents and people are told of a tool. `A` is the type of its arguments, `R` that of its answer. */
export interface Tool<A, R> {
  /** A name for programs. */
  name: string;
  /** A name for people. */
  title?: string;
  /** What agents read to decide whether to call it. */
  description: string;
  /** Its arguments, an object; none if left out. The host refuses others. */
  input?: Schema<A>;
  /** Its answer. The host refuses others. */
  output?: Schema<R>;
  /** It changes nothing. */
  readOnly?: boolean;
  /** It may take something away. */
  destructive?: boolean;
  /** Calling it again with the same arguments changes nothing more. */
  idempotent?: boolean;
  /** It touches more than what this node knows. */
  openWorld?: boolean;
  /** A call that takes its time becomes a task where the client knows of tasks, or has to. */
  task?: 'optional' | 'required';
  icons?: Icon[];
  meta?: Meta;
  /** Calls that it answers, and what with: `koi-mcp check` makes them. */
  examples?: { arguments: A; result?: R }[];
}

/** An answer that is more than a value: structured, content, or both. */
export class ToolResult<R = unknown> {
  /** A value that satisfies the tool's output schema. */
  readonly structured: R | undefined;
  /** Content blocks; without any, the host writes the structured value as text. */
  readonly content: Content[];
  /** Whether it is a failure that the agent can do something about. */
  readonly isError: boolean;

  constructor(structured: R | undefined, content: Content[] = [], isError = false) {
    this.structured = structured;
    this.content = content;
    this.isError = isError;
  }

  /** Content alone, or text. */
  static of(...content: (Content | string)[]): ToolResult<never> {
    return new ToolResult<never>(undefined, content.map((block) => (typeof block === 'string' ? textContent(block) : block)));
  }

  /** A failure that the agent can do something about: the text says what. */
  static failure(text: string): ToolResult<never> {
    return new ToolResult<never>(undefined, [textContent(text)], true);
  }
}

/** A tool in the form that MCP lists. */
export type ListedTool = { name: string; [member: string]: unknown };

interface Entry {
  tool: Tool<never, unknown>;
  call: (given: never) => unknown;
}

const NOTHING = object({});

/** Where `koi-mcp check` looks for examples. */
const EXAMPLES = 'koi-mcp/examples';

/** Tools with their functions. */
export class Toolbox {
  readonly #entries = new Map<string, Entry>();

  add<A, R>(tool: Tool<A, R>, call: (given: A) => unknown): void {
    if (this.#entries.has(tool.name)) throw new Error(`there are two tools \`${tool.name}\``);
    this.#entries.set(tool.name, { tool: tool as Tool<never, unknown>, call });
  }

  get empty(): boolean {
    return this.#entries.size === 0;
  }

  has(name: string): boolean {
    return this.#entries.has(name);
  }

  list(): ListedTool[] {
    return Array.from(this.#entries.values(), ({ tool }) => listed(tool));
  }

  /** Calls a tool with arguments as JSON; the answer is the contract's. */
  call(name: string, given: string): string {
    const entry = this.#entries.get(name);
    if (entry === undefined) throw invalidInput(`there is no tool \`${name}\``);
    return answer(name, entry.call(new Json(given).parse<never>()));
  }
}

/** What a tool's function answered, as the contract has it. */
export function answer(name: string, result: unknown): string {
  if (result instanceof Promise) {
    throw new Error(`the tool \`${name}\` gave a promise: functions of an extension answer when they return`);
  }
  if (!(result instanceof ToolResult)) return `{"structuredContent":${stringify(result ?? null)}}`;
  const { structured, content, isError } = result;
  return stringify({
    ...(structured !== undefined && { structuredContent: structured }),
    ...(content.length && { content }),
    ...(isError && { isError }),
  });
}

function listed(tool: Tool<never, unknown>): ListedTool {
  const annotations = {
    ...(tool.readOnly !== undefined && { readOnlyHint: tool.readOnly }),
    ...(tool.destructive !== undefined && { destructiveHint: tool.destructive }),
    ...(tool.idempotent !== undefined && { idempotentHint: tool.idempotent }),
    ...(tool.openWorld !== undefined && { openWorldHint: tool.openWorld }),
  };
  const meta = { ...tool.meta, ...(tool.examples && { [EXAMPLES]: tool.examples }) };
  return {
    name: tool.name,
    ...(tool.title !== undefined && { title: tool.title }),
    description: tool.description,
    inputSchema: (tool.input ?? NOTHING).json,
    ...(tool.output && { outputSchema: tool.output.json }),
    ...(Object.keys(annotations).length && { annotations }),
    ...(tool.task && { execution: { taskSupport: tool.task } }),
    ...(tool.icons && { icons: tool.icons }),
    ...(Object.keys(meta).length && { _meta: meta }),
  };
}

