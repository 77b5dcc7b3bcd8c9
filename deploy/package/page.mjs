// Builds the web page into dist/page/; `node deploy/package/page.mjs` builds only it.
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** @param outDir where to, absolute @default dist/page of the project */
export async function buildPage(outDir = `${root}dist/page`) {
  await build({
    root: `${root}query/page`,
    configFile: false,
    // Relative, since a proxy may serve the page under a path of its own.
    base: './',
    logLevel: 'warn',
    oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
    build: {
      outDir,
      emptyOutDir: true,
      target: 'es2022',
      // The Content-Security-Policy allows files of ours only: nothing inline, no data: addresses.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
    },
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildPage();
