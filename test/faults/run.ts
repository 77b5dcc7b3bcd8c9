// Breaks the collector in every way there is a file for, and counts: `npm run test:faults`, or
// `npm run test:faults -- clock` for those whose file name has that word. `--seed <n>` repeats a run as
// far as chance goes; FAULTLINE_FAULT_ROUNDS (default 1) multiplies the rounds.
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Fault, NotHere, type Outcome } from './fault.ts';
import { Random } from './random.ts';
import { Server } from './server.ts';
import { World } from './world.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seed: { type: 'string' } },
});
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
const scale = Number(process.env.FAULTLINE_FAULT_ROUNDS ?? 1);
const chosen = positionals[0] ?? '';

/** Milliseconds that no fault takes; a long fuzzing is beyond it. */
const HANG_MS = Number(process.env.FAULTLINE_FUZZ_CASES ?? 0) > 100_000 ? 7_200_000 : 300_000;

interface Line {
  name: string;
  outcome: Outcome | undefined;
  /** Why the fault has no outcome, or what was wrong besides. */
  problem: string;
  /** What this machine lacks for it; no failure. */
  missing: string;
}

console.log(`seed ${seed}`);
const here = new URL('./', import.meta.url);
const files = (await readdir(here)).filter((file) => file.endsWith('.fault.ts')).sort();
const temporary = await mkdtemp(join(tmpdir(), 'faultline-faults-'));
const lines: Line[] = [];
const server = await Server.start(temporary);
try {
  for (const file of files.filter((name) => name.includes(chosen))) {
    const { fault } = (await import(new URL(file, here).href)) as { fault: Fault };
    if (fault.byHand && chosen === '') console.log(`\n${fault.name}: only by hand, ${file}`);
    else lines.push(await runFault(fault));
  }
} finally {
  await server.stop();
  await rm(temporary, { recursive: true, force: true });
}
report(lines);
process.exit(lines.length === 0 || lines.some(isBad) ? 1 : 0);

async function runFault(fault: Fault): Promise<Line> {
  console.log(`\n${fault.name}`);
  const started = performance.now();
  await server.empty();
  const world = new World({
    server,
    random: new Random(seed),
    folder: await mkdtemp(join(temporary, 'fault-')),
    scale,
    isNamed: chosen !== '',
    print: (text) => console.log(`  ${secondsSince(started)} s: ${text}`),
  });
  let outcome: Outcome | undefined;
  const problems: string[] = [];
  let missing = '';
  const note = (error: unknown): void => {
    const text = error instanceof Error ? error.message : String(error);
    if (error instanceof NotHere) missing = text;
    else problems.push(text);
  };
  try {
    outcome = await inTime('the fault', fault.run(world), fault.lastsMs?.(world));
    if (outcome.problem) problems.push(outcome.problem);
  } catch (error) {
    note(error);
  }
  await inTime('clearing up', world.clear()).catch(note);
  const memory = world.peakMemory();
  if (memory > 0 && outcome) {
    outcome.note = [outcome.note, `peak ${memory} MiB`].filter(Boolean).join('; ');
  }
  const problem = problems.join('; ');
  console.log(`  ${secondsSince(started)} s: ${problem || missing || 'done'}`);
  return { name: fault.name, outcome, problem, missing };
}

/** @throws when it hangs, with its name */
async function inTime<T>(what: string, doing: Promise<T>, more = 0): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} hangs`)), HANG_MS + more);
  });
  try {
    return await Promise.race([doing, late]);
  } finally {
    clearTimeout(timer);
  }
}

function secondsSince(started: number): number {
  return Math.round((performance.now() - started) / 1000);
}

function isBad({ outcome, problem, missing }: Line): boolean {
  if (missing !== '') return false;
  return outcome === undefined || problem !== '' || outcome.lost > 0 || outcome.doubled > 0;
}

function report(all: Line[]): void {
  console.log('\nNotes');
  for (const { name, outcome, problem, missing } of all) {
    const texts = [
      problem && `FAILED: ${problem}`,
      missing && `not run here: ${missing}`,
      outcome?.note,
    ];
    console.log(`  ${name}: ${texts.filter(Boolean).join('; ')}`);
  }
  const total = { acknowledged: 0, found: 0, lost: 0, doubled: 0 };
  const rows = all.map(({ name, outcome }) => {
    for (const key of Object.keys(total) as (keyof typeof total)[])
      total[key] += outcome?.[key] ?? 0;
    return row(name, outcome);
  });
  const head = ['fault', 'acknowledged', 'found', 'lost', 'doubled'];
  const table = [head, ...rows, row(`${all.length} faults`, total)];
  const widths = head.map((_, column) => Math.max(...table.map((cells) => cells[column]!.length)));
  console.log('');
  for (const cells of table) {
    const [name, ...numbers] = cells.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!),
    );
    console.log([name, ...numbers].join(' | '));
  }
}

function row(name: string, outcome: Outcome | undefined): string[] {
  if (outcome === undefined) return [name, 'not run', '-', '-', '-'];
  const { acknowledged, found, lost, doubled } = outcome;
  return [
    name,
    ...[acknowledged, found, lost, doubled].map((number) => number.toLocaleString('en')),
  ];
}
