// The names of terms and vocabularies.

import { invalidInput } from 'koi-extension';

const LONGEST = 64;

/** Under which name a term is kept. */
export function nameOf(term: string): string {
  const name = term.replace(/[A-Z]/g, (letter) => letter.toLowerCase()).replace(/[ _-]+/g, '-').replace(/^-|-$/g, '');
  if (!/^[a-z0-9-]+$/.test(name) || name.length > LONGEST) {
    throw invalidInput(`\`${term}\` cannot be a name: letters a-z, digits, spaces, - and _ can`);
  }
  return name;
}
