// node test.mjs FOLDER [arguments of node --test]: runs the tests (*.test.ts, *.test.js, *.test.mjs) of a project's
// folder by node:test, over a node in memory.

import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundle, forNode } from './bundle.mjs';

const [folder = 'tests', ...more] = process.argv.slice(2);
const found = (await readdir(folder, { recursive: true })).filter((file) => /\.test\.(ts|js|mjs)$/.test(file)).sort();
const outdir = await mkdtemp(join(tmpdir(), 'koi-'));
try {
  const entryPoints = found.map((file) => join(folder, file));
  await bundle(forNode({ entryPoints, outdir, outbase: folder, outExtension: { '.js': '.mjs' } }));
  const files = found.map((file) => join(outdir, file.replace(/\.\w+$/, '.mjs')));
  const { status } = spawnSync(process.execPath, ['--enable-source-maps', '--test', ...more, ...files], { stdio: 'inherit' });
  process.exitCode = status ?? 1;
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  await rm(outdir, { recursive: true });
}
