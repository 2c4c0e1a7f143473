/**
 * Values under keys, in buckets. They belong to the extension and outlive its revisions. Needs the capability
 * `keyvalue`.
 */

import type * as contract from 'wasi:keyvalue/store@0.2.0-draft';
import * as store from 'wasi:keyvalue/store@0.2.0-draft';
import * as atomics from 'wasi:keyvalue/atomics@0.2.0-draft';
import * as batch from 'wasi:keyvalue/batch@0.2.0-draft';
import { asked, denied, invalidInput, type KoiError, permanent, transient } from './error.js';
import { Json, stringify } from './json.js';
import { fromUtf8, utf8 } from './text.js';

const bytes = (value: string | Uint8Array): Uint8Array => (typeof value === 'string' ? utf8(value) : value);

/**
 * A set of keys with values. What each function may throw: KoiError `denied` without the capability; `transient`
 * if the store is out of reach for a while; `permanent` if it refuses, as it does a key that is too long or a value beyond the quota.
 */
export class Bucket {
  /** Its name. */
  readonly name: string;
  readonly #bucket: contract.Bucket;

  private constructor(name: string, bucket: contract.Bucket) {
    this.name = name;
    this.#bucket = bucket;
  }

  /**
   * Opens a bucket by name, `default` if none is given.
   * @throws KoiError `denied` without the capability `keyvalue`, `invalid-input` if there is no such bucket.
   */
  static open(name = 'default'): Bucket {
    return new Bucket(name, asked(() => store.open(name), failed(name)));
  }

  /** The value, if there is one. */
  get(key: string): Uint8Array | undefined {
    return this.#told(() => this.#bucket.get(key)) ?? undefined;
  }

  /**
   * The value as text, if there is one.
   * @throws KoiError `permanent` also if it is no text.
   */
  getText(key: string): string | undefined {
    const value = this.get(key);
    return value && fromUtf8(value, `the value of \`${key}\` in the bucket \`${this.name}\``);
  }

  /**
   * The value as JSON, if there is one.
   * @throws KoiError `invalid-input` also if it is no JSON.
   */
  getJson<T = unknown>(key: string): T | undefined {
    const value = this.getText(key);
    return value === undefined ? undefined : new Json(value).parse<T>();
  }

  /** Stores a value, in place of an earlier one. A text is stored as UTF-8. */
  set(key: string, value: string | Uint8Array): void {
    this.#told(() => this.#bucket.set(key, bytes(value)));
  }

  /** Stores a value as JSON, in place of an earlier one. */
  setJson(key: string, value: unknown): void {
    this.set(key, stringify(value));
  }

  /** Removes a value; nothing happens if there is none. */
  delete(key: string): void {
    this.#told(() => this.#bucket.delete(key));
  }

  /** Whether there is a value. */
  exists(key: string): boolean {
    return this.#told(() => this.#bucket.exists(key));
  }

  /** All keys, read page by page. */
  keys(): string[] {
    const keys: string[] = [];
    let cursor: number | null | undefined;
    do {
      const page = this.#told(() => this.#bucket.listKeys(cursor));
      keys.push(...page.keys);
      cursor = page.cursor;
    } while (cursor != null);
    return keys;
  }

  /**
   * Adds to a decimal number stored as text (a missing one counts as 0) and returns the sum, which is exact up to
   * 2^53. Nobody can come in between.
   */
  increment(key: string, delta = 1): number {
    return this.#told(() => atomics.increment(this.#bucket, key, delta));
  }

  /** The values of several keys, in their order; undefined where there is none. */
  getMany(keys: string[]): (Uint8Array | undefined)[] {
    return this.#told(() => batch.getMany(this.#bucket, keys)).map((entry) => entry?.[1]);
  }

  /** Stores several values, all or none. */
  setMany(entries: Iterable<[string, string | Uint8Array]>): void {
    const pairs = Array.from(entries, ([key, value]): [string, Uint8Array] => [key, bytes(value)]);
    this.#told(() => batch.setMany(this.#bucket, pairs));
  }

  /** Removes several values, all or none. */
  deleteMany(keys: string[]): void {
    this.#told(() => batch.deleteMany(this.#bucket, keys));
  }

  #told<T>(call: () => T): T {
    return asked(call, failed(this.name));
  }
}

const failed = (bucket: string) => (error: contract.Error): KoiError => {
  const because = (reason: string): string => `the key-value bucket \`${bucket}\` could not be used: ${reason}`;
  switch (error.tag) {
    case 'no-such-store':
      return invalidInput(because('there is none'));
    case 'access-denied':
      return denied(because('it is not granted'));
    case 'other': {
      // The interface has no kinds of failure: the host begins the text of one that may pass so.
      const reason = error.val.replace(/^transient: /, '');
      return (reason === error.val ? permanent : transient)(because(reason));
    }
  }
};
