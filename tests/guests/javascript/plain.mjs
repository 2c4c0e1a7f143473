// node plain.mjs SOURCE WIT OUTPUT: makes a plain component of a world without imports.

import { componentize } from '@bytecodealliance/componentize-js';
import { writeFile } from 'node:fs/promises';

const [sourcePath, witPath, output] = process.argv.slice(2);
if (!output) {
  console.error('usage: node plain.mjs SOURCE WIT OUTPUT');
  process.exit(2);
}
const disableFeatures = ['http', 'fetch-event'];
const { component } = await componentize({ sourcePath, witPath, disableFeatures });
await writeFile(output, component);
