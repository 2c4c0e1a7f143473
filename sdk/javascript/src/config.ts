/** Settings that the operator gave this extension. Needs the capability `config`. */

import type * as contract from 'wasi:config/store@0.2.0-rc.1';
import * as host from 'wasi:config/store@0.2.0-rc.1';
import type { KoiError } from './error.js';
import { asked, permanent } from './error.js';

/**
 * One setting as text; none if it is not set.
 * @throws KoiError `permanent` if settings cannot be read; the message says why.
 */
export const get = (key: string): string | undefined => asked(() => host.get(key), failed(key)) ?? undefined;

/**
 * One setting as a number; none if it is not set.
 * @throws KoiError `permanent` also if it is no number.
 */
export function getNumber(key: string): number | undefined {
  const value = get(key);
  if (value === undefined) return undefined;
  const number = Number(value);
  if (value.trim() === '' || Number.isNaN(number)) throw permanent(`the setting \`${key}\` cannot be \`${value}\`: it is no number`);
  return number;
}

/**
 * All settings, by name.
 * @throws KoiError `permanent` if settings cannot be read; the message says why.
 */
export const all = (): Map<string, string> => new Map(asked(() => host.getAll(), failed('*')));

const failed = (key: string) => (error: contract.Error): KoiError =>
  permanent(`the setting \`${key}\` cannot be read: ${error.val}`);
