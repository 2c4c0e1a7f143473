import type { Bucket } from './store.js';

export const getMany = (bucket: Bucket, keys: string[]): ([string, Uint8Array] | undefined)[] =>
  keys.map((key) => {
    const value = bucket.get(key);
    return value && [key, value];
  });

export function setMany(bucket: Bucket, entries: [string, Uint8Array][]): void {
  for (const [key, value] of entries) bucket.set(key, value);
}

export function deleteMany(bucket: Bucket, keys: string[]): void {
  for (const key of keys) bucket.delete(key);
}
