// What a term is: two versions, and the schema of what travels.

import { anyOf, array, type Infer, object, optional, text } from 'koi-extension';

const short = text(undefined, { minLength: 1, maxLength: 200 });
const meaning = text(undefined, { minLength: 1, maxLength: 2000 });

export const TermV1 = object({ term: short, meaning });
export const TermV2 = object({
  term: short,
  meanings: array(meaning, undefined, { minItems: 1, maxItems: 32 }),
  tags: optional(array(short, undefined, { maxItems: 32 })),
});
export const Term = anyOf(TermV1, TermV2);

export type TermV1 = Infer<typeof TermV1>;
export type TermV2 = Infer<typeof TermV2>;
export type Term = Infer<typeof Term>;

/** All meanings, of either version. */
export const meaningsOf = (term: Term): string[] => ('meanings' in term ? term.meanings : [term.meaning]);
