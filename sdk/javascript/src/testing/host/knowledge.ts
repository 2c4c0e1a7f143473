import type * as contract from 'koi:extension/knowledge@0.1.0';
import { failing, memory } from '../memory.js';

const TIMESTAMP = '2026-01-01T00:00:00.000000Z';

/** Not the hash of the protocol, but another one for other contents: FNV-1a. */
function hash(contents: string): string {
  let hash = 0xcbf29ce484222325n;
  for (let at = 0; at < contents.length; at++) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(contents.charCodeAt(at))) * 0x100000001b3n);
  }
  return hash.toString(16).padStart(64, '0');
}

const entry = (rid: string, contents: string): contract.Entry => ({ rid, timestamp: TIMESTAMP, sha256Hash: hash(contents) });

export function read(rid: string): contract.Bundle | undefined {
  const contents = memory.bundles.get(rid);
  return contents === undefined ? undefined : { ...entry(rid, contents), contents, meta: '{}' };
}

/** There are no schemas here: contents come as they are stored. */
export const readAs = (rid: string, _schema: string): contract.Bundle | undefined => read(rid);

export const dereference = read;

/** A page holds what its limit says, and its cursor is the last RID on it. There are neither filters nor orders. */
export function query(ridType: string, options: string): contract.BundlePage {
  const asked = JSON.parse(options) as { limit?: number; cursor?: string };
  const absent = ['filter', 'order'].find((name) => name in asked);
  if (absent) throw failing('permanent', `the node in memory knows no \`${absent}\`: test such queries on a node`);
  const limit = asked.limit ?? 100;
  const rids = [...memory.bundles.keys()].filter((rid) => rid.startsWith(`${ridType}:`) && rid > (asked.cursor ?? '')).sort();
  const bundles = rids.slice(0, limit).map((rid) => read(rid) as contract.Bundle);
  return { bundles, next: rids.length > limit ? bundles.at(-1)?.rid : undefined };
}

export function entries(ridType: string, options: string): contract.EntryPage {
  const { bundles, next } = query(ridType, options);
  return { entries: bundles.map(({ rid, contents }) => entry(rid, contents)), next };
}

export function publish(rid: string, contents: string): contract.Publication {
  const value: unknown = JSON.parse(contents);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw failing('invalid-input', `the contents of ${rid} are no JSON object`);
  }
  memory.bundles.set(rid, contents);
  return entry(rid, contents);
}

export function forget(rid: string): void {
  memory.bundles.delete(rid);
}
