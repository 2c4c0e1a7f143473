import { memory } from '../memory.js';

export function log(level: string, context: string, message: string): void {
  memory.log.push({ level, context, message });
}
