// Bundles of a project's source with the SDK, by esbuild of the project.

import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const src = join(import.meta.dirname, '../src');

/** What stands for the host where there is none. */
const TESTING = {
  'koi:extension/knowledge@0.1.0': 'knowledge',
  'koi:extension/network@0.1.0': 'network',
  'koi:extension/caller@0.1.0': 'caller',
  'koi:extension/secrets@0.1.0': 'secrets',
  'wasi:config/store@0.2.0-rc.1': 'config',
  'wasi:logging/logging@0.1.0-draft': 'logging',
  'wasi:keyvalue/store@0.2.0-draft': 'store',
  'wasi:keyvalue/atomics@0.2.0-draft': 'atomics',
  'wasi:keyvalue/batch@0.2.0-draft': 'batch',
};

const MODULES = { 'koi-extension': 'index.ts', 'koi-extension/testing': 'testing/index.ts' };

/** A package of the project in the current folder, which installed it. */
export async function installed(name) {
  try {
    return await import(pathToFileURL(createRequire(join(process.cwd(), 'package.json')).resolve(name)));
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND') throw error;
    throw new Error(`the package ${name} is not installed in ${process.cwd()}: run \`npm install\` there`);
  }
}

const resolving = (testing) => ({
  name: 'koi-extension',
  setup(build) {
    build.onResolve({ filter: /^koi-extension(\/testing)?$/ }, ({ path }) => ({ path: join(src, MODULES[path]), sideEffects: false }));
    build.onResolve({ filter: /^(koi|wasi):/ }, ({ path }) => {
      if (!testing) return { path, external: true, sideEffects: false };
      const file = TESTING[path];
      return file ? { path: join(src, 'testing/host', `${file}.ts`) } : { errors: [{ text: `a test has no host for ${path}` }] };
    });
    if (testing) {
      build.onResolve({ filter: /^\.\/exchange\.js$/ }, ({ resolveDir }) =>
        resolveDir === src ? { path: join(src, 'testing/host/exchange.ts') } : undefined,
      );
    }
  },
});

/** Options of esbuild for a bundle that runs in Node.js over a node in memory. */
export const forNode = (options) => ({
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  sourcemap: 'inline',
  logLevel: 'silent',
  plugins: [resolving(true)],
  ...options,
});

/** Options of esbuild for the program of a component. */
export const forGuest = (options) => ({
  bundle: true,
  format: 'esm',
  platform: 'neutral',
  mainFields: ['module', 'main'],
  target: 'es2022',
  minify: true,
  keepNames: false,
  metafile: true,
  write: false,
  logLevel: 'silent',
  inject: [join(src, 'globals.ts')],
  define: { 'Math.random': 'koiRandom' },
  plugins: [resolving(false)],
  ...options,
});

/** Bundles; what esbuild finds fault with is an error with the places. */
export async function bundle(options) {
  const esbuild = await installed('esbuild');
  try {
    return await esbuild.build(options);
  } catch (error) {
    const { errors = [] } = error;
    if (errors.length === 0) throw error;
    throw new Error((await esbuild.formatMessages(errors, { kind: 'error' })).join('').trim());
  }
}
