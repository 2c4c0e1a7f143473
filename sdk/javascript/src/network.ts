/** The network that the node is a member of. Needs the capability `network`. */

import * as host from 'koi:extension/network@0.1.0';
import { asked } from './error.js';
import { Json } from './json.js';

/** Another node, and how it is connected. */
export interface Neighbour {
  rid: string;
  /** This node subscribes to it. */
  provider: boolean;
  /** It subscribes to this node. */
  subscriber: boolean;
  /** The RID types that it receives as a subscriber. */
  ridTypes: string[];
  /** A JSON object with all else that is known, such as `node-type`. */
  meta: Json;
}

/**
 * This node's RID: `orn:koi-net.node:<name>+<hash>`. The contract has no place for a refusal: without the capability
 * this does not come back, and the call fails with the missing grant. To go on without it, ask for the
 * {@link neighbours} first.
 */
export const thisNode = (): string => host.thisNode();

/**
 * The nodes that share an edge with this one, in the order of their RIDs.
 * @throws KoiError `denied` without the capability.
 */
export const neighbours = (): Neighbour[] =>
  asked(() => host.neighbours()).map(({ rid, provider, subscriber, meta }) => {
    const known = new Json(meta);
    return { rid, provider, subscriber, ridTypes: known.parse<{ 'rid-types'?: string[] }>()['rid-types'] ?? [], meta: known };
  });
