/** Whoever caused this call, what can be said to them meanwhile and what they can be asked. */

import * as host from 'koi:extension/caller@0.1.0';
import { asked } from './error.js';
import { Json, stringify } from './json.js';
import type { Schema } from './schema.js';

/** Whoever caused this call. */
export interface Caller {
  /** `tool`, `resource`, `prompt`, `completion`, `handler`, `job` or `lifecycle`. */
  kind: string;
  /** Who is behind it, where that is known. */
  principal?: unknown;
  /** What this call is called in the operator's log. */
  correlationId?: string;
  /** The methods that {@link ask} can be used with in this call, such as `elicitation/create`. */
  answers: string[];
}

/** Whoever caused this call. */
export function who(): Caller {
  type Told = { kind: string; principal?: unknown; 'correlation-id'?: string; answers?: string[] };
  const { kind, principal, 'correlation-id': correlationId, answers = [] } = new Json(host.who()).parse<Told>();
  return { kind, answers, ...(principal !== undefined && { principal }), ...(correlationId !== undefined && { correlationId }) };
}

/**
 * Tells how far the call is: so much of a total, and what is being done. Dropped if the caller did not ask to hear
 * it.
 */
export const progress = (done: number, total?: number, message?: string): void => host.progress(done, total, message);

/** Severities of RFC 5424. */
export type Severity = 'debug' | 'info' | 'notice' | 'warning' | 'error' | 'critical' | 'alert' | 'emergency';

/**
 * A message to the caller's log. Dropped if the caller did not ask to hear it. The operator's log is `log`.
 * @throws KoiError `permanent` if the value has no JSON form.
 */
export const log = (severity: Severity, data: unknown): void => host.log(severity, stringify(data));

/** A request as MCP has it from a server to its client, whose answer has the type `A`. */
export interface Question<A> {
  method: string;
  params?: unknown;
  /** Only a type: no question has it. */
  answer?: A;
}

/** What a person did with a form: filled it in, said no, or went away. */
export type Filled<T> = { action: 'accept'; content: T } | { action: 'decline' } | { action: 'cancel' };

/** A form for a person to fill in, with the fields of a flat {@link Schema}, in MCP's subset for forms. */
export const form = <T>(message: string, schema: Schema<T>): Question<Filled<T>> => ({
  method: 'elicitation/create',
  params: { message, requestedSchema: schema.json },
});

/** What the client's model said. */
export interface Sampled {
  role: string;
  content: unknown;
  model?: string;
  stopReason?: string;
}

/** Something for the client's model to say, with the parameters of MCP's `sampling/createMessage`. */
export const sample = (params: { messages: unknown[]; maxTokens: number; [more: string]: unknown }): Question<Sampled> => ({
  method: 'sampling/createMessage',
  params,
});

/** The folders that the client works in. */
export const roots = (): Question<{ roots: { uri: string; name?: string }[] }> => ({ method: 'roots/list' });

/** The answers to questions, under their keys. */
export type Answers<Q> = { [K in keyof Q]: Q[K] extends Question<infer A> ? A : never };

/**
 * Asks several questions at once, each under a key of 1 to 64 letters, digits, `_`, `-` and `.`, and waits for all
 * answers, which may take minutes. Needs the capability `ask`.
 *
 *     const { sure } = ask({ sure: form('Really?', object({ yes: boolean() })) });
 *     if (sure.action === 'accept' && sure.content.yes) …
 *
 * @throws KoiError `denied` without the capability; `permanent` where the caller cannot be asked: see
 * {@link Caller.answers}.
 */
export function ask<const Q extends { [key: string]: Question<unknown> }>(questions: Q): Answers<Q> {
  const text = stringify(questions);
  return new Json(asked(() => host.ask(text))).parse<Answers<Q>>();
}

/** The content of a form that was filled in; none if it was not. */
export function accepted<T>(filled: Filled<T>): T | undefined {
  return filled.action === 'accept' ? filled.content : undefined;
}

