/** What a component exports: the contract's interfaces over what an extension declared. */

import type * as completions from 'koi:extension/completions@0.1.0';
import type * as extension from 'koi:extension/extension@0.1.0';
import type * as handlers from 'koi:extension/handlers@0.1.0';
import type * as prompts from 'koi:extension/prompts@0.1.0';
import type * as resources from 'koi:extension/resources@0.1.0';
import type * as ridTypes from 'koi:extension/rid-types@0.1.0';
import type * as schedule from 'koi:extension/schedule@0.1.0';
import type * as schemas from 'koi:extension/schemas@0.1.0';
import type * as state from 'koi:extension/state@0.1.0';
import type * as tools from 'koi:extension/tools@0.1.0';
import { describe } from './describe.js';
import { answering, invalidInput, permanent } from './error.js';
import type { Declared } from './extension.js';
import { Json, stringify } from './json.js';
import { noResource, pieces } from './resources.js';
import type { References } from './rid.js';
import { answer } from './tools.js';

type Functions<M> = { [K in keyof M as M[K] extends (...args: never[]) => unknown ? K : never]: M[K] };

/** The interfaces of the contract, as a component's module exports them. */
export interface Guest {
  extension: Functions<typeof extension>;
  ridTypes?: Functions<typeof ridTypes>;
  schemas?: Functions<typeof schemas>;
  handlers?: Functions<typeof handlers>;
  tools?: Functions<typeof tools>;
  resources?: Functions<typeof resources>;
  prompts?: Functions<typeof prompts>;
  completions?: Functions<typeof completions>;
  schedule?: Functions<typeof schedule>;
  state?: Functions<typeof state>;
}

/** The interfaces that something was declared for. */
export function guest(declared: Declared): Guest {
  const { transforms, handlers, prompts, completions, jobs, state } = declared;
  const parses = [...declared.ridTypes.values()].some(({ references }) => references);
  const validates = [...declared.schemas.values()].some(({ validate }) => validate);
  const all: Guest = {
    extension: {
      describe: answering(() => stringify(describe(declared))),
      start: answering(() => declared.start()),
      stop: () => declared.stop(),
      health: answering(() => stringify(declared.health())),
    },
    ridTypes: parses ? guestRidTypes(declared) : undefined,
    schemas: validates || transforms.length > 0 ? guestSchemas(declared) : undefined,
    handlers: handlers.empty ? undefined : { handle: answering((object) => handlers.handle(object)) },
    tools: declared.tools.empty && !declared.dynamic.tools ? undefined : guestTools(declared),
    resources: declared.resources.empty && !declared.dynamic.resources ? undefined : guestResources(declared),
    prompts: prompts.empty
      ? undefined
      : {
          listPrompts: answering(() => stringify(prompts.list())),
          getPrompt: answering((name, given) => prompts.get(name, given)),
        },
    completions: completions.empty
      ? undefined
      : { complete: answering((kind, name, argument, value, context) => completions.complete(kind, name, argument, value, context)) },
    schedule: jobs.size === 0 ? undefined : { runJob: answering((name, run) => runJob(declared, name, run)) },
    state: state && { save: answering(() => state.save()), load: answering((saved) => state.load(saved)) },
  };
  return Object.fromEntries(Object.entries(all).filter(([, functions]) => functions)) as Guest & object;
}

function guestRidTypes({ ridTypes: types }: Declared): Functions<typeof ridTypes> {
  const references = (type: string): References<string> => {
    const known = types.get(type)?.references;
    if (known === undefined) throw invalidInput(`this extension does not know references of \`${type}\``);
    return known;
  };
  return {
    parseReference: answering((type, reference) => {
      const known = references(type);
      const parts = known.parse(reference);
      return { canonical: known.print(parts), parts: stringify(parts) };
    }),
    printReference: answering((type, parts) => references(type).print(new Json(parts).parse())),
  };
}

function guestSchemas(declared: Declared): Functions<typeof schemas> {
  return {
    validate: answering((name, contents) => declared.schemas.get(name)?.validate?.(new Json(contents).parse())),
    transform: answering((from, to, contents) => {
      const found = declared.transforms.find((known) => known.from === from && known.to === to);
      if (found === undefined) throw permanent(`there is no transform from \`${from}\` to \`${to}\``);
      return stringify(found.transform(new Json(contents).parseExact()));
    }),
  };
}

function guestTools({ tools: toolbox, dynamic }: Declared): Functions<typeof tools> {
  return {
    listTools: answering(() => stringify([...toolbox.list(), ...(dynamic.tools?.list() ?? [])])),
    callTool: answering((name, given) => {
      if (toolbox.has(name) || dynamic.tools === undefined) return toolbox.call(name, given);
      return answer(name, dynamic.tools.call(name, new Json(given)));
    }),
  };
}

function guestResources({ resources: set, dynamic }: Declared): Functions<typeof resources> {
  return {
    listResources: answering(() => {
      const { resources: fixed, templates } = set.list();
      return stringify({ resources: [...fixed, ...(dynamic.resources?.list() ?? [])], templates });
    }),
    readResource: answering((uri) => {
      const found = set.read(uri);
      if (found) return found;
      if (dynamic.resources) return pieces(uri, undefined, dynamic.resources.read(uri));
      throw noResource(uri);
    }),
  };
}

function runJob({ jobs }: Declared, name: string, run: string): string {
  const found = jobs.get(name);
  if (found === undefined) throw invalidInput(`there is no job \`${name}\``);
  type Told = { due?: string; attempt: number; 'last-success'?: string };
  const { due, attempt, 'last-success': lastSuccess } = new Json(run).parse<Told>();
  return stringify(found.run({ attempt, ...(due !== undefined && { due }), ...(lastSuccess !== undefined && { lastSuccess }) }) ?? {});
}
