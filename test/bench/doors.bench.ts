// What the doors add to the history: HTTP against the library, many who ask while failures come in, the
// page, MCP, the command line. BENCH_FAILURES (default 1,000,000) and BENCH_MEMORY_DIR as for "memory":
// what is kept there is copied first; BENCH_SECONDS (default 30) is how long it asks under load,
// BENCH_TIMES (default 40) how often it asks each question before that.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';
import { passwordOf } from '../../deploy/engine/folder.ts';
import { connect, createClient, type History } from '../../query/index.ts';
import { call, overHttp } from '../query/mcp/mcp-clients.ts';
import { askAtRate, percentile, type Questions } from './doors-asking.ts';
import { scriptBytes, timesToInteractive } from './doors-page.ts';
import { AGENTS, questions } from './memory.bench.ts';
import { openEngine, seed } from './memory-data.ts';
import { type Faultline, startFaultline, startSender } from './processes.ts';

export const name = 'Doors: HTTP against the library, load, page, MCP, command line';

const FAILURES = Number(process.env.BENCH_FAILURES ?? 1_000_000);
const SECONDS = Number(process.env.BENCH_SECONDS ?? 30);
const KEPT = process.env.BENCH_MEMORY_DIR;
const WARM_UP = 5;
const TIMES = Number(process.env.BENCH_TIMES ?? 40);
/** Questions a second, and failures a second that come in meanwhile. */
const RATE = 200;
const FAILURES_A_SECOND = 2_000;
const FAILURES_A_REQUEST = 10;
/** Seconds of load before it is measured, in which every question is asked for the first time. */
const COLD_SECONDS = 20;
const STARTS = 15;
/** Agents with 1.2 to 1.7 % of all failures each. */
const TEN_AGENTS = Array.from({ length: 10 }, (_, nth) => `agent-${20 + nth}`);

