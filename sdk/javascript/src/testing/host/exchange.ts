import type { Request, Response } from '../../http.js';
import { refusal } from '../../http.js';
import { memory } from '../memory.js';

export function exchange(request: Request): Response {
  if (memory.server === undefined) throw refusal(request);
  return memory.server(request);
}
