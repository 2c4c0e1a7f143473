import type { Neighbour } from 'koi:extension/network@0.1.0';
import { memory } from '../memory.js';

export const thisNode = (): string => 'orn:koi-net.node:test+0';

export const neighbours = (): Neighbour[] =>
  Array.from(memory.neighbours, ([rid, ridTypes]) => ({
    rid,
    provider: true,
    subscriber: ridTypes.length > 0,
    meta: JSON.stringify({ 'rid-types': ridTypes }),
  })).sort((a, b) => (a.rid < b.rid ? -1 : 1));
