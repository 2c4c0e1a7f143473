// node types.mjs [--check]: writes types/contract.d.ts, the contract's types, from wit/ and sdk/wit; with --check it
// says whether the file is current, and fails if not. Run it in sdk/javascript after `npm install`, or in another
// folder where jco is installed.

import { createRequire } from 'node:module';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CLIENT, INTERFACES, layOut, writeWorld } from './world.mjs';

const sdk = join(import.meta.dirname, '..');
const file = join(sdk, 'types/contract.d.ts');
const check = process.argv.includes('--check');

// The generator reads WIT through the file system of WASI, which shows it no folder that nobody opened.
const jco = createRequire(join(process.cwd(), 'package.json')).resolve('@bytecodealliance/jco');
const transpile = createRequire(jco).resolve('@bytecodealliance/jco-transpile');
const shim = createRequire(transpile).resolve('@bytecodealliance/preview2-shim/filesystem');
const { _setPreopens } = await import(pathToFileURL(shim));
_setPreopens({ '/': '/' });
const { generateGuestTypes } = await import(pathToFileURL(transpile));

const folder = await mkdtemp(join(tmpdir(), 'koi-types-'));
try {
  await layOut(join(sdk, '../..'), folder);
  const imports = ['include koi:extension/imports@0.1.0', `include ${CLIENT}`, 'import wasi:random/random@0.2.0'];
  await writeWorld(folder, imports, INTERFACES);
  const files = await generateGuestTypes(folder, { name: 'contract', worldName: 'guest', outDir: '' });
  const modules = Object.entries(files)
    .filter(([name]) => name.includes('interfaces/'))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, text]) => forGuests(new TextDecoder().decode(text)));
  const types = `// Made by make/types.mjs from the WIT: do not edit.\n\n${modules.join('\n')}`;
  const there = await readFile(file, 'utf8').catch(() => '');
  if (there === types) {
    console.log('types/contract.d.ts is current');
  } else if (check) {
    console.error('types/contract.d.ts is not what the WIT says: run `npm run types` in sdk/javascript');
    process.exitCode = 1;
  } else {
    await writeFile(file, types);
    console.log('wrote types/contract.d.ts');
  }
} finally {
  await rm(folder, { recursive: true });
}

/** The guest's engine gives null where there is nothing, takes undefined too, and has doubles for all integers. */
function forGuests(text) {
  return text
    .replace(/^\/\/\/ <reference.*\n/gm, '')
    .replace(/\bbigint\b/g, 'number')
    .replace(/\| undefined\b/g, '| null | undefined')
    .replace(/^(\s+\w+\?: .*),$/gm, '$1 | null,')
    .replace(/[ \t]+$/gm, '')
    .trimEnd()
    .concat('\n');
}
