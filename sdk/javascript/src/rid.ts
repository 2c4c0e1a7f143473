/** RIDs, the names of knowledge. They are texts: `orn:glossary.term:koi/event`. */

import { invalidInput } from './error.js';

function colonOf(rid: string): number {
  const first = rid.indexOf(':');
  const scheme = rid.slice(0, Math.max(first, 0));
  if (scheme !== 'orn' && scheme !== 'urn') return first;
  const second = rid.indexOf(':', first + 1);
  return second > first + 1 ? second : -1;
}

/**
 * The parts of a RID: its type (`orn:glossary.term`) and its reference (`koi/event`).
 * @throws KoiError `invalid-input` if it has no type or no reference.
 */
export function splitRid(rid: string): { type: string; reference: string } {
  const colon = colonOf(rid);
  if (colon < 1 || colon + 1 >= rid.length) {
    throw invalidInput(`\`${rid}\` is not a RID: it needs a type, a colon and a reference`);
  }
  return { type: rid.slice(0, colon), reference: rid.slice(colon + 1) };
}

/**
 * The RID of a type and a reference.
 * @throws KoiError `invalid-input` if the two do not make a RID.
 */
export function ridOf(type: string, reference: string | number): string {
  const rid = `${type}:${reference}`;
  if (splitRid(rid).type !== type) throw invalidInput(`\`${type}\` is not a RID type`);
  return rid;
}

/** The names in braces of a template: `'vocabulary' | 'name'` of `{vocabulary}/{name}`. */
export type PartsOf<T extends string> = { [K in Names<T>]: string };
type Names<T extends string> = T extends `${string}{${infer Name}}${infer Rest}` ? Name | Names<Rest> : never;

/** A RID type with references of a template. */
export class References<T extends string> {
  /** The RID type: `orn:glossary.term`. */
  readonly type: string;
  readonly #template: T;
  readonly #names: string[];
  readonly #pattern: RegExp;
  readonly #part: RegExp | undefined;

  /** `part`: what each part has to match as a whole, beside not being empty. */
  constructor(type: string, template: T, part?: RegExp) {
    this.type = type;
    this.#template = template;
    this.#part = part;
    const pieces = template.split(/\{([^}]*)\}/);
    this.#names = pieces.filter((_, index) => index % 2 === 1);
    const patterns = pieces.map((piece, index) => (index % 2 === 1 ? '(.+?)' : piece.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')));
    this.#pattern = new RegExp(`^${patterns.join('')}$`, 's');
  }

  /**
   * The parts of a reference.
   * @throws KoiError `invalid-input` if it does not fit the template.
   */
  parse(reference: string): PartsOf<T> {
    const parts = this.#pattern.exec(reference)?.slice(1);
    if (parts === undefined || !parts.every((part) => this.#fits(part))) {
      throw invalidInput(`\`${reference}\` is not ${this.#template.replace(/[{}]/g, '')}`);
    }
    return Object.fromEntries(this.#names.map((name, index) => [name, parts[index]])) as PartsOf<T>;
  }

  /**
   * The reference of the parts.
   * @throws KoiError `invalid-input` if a part is missing or malformed.
   */
  print(parts: PartsOf<T>): string {
    const reference = this.#template.replace(/\{([^}]*)\}/g, (_, name: string) => {
      const part: unknown = (parts as Record<string, unknown>)[name];
      if (typeof part === 'string' && part !== '' && this.#fits(part)) return part;
      throw invalidInput(`\`${String(part ?? '')}\` cannot be the ${name} of a reference of ${this.type}`);
    });
    this.parse(reference);
    return reference;
  }

  /**
   * The RID of the parts.
   * @throws KoiError `invalid-input` if a part is missing or malformed.
   */
  rid(parts: PartsOf<T>): string {
    return ridOf(this.type, this.print(parts));
  }

  /**
   * The parts of a RID of this type.
   * @throws KoiError `invalid-input` if it is of another type or its reference is malformed.
   */
  of(rid: string): PartsOf<T> {
    const { type, reference } = splitRid(rid);
    if (type !== this.type) throw invalidInput(`${rid} is not of type ${this.type}`);
    return this.parse(reference);
  }

  #fits(part: string): boolean {
    return this.#part === undefined || this.#part.exec(part)?.[0] === part;
  }
}
