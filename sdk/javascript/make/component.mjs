// Makes components of JavaScript and TypeScript, in the folder of a project with its packages installed:
//
//     node component.mjs inspect SOURCE           prints {"interfaces": [...]}, what the source implements
//     node component.mjs build SOURCE WIT OUT     makes the component; WIT is a folder with all packages in deps/,
//                                                 in which the world is written here
//
// What is wrong is told on standard error, with exit code 1.

import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { bundle, forGuest, forNode, installed } from './bundle.mjs';
import { kebab, writeWorld } from './world.mjs';

/** The module of a component: each interface that the extension implements under its name. */
function entry(source, interfaces) {
  const of = `import declared from ${JSON.stringify(resolve(source))};\n`;
  const guest = `const guest = declared.guest();\n`;
  const exports = interfaces.map((name) => `export const ${name} = guest.${name};\n`);
  return { contents: [of, guest, ...exports].join(''), resolveDir: process.cwd(), sourcefile: 'component.js', loader: 'js' };
}

/** The interfaces that a source implements: it runs in Node.js, over a node in memory. */
async function inspect(source) {
  const folder = await mkdtemp(join(tmpdir(), 'koi-'));
  try {
    const outfile = join(folder, 'extension.mjs');
    await bundle(forNode({ entryPoints: [resolve(source)], outfile }));
    const { default: extension } = await import(pathToFileURL(outfile));
    if (typeof extension?.guest !== 'function') {
      throw new Error(`${source} has no Extension as its default export: add \`export default …\` with the one that you made`);
    }
    return Object.keys(extension.guest());
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function build(source, wit, out) {
  const interfaces = await inspect(source);
  const { outputFiles, metafile } = await bundle(forGuest({ stdin: entry(source, interfaces) }));
  const imports = Object.values(metafile.outputs).flatMap((output) => output.imports.map(({ path }) => path));
  const host = [...new Set(imports)].filter((path) => /^(koi|wasi):/.test(path));
  await writeWorld(wit, host.map((path) => `import ${path}`), interfaces);
  await rename(wit, hidden);
  const { componentize } = await installed('componentize-qjs');
  const { component } = await componentize({
    jsSource: hidden(outputFiles[0].text),
    witPath: wit,
    world: 'guest',
    sync: true,
    optSize: true,
  });
  await writeFile(out, shown(component));
}

// The program begins to run when the component is made, over an own `wasi:io` of componentize-qjs and stubs for what
// it does not have, such as `wasi:http`. Stubs that use the streams of that `wasi:io` do not fit it. So both have other
// names of the same length until the component is made.
const hidden = (text) => text.replace(/\bwasi:(?=(io|http)[/@])/g, 'xasi:');

function shown(component) {
  for (const name of ['xasi:io/', 'xasi:http/', 'xasi:io@', 'xasi:http@']) {
    for (let at = component.indexOf(name); at !== -1; at = component.indexOf(name, at)) component.write('w', at);
  }
  return component;
}

async function rename(folder, change) {
  for (const file of await readdir(folder, { recursive: true })) {
    if (!file.endsWith('.wit')) continue;
    const path = join(folder, file);
    await writeFile(path, change(await readFile(path, 'utf8')));
  }
}

const [command, source, ...rest] = process.argv.slice(2);
try {
  if (command === 'inspect' && source) {
    console.log(JSON.stringify({ interfaces: (await inspect(source)).map(kebab) }));
  } else if (command === 'build' && rest.length === 2) {
    await build(source, ...rest);
  } else {
    console.error('usage: node component.mjs inspect SOURCE | build SOURCE WIT OUT');
    process.exitCode = 2;
  }
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
