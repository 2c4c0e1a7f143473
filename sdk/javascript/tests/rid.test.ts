import assert from 'node:assert/strict';
import { test } from 'node:test';
import { References, ridOf, splitRid } from 'koi-extension';

test('a RID has a type and a reference', () => {
  assert.deepEqual(splitRid('orn:agent.personality:bob/1:2'), { type: 'orn:agent.personality', reference: 'bob/1:2' });
  assert.deepEqual(splitRid('https://example.com'), { type: 'https', reference: '//example.com' });
  assert.equal(ridOf('urn:isbn', 42), 'urn:isbn:42');
  for (const text of ['', ':', 'orn', 'orn:', 'orn::x', 'orn:a', 'orn:a:', 'https:', ':x']) {
    assert.throws(() => splitRid(text), { kind: 'invalid-input' }, text);
  }
  assert.throws(() => ridOf('orn', 'a:b'), { kind: 'invalid-input' });
});

test('references are taken apart and put together by their template', () => {
  const terms = new References('orn:glossary.term', '{vocabulary}/{name}', /[a-z]+/);
  assert.deepEqual(terms.of('orn:glossary.term:koi/event'), { vocabulary: 'koi', name: 'event' });
  assert.equal(terms.rid({ vocabulary: 'koi', name: 'event' }), 'orn:glossary.term:koi/event');
  for (const reference of ['koi', 'koi/', '/event', 'koi/event/1', 'Koi/event', 'koi/event\n']) {
    assert.throws(() => terms.parse(reference), { kind: 'invalid-input', message: `\`${reference}\` is not vocabulary/name` });
  }
  assert.throws(() => terms.print({ vocabulary: 'koi', name: 'a/b' }), { kind: 'invalid-input' });
  assert.throws(() => terms.print({ vocabulary: 'koi' } as never), { kind: 'invalid-input' });
  assert.throws(() => terms.of('orn:other:koi/event'), { kind: 'invalid-input' });
});
