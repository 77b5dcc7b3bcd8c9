// Prints the crash table: `npm run test:crash`, or `npm run test:crash -- memory` for the rows whose name
// has that word. `--outage <seconds>` says how long the collector is away (default 15).
import { parseArgs } from 'node:util';
import { type Outcome, rows } from './rows.ts';
import { CrashWorld } from './world.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { outage: { type: 'string', default: '15' } },
});
const outageMs = Number(values.outage) * 1000;
if (!(outageMs >= 0)) throw new TypeError(`--outage must be seconds, got ${values.outage}`);
const chosen = rows.filter(({ name }) => name.includes(positionals[0] ?? ''));

const cells: string[][] = [
  ['process or collector', 'recorded', 'at once', 'arrived', 'lost', 'doubled', 'resent'],
];
const problems: string[] = [];
const world = await CrashWorld.start();
try {
  for (const [index, row] of chosen.entries()) {
    await world.begin(`row-${String.fromCharCode(97 + index)}`);
    const started = performance.now();
    const outcome = await row.run(world, { outageMs }).catch((error: Error) => {
      problems.push(`${row.name}: ${error.message}`);
      return undefined;
    });
    console.log(`${row.name}: ${Math.round((performance.now() - started) / 1000)} s`);
    cells.push([row.name, ...told(outcome)]);
    if (outcome && outcome.lost + outcome.doubled > 0)
      problems.push(`${row.name}: lost or doubled`);
  }
} finally {
  await world.stop();
}
print();
for (const problem of problems) console.error(`FAILED ${problem}`);
process.exit(problems.length > 0 || chosen.length === 0 ? 1 : 0);

function told(outcome: Outcome | undefined): string[] {
  if (!outcome) return ['not run', '-', '-', '-', '-'];
  const { recorded, atOnce, arrived, lost, doubled, resent } = outcome;
  return [recorded, atOnce, arrived, lost, doubled, resent].map((count) =>
    count.toLocaleString('en'),
  );
}

function print(): void {
  const widths = cells[0]!.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  console.log('');
  for (const row of cells) {
    const [name, ...counts] = row.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!),
    );
    console.log([name, ...counts].join(' | '));
  }
}
