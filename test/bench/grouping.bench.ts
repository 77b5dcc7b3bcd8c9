// How well messages are grouped by their template alone, per system of Loghub-2k, and what a
// fingerprint with its class costs. GA is the share of messages whose whole group is right, FGA the F1
// score over groups.
import { existsSync, readFileSync } from 'node:fs';
import { identify } from '../../collector/materialize/classify/identify.ts';

export const name = 'Grouping: GA and FGA per system, and CPU time per failure';

const DATA = new URL('../../../shared/data/loghub-dev.jsonl', import.meta.url);
const ROUNDS = 5;
const FAILURES = 100_000;

interface Line {
  system: string;
  message: string;
  group: string;
}

type Failure = Parameters<typeof identify>[0];

function failureOf(error_message: string, over: Partial<Failure> = {}): Failure {
  return {
    agent_id: '',
    node_id: '',
    site: '',
    class: 'unclassified',
    error_type: '',
    error_message,
    stack_trace: '',
    attributes: {},
    ...over,
  };
}

export async function run(): Promise<void> {
  if (existsSync(DATA)) quality(readFileSync(DATA, 'utf8'));
  else console.log('shared/data/loghub-dev.jsonl is not beside the project: no GA and FGA');
  cost();
}

function quality(data: string): void {
  const systems = new Map<string, Line[]>();
  for (const line of data.split('\n').filter(Boolean)) {
    const read = JSON.parse(line) as Line;
    const lines = systems.get(read.system) ?? [];
    systems.set(read.system, [...lines, read]);
  }
  const scores = [...systems].map(([system, lines]) => ({ system, ...score(lines) }));
  const mean = (key: 'ga' | 'fga') => scores.reduce((sum, s) => sum + s[key], 0) / scores.length;
  console.log('system         GA    FGA  groups  found');
  for (const { system, ga, fga, groups, found } of scores) row(system, ga, fga, groups, found);
  row('average', mean('ga'), mean('fga'));
}

function row(system: string, ga: number, fga: number, groups?: number, found?: number): void {
  const counts = [groups, found].map((count) => String(count ?? '').padStart(7)).join('');
  console.log(
    `${system.padEnd(11)}${ga.toFixed(4).padStart(7)}${fga.toFixed(4).padStart(7)}${counts}`,
  );
}

function score(lines: readonly Line[]) {
  const truth = membersBy(lines, ({ group }) => group);
  const found = membersBy(lines, ({ message }) => identify(failureOf(message)).fingerprint);
  let rightLines = 0;
  let rightGroups = 0;
  for (const members of found.values()) {
    const { group } = members[0]!;
    const isWhole = members.length === truth.get(group)!.length;
    if (!isWhole || members.some((line) => line.group !== group)) continue;
    rightLines += members.length;
    rightGroups++;
  }
  const precision = rightGroups / found.size;
  const recall = rightGroups / truth.size;
  return {
    ga: rightLines / lines.length,
    fga: precision + recall === 0 ? 0 : (2 * precision * recall) / (precision + recall),
    groups: truth.size,
    found: found.size,
  };
}

function membersBy(lines: readonly Line[], key: (line: Line) => string): Map<string, Line[]> {
  const members = new Map<string, Line[]>();
  for (const line of lines) {
    const list = members.get(key(line));
    if (list) list.push(line);
    else members.set(key(line), [line]);
  }
  return members;
}

/** As a decoder gives them: a new string each time. */
const stack = Buffer.from(
  `FetchError: no answer\n${Array.from({ length: 9 }, (_, i) =>
    i < 5
      ? `    at async Planner.step${'abcde'[i]} (file:///srv/app/dist/planner/steps.js:${100 + i}:17)`
      : `    at async RunnableSequence.invoke (/srv/app/node_modules/@langchain/core/base.js:${i}:33)`,
  ).join('\n')}`,
);

function cost(): void {
  const ids = { agent_id: 'planner', node_id: 'fetch_orders', error_type: 'FetchError' };
  const message = (i: number) =>
    `Tool search_orders failed for order ${i}: upstream answered 502 after ${i % 7} attempts`;
  measure('one line, no stack trace', (i) => failureOf(message(i), ids));
  measure('one line, 9 frames', (i) => {
    return failureOf(message(i), { ...ids, stack_trace: stack.toString() });
  });
  measure('one line, 9 frames never seen before', (i) => {
    const stack_trace = stack.toString().replace(':101:', `:${i}:`);
    return failureOf(message(i), { ...ids, stack_trace });
  });
}

/** The best of some rounds: whatever else runs on the machine only makes it slower. */
function measure(what: string, failure: (i: number) => Failure): void {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const before = process.cpuUsage();
    for (let i = 0; i < FAILURES; i++) identify(failure(round * FAILURES + i));
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, (user + system) / FAILURES);
  }
  console.log(
    `${what.padEnd(38)}${best.toFixed(1).padStart(6)} µs of CPU for fingerprint and class`,
  );
}
