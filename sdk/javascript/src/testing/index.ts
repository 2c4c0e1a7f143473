/**
 * A node in memory, for unit tests on the author's machine: what the host functions reach where there is no host.
 * Everything is granted, a publication is stored at once, hashes and timestamps are made up. Each test file has one
 * node.
 *
 *     const node = new Node();
 *     node.store('orn:glossary.term:koi/rid', { term: 'RID', meaning: 'a name of knowledge' });
 *     assert.deepEqual(callTool(glossary, 'look_up', { term: 'rid' }), { … });
 */

import type * as contract from 'koi:extension/handlers@0.1.0';
import { KoiError } from '../error.js';
import type { Extension } from '../extension.js';
import type { Guest } from '../guest.js';
import type { EventType, Phase } from '../handlers.js';
import type { Request, Response } from '../http.js';
import type { JsonValue } from '../json.js';
import { Json, stringify } from '../json.js';
import type { Messages } from '../prompts.js';
import { forgetAll, memory } from './memory.js';

export type { Progress } from './memory.js';

/** The node of this test file. */
export class Node {
  /** Empties the node: what a test begins with. */
  constructor() {
    forgetAll();
  }

  /** Sets a setting of the extension. */
  setConfig(key: string, value: string): void {
    memory.config.set(key, value);
  }

  /** Puts a neighbour on the network, which is a provider, and a subscriber to these RID types. */
  addNeighbour(rid: string, ridTypes: string[] = []): void {
    memory.neighbours.set(rid, ridTypes);
  }

  /** Stores a bundle with these contents, an object or a `Json` of one. */
  store(rid: string, contents: object): void {
    memory.bundles.set(rid, stringify(contents));
  }

  /** The contents stored under a RID, if there are any. */
  stored(rid: string): Json | undefined {
    const contents = memory.bundles.get(rid);
    return contents === undefined ? undefined : new Json(contents);
  }

  /** Answers the HTTP requests of the extension from now on; without this, they are denied. */
  serve(server: (request: Request) => Response): void {
    memory.server = server;
  }

  /**
   * Answers the questions of the extension from now on, each by its key, in the form in which MCP has them; without
   * this, there is nobody to ask.
   */
  answer(person: (key: string, question: JsonValue) => unknown): void {
    memory.person = person;
  }

  /** What was written to the operator's log, in order. */
  get log(): { level: string; context: string; message: string }[] {
    return memory.log;
  }

  /** What the caller was told of its progress, in order. */
  get progress(): { done: number; total: number | undefined; message: string | undefined }[] {
    return memory.progress;
  }

  /** What the caller's log was told, in order. */
  get callerLog(): { level: string; data: unknown }[] {
    return memory.callerLog;
  }
}

/** Calls a tool as the host does, and gives its structured answer, or the whole one where it has content. */
export function callTool(extension: Extension, name: string, given: object = {}): unknown {
  const { callTool } = part(extension, 'tools');
  const answer = new Json(told(() => callTool(name, stringify(given)))).parse<{ structuredContent?: unknown; content?: unknown }>();
  return answer.content === undefined ? answer.structuredContent : answer;
}

/** What a test knows of a knowledge object; the rest is as for new knowledge of this node. */
export interface TestObject {
  rid: string;
  phase: Phase;
  /** An object or a `Json` of one. */
  contents?: object;
  normalizedEventType?: EventType;
  networkTargets?: string[];
  source?: string;
}

/** Gives an object to the handlers as the host does. New contents come back as text. */
export function handle(extension: Extension, object: TestObject): contract.Outcome {
  const { rid, phase, contents, normalizedEventType = 'NEW', networkTargets = [], source } = object;
  const whole = { rid, phase, normalizedEventType, networkTargets, source, contents: contents && stringify(contents), meta: '{}' };
  return told(() => part(extension, 'handlers').handle(whole));
}

/** Reads a resource as the host does. Bytes come back as they are. */
export function readResource(extension: Extension, uri: string): { uri: string; mimeType?: string; text?: string; blob?: Uint8Array }[] {
  return told(() => part(extension, 'resources').readResource(uri)).map(({ uri, mimeType, body }) => ({
    uri,
    ...(mimeType != null && { mimeType }),
    ...(body.tag === 'text' ? { text: body.val } : { blob: body.val }),
  }));
}

/** Gets a prompt as the host does. */
export function getPrompt(extension: Extension, name: string, given: { [name: string]: string } = {}): Messages {
  return new Json(told(() => part(extension, 'prompts').getPrompt(name, stringify(given)))).parse();
}

/** Does a job as the host does, as the operator would ask for it. */
export function runJob(extension: Extension, name: string): unknown {
  return new Json(told(() => part(extension, 'schedule').runJob(name, '{"attempt":1}'))).parse();
}

/** Checks contents as the host does, beyond their JSON Schema. */
export function validate(extension: Extension, schema: string, contents: object): void {
  told(() => part(extension, 'schemas').validate(schema, stringify(contents)));
}

/** Transforms contents as the host does. */
export function transform(extension: Extension, from: string, to: string, contents: object): unknown {
  return new Json(told(() => part(extension, 'schemas').transform(from, to, stringify(contents)))).parse();
}

/** Takes a reference apart as the host does. */
export function parseReference(extension: Extension, ridType: string, reference: string): unknown {
  return new Json(told(() => part(extension, 'ridTypes').parseReference(ridType, reference)).parts).parse();
}

/** An interface that the extension implements. */
function part<K extends keyof Guest>(extension: Extension, name: K): NonNullable<Guest[K]> {
  const found = extension.guest()[name];
  if (found === undefined) throw new Error(`the extension has no ${name}`);
  return found;
}

/** What a guest throws at its host is a {@link KoiError} for a test. */
function told<T>(call: () => T): T {
  try {
    return call();
  } catch (thrown) {
    if (thrown instanceof Error) throw thrown;
    const { kind, message } = thrown as { kind: { tag: string; val?: string }; message: string };
    throw new KoiError(kind.val ?? kind.tag, message);
  }
}
