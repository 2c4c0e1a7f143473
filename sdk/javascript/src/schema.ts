/** JSON Schemas (2020-12) and the types of what satisfies them, said once. */

import { invalidInput } from './error.js';

/** A JSON Schema as it is written. */
export type JsonSchema = { readonly [keyword: string]: unknown };

/** A JSON Schema whose values have the type `T`. */
export interface Schema<T> {
  /** The schema as JSON. */
  readonly json: JsonSchema;
  /** What is wrong with a value, with the place where it is; none if it satisfies the schema. */
  readonly fault: (value: unknown, at: string) => string | undefined;
  /** Only a type: no value has it. */
  readonly type?: T;
}

/** A member of an object that may be left out. */
export interface Optional<T> extends Schema<T> {
  readonly optional: true;
}

/** The type of the values of a schema: `Infer<typeof Term>`. */
export type Infer<S> = S extends Schema<infer T> ? T : never;

type Members = { readonly [member: string]: Schema<unknown> };
type Left<M extends Members> = { [K in keyof M]: M[K] extends Optional<unknown> ? K : never }[keyof M];
type Flat<T> = { [K in keyof T]: T[K] };

/** The type of an object with these members. */
export type ObjectOf<M extends Members> = Flat<
  { [K in Exclude<keyof M, Left<M>>]: Infer<M[K]> } & { [K in Left<M>]?: Infer<M[K]> }
>;

/** Bounds of a text. Lengths are in characters. */
export interface TextBounds {
  minLength?: number;
  maxLength?: number;
  /** A regular expression (ECMA 262) that is searched for in the text. */
  pattern?: string;
  format?: string;
  title?: string;
  default?: string;
}

/** Bounds of a number. */
export interface NumberBounds {
  minimum?: number;
  maximum?: number;
  title?: string;
  default?: number;
}

/** Bounds of an array. */
export interface ArrayBounds {
  minItems?: number;
  maxItems?: number;
  uniqueItems?: boolean;
}

function schema<T>(
  description: string | undefined,
  json: JsonSchema,
  fault: (value: unknown, at: string) => string | undefined,
): Schema<T> {
  return { json: description === undefined ? json : { description, ...json }, fault };
}

/** A text: `text('The term', { maxLength: 200 })`. */
export function text(description?: string, bounds: TextBounds = {}): Schema<string> {
  const pattern = bounds.pattern === undefined ? undefined : new RegExp(bounds.pattern, 'u');
  return schema(description, { type: 'string', ...bounds }, (value, at) => {
    if (typeof value !== 'string') return `${at} is no text`;
    const length = [...value].length;
    if (length < (bounds.minLength ?? 0)) return `${at} is shorter than ${bounds.minLength} characters`;
    if (length > (bounds.maxLength ?? Infinity)) return `${at} is longer than ${bounds.maxLength} characters`;
    return pattern === undefined || pattern.test(value) ? undefined : `${at} does not match ${bounds.pattern}`;
  });
}

const numeric = (type: string, fits: (value: unknown) => boolean) =>
  (description?: string, bounds: NumberBounds = {}): Schema<number> =>
    schema(description, { type, ...bounds }, (value, at) => {
      if (typeof value !== 'number' || !fits(value)) return `${at} is no ${type}`;
      if (value < (bounds.minimum ?? -Infinity)) return `${at} is less than ${bounds.minimum}`;
      return value > (bounds.maximum ?? Infinity) ? `${at} is more than ${bounds.maximum}` : undefined;
    });

/** A whole number: `integer('At most so many', { minimum: 1 })`. */
export const integer = numeric('integer', Number.isInteger);

/** A number. */
export const number = numeric('number', Number.isFinite);

/** True or false. */
export function boolean(description?: string, more: { title?: string; default?: boolean } = {}): Schema<boolean> {
  return schema(description, { type: 'boolean', ...more }, (value, at) =>
    typeof value === 'boolean' ? undefined : `${at} is neither true nor false`,
  );
}

/** One of some texts: `choice(['low', 'high'], 'How much it matters')`. */
export function choice<const C extends readonly string[]>(choices: C, description?: string): Schema<C[number]> {
  return schema(description, { type: 'string', enum: choices }, (value, at) =>
    (choices as readonly unknown[]).includes(value) ? undefined : `${at} is none of ${choices.join(', ')}`,
  );
}

/** An array of items of one schema. */
export function array<T>(items: Schema<T>, description?: string, bounds: ArrayBounds = {}): Schema<T[]> {
  return schema(description, { type: 'array', items: items.json, ...bounds }, (value, at) => {
    if (!Array.isArray(value)) return `${at} is no array`;
    if (value.length < (bounds.minItems ?? 0)) return `${at} has fewer than ${bounds.minItems} items`;
    if (value.length > (bounds.maxItems ?? Infinity)) return `${at} has more than ${bounds.maxItems} items`;
    return first(value.map((item, index) => () => items.fault(item, `${at}/${index}`)));
  });
}

/** An object with these members; others are allowed. Those that are not {@link optional} have to be there. */
export function object<const M extends Members>(members: M, description?: string): Schema<ObjectOf<M>> {
  const entries = Object.entries(members);
  const required = entries.filter(([, member]) => !('optional' in member)).map(([name]) => name);
  const properties = Object.fromEntries(entries.map(([name, member]) => [name, member.json]));
  const json = { type: 'object', ...(entries.length && { properties }), ...(required.length && { required }) };
  return schema(description, json, (value, at) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return `${at} is no object`;
    const has = value as Record<string, unknown>;
    return first(
      entries.map(([name, member]) => () => {
        if (has[name] !== undefined) return member.fault(has[name], `${at}/${name}`);
        return 'optional' in member ? undefined : `${at} has no \`${name}\``;
      }),
    );
  });
}

/** A member of an {@link object} that may be left out. */
export function optional<T>(member: Schema<T>): Optional<T> {
  return { ...member, optional: true };
}

/** Values of any of these schemas. */
export function anyOf<const S extends readonly Schema<unknown>[]>(...schemas: S): Schema<Infer<S[number]>> {
  return schema(undefined, { anyOf: schemas.map((one) => one.json) }, (value, at) =>
    schemas.some((one) => one.fault(value, at) === undefined) ? undefined : `${at} has none of the forms that it may have`,
  );
}

/** A JSON Schema that stands as it is, for what there is no function of its own here. The type is yours to say. */
export function jsonSchema<T = unknown>(json: JsonSchema): Schema<T> {
  return schema(undefined, json, () => undefined);
}

/** A RID. */
export const rid = (description = 'a RID, such as `orn:data.dataset:sales`'): Schema<string> => text(description);

/** Whether a value satisfies a schema. What stands in a {@link jsonSchema} is not looked at. */
export function satisfies<T>(schema: Schema<T>, value: unknown): value is T {
  return schema.fault(value, '') === undefined;
}

/**
 * The value, with its type.
 * @throws KoiError `invalid-input` that says what is wrong with it, after `what` it is.
 */
export function checked<T>(schema: Schema<T>, value: unknown, what: string): T {
  const fault = schema.fault(value, what);
  if (fault !== undefined) throw invalidInput(fault);
  return value as T;
}

function first(faults: (() => string | undefined)[]): string | undefined {
  for (const fault of faults) {
    const found = fault();
    if (found !== undefined) return found;
  }
  return undefined;
}
