// node build.mjs OUTPUT: makes the component. The contract is laid out beside the guest's world in a
// temporary folder, as componentize-js wants it.

import { componentize } from '@bytecodealliance/componentize-js';
import { cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [output] = process.argv.slice(2);
if (!output) {
  console.error('usage: node build.mjs OUTPUT');
  process.exit(2);
}
const here = import.meta.dirname;
const contract = join(here, '../../../wit');
const wit = await mkdtemp(join(tmpdir(), 'koi-wit-'));
try {
  await cp(join(here, 'wit'), wit, { recursive: true });
  await cp(join(contract, 'deps'), join(wit, 'deps'), { recursive: true });
  for (const file of await readdir(contract)) {
    if (file.endsWith('.wit')) await cp(join(contract, file), join(wit, 'deps/koi-extension', file));
  }
  const { component } = await componentize({
    sourcePath: join(here, 'app.js'),
    witPath: wit,
    worldName: 'guest',
    disableFeatures: ['fetch-event'],
  });
  await writeFile(output, component);
} finally {
  await rm(wit, { recursive: true });
}
