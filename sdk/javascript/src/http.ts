/**
 * HTTP requests to others. Each needs the grant `http=METHOD:SCHEME://HOST`. Redirects are not followed: they come
 * back as responses, with the header `location`.
 */

import { denied, type KoiError, permanent, transient } from './error.js';
import { exchange } from './exchange.js';
import { Json, stringify } from './json.js';
import type { Schema } from './schema.js';
import { satisfies } from './schema.js';
import { fromUtf8, utf8 } from './text.js';

/** What a request may have beside its URL. */
export interface RequestOptions {
  /** In upper case; `GET` if left out, `POST` if there is a body. */
  method?: string;
  /** Those about the connection (`host`, `content-length` and the like) are the host's affair. */
  headers?: { [name: string]: string };
  body?: string | Uint8Array;
  /** A value that is sent as JSON, with the header that says so, in place of `body`. */
  json?: unknown;
  /** How many milliseconds the whole exchange may take, where that is less than what the host allows. */
  timeout?: number;
}

/** A request as it is sent. */
export interface Request {
  method: string;
  url: string;
  headers: [string, Uint8Array][];
  body: Uint8Array;
  /** In milliseconds. */
  timeout?: number;
}

/** A response. */
export class Response {
  /** Such as 200. */
  readonly status: number;
  /** Names in lower case, and values. */
  readonly headers: [string, Uint8Array][];
  /** All of it. */
  readonly body: Uint8Array;

  constructor(status: number, body: string | Uint8Array = '', headers: [string, Uint8Array][] = []) {
    this.status = status;
    this.headers = headers;
    this.body = typeof body === 'string' ? utf8(body) : body;
  }

  /** The first header of a name, which is in lower case. */
  header(name: string): string | undefined {
    const found = this.headers.find(([known]) => known === name);
    return found && fromUtf8(found[1], `the header \`${name}\``);
  }

  /**
   * Itself, if its status is 200 to 299.
   * @throws KoiError `transient` for 408, 425, 429 and 500 and above, `permanent` for all others.
   */
  accepted(): this {
    if (this.status >= 200 && this.status < 300) return this;
    const passes = this.status >= 500 || [408, 425, 429].includes(this.status);
    throw (passes ? transient : permanent)(`the answer was the status ${this.status}`);
  }

  /**
   * The body as text.
   * @throws KoiError `permanent` if it is not UTF-8.
   */
  text(): string {
    return fromUtf8(this.body, 'the answer');
  }

  /**
   * The body as a value, of a schema if one is given.
   * @throws KoiError `permanent` if it is no JSON or does not satisfy the schema.
   */
  json(): unknown;
  json<T>(schema: Schema<T>): T;
  json<T>(schema?: Schema<T>): unknown {
    let value: unknown;
    try {
      value = new Json(this.text()).parse();
    } catch (error) {
      throw permanent(`the answer is not as expected: ${(error as Error).message}`);
    }
    if (schema && !satisfies(schema, value)) throw permanent(`the answer is not as expected: ${schema.fault(value, 'it')}`);
    return value;
  }
}

/**
 * Sends a request and waits for the whole response, whatever its status.
 * @throws KoiError `denied` without the grant, `invalid-input` if it is no request, `transient` if no response came,
 * `permanent` if what came is too large or no HTTP.
 */
export function fetch(url: string, options: RequestOptions = {}): Response {
  const { headers = {}, json, timeout } = options;
  const body = json === undefined ? (options.body ?? '') : stringify(json);
  const method = options.method ?? (body.length === 0 ? 'GET' : 'POST');
  const all = json === undefined ? headers : { 'content-type': 'application/json', ...headers };
  return exchange({
    method,
    url,
    headers: Object.entries(all).map(([name, value]) => [name, utf8(value)]),
    body: typeof body === 'string' ? utf8(body) : body,
    ...(timeout !== undefined && { timeout }),
  });
}

/** What to say when a request was denied. The host tells the same to the operator. */
export function refusal({ method, url }: Request): KoiError {
  const origin = /^[a-z]+:\/\/[^/?#]*/.exec(url)?.[0] ?? url;
  return denied(`\`${method} ${url}\` was not sent: it needs the grant \`http=${method}:${origin}\``);
}
