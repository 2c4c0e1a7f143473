// The RID type, its schemas, and reading a term.

import type { Extension, References } from 'koi-extension';
import { checked, invalidInput, knowledge } from 'koi-extension';
import { nameOf } from './names.ts';
import { Term, TermV1, TermV2 } from './schemas.ts';

export type Terms = References<'{vocabulary}/{name}'>;

const V2 = 'glossary.term.v2';

/** Declares them. */
export function knowTerms(glossary: Extension, type: string): Terms {
  const v1 = glossary.schema('glossary.term.v1', TermV1);
  const v2 = glossary.schema(V2, TermV2, differ);
  const schema = glossary.schema('glossary.term', Term, (term) => {
    if ('meanings' in term) differ(term);
  });
  glossary.transform(v1, v2, ({ term, meaning }) => ({ term, meanings: [meaning], tags: [] }));
  return glossary.ridType(type, '{vocabulary}/{name}', {
    title: 'Term',
    description: 'A term of a vocabulary and its meanings.',
    schema,
    part: /(?=.{1,64}$)[a-z0-9]+(-[a-z0-9]+)*/,
  });
}

/** No two meanings may be equal. */
function differ({ meanings }: TermV2): void {
  const twice = meanings.find((meaning, index) => meanings.indexOf(meaning) < index);
  if (twice !== undefined) throw invalidInput(`the meaning \`${twice}\` stands there twice`);
}

/** The RID and the name of a term as a person writes it. */
export function place(terms: Terms, vocabulary: string, term: string): { rid: string; vocabulary: string; name: string } {
  const parts = { vocabulary: nameOf(vocabulary), name: nameOf(term) };
  return { rid: terms.rid(parts), ...parts };
}

/** A term as version 2; `invalid-input` if there is none. */
export function lookUp(terms: Terms, vocabulary: string, term: string): Required<TermV2> & { vocabulary: string; name: string } {
  const at = place(terms, vocabulary, term);
  const bundle = knowledge.readAs(at.rid, V2);
  if (bundle === undefined) throw missing(at);
  const { tags = [], ...rest } = checked(TermV2, bundle.contents.parse(), `the contents of ${at.rid}`);
  return { ...rest, tags, ...at };
}

export const missing = ({ vocabulary, name }: { vocabulary: string; name: string }): Error =>
  invalidInput(`there is no \`${name}\` in \`${vocabulary}\``);
