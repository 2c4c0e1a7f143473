/** Failures as values, as the contract knows them. */

import type * as contract from 'koi:extension/types@0.1.0';

/**
 * What kind of failure it is; it decides what the host does next.
 * - `transient`: another try may succeed. A handler's object is given again, with back-off.
 * - `permanent`: another try with the same input fails again. A handler's object goes to the dead letters.
 * - `invalid-input`: the input does not hold what the called function asks for.
 * - `denied`: the operator has not granted what this needs.
 *
 * Any other text is a kind from a later revision of the contract; treat it like `permanent`.
 */
export type ErrorKind = 'transient' | 'permanent' | 'invalid-input' | 'denied' | (string & {});

/**
 * A failure that the host is told of: its kind, and one sentence for a person that says what happened, to what,
 * and what to do about it. Anything else that an extension throws is a bug: it ends the call as a crash, and its
 * stack goes to the operator's log.
 */
export class KoiError extends Error {
  /** What kind of failure it is. */
  readonly kind: ErrorKind;

  constructor(kind: ErrorKind, message: string) {
    super(message);
    this.name = 'KoiError';
    this.kind = kind;
  }
}

/** A failure that another try may not meet. */
export const transient = (message: string): KoiError => new KoiError('transient', message);

/** A failure that every other try meets too. */
export const permanent = (message: string): KoiError => new KoiError('permanent', message);

/** The input is not what the function asks for. */
export const invalidInput = (message: string): KoiError => new KoiError('invalid-input', message);

/** Something that the caller is not allowed to do. */
export const denied = (message: string): KoiError => new KoiError('denied', message);

/** Calls the host: what it fails with becomes a {@link KoiError}. */
export function asked<T>(call: () => T, failed: (payload: never) => KoiError = told): T {
  try {
    return call();
  } catch (thrown) {
    const payload = (thrown as { payload?: unknown } | null)?.payload;
    throw payload === undefined ? thrown : failed(payload as never);
  }
}

/** Answers the host: a {@link KoiError} becomes the contract's error. */
export function answering<A extends unknown[], T>(call: (...args: A) => T): (...args: A) => T {
  return (...args) => {
    try {
      return call(...args);
    } catch (thrown) {
      throw thrown instanceof KoiError ? { kind: kindOf(thrown.kind), message: thrown.message } : thrown;
    }
  };
}

const KINDS = ['transient', 'permanent', 'invalid-input', 'denied'] as const;

function kindOf(kind: ErrorKind): contract.ErrorKind {
  const known = KINDS.find((one) => one === kind);
  return known === undefined ? { tag: 'other', val: kind } : { tag: known };
}

function told(error: contract.Error): KoiError {
  return new KoiError(error.kind.tag === 'other' ? error.kind.val : error.kind.tag, error.message);
}
