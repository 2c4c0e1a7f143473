// The glossary's part in the pipeline.

import type { Extension } from 'koi-extension';
import { permanent, replace, stop, unchanged } from 'koi-extension';
import { nameOf } from './names.ts';
import { meaningsOf, Term, TermV2 } from './schemas.ts';
import type { Terms } from './terms.ts';

const EDGES = /^ +| +$/g;

export function handleTerms(glossary: Extension, terms: Terms): void {
  const ridTypes = [terms.type];

  glossary.handler({ phase: 'rid', ridTypes }, ({ rid }) =>
    terms.of(rid).vocabulary === 'private' ? stop('the vocabulary `private` stays where it is') : unchanged,
  );

  glossary.handler({ phase: 'bundle', ridTypes, eventTypes: ['NEW', 'UPDATE'] }, (object) => {
    const term = object.contentsAs(Term);
    if (nameOf(term.term) !== terms.of(object.rid).name) {
      throw permanent(`${object.rid} names another term than \`${term.term}\``);
    }
    if (meaningsOf(term).every((meaning) => meaning.search(EDGES) === -1)) return unchanged;
    // What else the contents have stays as it is, to the spelling of numbers.
    const contents = object.known().parseExact<Term>();
    if ('meaning' in contents) contents.meaning = contents.meaning.replace(EDGES, '');
    if ('meanings' in contents) contents.meanings = contents.meanings.map((meaning) => meaning.replace(EDGES, ''));
    return replace({ contents });
  });

  glossary.handler({ phase: 'network', ridTypes }, ({ contents }) => {
    const { tags } = contents?.parse<Partial<TermV2>>() ?? {};
    return tags?.includes('draft') ? replace({ networkTargets: [] }) : unchanged;
  });
}
