// What an extension has of the node beyond what the glossaries use, each thing as a tool, and a prompt that is
// completed. The same as extension.py and extension.c.

import { config, Extension, network, object, secrets, text, user } from 'koi-extension';

const COLOURS = ['green', 'grey', 'red'];

let count = 0;

const extension = new Extension({
  name: 'features',
  version: '0.1.0',
  asks: { capabilities: ['config', 'network'], secrets: ['KEY'] },
  config: object({ greeting: text('What it greets with') }),
  mode: 'singleton',
});

extension.tool({ name: 'greet', description: 'Greets as it is set to' }, () => ({ greeting: config.get('greeting') }));

extension.tool({ name: 'secret', description: 'Tells what stands for a secret' }, () => ({ placeholder: secrets.placeholder('KEY') }));

extension.tool({ name: 'neighbours', description: 'Lists the neighbours of the node' }, () => ({
  node: network.thisNode(),
  neighbours: network.neighbours().map(({ rid, provider, subscriber, ridTypes }) => ({ rid, provider, subscriber, ridTypes })),
}));

extension.tool({ name: 'count', description: 'Counts its calls' }, () => ({ count: ++count }));

extension.state({
  save: () => new TextEncoder().encode(`${count}`),
  load: (saved) => {
    count = Number(new TextDecoder().decode(saved));
  },
});

extension.tool({ name: 'random', description: 'Is another one each time' }, () => ({
  numbers: [Math.random(), Math.random()],
  uuid: crypto.randomUUID(),
  bytes: Array.from(crypto.getRandomValues(new Uint16Array(8))),
}));

extension.prompt(
  { name: 'paint', description: 'Has a thing painted', arguments: { thing: { description: 'What' }, colour: { description: 'How' } } },
  ({ thing, colour }) => ({ messages: [user(`Paint ${thing} in ${colour}`)] }),
);

extension.completion('prompt', 'paint', 'colour', ({ value, given }) =>
  COLOURS.filter((colour) => colour.startsWith(value)).map((colour) => `${colour} as ${given['thing']}`),
);

export default extension;
