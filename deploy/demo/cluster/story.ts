// `faultline demo --story cluster`: three shards, two of everything else, kills, and counts that stay exact.
import type { History } from '../../../query/index.ts';
import { print, printJson, printToStderr, table } from '../../cli/terminal/output.ts';
import { indent, interrupted, type StageOptions, step, temporaryFolder } from '../stage.ts';
import { ROWS_OF_A_RUN, sendRuns } from './runs.ts';
import { TrialCluster } from './trial-cluster.ts';

const RUNS = 500;

/** @throws {Error} when a count is not what was sent */
export async function clusterStory({ keepRunning, json }: StageOptions): Promise<void> {
  if (json) printToStderr();
  const ended = interrupted();
  const folder = temporaryFolder();
  step(1, 'Start three engines as shards, two collectors and two query services');
  const cluster = await TrialCluster.start(folder);
  try {
    const { shards, collectors, queries } = cluster;
    print(
      indent(
        [...shards, ...collectors, ...queries]
          .map(({ name, pid, ready }) => {
            const address = ready.otlpHttp ?? ready.query ?? ready.clickhouse;
            return `${name.padEnd(11)} pid ${String(pid).padEnd(7)} ${address}`;
          })
          .join('\n'),
      ),
    );
    await showKills(cluster);
    const addresses = {
      otlpHttp: collectors.map(({ ready }) => ready.otlpHttp),
      query: queries.map(({ ready }) => ready.query),
      clickhouse: shards.map(({ ready }) => ready.clickhouse),
    };
    if (json) printJson({ ...addresses, dataDir: folder });
    if (keepRunning) {
      print(`\nEverything stays up until Ctrl-C. Look around from another terminal:`);
      print(`   npx faultline recent --url ${addresses.query[0]}`);
      await ended;
    }
  } finally {
    await cluster.kill();
  }
  process.exit(0);
}

async function showKills(cluster: TrialCluster): Promise<void> {
  const { shards, collectors } = cluster;
  const doors = collectors.map(({ ready }) => ready.otlpHttp!);
  const numbers = (from: number): number[] => Array.from({ length: RUNS }, (_, at) => from + at);

  step(2, `Send ${RUNS} runs, in turn to both collectors`);
  await sendRuns(numbers(0), doors);
  await cluster.drained();
  await compare(cluster, RUNS);

  step(3, `kill -9 shard 2, and send ${RUNS} more`);
  await shards[1]!.end('SIGKILL');
  await sendRuns(numbers(RUNS), doors);
  print(`   all ${RUNS} are acknowledged: they are on the collectors' disks`);
  print(`   a question meanwhile: ${await reasonOf(cluster.histories[0]!)}`);

  step(4, `kill -9 collector 1 while its rows wait, and send ${RUNS} more`);
  await collectors[0]!.end('SIGKILL');
  const again = await sendRuns(numbers(2 * RUNS), doors);
  print(`   all ${RUNS} are acknowledged by collector 2, ${again} requests at their second try`);

  step(5, 'Start both again on their folders');
  await Promise.all([shards[1]!.start(), collectors[0]!.start()]);
  await cluster.drained();
  print('   the queues are empty');

  step(6, `Send all ${3 * RUNS} runs again, each to the other collector`);
  await sendRuns(numbers(0).concat(numbers(RUNS), numbers(2 * RUNS)), doors, 1);
  await cluster.drained();

  step(7, 'Count');
  await compare(cluster, 3 * RUNS);
  print(`\n   ${3 * RUNS} runs sent, each once or more: none lost, none doubled`);
}

/** Prints what was sent, what is on each shard and what both query services count. */
async function compare(cluster: TrialCluster, runs: number): Promise<void> {
  const tables = Object.entries(ROWS_OF_A_RUN);
  const rows = await Promise.all(
    tables.map(async ([name, each]) => {
      const onShards = await cluster.onShards(name);
      const counted = await Promise.all(
        cluster.histories.map(async (history) => {
          const answer = await history.sql(`SELECT count() AS n FROM ${name} FINAL`);
          return Number(answer.rows[0]?.n);
        }),
      );
      return { name, sent: each * runs, onShards, counted };
    }),
  );
  const head = ['table', 'sent', 'shard 1', 'shard 2', 'shard 3', 'query 1', 'query 2'];
  const cells = rows.map(({ name, sent, onShards, counted }) =>
    [name, sent, ...onShards, ...counted].map(String),
  );
  print(indent(table(head, cells)));
  for (const { name, sent, counted } of rows) {
    if (counted.some((count) => count !== sent))
      throw new Error(`${name}: sent ${sent}, and the query services count ${counted.join(', ')}`);
  }
}

async function reasonOf(history: History): Promise<string> {
  return history.recentFailures().then(
    ({ items }) => `${items.length} failures`,
    (error: Error) => error.message,
  );
}
