// {{Name}}: notes that agents write and read, shared over the network.

import type { Infer } from 'koi-extension';
import { Extension, invalidInput, knowledge, object, stop, text, unchanged } from 'koi-extension';

const extension = new Extension({
  name: '{{name}}',
  version: '0.1.0',
  description: 'Notes that agents write and read.',
  asks: { read: ['orn:{{name}}.note'], publish: ['orn:{{name}}.note'] },
});

// What a note is: the host refuses contents that are not so.
const note = {
  title: text('What it is about', { minLength: 1, maxLength: 200 }),
  text: text('What it says', { minLength: 1 }),
};
const Note = object(note);
type Note = Infer<typeof Note>;

const notes = extension.ridType('orn:{{name}}.note', '{topic}', {
  title: 'Note',
  description: 'A note about a topic.',
  schema: extension.schema('{{name}}.note', Note),
  part: /[a-z0-9]+(-[a-z0-9]+)*/,
  examples: ['tea'],
});

// Each note that is written here or arrives from another node comes by.
extension.handler({ phase: 'bundle', ridTypes: [notes.type], eventTypes: ['NEW', 'UPDATE'] }, (note) =>
  note.contentsAs(Note).text.trim() === '' ? stop('a note that says nothing') : unchanged,
);

const tea = { topic: 'tea', title: 'Tea', text: 'Three minutes.' };
const topic = text('The topic: letters a-z, digits and hyphens', { pattern: '^[a-z0-9]+(-[a-z0-9]+)*$' });

extension.tool(
  {
    name: '{{name_snake}}_write',
    description: 'Writes the note about a topic, in place of an earlier one',
    input: object({ topic, ...note }),
    output: object({ rid: text() }),
    examples: [{ arguments: tea, result: { rid: 'orn:{{name}}.note:tea' } }],
  },
  ({ topic, ...note }) => ({ rid: knowledge.publish(notes.rid({ topic }), note).rid }),
);

extension.tool(
  {
    name: '{{name_snake}}_read',
    description: 'Reads the note about a topic',
    input: object({ topic }),
    output: Note,
    readOnly: true,
    examples: [{ arguments: { topic: 'tea' } }],
  },
  ({ topic }): Note => {
    const note = knowledge.read(notes.rid({ topic }));
    if (note === undefined) throw invalidInput(`there is no note about \`${topic}\``);
    return note.contentsAs(Note);
  },
);

export default extension;
