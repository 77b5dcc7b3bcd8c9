// How well failures are grouped and classified, on the way of the product (redaction included), beside
// simple baselines on the same inputs; and what a fingerprint with its class costs.
import { createHash } from 'node:crypto';
import { atOnce } from '../../collector/decode/turns.ts';
import { missingEvents } from '../../collector/grouping/changes.ts';
import { memberOf } from '../../collector/grouping/member.ts';
import { identify } from '../../collector/materialize/classify/identify.ts';
import { type Failure, fingerprintOf } from '../../deploy/cli/fingerprint.ts';
import { GroupMapping } from '../../query/questions/groups/mapping.ts';
import { masked, raised } from './grouping-baselines.ts';
import { type AgentError, agentErrors, classed, logLines, pairs } from './grouping-data.ts';
import { type Scores, score } from './grouping-scores.ts';

export const name = 'Grouping: scores on real messages, and CPU time per failure';

const ROUNDS = 5;
const FAILURES = 100_000;

type Told = Pick<Failure, 'error_type' | 'error_message'> & {
  stack_trace?: string;
  library?: string;
};

const answerTo = ({ error_type, error_message, stack_trace = '' }: Told) =>
  fingerprintOf({ error_type, error_message, stack_trace, node_id: '', agent_id: '' });
const product = (told: Told) => answerTo(told).fingerprint;
/** The group of each failure after the mapping, which sees them in this order. */
function mapped(failures: readonly Told[], isAccepted = false): string[] {
  const names = failures.map(product);
  const first = new Map<string, number>();
  for (const [i, name] of names.entries()) if (!first.has(name)) first.set(name, i);
  const members = [...first].map(([fingerprint, i]) =>
    memberOf({
      stack_trace: '',
      ...failures[i]!,
      fingerprint,
      agent_id: '',
      node_id: failures[i]!.library ?? '',
      timestamp: String(i).padStart(8, '0'),
    }),
  );
  const groups = new GroupMapping(
    atOnce(missingEvents(members, [], ''))
      .filter(({ kind }) => isAccepted || kind === 'merge')
      .map((event) => ({ ...event, kind: 'merge' })),
  );
  return names.map((name) => groups.groupOf(name));
}
const withoutStack = <T extends Told>({ stack_trace: _, ...told }: T) => told;

export async function run(): Promise<void> {
  scoreAgentErrors();
  scoreLogs();
  scorePairs();
  scoreClasses();
  cost();
}

function scoreAgentErrors(): void {
  const errors = agentErrors();
  if (!errors) return;
  const bare = errors.map(withoutStack);
  const stacked = errors.filter(({ stack_trace }) => stack_trace);
  const scoreOf = (some: readonly AgentError[], key: (told: Told) => string) =>
    score(
      some.map(key),
      some.map(({ template_id }) => template_id),
    );
  console.log(`agent errors, all libraries as one pool${HEAD}`);
  row('messages only', scoreOf(bare, product));
  row('  type and masks', scoreOf(bare, masked));
  row('those with stacks', scoreOf(stacked, product));
  const truth = stacked.map(({ template_id }) => template_id);
  row('  after the mapping', score(mapped(stacked), truth));
  for (const fold of [0, 1, 2, 3]) scoreFold(stacked, fold);
  for (const seed of [1, 2, 3]) {
    const other = shuffled(stacked, seed);
    const own = other.map(({ template_id }) => template_id);
    row(`  after it, other order ${seed}`, score(mapped(other), own));
  }
  row('with and without stacks', scoreOf(errors, product));
  row(
    '  every proposal accepted',
    score(
      mapped(errors, true),
      errors.map(({ template_id }) => template_id),
    ),
  );
  row('  type and masks', scoreOf(stacked, masked));
  row('  type and raise frame', scoreOf(stacked, raised));
  console.log(`\nper library, messages only${HEAD}   those with stacks${HEAD}`);
  for (const library of [...new Set(errors.map((error) => error.library))].sort()) {
    const own = (all: readonly AgentError[]) => all.filter((one) => one.library === library);
    row(library, scoreOf(own(bare), product), scoreOf(own(stacked), product));
  }
}

function shuffled<T>(items: readonly T[], seed: number): T[] {
  const random = (i: number) => createHash('sha256').update(`${seed} ${i}`).digest('hex');
  return items
    .map((item, i) => [random(i), item] as const)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([, item]) => item);
}

