// The instrumentation as plain JavaScript in a folder of its own, so that tests of real processes need
// no build: inside the project, so that the packages it imports are found.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';

const root = join(import.meta.dirname, '../..');

export interface Built {
  folder: string;
  /** What `--import` gets. */
  register: string;
  index: string;
  /** Writes a file of an app and returns its path. */
  write(name: string, text: string): string;
  remove(): void;
}

/** @param label of the folder; the process id is added */
export function buildInstrumentation(label: string): Built {
  const folder = join(root, 'node_modules', '.cache', `${label}-${process.pid}`);
  const write = (file: string, text: string) => {
    const path = join(folder, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    return path;
  };
  const sources = join(root, 'instrumentation');
  for (const file of readdirSync(sources, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ts') || file.endsWith('.d.ts') || /^(?:dist|node_modules)\//.test(file))
      continue;
    const { outputText } = ts.transpileModule(readFileSync(join(sources, file), 'utf8'), {
      compilerOptions: {
        module: ts.ModuleKind.ESNext,
        target: ts.ScriptTarget.ES2023,
        verbatimModuleSyntax: true,
        rewriteRelativeImportExtensions: true,
      },
    });
    write(join('instrumentation', file.replace(/\.ts$/, '.js')), outputText);
  }
  write('package.json', '{"type":"module"}');
  const name = '@faultline/instrumentation';
  write('instrumentation/package.json', JSON.stringify({ name, type: 'module' }));
  return {
    folder,
    register: join(folder, 'instrumentation', 'register.js'),
    index: join(folder, 'instrumentation', 'index.js'),
    write,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
