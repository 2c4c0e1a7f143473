// What agents can do with the glossary.

import type { Extension } from 'koi-extension';
import { array, boolean, caller, http, integer, knowledge, object, optional, permanent, satisfies, text, transient } from 'koi-extension';
import { count, counts } from './counts.ts';
import { nameOf } from './names.ts';
import type { Terms } from './terms.ts';
import { lookUp, missing, place } from './terms.ts';

const vocabulary = text('Its vocabulary');
const term = text('The term');
const Imported = object({ imported: integer() });
const List = array(object({ term: text(), meaning: text() }));

export function offerTools(glossary: Extension, terms: Terms): void {
  const define = (vocabulary: string, term: string, meaning: string): void => {
    knowledge.publish(place(terms, vocabulary, term).rid, { term, meaning });
  };

  glossary.tool(
    {
      name: 'name_of_term',
      description: 'Tells under which name a term is kept',
      input: object({ term }),
      output: object({ name: text() }),
      readOnly: true,
    },
    ({ term }) => ({ name: nameOf(term) }),
  );

  glossary.tool(
    {
      name: 'define_term',
      description: 'Says what a term means, for everybody on the network',
      input: object({
        vocabulary,
        term,
        meanings: array(text(), 'What it means', { minItems: 1, maxItems: 32 }),
        tags: optional(array(text(), 'Tags')),
      }),
      output: object({ rid: text(), new: boolean() }),
    },
    ({ vocabulary, term, meanings, tags = [] }) => {
      const { rid } = place(terms, vocabulary, term);
      const known = knowledge.read(rid);
      knowledge.publish(rid, { term, meanings, tags });
      return { rid, new: known === undefined };
    },
  );

  glossary.tool(
    {
      name: 'look_up_term',
      description: 'Tells what a term means',
      input: object({ vocabulary, term }),
      output: object({ term: text(), meanings: array(text()), tags: array(text()) }),
      readOnly: true,
    },
    (asked) => {
      const { term, meanings, tags, vocabulary, name } = lookUp(terms, asked.vocabulary, asked.term);
      count(vocabulary, name);
      return { term, meanings, tags };
    },
  );

  glossary.tool(
    {
      name: 'import_terms',
      description: 'Defines many terms',
      input: object({
        vocabulary,
        terms: array(object({ term, meaning: text('What it means') }), 'What to define', { minItems: 1, maxItems: 100 }),
      }),
      output: Imported,
    },
    ({ vocabulary, terms: list }) => {
      list.forEach(({ term, meaning }, index) => {
        define(vocabulary, term, meaning);
        caller.progress(index + 1, list.length, term);
      });
      return { imported: list.length };
    },
  );

  glossary.tool(
    {
      name: 'import_from',
      description: 'Defines the terms that a server lists',
      input: object({ vocabulary, url: text('Where the list is: JSON, an array of term and meaning') }),
      output: Imported,
      openWorld: true,
    },
    ({ vocabulary, url }) => {
      const list = fetchList(url);
      for (const { term, meaning } of list) define(vocabulary, term, meaning);
      return { imported: list.length };
    },
  );

  glossary.tool(
    {
      name: 'retire_term',
      description: 'Forgets a term, after asking',
      input: object({ vocabulary, term }),
      output: object({ retired: boolean() }),
      destructive: true,
    },
    (asked) => {
      const at = place(terms, asked.vocabulary, asked.term);
      if (knowledge.read(at.rid) === undefined) throw missing(at);
      const sure = object({ sure: boolean(undefined, { title: 'Yes, forget it' }) });
      const { retire } = caller.ask({ retire: caller.form(`Forget \`${at.name}\` of \`${at.vocabulary}\`?`, sure) });
      const retired = caller.accepted(retire)?.sure === true;
      if (retired) knowledge.forget(at.rid);
      return { retired };
    },
  );

  glossary.tool(
    {
      name: 'popular_terms',
      description: 'Lists the terms that were looked up most',
      input: object({ vocabulary, limit: optional(integer('At most so many', { minimum: 1, maximum: 100 })) }),
      output: object({ terms: array(object({ name: text(), count: integer() })) }),
      readOnly: true,
    },
    ({ vocabulary, limit = 10 }) => ({ terms: counts(nameOf(vocabulary)).slice(0, limit) }),
  );
}

/** The list that a server has. */
function fetchList(url: string): { term: string; meaning: string }[] {
  const response = http.fetch(url);
  if (response.status !== 200) {
    const kind = response.status === 429 || response.status >= 500 ? transient : permanent;
    throw kind(`${url} answered with status ${response.status}`);
  }
  let list: unknown;
  try {
    list = response.json();
  } catch {
    list = undefined;
  }
  if (!satisfies(List, list)) throw permanent(`${url} has no list of terms`);
  return list;
}
