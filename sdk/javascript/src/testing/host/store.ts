import { memory } from '../memory.js';

export class Bucket {
  readonly values: Map<string, Uint8Array>;

  constructor(name: string) {
    this.values = memory.buckets.get(name) ?? new Map<string, Uint8Array>();
    memory.buckets.set(name, this.values);
  }

  get(key: string): Uint8Array | undefined {
    return this.values.get(key);
  }

  set(key: string, value: Uint8Array): void {
    this.values.set(key, value);
  }

  delete(key: string): void {
    this.values.delete(key);
  }

  exists(key: string): boolean {
    return this.values.has(key);
  }

  listKeys(_cursor?: number): { keys: string[]; cursor?: number } {
    return { keys: [...this.values.keys()].sort() };
  }
}

export const open = (name: string): Bucket => new Bucket(name);
