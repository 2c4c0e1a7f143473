/** An extension: what it is, and the functions behind all that it provides. */

import type { About, Job } from './description.js';
import { describe } from './describe.js';
import type { Guest } from './guest.js';
import { guest } from './guest.js';
import type { Handler, KnowledgeObject, Outcome } from './handlers.js';
import { HandlerSet } from './handlers.js';
import { Json } from './json.js';
import type { Completed, Completing, Given, Messages, Prompt, PromptArgument } from './prompts.js';
import { CompletionSet, PromptSet } from './prompts.js';
import type { Held, Resource, ResourceTemplate } from './resources.js';
import { ResourceSet } from './resources.js';
import type { PartsOf } from './rid.js';
import { References } from './rid.js';
import type { Schema } from './schema.js';
import type { ListedTool, Tool, ToolResult } from './tools.js';
import { Toolbox } from './tools.js';

/** A schema of contents, with the name under which the node knows it. */
export interface NamedSchema<T> extends Schema<T> {
  readonly name: string;
}

/** What people and the node are told of a RID type. */
export interface RidType {
  /** The schema of its contents: the host refuses others. */
  schema?: NamedSchema<unknown>;
  /** A name for people. */
  title?: string;
  /** What its bundles are, for agents and people. */
  description?: string;
  /** The media type under which its bundles are resources; `application/json` if left out. */
  mimeType?: string;
  /** What each part of a reference has to match as a whole, beside not being empty. */
  part?: RegExp;
  /** Paths into its contents that are indexed, JSON pointers: `/owner/name`. Eight at the most. */
  indexes?: string[];
  /** References of this type, such as `koi/event`: `koi-mcp check` tries them. */
  examples?: string[];
}

/** One run of a job. */
export interface JobRun {
  /** When it was due, RFC 3339 in UTC; none if the operator asked for it. */
  due?: string;
  /** How often it was tried, this time included. */
  attempt: number;
  /** When the last run that succeeded began, RFC 3339 in UTC. */
  lastSuccess?: string;
}

/** How an extension is doing. */
export interface Health {
  status: 'ok' | 'degraded' | 'failing';
  /** Why, for a person. */
  message?: string;
}

/** Lists that depend on what the node knows: see {@link About.listsDependOn}. */
export interface Dynamic {
  /** Tools beside those of {@link Extension.tool}: their list of now, and what calls one. */
  tools?: { list: () => ListedTool[]; call: (name: string, given: Json) => unknown };
  /** Resources beside those of {@link Extension.resource}. */
  resources?: { list: () => Resource[]; read: (uri: string) => Held };
}

type Validate = (contents: unknown) => void;
type Transform = (contents: unknown) => unknown;

/** All that an extension has declared. */
export interface Declared {
  readonly about: About;
  readonly schemas: Map<string, { schema: Schema<unknown>; validate: Validate | undefined }>;
  readonly ridTypes: Map<string, { about: RidType; references: References<string> | undefined }>;
  readonly transforms: { from: string; to: string; transform: Transform }[];
  readonly handlers: HandlerSet;
  readonly tools: Toolbox;
  readonly resources: ResourceSet;
  readonly prompts: PromptSet;
  readonly completions: CompletionSet;
  readonly jobs: Map<string, { job: Job; run: (run: JobRun) => object | void }>;
  dynamic: Dynamic;
  start: () => void;
  stop: () => void;
  health: () => Health;
  state: { save: () => Uint8Array; load: (state: Uint8Array) => void } | undefined;
}

/**
 * An extension. Make one, say what it provides, and export it as the default of the project's source:
 *
 *     const echo = new Extension({ name: 'echo', version: '0.1.0' });
 *     echo.tool({ name: 'echo', description: 'Says it again', input: object({ text: text() }) }, ({ text }) => ({ text }));
 *     export default echo;
 *
 * The functions answer when they return: none may be `async`. All of this runs once when the component is made, so
 * that the host is not there yet; it is there in the functions.
 */
export class Extension {
  readonly #declared: Declared;

