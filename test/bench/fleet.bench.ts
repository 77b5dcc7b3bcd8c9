// Lists of all agents over many agents and groups: milliseconds of the library's answers and the memory of the
// process that asks. BENCH_GROUPS: default 100,000, one of each agent and version.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '../../query/index.ts';
import { openEngine } from './memory-data.ts';

export const name = 'Fleet: first and further pages of lists over all agents';

const GROUPS = Number(process.env.BENCH_GROUPS ?? 100_000);
const ROUNDS = 5;
const PAGES = 20;

const FAILURES = `
  INSERT INTO failures (timestamp, failure_id, agent_id, fingerprint, graph_snapshot_ref, level, class, error_type)
  SELECT now64(9) - number / 100, generateUUIDv4(), concat('agent-', toString(number)),
    concat('v1:', lower(hex(MD5(toString(number))))), concat('sha256:', hex(number)), 'node', 'tool.error', 'Error'
  FROM numbers(${GROUPS})`;

export async function run(): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), 'faultline-fleet-'));
  const { engine, ask } = await openEngine(dataDir);
  try {
    await ask(FAILURES);
    const history = connect({ clickhouse: { url: engine.url, ...engine.query } });
    const lists: [string, () => Promise<unknown>][] = [
      ['agents', () => history.agents({ limit: 50 })],
      ['agents with states', () => history.agents({ limit: 50, states: true })],
      ['groups', () => history.groups({})],
      ...(['new', 'ongoing', 'escalating', 'resolved', 'regressed', 'ignored'] as const).map(
        (state): [string, () => Promise<unknown>] => [
          `groups in state ${state}`,
          () => history.groups({ state }),
        ],
      ),
      ['groups with a class that none has', () => history.groups({ class: 'code.error' })],
      ['groups with trend', () => history.groups({ trend: true })],
      [`${PAGES} pages of 500 groups`, () => pages(history)],
    ];
    console.log('| list | least | most | memory |\n|---|---|---|---|');
    for (const [list, read] of lists) {
      const times: number[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        const started = performance.now();
        await read();
        times.push(performance.now() - started);
      }
      const [least, most] = [Math.min(...times), Math.max(...times)].map(Math.round);
      const memory = Math.round(process.memoryUsage().rss / 2 ** 20);
      console.log(`| ${list} | ${least} ms | ${most} ms | ${memory} MiB |`);
    }
  } finally {
    await engine.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function pages(history: ReturnType<typeof connect>): Promise<void> {
  let cursor: string | null = null;
  for (let page = 0; page < PAGES; page++) {
    const answer: Awaited<ReturnType<typeof history.groups>> = await history.groups({
      limit: 500,
      ...(cursor === null ? {} : { cursor }),
    });
    cursor = answer.next_cursor;
  }
}
