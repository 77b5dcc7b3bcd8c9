// Builds instrumentation/dist/: a few files instead of a hundred, because each file that `register` loads costs
// the app's start. The types stay one file each. What the root package uses of it gets a file of its own.
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const root = fileURLToPath(new URL('../../', import.meta.url));
const IMPORT = /(['"])(?:\.\.?\/)+instrumentation\/([^'"]+?)\.(?:js|ts)\1/g;
const PUBLIC = {
  index: '',
  register: '/register',
  'semconv/index': '/semconv',
  'redaction/index': '/redaction',
};

/**
 * A few functions of each are used; as packages they would be 90 files more at the app's start, and of
 * `@opentelemetry/api` both its ES modules and its CommonJS.
 */
const BUNDLED =
  /^@opentelemetry\/(?:api-logs|core|instrumentation|resources|semantic-conventions)(?:\/|$)/;

/** Bundles what was compiled into dist/instrumentation, and has the rest of dist/ import the package. */
export async function buildInstrumentation() {
  const used = new Set(Object.keys(PUBLIC));
  for (const folder of ['collector', 'query', 'deploy']) {
    for (const file of filesOf(`${root}dist/${folder}`, /\.(?:js|d\.ts)$/)) {
      const text = readFileSync(file, 'utf8');
      const mended = text.replace(IMPORT, (_, quote, path) => {
        used.add(path);
        return `${quote}@faultline/instrumentation${PUBLIC[path] ?? `/internal/${path}`}${quote}`;
      });
      if (mended !== text) writeFileSync(file, mended);
    }
  }
  const compiled = `${root}dist/instrumentation`;
  await build({
    root: compiled,
    configFile: false,
    logLevel: 'warn',
    resolve: { mainFields: ['module', 'main'] },
    ssr: { noExternal: BUNDLED },
    build: {
      ssr: true,
      outDir: `${root}instrumentation/dist`,
      emptyOutDir: true,
      target: 'node20',
      minify: false,
      rolldownOptions: {
        input: Object.fromEntries([...used].map((path) => [path, `${compiled}/${path}.js`])),
        external: (id) => /^[^./]/.test(id) && !BUNDLED.test(id),
        preserveEntrySignatures: 'strict',
        output: { format: 'es', entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' },
      },
    },
  });
  for (const file of filesOf(compiled, /\.d\.ts$/)) {
    cpSync(file, file.replace(compiled, `${root}instrumentation/dist`));
  }
  rmSync(compiled, { recursive: true });
  mkdirSync(compiled);
  for (const name of ['index', 'register']) {
    const target = `@faultline/instrumentation${PUBLIC[name]}`;
    for (const ending of ['js', 'd.ts']) {
      writeFileSync(`${compiled}/${name}.${ending}`, `export * from '${target}';\n`);
    }
  }
}

function filesOf(folder, pattern) {
  return readdirSync(folder, { recursive: true })
    .filter((name) => pattern.test(name))
    .map((name) => `${folder}/${name}`);
}
