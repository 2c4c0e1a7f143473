/** The document that `describe` answers, in the form of `docs/describe.schema.json`. */

import type { Declared } from './extension.js';

const unique = (...lists: (string[] | undefined)[]): string[] => [...new Set(lists.flatMap((list) => list ?? []))].sort();

/** The description of all that was declared. */
export function describe({ about, schemas, ridTypes, transforms, handlers, jobs }: Declared): object {
  const { asks = {} } = about;
  return {
    name: about.name,
    version: about.version,
    ...(about.description !== undefined && { description: about.description }),
    'rid-types': Array.from(ridTypes, ([type, { about, references }]) => ({
      'rid-type': type,
      ...(about.schema && { schema: about.schema.name }),
      ...(about.title !== undefined && { title: about.title }),
      ...(about.description !== undefined && { description: about.description }),
      ...(about.mimeType !== undefined && { 'mime-type': about.mimeType }),
      parses: references !== undefined,
      ...(about.indexes && { indexes: about.indexes }),
      ...(about.examples && { examples: about.examples }),
    })),
    schemas: Array.from(schemas, ([name, { schema, validate }]) => ({
      name,
      schema: schema.json,
      validates: validate !== undefined,
    })),
    transforms: transforms.map(({ from, to }) => ({ from, to })),
    handlers: handlers.described,
    'lists-depend-on': unique(about.listsDependOn),
    ...(jobs.size && {
      jobs: Array.from(jobs.values(), ({ job }) => ({
        name: job.name,
        ...(job.title !== undefined && { title: job.title }),
        ...(job.description !== undefined && { description: job.description }),
        ...(job.every !== undefined && { every: job.every }),
        ...(job.cron !== undefined && { cron: job.cron }),
        jitter: job.jitter ?? 0,
        missed: job.missed ?? 'once',
      })),
    }),
    asks: {
      read: unique(asks.read),
      publish: unique(asks.publish),
      forget: unique(asks.forget),
      handle: unique(asks.handle, handlers.ridTypes),
      capabilities: unique(asks.capabilities),
      ...(asks.secrets && { secrets: unique(asks.secrets) }),
      ...(asks.http && { http: unique(asks.http) }),
      ...(asks.files && { files: asks.files.map(({ path, write = false }) => ({ path, write })) }),
      ...(asks.environment && { environment: unique(asks.environment) }),
    },
    ...(about.config && { 'config-schema': about.config.json }),
    ...(about.mode && { mode: about.mode }),
    ...(about.limits && { limits: about.limits }),
  };
}
