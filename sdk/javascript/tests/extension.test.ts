import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Extension, imageContent, invalidInput, object, replace, text, ToolResult, transient, user } from 'koi-extension';
import { callTool, getPrompt, handle, Node, parseReference, readResource, runJob, transform, validate } from 'koi-extension/testing';

const TYPE = 'orn:test.note';

function fixture(): Extension {
  const extension = new Extension({ name: 'test', version: '0.1.0', asks: { read: [TYPE] } });
  const v1 = extension.schema('v1', object({ text: text() }));
  const v2 = extension.schema('v2', object({ body: text() }), ({ body }) => {
    if (body === 'bad') throw invalidInput('it is bad');
  });
  extension.transform(v1, v2, ({ text }) => ({ body: text }));
  extension.ridType(TYPE, '{name}', { schema: v1 });
  extension.handler({ phase: 'bundle', ridTypes: [TYPE] }, (note) => replace({ contents: { text: note.contentsAs(v1).text.trim() } }));
  extension.tool({ name: 'shout', description: 'Says it loudly', input: v1, readOnly: true }, ({ text }) => ({ text: text.toUpperCase() }));
  extension.tool({ name: 'paint', description: 'Paints' }, () => ToolResult.of(imageContent('image/png', new Uint8Array([1, 2, 3]))));
  extension.tool({ name: 'fail', description: 'Fails' }, () => {
    throw transient('not now');
  });
  extension.resource({ uri: 'note:all', name: 'all', mimeType: 'text/plain' }, () => 'all of them');
  extension.resourceTemplate({ uriTemplate: 'note:one/{name}', name: 'one' }, ({ name }) => `the note ${name}`);
  extension.prompt({ name: 'ask', description: 'Asks', arguments: { what: { required: false } } }, ({ what = 'it' }) => ({
    messages: [user(`What is ${what}?`)],
  }));
  extension.job({ name: 'tidy', every: 60 }, ({ attempt }) => ({ attempt }));
  return extension;
}

test('only what was declared is exported', () => {
  assert.deepEqual(Object.keys(new Extension({ name: 'a', version: '1.0.0' }).guest()), ['extension']);
  const all = ['extension', 'ridTypes', 'schemas', 'handlers', 'tools', 'resources', 'prompts', 'schedule'];
  assert.deepEqual(Object.keys(fixture().guest()), all);
});

test('the description follows from what was declared', () => {
  const { asks, jobs, handlers, 'rid-types': ridTypes } = fixture().describe() as { [member: string]: unknown };
  assert.deepEqual(asks, { read: [TYPE], publish: [], forget: [], handle: [TYPE], capabilities: [] });
  assert.deepEqual(jobs, [{ name: 'tidy', every: 60, jitter: 0, missed: 'once' }]);
  assert.deepEqual(handlers, [{ phase: 'bundle', 'rid-types': [TYPE], priority: 0 }]);
  assert.deepEqual(ridTypes, [{ 'rid-type': TYPE, schema: 'v1', parses: true }]);
});

test('tools answer with values, content and failures', () => {
  const extension = fixture();
  assert.deepEqual(callTool(extension, 'shout', { text: 'hi' }), { text: 'HI' });
  assert.deepEqual(callTool(extension, 'paint'), { content: [{ type: 'image', data: 'AQID', mimeType: 'image/png' }] });
  assert.throws(() => callTool(extension, 'fail'), { name: 'KoiError', kind: 'transient', message: 'not now' });
  assert.throws(() => callTool(extension, 'none'), { kind: 'invalid-input' });
  const listed = JSON.parse(extension.guest().tools?.listTools() ?? '') as { name: string; annotations?: object }[];
  assert.deepEqual(listed.map(({ name, annotations }) => [name, annotations]), [
    ['shout', { readOnlyHint: true }],
    ['paint', undefined],
    ['fail', undefined],
  ]);
});

test('a promise is no answer of a tool', () => {
  const extension = new Extension({ name: 'a', version: '1.0.0' });
  extension.tool({ name: 'late', description: 'Late' }, async () => 1);
  assert.throws(() => callTool(extension, 'late'), /the tool `late` gave a promise/);
});

test('handlers, schemas and references are called as the host calls them', () => {
  new Node();
  const extension = fixture();
  const note = { rid: `${TYPE}:a`, phase: 'bundle', contents: { text: ' a ' } } as const;
  assert.deepEqual(handle(extension, note), {
    tag: 'replace',
    val: { contents: '{"text":"a"}', normalizedEventType: undefined, networkTargets: undefined, meta: '{}' },
  });
  assert.deepEqual(handle(extension, { ...note, phase: 'final' }), { tag: 'unchanged' });
  assert.throws(() => extension.handler({ phase: 'bundle', ridTypes: [TYPE] }, () => {}), /two handlers/);
  assert.deepEqual(transform(extension, 'v1', 'v2', { text: 'a' }), { body: 'a' });
  assert.throws(() => validate(extension, 'v2', { body: 'bad' }), { kind: 'invalid-input', message: 'it is bad' });
  assert.deepEqual(parseReference(extension, TYPE, 'a'), { name: 'a' });
});

test('resources, prompts and jobs are called as the host calls them', () => {
  const extension = fixture();
  assert.deepEqual(readResource(extension, 'note:all'), [{ uri: 'note:all', mimeType: 'text/plain', text: 'all of them' }]);
  assert.equal(readResource(extension, 'note:one/a%20b')[0]?.text, 'the note a b');
  assert.throws(() => readResource(extension, 'note:none'), { kind: 'invalid-input' });
  assert.deepEqual(getPrompt(extension, 'ask').messages, [{ role: 'user', content: { type: 'text', text: 'What is it?' } }]);
  assert.deepEqual(runJob(extension, 'tidy'), { attempt: 1 });
});
