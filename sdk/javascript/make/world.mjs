// The world of a guest: what its program imports and exports, and no more. A component of JavaScript
// imports all that its world names, whether it is used or not.

import { cp, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** All interfaces that an extension may export, by the names of a module's exports. */
export const INTERFACES = [
  'extension',
  'ridTypes',
  'schemas',
  'handlers',
  'tools',
  'resources',
  'prompts',
  'completions',
  'schedule',
  'state',
];

/** The world of HTTP clients in sdk/wit. */
export const CLIENT = 'wasi:http/client@0.2.0';

/** Puts all WIT of a repository or project (`base`) into a folder's deps, one folder for each package. */
export async function layOut(base, folder) {
  const deps = join(folder, 'deps');
  const packages = [
    [join(base, 'wit'), 'koi-extension'],
    [join(base, 'sdk/wit'), 'wasi-http'],
  ];
  for (const [from, name] of packages) {
    await cp(join(from, 'deps'), deps, { recursive: true });
    await mkdir(join(deps, name), { recursive: true });
    for (const file of await readdir(from)) {
      if (file.endsWith('.wit')) await cp(join(from, file), join(deps, name, file));
    }
  }
}

/** The name of an interface in WIT: `rid-types` of `ridTypes`. */
export const kebab = (name) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** Writes the world `guest` with these lines of imports and includes, and these exports. */
export async function writeWorld(folder, imports, exports) {
  const lines = [...imports, ...exports.map((name) => `export koi:extension/${kebab(name)}@0.1.0`)];
  const world = `package koi:build;\n\nworld guest {\n${lines.map((line) => `    ${line};\n`).join('')}}\n`;
  await writeFile(join(folder, 'world.wit'), world);
}
