import { fromUtf8, utf8 } from '../../text.js';
import type { Bucket } from './store.js';

export function increment(bucket: Bucket, key: string, delta: number): number {
  const value = bucket.get(key);
  const text = value === undefined ? '0' : fromUtf8(value, key);
  if (!/^\d+$/.test(text)) {
    const val = `\`${key}\` is not a number to add to`;
    throw Object.assign(new Error(val), { payload: { tag: 'other', val } });
  }
  const sum = Number(text) + delta;
  bucket.set(key, utf8(String(sum)));
  return sum;
}
