import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromUtf8, Json, stringify, utf8 } from 'koi-extension';

test('contents that are given on stay the same to the byte', () => {
  const text = '{"n": 12345678901234567890, "x": 1.0}';
  assert.equal(stringify(new Json(text)), text);
});

test('contents that are changed keep the spelling of numbers that were left alone', () => {
  const value = new Json('{"n":12345678901234567890,"x":1.0,"e":1e400,"small":7,"b":{"a":-0}}').parseExact<{ small: number; more?: string }>();
  value.small += 1;
  value.more = 'yes';
  assert.equal(stringify(value), '{"n":12345678901234567890,"x":1.0,"e":1e400,"small":8,"b":{"a":-0},"more":"yes"}');
  assert.equal(stringify({ wrapped: new Json('{"n":1.0}') }), '{"wrapped":{"n":1.0}}');
});

test('what is no JSON is invalid input, and what has no JSON form permanent', () => {
  assert.throws(() => new Json('{').parse(), { kind: 'invalid-input' });
  assert.throws(() => stringify(undefined), { kind: 'permanent' });
  assert.throws(() => stringify(1n), { kind: 'permanent' });
});

test('text becomes UTF-8 and comes back', () => {
  for (const text of ['', 'a%20b', 'ä€😀\u0000', '\uFEFFx', 'x'.repeat(9000)]) {
    assert.deepEqual(Buffer.from(utf8(text)), Buffer.from(text));
    assert.equal(fromUtf8(utf8(text), 'it'), text);
  }
  assert.equal(fromUtf8(utf8('\ud800'), 'it'), '\ufffd');
  assert.throws(() => fromUtf8(new Uint8Array([0xff]), 'it'), { kind: 'permanent', message: 'it is no text' });
  assert.throws(() => fromUtf8(new Uint8Array([0xc0, 0x80]), 'it'), { kind: 'permanent' });
});
