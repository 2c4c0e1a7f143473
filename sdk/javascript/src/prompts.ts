/** MCP prompts, and completion of what a person types. */

import type { Content, Icon } from './content.js';
import { textContent } from './content.js';
import { invalidInput } from './error.js';
import { Json, stringify } from './json.js';

/** An argument of a prompt: text that a person types. */
export interface PromptArgument {
  /** What it is for, for people. */
  description?: string;
  /** Whether the prompt can be made without it; true if left out. */
  required?: boolean;
}

/** A prompt: messages made ready for a conversation, which a person picks. */
export interface Prompt<A extends { [name: string]: PromptArgument } = { [name: string]: PromptArgument }> {
  /** A name for programs. */
  name: string;
  /** A name for people. */
  title?: string;
  /** What people read to pick it. */
  description: string;
  /** Its arguments, by name. */
  arguments?: A;
  icons?: Icon[];
}

type Left<A> = { [K in keyof A]: A[K] extends { required: false } ? K : never }[keyof A];

/** The arguments that a prompt is given. */
export type Given<A> = { [K in Exclude<keyof A, Left<A>>]: string } & { [K in Left<A>]?: string };

/** One message of a conversation. */
export interface Message {
  role: 'user' | 'assistant';
  content: Content;
}

/** The messages of a prompt, in their order. */
export interface Messages {
  /** What they are about, for people. */
  description?: string;
  messages: Message[];
}

/** Text that the person says. */
export const user = (content: string | Content): Message => message('user', content);

/** Text that the model says. */
export const assistant = (content: string | Content): Message => message('assistant', content);

function message(role: Message['role'], content: string | Content): Message {
  return { role, content: typeof content === 'string' ? textContent(content) : content };
}

interface Entry {
  prompt: Prompt;
  get: (given: never) => Messages;
}

/** Prompts with their functions. */
export class PromptSet {
  readonly #entries = new Map<string, Entry>();

  add(prompt: Prompt, get: (given: never) => Messages): void {
    this.#entries.set(prompt.name, { prompt, get });
  }

  get empty(): boolean {
    return this.#entries.size === 0;
  }

  list(): object[] {
    return Array.from(this.#entries.values(), ({ prompt: { name, title, description, arguments: given, icons } }) => ({
      name,
      ...(title !== undefined && { title }),
      description,
      ...(given && {
        arguments: Object.entries(given).map(([name, { description, required = true }]) => ({
          name,
          ...(description !== undefined && { description }),
          required,
        })),
      }),
      ...(icons && { icons }),
    }));
  }

  get(name: string, given: string): string {
    const entry = this.#entries.get(name);
    if (entry === undefined) throw invalidInput(`there is no prompt \`${name}\``);
    return stringify(entry.get(new Json(given).parse<never>()));
  }
}

/** What is being typed. */
export interface Completing {
  /** What was typed so far. */
  value: string;
  /** The values that were given already, by name. */
  given: { [name: string]: string };
}

/** Values to choose from, the best first: at most 100. */
export type Completed = string[] | { values: string[]; total?: number; hasMore?: boolean };

/** Completions, by what they complete. */
export class CompletionSet {
  readonly #entries = new Map<string, (typing: Completing) => Completed>();

  add(kind: string, name: string, argument: string, complete: (typing: Completing) => Completed): void {
    this.#entries.set(stringify([kind, name, argument]), complete);
  }

  get empty(): boolean {
    return this.#entries.size === 0;
  }

  complete(kind: string, name: string, argument: string, value: string, context: string): string {
    const complete = this.#entries.get(stringify([kind, name, argument]));
    const { arguments: given = {} } = new Json(context).parse<{ arguments?: { [name: string]: string } }>();
    const completed = complete?.({ value, given }) ?? [];
    return stringify(Array.isArray(completed) ? { values: completed } : completed);
  }
}
