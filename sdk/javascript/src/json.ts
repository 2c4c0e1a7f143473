/** JSON as the text that crosses the border. */

import { invalidInput, permanent } from './error.js';

/** What JSON can say. */
export type JsonValue = null | boolean | number | string | JsonValue[] | { [member: string]: JsonValue };

type Reviver = (this: unknown, key: string, value: unknown, context?: { source?: string }) => unknown;
const raw = (JSON as { rawJSON?: (text: string) => unknown }).rawJSON;

/**
 * A JSON document as text, in the member order and the spelling of numbers with which it arrived. It is parsed
 * when that is asked for; given on as it is (to `publish`, to `replace`), it stays the same to the byte.
 */
export class Json {
  /** The text. */
  readonly text: string;

  /** Takes text that is JSON; nothing checks it before it is parsed. */
  constructor(text: string) {
    this.text = text;
  }

  /**
   * The document as a value. Numbers are doubles: what a double cannot hold is rounded.
   * @throws KoiError `invalid-input` if the text is not JSON.
   */
  parse<T = unknown>(): T {
    return parse(this.text) as T;
  }

  /**
   * The document as a value to change and write again without damage: numbers that would be written otherwise
   * than they stand there (`12345678901234567890`, `1.0`) are opaque objects that keep their spelling. Members
   * whose names are whole numbers come first, as always in JavaScript.
   * @throws KoiError `invalid-input` if the text is not JSON.
   */
  parseExact<T = unknown>(): T {
    const keep: Reviver = (_, value, context) =>
      typeof value === 'number' && raw && context?.source !== undefined && String(value) !== context.source
        ? raw(context.source)
        : value;
    return parse(this.text, keep) as T;
  }

  toString(): string {
    return this.text;
  }
}

function parse(text: string, reviver?: Reviver): unknown {
  try {
    return JSON.parse(text, reviver as (key: string, value: unknown) => unknown);
  } catch (error) {
    throw invalidInput(`the text is not JSON: ${(error as Error).message}`);
  }
}

/**
 * A value as JSON text: compact, members in the order of the object. A {@link Json} is its text.
 * @throws KoiError `permanent` if the value has no JSON form.
 */
export function stringify(value: unknown): string {
  if (value instanceof Json) return value.text;
  let text: string | undefined;
  try {
    text = JSON.stringify(value, (_, part: unknown) => (part instanceof Json ? part.parseExact() : part));
  } catch (error) {
    throw permanent(`a value has no JSON form: ${(error as Error).message}`);
  }
  if (text === undefined) throw permanent(`a value of type ${typeof value} has no JSON form`);
  return text;
}
