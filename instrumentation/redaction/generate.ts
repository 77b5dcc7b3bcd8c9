// Writes `rules.json` where each side can load it: as a module here, as a file in the Python package.
// `--check` says what would change instead.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const text = readFileSync(at('./rules.json'), 'utf8');
const rules = JSON.parse(text);
const outputs: Record<string, string> = {
  [at('./rules.generated.ts')]: `// Generated from rules.json by generate.ts; do not edit.
import type { Rules } from './rules.ts';

export const RULES: Rules = ${JSON.stringify(rules)};
`,
  [at('../python/faultline/redaction/rules.json')]: text,
};

const isCheck = process.argv.includes('--check');
for (const [path, wanted] of Object.entries(outputs)) {
  if (existsSync(path) && readFileSync(path, 'utf8') === wanted) continue;
  if (isCheck) {
    console.error(`${path} is not what generate.ts makes: npm run generate`);
    process.exitCode = 1;
  } else writeFileSync(path, wanted);
}
