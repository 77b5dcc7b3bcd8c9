// The hook by which benchmarks measure the built files, as users run them.
import { existsSync } from 'node:fs';

const tests = new URL('../', import.meta.url).href;
const root = new URL('../../', import.meta.url).href;

/** The built file for a source that a benchmark imports, where there is one. */
export async function resolve(specifier, context, next) {
  if (context.parentURL?.startsWith(tests) && /^\.\.?\/.*\.ts$/.test(specifier)) {
    const source = new URL(specifier, context.parentURL).href;
    const built = new URL(source.slice(root.length).replace(/\.ts$/, '.js'), `${root}dist/`);
    if (source.startsWith(root) && existsSync(built)) {
      return { url: built.href, format: 'module', shortCircuit: true };
    }
  }
  return next(specifier, context);
}
