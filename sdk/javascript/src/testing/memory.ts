/** All that a node in memory knows. The modules of `host/` are its functions in place of a host's. */

import type { Request, Response } from '../http.js';
import type { JsonValue } from '../json.js';

/** What a caller was told meanwhile. */
export interface Progress {
  done: number;
  total: number | undefined;
  message: string | undefined;
}

export interface Memory {
  bundles: Map<string, string>;
  config: Map<string, string>;
  neighbours: Map<string, string[]>;
  buckets: Map<string, Map<string, Uint8Array>>;
  log: { level: string; context: string; message: string }[];
  progress: Progress[];
  callerLog: { level: string; data: unknown }[];
  server: ((request: Request) => Response) | undefined;
  person: ((key: string, question: JsonValue) => unknown) | undefined;
}

const empty = (): Memory => ({
  bundles: new Map(),
  config: new Map(),
  neighbours: new Map(),
  buckets: new Map(),
  log: [],
  progress: [],
  callerLog: [],
  server: undefined,
  person: undefined,
});

/** The one node of a test file. */
export let memory: Memory = empty();

/** Empties it. */
export function forgetAll(): void {
  memory = empty();
}

/** A failure as the host gives it to a guest. */
export function failing(kind: string, message: string): Error {
  return Object.assign(new Error(message), { payload: { kind: { tag: kind }, message } });
}
