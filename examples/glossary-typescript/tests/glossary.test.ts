import assert from 'node:assert/strict';
import { test } from 'node:test';
import { http } from 'koi-extension';
import { callTool, getPrompt, handle, Node, parseReference, readResource, runJob, transform, validate } from 'koi-extension/testing';
import glossary from '../src/index.ts';

const event = { vocabulary: 'koi', term: 'Event' };
const RID = 'orn:glossary.term:koi/event';

test('a term that was defined can be looked up and is counted', () => {
  new Node();
  const meanings = ['What a node tells others'];
  assert.deepEqual(callTool(glossary, 'define_term', { ...event, meanings }), { rid: RID, new: true });
  assert.deepEqual(callTool(glossary, 'define_term', { ...event, meanings }), { rid: RID, new: false });
  assert.deepEqual(callTool(glossary, 'look_up_term', event), { term: 'Event', meanings, tags: [] });
  assert.deepEqual(callTool(glossary, 'popular_terms', { vocabulary: 'koi' }), { terms: [{ name: 'event', count: 1 }] });
  assert.throws(() => callTool(glossary, 'look_up_term', { ...event, term: 'x' }), { kind: 'invalid-input', message: 'there is no `x` in `koi`' });
});

test('terms have names of letters, digits and hyphens', () => {
  assert.deepEqual(callTool(glossary, 'name_of_term', { term: '  RID_type--of  it ' }), { name: 'rid-type-of-it' });
  for (const term of ['', '-_-', 'a.b', 'a\tb', '\u212a', 'x'.repeat(65)]) {
    assert.throws(() => callTool(glossary, 'name_of_term', { term }), { kind: 'invalid-input' }, term);
  }
  assert.deepEqual(parseReference(glossary, 'orn:glossary.term', 'koi/event'), { vocabulary: 'koi', name: 'event' });
  assert.throws(() => parseReference(glossary, 'orn:glossary.term', 'koi'), { message: '`koi` is not vocabulary/name' });
});

test('an import tells how far it is, and a server that has no list is told of', () => {
  const node = new Node();
  node.serve(({ url }) => (url.endsWith('/list') ? new http.Response(200, '[{"term":"Hash","meaning":"x"}]') : new http.Response(503)));
  assert.deepEqual(callTool(glossary, 'import_terms', { vocabulary: 'koi', terms: [{ term: 'Event', meaning: 'x' }] }), { imported: 1 });
  assert.deepEqual(node.progress, [{ done: 1, total: 1, message: 'Event' }]);
  assert.deepEqual(callTool(glossary, 'import_from', { vocabulary: 'koi', url: 'http://a/list' }), { imported: 1 });
  assert.throws(() => callTool(glossary, 'import_from', { vocabulary: 'koi', url: 'http://a/x' }), { kind: 'transient' });
  assert.equal(readResource(glossary, 'glossary:vocabularies')[0]?.text, '{"koi":2}');
});

test('a term is forgotten after a yes alone, and then its count', () => {
  const node = new Node();
  node.store(RID, { term: 'Event', meanings: ['x'] });
  callTool(glossary, 'look_up_term', event);
  for (const [answer, retired] of [
    [{ action: 'decline' }, false],
    [{ action: 'accept', content: { sure: true } }, true],
  ] as const) {
    node.answer(() => answer);
    assert.deepEqual(callTool(glossary, 'retire_term', event), { retired });
  }
  assert.equal(node.stored(RID), undefined);
  assert.deepEqual([runJob(glossary, 'tidy'), runJob(glossary, 'tidy')], [{ removed: 1 }, { removed: 0 }]);
});

test('what travels is looked at in three phases', () => {
  const rid = RID;
  assert.equal(handle(glossary, { rid: 'orn:glossary.term:private/a', phase: 'rid' }).tag, 'stop');
  const wrong = { rid, phase: 'bundle', contents: { term: 'Edge', meaning: 'x' } } as const;
  assert.throws(() => handle(glossary, wrong), { kind: 'permanent', message: `${rid} names another term than \`Edge\`` });
  const trimmed = handle(glossary, { rid, phase: 'bundle', contents: { term: 'Event', meanings: [' a', 'b'] } });
  assert.equal(trimmed.tag === 'replace' && trimmed.val.contents, '{"term":"Event","meanings":["a","b"]}');
  const draft = { rid, phase: 'network', contents: { term: 'Event', meanings: ['a'], tags: ['draft'] }, networkTargets: ['orn:koi-net.node:a+1'] } as const;
  const told = handle(glossary, { ...draft, networkTargets: [...draft.networkTargets] });
  assert.deepEqual(told.tag === 'replace' && told.val.networkTargets, []);
});

test('version 1 becomes version 2, in which no meaning stands twice', () => {
  const term = { term: 'Event', meaning: 'x' };
  assert.deepEqual(transform(glossary, 'glossary.term.v1', 'glossary.term.v2', term), { term: 'Event', meanings: ['x'], tags: [] });
  validate(glossary, 'glossary.term', term);
  assert.throws(() => validate(glossary, 'glossary.term', { term: 'E', meanings: ['a', 'b', 'b', 'a'] }), {
    message: 'the meaning `b` stands there twice',
  });
});

test('a prompt explains a term', () => {
  new Node().store(RID, { term: 'Event', meanings: ['x', 'y'] });
  assert.deepEqual(getPrompt(glossary, 'explain_term', event), {
    description: 'Event, for a newcomer',
    messages: [{ role: 'user', content: { type: 'text', text: 'Explain Event to a newcomer. It means: x; y' } }],
  });
});
