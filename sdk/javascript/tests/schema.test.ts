import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Infer } from 'koi-extension';
import { anyOf, array, checked, choice, integer, object, optional, satisfies, text } from 'koi-extension';

const Term = object({
  term: text('The term', { maxLength: 3 }),
  tags: optional(array(text(), 'Tags', { maxItems: 2 })),
  level: choice(['low', 'high']),
});

test('a schema is written with the description first and members in their order', () => {
  assert.equal(
    JSON.stringify(Term.json),
    '{"type":"object","properties":{"term":{"description":"The term","type":"string","maxLength":3},' +
      '"tags":{"description":"Tags","type":"array","items":{"type":"string"},"maxItems":2},' +
      '"level":{"type":"string","enum":["low","high"]}},"required":["term","level"]}',
  );
  assert.equal(JSON.stringify(object({}).json), '{"type":"object"}');
});

test('the type of the values follows from the schema', () => {
  const term: Infer<typeof Term> = { term: 'a', level: 'low' };
  // @ts-expect-error: no such level
  const other: Infer<typeof Term> = { term: 'a', level: 'none' };
  // @ts-expect-error: the term is missing
  const less: Infer<typeof Term> = { level: 'low' };
  assert.deepEqual([term, other, less].map((value) => satisfies(Term, value)), [true, false, false]);
});

test('a value that does not satisfy its schema is invalid input, with the place', () => {
  const faults: [unknown, string][] = [
    [[], 'it is no object'],
    [{ level: 'low' }, 'it has no `term`'],
    [{ term: 'four', level: 'low' }, 'it/term is longer than 3 characters'],
    [{ term: '😀😀😀', level: 'low', tags: [1] }, 'it/tags/0 is no text'],
    [{ term: 'a', level: 'low', tags: ['a', 'b', 'c'] }, 'it/tags has more than 2 items'],
  ];
  for (const [value, message] of faults) {
    assert.throws(() => checked(Term, value, 'it'), { name: 'KoiError', kind: 'invalid-input', message });
  }
  assert.throws(() => checked(integer(undefined, { minimum: 1 }), 0, 'it'), /it is less than 1/);
  assert.equal(satisfies(anyOf(text(), integer()), 1.5), false);
});
