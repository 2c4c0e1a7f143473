/**
 * What programs for the web and for Node.js take for granted and the guest's engine does not have. The build puts
 * in what a program uses of it.
 */

import * as log from './log.js';
import { fromUtf8, utf8 } from './text.js';

export { crypto, random as koiRandom } from './random.js';

function told(parts: unknown[]): string {
  return parts.map((part) => (typeof part === 'string' ? part : part instanceof Error ? (part.stack ?? String(part)) : show(part))).join(' ');
}

function show(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return String(value);
  }
}

const CONTEXT = 'console';

/** Writes to the operator's log. */
export const console = {
  trace: (...parts: unknown[]): void => log.trace(told(parts), CONTEXT),
  debug: (...parts: unknown[]): void => log.debug(told(parts), CONTEXT),
  log: (...parts: unknown[]): void => log.info(told(parts), CONTEXT),
  info: (...parts: unknown[]): void => log.info(told(parts), CONTEXT),
  warn: (...parts: unknown[]): void => log.warn(told(parts), CONTEXT),
  error: (...parts: unknown[]): void => log.error(told(parts), CONTEXT),
};

/** UTF-8, as everywhere. */
export class TextEncoder {
  readonly encoding = 'utf-8';
  encode(text = ''): Uint8Array {
    return utf8(text);
  }
}

/** UTF-8 only; bytes that are none are an error. */
export class TextDecoder {
  readonly encoding = 'utf-8';
  decode(bytes: Uint8Array = new Uint8Array()): string {
    return fromUtf8(bytes, 'what was decoded');
  }
}
