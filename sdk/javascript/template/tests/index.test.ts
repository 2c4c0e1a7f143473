import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callTool, handle, Node } from 'koi-extension/testing';
import extension from '../src/index.ts';

test('a note that was written can be read', () => {
  new Node();
  const note = { title: 'Tea', text: 'Three minutes' };
  assert.deepEqual(callTool(extension, '{{name_snake}}_write', { topic: 'tea', ...note }), { rid: 'orn:{{name}}.note:tea' });
  assert.deepEqual(callTool(extension, '{{name_snake}}_read', { topic: 'tea' }), note);
});

test('a topic without a note is told so', () => {
  new Node();
  assert.throws(() => callTool(extension, '{{name_snake}}_read', { topic: 'tea' }), /there is no note about `tea`/);
});

test('a note that says nothing is stopped', () => {
  const empty = { rid: 'orn:{{name}}.note:tea', phase: 'bundle', contents: { title: 'Tea', text: ' ' } } as const;
  assert.deepEqual(handle(extension, empty), { tag: 'stop', val: 'a note that says nothing' });
});
