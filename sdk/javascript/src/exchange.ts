/** A request and its response over `wasi:http`. */

import { handle } from 'wasi:http/outgoing-handler@0.2.0';
import type { ErrorCode, IncomingResponse, Method } from 'wasi:http/types@0.2.0';
import { Fields, OutgoingBody, OutgoingRequest, RequestOptions } from 'wasi:http/types@0.2.0';
import { invalidInput, KoiError, permanent, transient } from './error.js';
import type { Request } from './http.js';
import { refusal, Response } from './http.js';

/** Most bytes that a stream takes at once. */
const CHUNK = 4096;
const READ = 1 << 20;
const NANOSECONDS = 1_000_000;

type Payload = { payload?: unknown };

/** Sends a request and waits for the whole response. Children are dropped before what they are of: the host insists. */
export function exchange(request: Request): Response {
  const outgoing = outgoingOf(request);
  const body = or(lost(request), () => outgoing.body());
  const options = new RequestOptions();
  if (request.timeout !== undefined) options.setFirstByteTimeout(Math.round(request.timeout * NANOSECONDS));
  // The body is taken in while it is written, so the exchange begins before.
  using answer = coded(request, () => handle(outgoing, options));
  try {
    write(body, request.body);
  } catch (thrown) {
    if ((thrown as Payload).payload === undefined) throw thrown;
    // Why nobody took it is what the answer says.
    const told = answer.get();
    throw told?.tag === 'ok' && told.val.tag === 'err' ? failure(request, told.val.val) : lost(request);
  }
  {
    using ready = answer.subscribe();
    ready.block();
  }
  const got = answer.get();
  if (got?.tag !== 'ok') throw lost(request);
  if (got.val.tag === 'err') throw failure(request, got.val.val);
  using response = got.val.val;
  return taken(request, response);
}

const SCHEMES: { [scheme: string]: 'HTTP' | 'HTTPS' } = { http: 'HTTP', https: 'HTTPS' };
const METHODS = ['get', 'head', 'post', 'put', 'delete', 'options', 'patch'] as const;

function outgoingOf({ method, url, headers }: Request): OutgoingRequest {
  const wrong = (what: string): KoiError => invalidInput(`\`${method} ${url}\` cannot be sent: ${what}`);
  const parts = /^([^:/?#]*):\/\/([^/?#]*)([^?#]*)(\?[^#]*)?/.exec(url);
  if (parts === null) throw wrong('its URL has no scheme');
  const [, scheme = '', authority, path, query = ''] = parts;
  const fields = new Fields();
  for (const [name, value] of headers) or(wrong(`its header \`${name}\` is not allowed`), () => fields.append(name, value));
  const outgoing = new OutgoingRequest(fields);
  const known = METHODS.find((one) => one.toUpperCase() === method);
  const asMethod: Method = known ? { tag: known } : { tag: 'other', val: method };
  const asScheme = SCHEMES[scheme];
  or(wrong('its method makes no sense'), () => outgoing.setMethod(asMethod));
  or(wrong('its scheme makes no sense'), () => outgoing.setScheme(asScheme ? { tag: asScheme } : { tag: 'other', val: scheme }));
  or(wrong('its host makes no sense'), () => outgoing.setAuthority(authority));
  or(wrong('its path makes no sense'), () => outgoing.setPathWithQuery((path || '/') + query));
  return outgoing;
}

/** Writes all of a body and ends it. */
function write(body: OutgoingBody, bytes: Uint8Array): void {
  {
    using stream = body.write();
    for (let at = 0; at < bytes.length; at += CHUNK) stream.blockingWriteAndFlush(bytes.slice(at, at + CHUNK));
  }
  OutgoingBody.finish(body, undefined);
}

function taken(request: Request, response: IncomingResponse): Response {
  using incoming = or(lost(request), () => response.consume());
  using stream = or(lost(request), () => incoming.stream());
  const chunks: Uint8Array[] = [];
  for (;;) {
    try {
      chunks.push(stream.blockingRead(READ));
    } catch (thrown) {
      const end = (thrown as Payload).payload as { tag: string } | undefined;
      if (end?.tag !== 'closed') throw end === undefined ? thrown : lost(request);
      break;
    }
  }
  const body = new Uint8Array(chunks.reduce((length, chunk) => length + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.length;
  }
  using headers = response.headers();
  return new Response(response.status(), body, headers.entries());
}

/** What the call gives; what it fails with becomes this error. */
function or<T>(error: KoiError, call: () => T): T {
  return caught(call, () => error);
}

function coded<T>(request: Request, call: () => T): T {
  return caught(call, (payload) => failure(request, payload as ErrorCode));
}

function caught<T>(call: () => T, error: (payload: unknown) => KoiError): T {
  try {
    return call();
  } catch (thrown) {
    throw thrown instanceof Error && 'payload' in thrown ? error(thrown.payload) : thrown;
  }
}

function lost({ method, url }: Request): KoiError {
  return transient(`the exchange \`${method} ${url}\` broke off`);
}

function failure(request: Request, code: ErrorCode): KoiError {
  const { method, url } = request;
  const came = (make: (message: string) => KoiError, what: string): KoiError => make(`\`${method} ${url}\` came to nothing: ${what}`);
  switch (code.tag) {
    case 'HTTP-request-denied':
      return refusal(request);
    case 'DNS-error':
      return came(transient, code.val.rcode ?? 'its host was not found');
    case 'connection-refused':
    case 'destination-unavailable':
      return came(transient, 'its host cannot be reached');
    case 'HTTP-response-timeout':
    case 'connection-timeout':
      return came(transient, 'no answer came in time');
    case 'connection-limit-reached':
      return came(transient, 'too many answers have not been read yet');
    case 'HTTP-request-body-size':
      return came(permanent, 'it is larger than the call may send');
    case 'HTTP-response-body-size':
      return came(permanent, 'the answer is too large');
    default:
      return came(permanent, code.tag);
  }
}
