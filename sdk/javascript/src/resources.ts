/** MCP resources beyond those that the host derives by itself: a bundle of a RID type is a resource without this. */

import type * as contract from 'koi:extension/resources@0.1.0';
import type { Annotations, Icon, Meta } from './content.js';
import { invalidInput } from './error.js';
import { stringify } from './json.js';
import type { PartsOf } from './rid.js';

/** What lists say of resources beside where they are. */
export interface AboutResource {
  /** A name for programs. */
  name: string;
  /** A name for people. */
  title?: string;
  /** What it is, for agents and people. */
  description?: string;
  /** The media type of what it holds: `text/markdown`. */
  mimeType?: string;
  annotations?: Annotations;
  icons?: Icon[];
}

/** A resource as it is listed. */
export interface Resource extends AboutResource {
  uri: string;
  /** How many bytes it has. */
  size?: number;
}

/** A template of resources as it is listed: RFC 6570, of which `{name}` and `{+name}` are understood here. */
export interface ResourceTemplate<T extends string = string> extends AboutResource {
  uriTemplate: T;
}

/** One piece of what a resource holds. */
export interface Piece {
  /** Where it is, if that is not what was read. */
  uri?: string;
  /** Its media type, if that is not the one in the list. */
  mimeType?: string;
  text?: string;
  /** In place of `text`. */
  blob?: Uint8Array;
  meta?: Meta;
}

/** What a resource holds: a text, bytes, or pieces of such. */
export type Held = string | Uint8Array | Piece | Piece[];

interface Fixed {
  about: Resource;
  read: () => Held;
}

interface Templated {
  about: ResourceTemplate;
  pattern: RegExp;
  names: string[];
  read: (variables: never, uri: string) => Held;
}

/** The error for a URI at which there is no resource. */
export const noResource = (uri: string): Error => invalidInput(`there is no resource at \`${uri}\``);

/** Resources with their functions. */
export class ResourceSet {
  readonly #fixed = new Map<string, Fixed>();
  readonly #templates: Templated[] = [];

  add(about: Resource, read: () => Held): void {
    this.#fixed.set(about.uri, { about, read });
  }

  addTemplate<const T extends string>(about: ResourceTemplate<T>, read: (variables: PartsOf<T>, uri: string) => Held): void {
    const pieces = about.uriTemplate.split(/\{([^}]*)\}/);
    const names = pieces.filter((_, index) => index % 2 === 1);
    const patterns = pieces.map((piece, index) => {
      if (index % 2 === 0) return piece.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
      return piece.startsWith('+') ? '(.+)' : '([^/]+)';
    });
    this.#templates.push({ about, names, pattern: new RegExp(`^${patterns.join('')}$`), read: read as Templated['read'] });
  }

  get empty(): boolean {
    return this.#fixed.size === 0 && this.#templates.length === 0;
  }

  list(): { resources: Resource[]; templates: ResourceTemplate[] } {
    return {
      resources: Array.from(this.#fixed.values(), ({ about }) => about),
      templates: this.#templates.map(({ about }) => about),
    };
  }

  /** What is at a URI; none if nothing here has it. */
  read(uri: string): contract.ResourceContents[] | undefined {
    const fixed = this.#fixed.get(uri);
    if (fixed) return pieces(uri, fixed.about.mimeType, fixed.read());
    for (const { about, pattern, names, read } of this.#templates) {
      const found = pattern.exec(uri)?.slice(1);
      if (found === undefined) continue;
      const variables = Object.fromEntries(names.map((name, index) => [name.replace('+', ''), decoded(uri, found[index] ?? '')]));
      return pieces(uri, about.mimeType, read(variables as never, uri));
    }
    return undefined;
  }
}

/** What a function gave, as the contract has it. */
export function pieces(at: string, usual: string | undefined, held: Held): contract.ResourceContents[] {
  const list = typeof held === 'string' ? [{ text: held }] : held instanceof Uint8Array ? [{ blob: held }] : held;
  return [list].flat().map(({ uri = at, mimeType = usual, text = '', blob, meta = {} }: Piece) => ({
    uri,
    mimeType,
    body: blob === undefined ? { tag: 'text', val: text } : { tag: 'blob', val: blob },
    meta: stringify(meta),
  }));
}

function decoded(uri: string, part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw noResource(uri);
  }
}