  constructor(about: About) {
    this.#declared = {
      about,
      schemas: new Map(),
      ridTypes: new Map(),
      transforms: [],
      handlers: new HandlerSet(),
      tools: new Toolbox(),
      resources: new ResourceSet(),
      prompts: new PromptSet(),
      completions: new CompletionSet(),
      jobs: new Map(),
      dynamic: {},
      start: () => {},
      stop: () => {},
      health: () => ({ status: 'ok' }),
      state: undefined,
    };
  }

  /**
   * A schema of contents, under a name that no other extension has. `validate` says what JSON Schema cannot: it
   * throws `invalidInput` for contents that satisfy the schema and are wrong all the same.
   */
  schema<T>(name: string, schema: Schema<T>, validate?: (contents: T) => void): NamedSchema<T> {
    this.#declared.schemas.set(name, { schema, validate: validate as Validate | undefined });
    return { ...schema, name };
  }

  /**
   * A RID type that the extension owns: `orn:glossary.term`, or with the parts of its references
   * `orn:glossary.term:{vocabulary}/{name}`. With parts, the host has references checked, and refuses others.
   */
  ridType<const T extends string>(type: string, template: T, about?: RidType): References<T>;
  ridType(type: string, about?: RidType): string;
  ridType(type: string, second?: string | RidType, third?: RidType): References<string> | string {
    const about = (typeof second === 'string' ? third : second) ?? {};
    const references = typeof second === 'string' ? new References(type, second, about.part) : undefined;
    this.#declared.ridTypes.set(type, { about, references });
    return references ?? type;
  }

  /** Turns contents of one schema into contents of another, for whoever reads a bundle and wants it so. */
  transform<A, B>(from: NamedSchema<A>, to: NamedSchema<B>, transform: (contents: A) => B): this {
    this.#declared.transforms.push({ from: from.name, to: to.name, transform: transform as Transform });
    return this;
  }

  /**
   * Looks at knowledge objects in a phase, at most one function for each phase and RID type. Objects may come again
   * after a failure or a crash, so the same object twice must lead to the same knowledge. A `transient` error is
   * tried again with back-off; any other puts the object among the dead letters with its message.
   */
  handler(handler: Handler, handle: (object: KnowledgeObject) => Outcome): this {
    this.#declared.handlers.add(handler, handle);
    return this;
  }

  /** An MCP tool. What the function returns is the structured answer, unless it is a {@link ToolResult}. */
  tool<A = object, R = unknown>(tool: Tool<A, R>, call: (given: A) => R | ToolResult<R>): this {
    this.#declared.tools.add(tool, call);
    return this;
  }

  /** An MCP resource. */
  resource(resource: Resource, read: () => Held): this {
    this.#declared.resources.add(resource, read);
    return this;
  }

  /** MCP resources at the URIs of a template, such as `glossary:vocabulary/{vocabulary}`. */
  resourceTemplate<const T extends string>(
    template: ResourceTemplate<T>,
    read: (variables: PartsOf<T>, uri: string) => Held,
  ): this {
    this.#declared.resources.addTemplate(template, read);
    return this;
  }

  /** An MCP prompt. */
  prompt<const A extends { [name: string]: PromptArgument }>(prompt: Prompt<A>, get: (given: Given<A>) => Messages): this {
    this.#declared.prompts.add(prompt as Prompt, get as (given: never) => Messages);
    return this;
  }

  /**
   * Completes an argument of a prompt (`kind` is `prompt`, `name` its name) or a variable of a URI template (`kind`
   * is `resource-template`, `name` the template).
   */
  completion(kind: 'prompt' | 'resource-template', name: string, argument: string, complete: (typing: Completing) => Completed): this {
    this.#declared.completions.add(kind, name, argument, complete);
    return this;
  }

  /**
   * Work that nobody calls for. What the function returns is for the operator, who finds it in the job's history.
   * A `transient` error is tried again with back-off as long as the next run is not due.
   */
  job(job: Job, run: (run: JobRun) => object | void): this {
    this.#declared.jobs.set(job.name, { job, run });
    return this;
  }

  /** Tools and resources that depend on what the node knows. */
  dynamic(dynamic: Dynamic): this {
    this.#declared.dynamic = { ...this.#declared.dynamic, ...dynamic };
    return this;
  }

  /** Called when a revision is activated. An error keeps it from being activated. */
  onStart(start: () => void): this {
    this.#declared.start = start;
    return this;
  }

  /** Called when a revision that was started is deactivated. */
  onStop(stop: () => void): this {
    this.#declared.stop = stop;
    return this;
  }

  /** How the extension is doing; `ok` without this. */
  onHealth(health: () => Health): this {
    this.#declared.health = health;
    return this;
  }

  /**
   * What a singleton (`mode: 'singleton'`) keeps in memory: `save` gives all that `load` needs, `load` takes up what
   * `save` gave, of this or an earlier revision, in a new instance.
   */
  state(state: { save: () => Uint8Array; load: (state: Uint8Array) => void }): this {
    this.#declared.state = state;
    return this;
  }

  /** The description as a JSON object. */
  describe(): object {
    return describe(this.#declared);
  }

  /** What the component exports: the interfaces of the contract that the extension implements. The build asks. */
  guest(): Guest {
    return guest(this.#declared);
  }
}

