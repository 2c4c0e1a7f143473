import type { JsonValue } from '../../json.js';
import { failing, memory } from '../memory.js';

export function who(): string {
  return JSON.stringify({ kind: 'tool', 'correlation-id': 'test', answers: memory.person ? ['elicitation/create'] : [] });
}

export function progress(done: number, total?: number, message?: string): void {
  memory.progress.push({ done, total, message });
}

export function log(level: string, data: string): void {
  memory.callerLog.push({ level, data: JSON.parse(data) });
}

export function ask(questions: string): string {
  const { person } = memory;
  if (person === undefined) throw failing('permanent', 'there is nobody in this test who answers');
  const asked = Object.entries(JSON.parse(questions) as { [key: string]: JsonValue });
  return JSON.stringify(Object.fromEntries(asked.map(([key, question]) => [key, person(key, question)])));
}
