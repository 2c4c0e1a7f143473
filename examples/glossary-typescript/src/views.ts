// What is to be read: resources and a prompt.

import type { Extension } from 'koi-extension';
import { invalidInput, knowledge, user } from 'koi-extension';
import type { Term } from './schemas.ts';
import { meaningsOf } from './schemas.ts';
import type { Terms } from './terms.ts';
import { lookUp } from './terms.ts';

export function showTerms(glossary: Extension, terms: Terms): void {
  glossary.resource(
    {
      uri: 'glossary:vocabularies',
      name: 'vocabularies',
      description: 'The vocabularies, with how many terms each has',
      mimeType: 'application/json',
    },
    () => {
      const numbers = new Map<string, number>();
      for (const { rid } of knowledge.allEntries(terms.type)) {
        const { vocabulary } = terms.of(rid);
        numbers.set(vocabulary, (numbers.get(vocabulary) ?? 0) + 1);
      }
      // Not as an object: names that are numbers would come first in it.
      const members = [...numbers].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, number]) => `${JSON.stringify(name)}:${number}`);
      return `{${members.join(',')}}`;
    },
  );

  glossary.resourceTemplate(
    {
      uriTemplate: 'glossary:vocabulary/{vocabulary}',
      name: 'vocabulary',
      description: 'All terms of a vocabulary',
      mimeType: 'text/markdown',
    },
    ({ vocabulary }) => {
      const lines: string[] = [];
      const stored = Array.from(knowledge.all(terms.type), (bundle) => ({ bundle, ...terms.of(bundle.rid) }));
      const mine = stored.filter((at) => at.vocabulary === vocabulary).sort((a, b) => (a.name < b.name ? -1 : 1));
      for (const { bundle } of mine) {
        const term = bundle.contents.parse<Term>();
        lines.push(`\n**${term.term}**: ${meaningsOf(term).join('; ')}\n`);
      }
      if (lines.length === 0) throw invalidInput(`there is no vocabulary \`${vocabulary}\``);
      return `# ${vocabulary}\n${lines.join('')}`;
    },
  );

  glossary.prompt(
    {
      name: 'explain_term',
      description: 'Has a term explained to somebody',
      arguments: {
        vocabulary: { description: 'Its vocabulary' },
        term: { description: 'The term' },
        audience: { description: 'To whom', required: false },
      },
    },
    ({ vocabulary, term: asked, audience = 'a newcomer' }) => {
      const { term, meanings } = lookUp(terms, vocabulary, asked);
      return {
        description: `${term}, for ${audience}`,
        messages: [user(`Explain ${term} to ${audience}. It means: ${meanings.join('; ')}`)],
      };
    },
  );
}
