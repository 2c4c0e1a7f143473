// A guest without an SDK: one tool and one handler, straight against the contract.

const NOTE = 'orn:javascript.note';
const TEXT = { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] };

export const extension = {
  describe: () =>
    JSON.stringify({
      name: 'javascript-guest',
      version: '0.1.0',
      'rid-types': [{ 'rid-type': NOTE, title: 'Note', schema: 'javascript-note' }],
      schemas: [{ name: 'javascript-note', schema: TEXT }],
      handlers: [{ phase: 'bundle', 'rid-types': [NOTE], 'event-types': ['NEW', 'UPDATE'] }],
      asks: { handle: [NOTE] },
    }),
  start() {},
  stop() {},
  health: () => '{"status":"ok"}',
};

export const handlers = {
  handle(object) {
    const note = JSON.parse(object.contents);
    if (typeof note.text !== 'string')
      throw { kind: { tag: 'invalid-input' }, message: 'a note has a text' };
    if (!note.text.trim()) return { tag: 'stop', val: 'the note is empty' };
    const contents = JSON.stringify({ ...note, 'seen-by': 'javascript' });
    return { tag: 'replace', val: { contents, meta: '{}' } };
  },
};

export const tools = {
  listTools: () =>
    JSON.stringify([{ name: 'javascript_shout', description: 'Says it loudly', inputSchema: TEXT }]),
  callTool(name, args) {
    if (name !== 'javascript_shout')
      throw { kind: { tag: 'invalid-input' }, message: `there is no tool \`${name}\`` };
    return JSON.stringify({ structuredContent: { text: JSON.parse(args).text.toUpperCase() } });
  },
};
