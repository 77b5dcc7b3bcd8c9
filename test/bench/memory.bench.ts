// What a question of the history takes when there is much to remember: failures, ten times as many node
// attempts and a tenth as many runs, made by SQL, seeded, in embedded ClickHouse.
// BENCH_FAILURES says how many (default 1,000,000); BENCH_MEMORY_DIR keeps the data for the next time.
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type History } from '../../query/index.ts';
import { type Ask, openEngine, seed } from './memory-data.ts';

export const name = 'Memory: milliseconds of a question, p50 / p95, over seeded failures';

const FAILURES = Number(process.env.BENCH_FAILURES ?? 1_000_000);
const KEPT = process.env.BENCH_MEMORY_DIR;
const WARM_UP = 3;
const TIMES = 40;

/** Agents with 14 % and 1.6 % of all failures. */
export const AGENTS = { large: 'agent-00', usual: 'agent-20' };

export async function run(): Promise<void> {
  const dataDir = KEPT ?? (await mkdtemp(join(tmpdir(), 'faultline-memory-')));
  const isMade = existsSync(join(dataDir, `seeded-${FAILURES}`));
  const { engine, ask } = await openEngine(dataDir);
  const history = connect({ clickhouse: { url: engine.url, ...engine.reader } });
  try {
    if (!isMade) await seed(ask, FAILURES, join(dataDir, `seeded-${FAILURES}`));
    console.log(await sizes(ask));
    for (const [size, agent] of Object.entries(AGENTS)) {
      console.log(`\n${size} agent: ${await amounts(ask, agent)}`);
      for (const [what, question] of Object.entries(await questions(history, agent))) {
        console.log(`  ${what.padEnd(34)} ${await timeOf(question)}`);
      }
    }
  } finally {
    await history.close();
    await engine.stop();
    if (!KEPT) await rm(dataDir, { recursive: true, force: true });
  }
}

async function sizes(ask: Ask): Promise<string> {
  return ask(`
    SELECT table, formatReadableQuantity(sum(p.rows)) AS stored, formatReadableSize(sum(p.bytes_on_disk)) AS disk,
      round(sum(p.bytes_on_disk) / sum(p.rows), 1) AS bytes_a_row, count() AS parts
    FROM system.parts AS p WHERE active AND database = 'faultline'
      AND table IN ('failures', 'node_attempts', 'graph_runs')
    GROUP BY table ORDER BY table FORMAT PrettyCompactMonoBlock`);
}

async function amounts(ask: Ask, agent: string): Promise<string> {
  const text = await ask(`
    SELECT concat(
      (SELECT toString(count()) FROM failures WHERE agent_id = '${agent}'), ' failures, ',
      (SELECT toString(count()) FROM node_attempts WHERE agent_id = '${agent}'), ' attempts')
    FORMAT TSV`);
  return text.trim();
}

export async function questions(
  history: History,
  agent: string,
): Promise<Record<string, () => Promise<unknown>>> {
  const { items } = await history.recentFailures({ agent, limit: 1 });
  const { fingerprint, node_id, failure_id } = items[0]!;
  const evolutions = await history.evolutions({ agent, limit: 3 });
  const fix = evolutions.items[2]!.evolution_id;
  return {
    'recent failures of the agent': () => history.recentFailures({ agent }),
    'recent failures of a group': () => history.recentFailures({ agent, fingerprint }),
    'one failure': () => history.failure(failure_id),
    'groups of the agent': () => history.groups({ agent }),
    'one group and its history': () => history.group(fingerprint),
    'retry advice': () => history.retryAdvice(agent, { node: node_id, fingerprint, attempt: 1 }),
    'nodes of the agent': () => history.nodes(agent),
    'effects of an evolution': () => history.effects(fix),
    brief: () => history.brief(agent),
  };
}

async function timeOf(question: () => Promise<unknown>): Promise<string> {
  const times: number[] = [];
  for (let turn = 0; turn < WARM_UP + TIMES; turn++) {
    const start = performance.now();
    await question();
    if (turn >= WARM_UP) times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  const at = (share: number): string => times[Math.floor(TIMES * share)]!.toFixed(0);
  return `${at(0.5)} / ${at(0.95)}`;
}
