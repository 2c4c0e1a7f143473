/**
 * Randomness of the host. The engine's own numbers would be those of the instance that the component was made from,
 * the same in each fresh one.
 */

import { getRandomBytes } from 'wasi:random/random@0.2.0';

/** In place of `Math.random`: at least 0 and less than 1, all 53 bits of it random. */
export function random(): number {
  const { buffer, byteOffset } = getRandomBytes(8);
  const bits = new DataView(buffer, byteOffset);
  // 21 bits above, 32 below.
  return ((bits.getUint32(0) >>> 11) * 2 ** 32 + bits.getUint32(4)) / 2 ** 53;
}

/** Of what programs know as `crypto`, what makes random values. */
export const crypto = {
  /** Fills an array of integers. */
  getRandomValues<T extends ArrayBufferView>(array: T): T {
    const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    bytes.set(getRandomBytes(bytes.length));
    return array;
  },
  /** A UUID of version 4 (RFC 9562, section 5.4). */
  randomUUID(): string {
    const bytes = getRandomBytes(16);
    bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
    bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
    const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  },
};
