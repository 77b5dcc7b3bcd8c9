import { readFileSync } from 'node:fs';

// The manifest is one folder up from the sources and two from what is built of them.
const manifest = new URL(
  import.meta.url.includes('/dist/') ? '../../package.json' : '../package.json',
  import.meta.url,
);

/** The version of this package. */
export const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
