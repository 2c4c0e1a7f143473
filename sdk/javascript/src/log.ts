/** The operator's log. */

import type { Level } from 'wasi:logging/logging@0.1.0-draft';
import { log as write } from 'wasi:logging/logging@0.1.0-draft';

export type { Level };

/** Writes a message to the operator's log; `context` groups messages that belong together. */
export const log = (level: Level, message: string, context = ''): void => write(level, context, message);

const at = (level: Level) => (message: string, context?: string): void => log(level, message, context);

export const trace = at('trace');
export const debug = at('debug');
export const info = at('info');
export const warn = at('warn');
export const error = at('error');
export const critical = at('critical');