/** Every fourth library: what was chosen on the others has to hold on them too. */
function scoreFold(stacked: readonly AgentError[], fold: number): void {
  const libraries = [...new Set(stacked.map(({ library }) => library))].sort();
  const own = stacked.filter(({ library }) => libraries.indexOf(library) % 4 === fold);
  const truth = own.map(({ template_id }) => template_id);
  row(
    `  fold ${fold + 1}, before and after`,
    score(own.map(product), truth),
    score(mapped(own), truth),
  );
}

function scoreLogs(): void {
  const lines = logLines();
  if (!lines) return;
  const systems = [...new Set(lines.map(({ system }) => system))].sort();
  console.log(`\nlogs, per system${HEAD}   type and masks${HEAD}`);
  const all = systems.map((system) => {
    const own = lines.filter((line) => line.system === system);
    const told = own.map(({ message }) => ({ error_type: '', error_message: message }));
    const truth = own.map(({ group }) => group);
    const scores = [score(told.map(product), truth), score(told.map(masked), truth)] as const;
    row(system, ...scores);
    return scores;
  });
  const mean = (of: (scores: (typeof all)[number]) => Scores): Scores => {
    const sum = (key: keyof Scores) => all.reduce((total, one) => total + of(one)[key], 0);
    const average = (key: keyof Scores) => sum(key) / all.length;
    return {
      ga: average('ga'),
      fga: average('fga'),
      precision: average('precision'),
      groups: sum('groups'),
      found: sum('found'),
    };
  };
  row(
    'average',
    mean(([own]) => own),
    mean(([, simple]) => simple),
  );
}

function scorePairs(): void {
  const all = pairs();
  if (!all) return;
  const right = (key: (told: Told) => string) =>
    all.filter(({ a, b, same }) => (key(a) === key(b)) === same);
  const own = right(product);
  console.log(`\npairs: ${own.length} of ${all.length}; type and masks ${right(masked).length}`);
  const wrong = all.filter((pair) => !own.includes(pair));
  for (const { id, same, kind, contested } of wrong) {
    const what = same ? 'split' : 'merged';
    console.log(`  ${what} ${String(id).padStart(3)} ${kind}${contested ? ' (contested)' : ''}`);
  }
}

function scoreClasses(): void {
  const all = classed();
  if (!all) return;
  for (const [what, told] of [
    ['messages only', all.map(withoutStack)],
    ['with stacks', all],
  ] as const) {
    const found = told.map((one) => answerTo(one).class);
    const right = found.filter((known, i) => known === all[i]!.true_class).length;
    const none = found.filter((known) => known === 'unclassified').length;
    const share = (count: number) => (count / all.length).toFixed(3);
    const wrong = all.length - right - none;
    console.log(
      `classes, ${what}: right ${share(right)}, wrong ${share(wrong)}, none ${share(none)}`,
    );
  }
}

const HEAD = '   GA  FGA  pairs groups found';

function row(what: string, ...scores: readonly Scores[]): void {
  const cells = scores.map(({ ga, fga, precision, groups, found }) => {
    const shares = [ga, fga, precision].map((share) => share.toFixed(3).padStart(7));
    return shares.join('') + [groups, found].map((n) => String(n).padStart(6)).join('');
  });
  console.log(what.padEnd(28) + cells.join('    '));
}

type Row = Parameters<typeof identify>[0];

function failureOf(error_message: string, over: Partial<Row> = {}): Row {
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
  console.log('');
  measure('one line, no stack trace', (i) => failureOf(message(i), ids));
  measure('one line, 9 frames', (i) => {
    return failureOf(message(i), { ...ids, stack_trace: stack.toString() });
  });
  measure('one line, 9 frames never seen before', (i) => {
    const stack_trace = stack.toString().replace(':101:', `:${i}:`);
    return failureOf(message(i), { ...ids, stack_trace });
  });
  const errors = agentErrors()?.map(({ error_type, error_message, stack_trace = '' }) =>
    failureOf(error_message, { error_type, stack_trace }),
  );
  if (errors) measure('agent errors', (i) => errors[i % errors.length]!);
}

/** The best of some rounds: whatever else runs on the machine only makes it slower. */
function measure(what: string, failure: (i: number) => Row): void {
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
