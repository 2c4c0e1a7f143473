/** Knowledge handlers: the extension's part in the five-phase pipeline. */

import type * as contract from 'koi:extension/handlers@0.1.0';
import { Bundle } from './bundle.js';
import { permanent } from './error.js';
import { Json, stringify } from './json.js';
import type { Schema } from './schema.js';
import { checked } from './schema.js';
import { splitRid } from './rid.js';

/**
 * A phase of the pipeline: the RID is known; timestamp and hash; the contents; the object is stored and who will be
 * told can be changed; all is done.
 */
export type Phase = 'rid' | 'manifest' | 'bundle' | 'network' | 'final';

/** What happened, or is about to happen, to a piece of knowledge. */
export type EventType = 'NEW' | 'UPDATE' | 'FORGET';

/** Which knowledge objects a handler is for. */
export interface Handler {
  phase: Phase;
  ridTypes: string[];
  /** Only objects of these event types; without this, all. */
  eventTypes?: EventType[];
  /** Its place among the handlers of a phase: smaller ones come first, 0 if left out. */
  priority?: number;
}

/** A knowledge object on its way through the pipeline. What is known grows from phase to phase. */
export class KnowledgeObject {
  /** Its name. */
  readonly rid: string;
  readonly phase: Phase;
  /** The event as it was received or published; none for knowledge that was fetched. */
  readonly eventType: EventType | undefined;
  /** What this node is about to do, or did: `NEW` and `UPDATE` write, `FORGET` deletes. */
  readonly normalizedEventType: EventType | undefined;
  /** The node that it came from; none if it came into being here. */
  readonly source: string | undefined;
  /** RFC 3339 in UTC; from the manifest phase on. */
  readonly timestamp: string | undefined;
  /** From the manifest phase on. */
  readonly sha256Hash: string | undefined;
  /** A JSON object; from the bundle phase on. */
  readonly contents: Json | undefined;
  /** Nodes that will be told; from the network phase on. */
  readonly networkTargets: string[];
  /** What was stored under this RID before, if anything was; from the bundle phase on. */
  readonly previous: Bundle | undefined;
  /** A JSON object with everything else that is known. */
  readonly meta: Json;

  constructor(object: contract.KnowledgeObject) {
    this.rid = object.rid;
    this.phase = object.phase as Phase;
    this.eventType = (object.eventType as EventType | null | undefined) ?? undefined;
    this.normalizedEventType = (object.normalizedEventType as EventType | null | undefined) ?? undefined;
    this.source = object.source ?? undefined;
    this.timestamp = object.timestamp ?? undefined;
    this.sha256Hash = object.sha256Hash ?? undefined;
    this.contents = object.contents == null ? undefined : new Json(object.contents);
    this.networkTargets = object.networkTargets;
    this.previous = object.previous == null ? undefined : new Bundle(object.previous);
    this.meta = new Json(object.meta);
  }

  /**
   * The contents as text and value.
   * @throws KoiError `permanent` if this phase knows none.
   */
  known(): Json {
    if (this.contents === undefined) throw permanent(`the contents of ${this.rid} are not known in the ${this.phase} phase`);
    return this.contents;
  }

  /**
   * The contents as a value.
   * @throws KoiError `invalid-input` if they do not satisfy the schema, `permanent` if this phase knows none.
   */
  contentsAs<T>(schema: Schema<T>): T {
    return checked(schema, this.known().parse(), `the contents of ${this.rid}`);
  }
}

/** Changes to a knowledge object. What is not named stays as it is. */
export interface Replacement {
  /** New contents, an object or a `Json` of one; only in the bundle phase. */
  contents?: object;
  /** What the node is to do; in the manifest and bundle phases. */
  normalizedEventType?: EventType;
  /** All the nodes to tell, in place of the list that was given; only in the network phase. */
  networkTargets?: string[];
}

/** What becomes of an object; nothing at all is that it goes on as it is. */
export type Outcome = contract.Outcome | undefined | void;

/** It goes on as it is. */
export const unchanged: contract.Outcome = { tag: 'unchanged' };

/** It goes on changed. */
export function replace({ contents, normalizedEventType, networkTargets }: Replacement): contract.Outcome {
  const val: contract.Replacement = {
    contents: contents && stringify(contents),
    normalizedEventType,
    networkTargets,
    meta: '{}',
  };
  return { tag: 'replace', val };
}

/** It ends here, on purpose, for this reason, which goes to the log. */
export const stop = (reason: string): contract.Outcome => ({ tag: 'stop', val: reason });

interface Entry {
  handler: Handler;
  handle: (object: KnowledgeObject) => Outcome;
}

/** Handlers, at most one for each phase and RID type. */
export class HandlerSet {
  readonly #entries: Entry[] = [];

  add(handler: Handler, handle: (object: KnowledgeObject) => Outcome): void {
    const twice = handler.ridTypes.find((ridType) => this.#find(handler.phase, ridType));
    if (twice !== undefined) throw new Error(`there are two handlers for the ${handler.phase} phase of ${twice}`);
    this.#entries.push({ handler, handle });
  }

  get empty(): boolean {
    return this.#entries.length === 0;
  }

  /** As the description lists them. */
  get described(): object[] {
    return this.#entries.map(({ handler: { phase, ridTypes, eventTypes, priority = 0 } }) => ({
      phase,
      'rid-types': ridTypes,
      ...(eventTypes && { 'event-types': eventTypes }),
      priority,
    }));
  }

  /** The RID types that are handled. */
  get ridTypes(): string[] {
    return this.#entries.flatMap(({ handler }) => handler.ridTypes);
  }

  handle(object: contract.KnowledgeObject): contract.Outcome {
    const entry = this.#find(object.phase, splitRid(object.rid).type);
    return entry?.handle(new KnowledgeObject(object)) ?? unchanged;
  }

  #find(phase: string, ridType: string): Entry | undefined {
    return this.#entries.find(({ handler }) => handler.phase === phase && handler.ridTypes.includes(ridType));
  }
}