export async function run(): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), 'faultline-doors-'));
  try {
    await fill(dataDir);
    const flags = ['--data-dir', dataDir, '--query-rate-limit', '0'];
    await using(await startFaultline(...flags), async (faultline) => {
      const password = await passwordOf(dataDir, 'query');
      const library = connect({
        clickhouse: { url: faultline.clickhouse, username: 'query', password },
      });
      await compare(library, createClient({ url: faultline.query, fresh: true }));
      await library.close();
      await page(faultline);
      await mcp(faultline);
      await underLoad(faultline, 'one agent', [AGENTS.usual]);
      await underLoad(faultline, 'ten agents', TEN_AGENTS);
    });
    const unshared = await startFaultline(...flags, '--query-max-age-seconds', '0');
    await using(unshared, (each) => underLoad(each, 'one agent, every answer new', [AGENTS.usual]));
    help();
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function using(
  faultline: Faultline,
  work: (faultline: Faultline) => Promise<void>,
): Promise<void> {
  try {
    await work(faultline);
  } finally {
    await faultline.end();
  }
}

/** The data set of the benchmark "memory", in a folder that may be changed. */
async function fill(dataDir: string): Promise<void> {
  const made = `seeded-${FAILURES}`;
  if (KEPT && existsSync(join(KEPT, made))) return cp(KEPT, dataDir, { recursive: true });
  const { engine, ask } = await openEngine(dataDir);
  await seed(ask, FAILURES, join(dataDir, made)).finally(() => engine.stop());
}

/** The same question by both ways in turn, so that both see the same machine. */
async function compare(library: History, http: History): Promise<void> {
  console.log(
    `${'milliseconds, p50 / p95'.padEnd(36)}${'library'.padStart(16)}${'HTTP'.padStart(16)}  added to p95`,
  );
  for (const [size, agent] of Object.entries(AGENTS)) {
    const ways = [await questions(library, agent), await questions(http, agent)] as const;
    for (const what of Object.keys(ways[0])) {
      const times: [number[], number[]] = [[], []];
      for (let turn = 0; turn < WARM_UP + TIMES; turn++) {
        for (const way of [0, 1] as const) {
          const start = performance.now();
          await ways[way][what]!();
          if (turn >= WARM_UP) times[way].push(performance.now() - start);
        }
      }
      const [own, over] = times.map((each) => each.sort((a, b) => a - b)) as [number[], number[]];
      const added = percentile(over, 0.95) - percentile(own, 0.95);
      const cells = [own, over].map((each) => `${at(each, 0.5)} / ${at(each, 0.95)}`.padStart(16));
      console.log(
        `${`${size}: ${what}`.padEnd(36)}${cells.join('')}${added.toFixed(1).padStart(10)}`,
      );
    }
  }
}

const at = (sorted: number[], share: number): string => percentile(sorted, share).toFixed(1);

/** Asks about the agents in turn while failures come in. */
async function underLoad(faultline: Faultline, what: string, agents: string[]): Promise<void> {
  const http = createClient({ url: faultline.query });
  const ofEach = await Promise.all(agents.map((agent) => questions(http, agent)));
  const kinds = Object.keys(ofEach[0]!);
  const mix: Questions = {
    agents: () => http.agents(),
    ...Object.fromEntries(
      kinds.flatMap((kind) => ofEach.map((asked, nth) => [`${kind} ${nth}`, asked[kind]!])),
    ),
  };
  const sender = startSender({
    url: faultline.otlpHttp,
    mix: { failed: 1, good: 0 },
    spansPerRequest: FAILURES_A_REQUEST,
    distinct: 200,
    connections: 8,
    warmupSeconds: 3,
    seconds: COLD_SECONDS + SECONDS,
    rate: FAILURES_A_SECOND / FAILURES_A_REQUEST,
  });
  await sender.ready;
  // Until each question has had its first answer.
  const cold = await askAtRate(mix, RATE, COLD_SECONDS);
  const [{ asked, given_up, errors, times }, sent] = await Promise.all([
    askAtRate(mix, RATE, SECONDS),
    sender.report,
  ]);
  const came = Math.round((sent.requests * FAILURES_A_REQUEST) / sent.seconds);
  console.log(
    `\nunder load, ${what}: ${RATE} questions/s (${Object.keys(mix).length} in turn) for ${SECONDS} s, ` +
      `${came} failures/s coming in (refused: ${JSON.stringify(sent.refused)})\n` +
      `  ${asked} asked, p50 ${at(times, 0.5)} ms, p95 ${at(times, 0.95)} ms, p99 ${at(times, 0.99)} ms; ` +
      `errors ${JSON.stringify(errors)}, given up ${given_up}\n` +
      `  in the ${COLD_SECONDS} s before: p50 ${at(cold.times, 0.5)} ms, p99 ${at(cold.times, 0.99)} ms; ` +
      `errors ${JSON.stringify(cold.errors)}, given up ${cold.given_up}`,
  );
}

async function page({ query }: Faultline): Promise<void> {
  const kb = (await scriptBytes(query)) / 1000;
  console.log(`\npage: ${kb.toFixed(1)} kB of script, gzip, on the first load`);
  const times = await timesToInteractive(query);
  if (!times) console.log('  LEFT OUT: the time to interactive, because no Chromium was found');
  else {
    const longest = times.at(-1)!.toFixed(0);
    console.log(`  interactive after ${percentile(times, 0.5).toFixed(0)} ms (longest ${longest})`);
  }
}

async function mcp({ query }: Faultline): Promise<void> {
  const client = await overHttp(query);
  console.log('\nMCP failure_brief: tokens of the text, within the bound');
  for (const agent of Object.values(AGENTS)) {
    for (const max_tokens of [400, 1500, 10_000]) {
      const { text } = await call(client, 'failure_brief', { agent, max_tokens });
      const tokens = countTokens(text);
      const verdict = tokens <= max_tokens ? 'within' : 'OVER';
      console.log(`  ${agent}: ${tokens} of ${max_tokens}, ${verdict}`);
    }
  }
  await client.close();
}

/** Starts of the executable as built, in turn with starts of Node that do nothing. */
function help(): void {
  const executable = fileURLToPath(new URL('../../dist/deploy/cli/faultline.js', import.meta.url));
  const times: Record<'node' | 'help', number[]> = { node: [], help: [] };
  const timeOf = (...args: string[]): number => {
    const start = performance.now();
    const { status } = spawnSync(process.execPath, args, { stdio: 'ignore' });
    if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}`);
    return performance.now() - start;
  };
  for (let turn = 0; turn < STARTS; turn++) {
    times.node.push(timeOf('-e', '0'));
    times.help.push(timeOf(executable, '--help'));
  }
  const [bare, own] = [times.node, times.help].map((each) => each.sort((a, b) => a - b)) as [
    number[],
    number[],
  ];
  console.log(
    `\nfaultline --help: p50 ${at(own, 0.5)} ms, least ${own[0]!.toFixed(1)} ms; ` +
      `Node that does nothing: p50 ${at(bare, 0.5)} ms, least ${bare[0]!.toFixed(1)} ms`,
  );
}
