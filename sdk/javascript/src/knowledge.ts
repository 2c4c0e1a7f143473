/** The node's knowledge. Each function is checked against the extension's grants for the RID. */

import type * as contract from 'koi:extension/types@0.1.0';
import * as host from 'koi:extension/knowledge@0.1.0';
import type { Publication } from './bundle.js';
import { Bundle } from './bundle.js';
import { asked, invalidInput } from './error.js';
import type { JsonValue } from './json.js';
import { stringify } from './json.js';

const found = (bundle: contract.Bundle | null | undefined): Bundle | undefined => (bundle ? new Bundle(bundle) : undefined);

/**
 * The stored bundle, if there is one. Needs a grant to read.
 * @throws KoiError `denied` without the grant.
 */
export const read = (rid: string): Bundle | undefined => found(asked(() => host.read(rid)));

/**
 * The stored bundle with its contents as the schema of that name wants them, through the transforms that
 * extensions offer. What else the bundle says, its hash too, is of what is stored. Needs a grant to read.
 * @throws KoiError `denied` without the grant, `invalid-input` if there is no such schema or no way to it.
 */
export const readAs = (rid: string, schema: string): Bundle | undefined => found(asked(() => host.readAs(rid, schema)));

/**
 * The stored bundle, else one fetched from a node that provides the RID type. Needs a grant to read.
 * @throws KoiError `denied` without the grant, `transient` if no node could be asked.
 */
export const dereference = (rid: string): Bundle | undefined => found(asked(() => host.dereference(rid)));

/**
 * The bundle as {@link dereference} gives it, where there has to be one.
 * @throws KoiError as `dereference`; `invalid-input` if nobody has it.
 */
export function find(rid: string): Bundle {
  const bundle = dereference(rid);
  if (bundle === undefined) throw invalidInput(`nothing is known under the RID ${rid}`);
  return bundle;
}

/**
 * Puts contents (an object, or a `Json` of one) under a RID on their way through the pipeline. When this returns,
 * the publication is on disk and survives a crash; it is not yet processed. Needs a grant to publish.
 * @throws KoiError `denied` without the grant, `invalid-input` if the contents are no JSON object.
 */
export function publish(rid: string, contents: object): Publication {
  const text = stringify(contents);
  return asked(() => host.publish(rid, text));
}

/**
 * Asks the node to forget what is stored under a RID, and to tell its subscribers. On disk and not yet processed
 * when it returns. Needs a grant to forget.
 * @throws KoiError `denied` without the grant.
 */
export const forget = (rid: string): void => asked(() => host.forget(rid));

/** What contents have to be like, as the contract defines it for `knowledge.query`. */
export type Filter =
  | ({ path: string } & {
      [operator in 'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge' | 'in' | 'contains' | 'exists']?: JsonValue;
    })
  | { all: Filter[] }
  | { any: Filter[] }
  | { not: Filter };

/** Which page of bundles to give. */
export interface Query {
  /** `{ path: '/owner/name', eq: 'sales' }`. A page with a filter may be short, or empty, and yet have a next one. */
  filter?: Filter;
  /** `rid` (if left out), `timestamp`, or a path that the owner of the RID type declares; `-` before it: downwards. */
  order?: string;
  /** At most so many, 1 to 1000; 100 if left out. */
  limit?: number;
  /** The `next` of the page before, of the same query. */
  cursor?: string;
}

/** One page of bundles. */
export interface Page {
  /** In the order that was asked for. */
  bundles: Bundle[];
  /** The cursor of the next page; none on the last one. */
  next?: string;
  /** How many bundles were looked at, if the page ended for that before it was full. */
  bounded?: number;
}

/**
 * One page of the stored bundles of a RID type. Needs a grant to read; bundles that it does not cover are left out.
 * @throws KoiError `denied` without a grant, `invalid-input` for a filter, limit or cursor that cannot be.
 */
export function query(ridType: string, query: Query = {}): Page {
  const page = asked(() => host.query(ridType, stringify(query)));
  return {
    bundles: page.bundles.map((bundle) => new Bundle(bundle)),
    ...(page.next != null && { next: page.next }),
    ...(page.bounded != null && { bounded: page.bounded }),
  };
}

/** A stored bundle without its contents. */
export type Entry = Publication;

/**
 * What {@link query} finds, without contents, in the order of the RIDs.
 * @throws KoiError as `query`.
 */
export function entries(ridType: string, query: Pick<Query, 'limit' | 'cursor'> = {}): { entries: Entry[]; next?: string } {
  const page = asked(() => host.entries(ridType, stringify(query)));
  return { entries: page.entries, ...(page.next != null && { next: page.next }) };
}

/**
 * All stored bundles of a RID type, in the order of their RIDs, read page by page. Needs a grant to read; bundles
 * that it does not cover are left out.
 * @throws KoiError as `query`, while it is read.
 */
export function* all(ridType: string): Generator<Bundle> {
  let page = query(ridType);
  yield* page.bundles;
  while (page.next !== undefined) {
    page = query(ridType, { cursor: page.next });
    yield* page.bundles;
  }
}

/**
 * All entries of a RID type, in the order of their RIDs, read page by page.
 * @throws KoiError as `query`, while they are read.
 */
export function* allEntries(ridType: string): Generator<Entry> {
  let page = entries(ridType, { limit: 1000 });
  yield* page.entries;
  while (page.next !== undefined) {
    page = entries(ridType, { limit: 1000, cursor: page.next });
    yield* page.entries;
  }
}
