import assert from 'node:assert/strict';
import { test } from 'node:test';
import { boolean, Bucket, caller, config, http, knowledge, log, network, object } from 'koi-extension';
import { Node } from 'koi-extension/testing';

test('what was published can be read and what was forgotten cannot', () => {
  new Node();
  knowledge.publish('orn:test.number:1', { n: 1 });
  assert.equal(knowledge.find('orn:test.number:1').contents.text, '{"n":1}');
  assert.throws(() => knowledge.publish('orn:test.number:2', []), { kind: 'invalid-input' });
  knowledge.forget('orn:test.number:1');
  assert.equal(knowledge.read('orn:test.number:1'), undefined);
  assert.throws(() => knowledge.find('orn:test.number:1'), { kind: 'invalid-input' });
});

test('all bundles are read page by page', () => {
  const node = new Node();
  for (let n = 0; n < 250; n++) node.store(`orn:test.number:${n}`, { n });
  node.store('orn:test.numbers:1', {});
  const rids = Array.from(knowledge.all('orn:test.number'), ({ rid }) => rid);
  assert.equal(rids.length, 250);
  assert.deepEqual(rids, rids.toSorted());
  assert.equal(knowledge.entries('orn:test.number').entries.length, 100);
  assert.equal([...knowledge.allEntries('orn:test.number')].length, 250);
});

test('a bucket keeps texts, values and numbers', () => {
  new Node();
  const bucket = Bucket.open();
  bucket.set('a', 'ä');
  bucket.setJson('b', { n: 1 });
  assert.equal(bucket.getText('a'), 'ä');
  assert.deepEqual(bucket.getJson('b'), { n: 1 });
  assert.equal(bucket.increment('n', 2), 2);
  assert.equal(bucket.increment('n'), 3);
  assert.throws(() => bucket.increment('a'), { kind: 'permanent' });
  bucket.setMany([['c', '1']]);
  assert.deepEqual(bucket.getMany(['c', 'none']).map((value) => value?.length), [1, undefined]);
  bucket.deleteMany(['a', 'c']);
  assert.deepEqual(bucket.keys(), ['b', 'n']);
  assert.equal(bucket.exists('a'), false);
});

test('a request that nobody granted names the grant, and a test answers requests itself', () => {
  const node = new Node();
  for (const url of ['https://a.b:8443/c?d', 'https://a.b:8443?d', 'https://a.b:8443']) {
    assert.throws(() => http.fetch(url, { json: 1 }), { kind: 'denied', message: /`http=POST:https:\/\/a.b:8443`$/ });
  }
  node.serve(({ url, body }) => new http.Response(url.endsWith('/busy') ? 503 : 200, body));
  assert.deepEqual(http.fetch('http://a/', { json: [1, 2] }).accepted().json(), [1, 2]);
  assert.throws(() => http.fetch('http://a/', { body: '{' }).json(), { kind: 'permanent' });
  assert.throws(() => http.fetch('http://a/busy').accepted(), { kind: 'transient' });
});

test('a person fills in a form or does not, and where nobody answers asking fails', () => {
  const node = new Node();
  const questions = { sure: caller.form('Really?', object({ yes: boolean() })) };
  assert.throws(() => caller.ask(questions), { kind: 'permanent' });
  node.answer((key) => (key === 'sure' ? { action: 'accept', content: { yes: true } } : { action: 'decline' }));
  assert.equal(caller.accepted(caller.ask(questions).sure)?.yes, true);
  node.answer(() => ({ action: 'cancel' }));
  assert.equal(caller.accepted(caller.ask(questions).sure), undefined);
  assert.equal(caller.who().kind, 'tool');
});

test('settings, neighbours, logs and progress are the node in memory', () => {
  const node = new Node();
  node.setConfig('n', '7');
  node.addNeighbour('orn:koi-net.node:a+1', ['orn:a.b']);
  log.warn('careful', 'here');
  caller.progress(1, 2, 'half');
  assert.equal(config.getNumber('n'), 7);
  assert.equal(config.get('none'), undefined);
  assert.deepEqual(network.neighbours().map(({ ridTypes, subscriber }) => [ridTypes, subscriber]), [[['orn:a.b'], true]]);
  assert.deepEqual(node.log, [{ level: 'warn', context: 'here', message: 'careful' }]);
  assert.deepEqual(node.progress, [{ done: 1, total: 2, message: 'half' }]);
});
