// How often terms were looked up.

import type { Extension } from 'koi-extension';
import { Bucket, knowledge } from 'koi-extension';
import type { Terms } from './terms.ts';

const key = (vocabulary: string, name: string): string => `count/${vocabulary}/${name}`;

/** One more. */
export function count(vocabulary: string, name: string): void {
  Bucket.open().increment(key(vocabulary, name));
}

/** The counts of a vocabulary, the highest first, of equal ones by name. */
export function counts(vocabulary: string): { name: string; count: number }[] {
  const bucket = Bucket.open();
  const prefix = key(vocabulary, '');
  const keys = bucket.keys().filter((known) => known.startsWith(prefix));
  return keys
    .map((known) => ({ name: known.slice(prefix.length), count: Number(bucket.getText(known)) }))
    .sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1));
}

/** Declares the job. */
export function countTerms(glossary: Extension, terms: Terms): void {
  const tidy = { name: 'tidy', title: 'Tidy up', description: 'Forgets counts of terms that are gone.', every: 3600 };
  glossary.job(tidy, () => {
    const bucket = Bucket.open();
    const stored = new Set(Array.from(knowledge.allEntries(terms.type), ({ rid }) => `count/${rid.slice(terms.type.length + 1)}`));
    const gone = bucket.keys().filter((known) => known.startsWith('count/') && !stored.has(known));
    for (const known of gone) bucket.delete(known);
    return { removed: gone.length };
  });
}
