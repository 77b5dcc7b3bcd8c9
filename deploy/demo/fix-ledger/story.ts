// `faultline demo --story fix-ledger`: three fixes of one failure, of which one does nothing, one harms
// and one works; and how a reader checks the verdicts by hand.

import { createPipeline, recordEvolution, snapshotOf } from '../../../instrumentation/index.ts';
import { manyLines } from '../../../query/base/text.ts';
import type { History } from '../../../query/index.ts';
import { print, table } from '../../cli/terminal/output.ts';
import { describeEvolutionAdvice } from '../../cli/verbs/advise.ts';
import { describeEvolution, describeEvolutions } from '../../cli/verbs/ledger.ts';
import type { Running } from '../../start.ts';
import { indent, onStage, type StageOptions, step } from '../stage.ts';
import { agentId, emitRuns, failingNode, seeded, type Version, versionOf } from './agent.ts';

const SEED = 20;
const RUNS = 240;
const HOUR_MS = 3_600_000;

const first = versionOf({ model: 'large-1', prompt: 'Decide the refund.' }, 0.4);
const asked = versionOf({ model: 'large-1', prompt: 'Decide the refund. Answer in JSON.' }, 0.4);
const cheaper = versionOf({ model: 'small-1', prompt: 'Decide the refund. Answer in JSON.' }, 0.75);
const typed = versionOf(
  {
    model: 'large-1',
    prompt: 'Decide the refund. Answer in JSON.',
    output_schema: { amount: 'number' },
  },
  0.03,
);

interface Fix {
  id: string;
  resolution: string;
  from: Version;
  to: Version;
  reverted?: boolean;
}

const fixes: Fix[] = [
  { id: 'ask-for-json', resolution: 'Ask for JSON in the prompt.', from: first, to: asked },
  {
    id: 'other-model',
    resolution: 'Use a smaller model, which may keep closer to the format.',
    from: asked,
    to: cheaper,
    reverted: true,
  },
  {
    id: 'output-schema',
    resolution: 'Give the model a schema of the output.',
    from: asked,
    to: typed,
  },
];

export function fixLedger(options: StageOptions): Promise<void> {
  return onStage(
    {
      show,
      lookAround: (url) => [
        `npx faultline evolutions --agent ${agentId} --url ${url}`,
        `npx faultline evolutions output-schema --url ${url}`,
        `npx faultline brief --agent ${agentId} --url ${url}`,
        `npx faultline sql "SELECT * FROM evolution_effects" --url ${url}`,
      ],
    },
    options,
  );
}

async function show(history: History, running: Running): Promise<void> {
  step(2, `Live: four versions of ${agentId}, ${RUNS} runs each, over the last four days`);
  const fingerprint = await live(history, running);
  print(`   All failures of ${failingNode} are one group, ${fingerprint}.`);
  print('   Attempts of a run fail together, so a verdict counts runs, not attempts.');

  step(3, 'Judge: what each fix did');
  print(`   $ faultline evolutions --agent ${agentId}`);
  const { items } = await history.evolutions({ agent: agentId, effects: true });
  print(indent(describeEvolutions(items)));
  const last = items.find(({ evolution_id }) => evolution_id === 'output-schema')!;
  print(`\n   $ faultline evolutions ${last.evolution_id}`);
  print(indent(describeEvolution(last, await history.effects(last.evolution_id))));

  step(4, 'Compare: what the fix that works changed in the graph');
  const { from_ref, graph_snapshot_ref } = last;
  print(`   $ faultline diff ${from_ref} ${graph_snapshot_ref}`);
  print(indent(manyLines((await history.diffGraphs(from_ref, graph_snapshot_ref)).text)));

  step(5, 'Read: what the Queen learns before she tries a fourth');
  print(`   $ faultline brief --agent ${agentId}`);
  print(indent((await history.brief(agentId)).markdown));
  print(`\n   $ faultline advise --agent ${agentId}`);
  print(indent(describeEvolutionAdvice(await history.evolutionAdvice(agentId))));

  step(6, 'Check: the same numbers by hand');
  await check(history, fingerprint);
}

/** Emits the whole past, version by version; returns the group that fails. */
async function live(history: History, running: Running): Promise<string> {
  const random = seeded(SEED);
  const begin = Date.now() - 96 * HOUR_MS;
  const pipeline = createPipeline({ endpoint: running.otlpHttp, serviceName: agentId });
  const run = async (version: Version, hours: number) => {
    emitRuns(pipeline.tracer, random, version, { runs: RUNS, start: begin + hours * HOUR_MS });
    await pipeline.flush();
    await running.drained();
  };
  await run(first, 0);
  const { items } = await history.recentFailures({ agent: agentId, limit: 1 });
  const { fingerprint } = items[0]!;
  for (const [index, { id, resolution, from, to, reverted }] of fixes.entries()) {
    const hours = 24 * (index + 1);
    const evolve = (status: 'applied' | 'reverted', at: number) =>
      recordEvolution(
        {
          id,
          at: new Date(begin + at * HOUR_MS),
          agentId,
          resolution,
          status,
          author: 'queen',
          fromRef: snapshotOf(from.graph).ref,
          graph: to.graph,
          targetFingerprints: [fingerprint],
        },
        pipeline.tracer,
      );
    evolve('applied', hours - 1);
    await run(to, hours);
    if (reverted) evolve('reverted', hours + 1);
  }
  await pipeline.shutdown();
  await running.drained();
  return fingerprint;
}

async function check(history: History, fingerprint: string): Promise<void> {
  const queries = [
    `SELECT substring(graph_snapshot_ref, 1, 19) AS version, count() AS attempts, uniqExact(run_id) AS runs FROM node_attempts WHERE node_id = '${failingNode}' GROUP BY version ORDER BY min(timestamp)`,
    `SELECT substring(graph_snapshot_ref, 1, 19) AS version, count() AS failures, uniqExact(run_id) AS failed_runs FROM failures WHERE fingerprint = '${fingerprint}' GROUP BY version ORDER BY min(timestamp)`,
    'SELECT evolution_id, failed_runs_before, runs_before, failed_runs_after, runs_after, round(rate_ratio, 3) AS rate_ratio FROM evolution_effects ORDER BY timestamp',
  ];
  for (const sql of queries) {
    const { columns, rows } = await history.sql(sql);
    const names = columns.map(({ name }) => name);
    const cells = rows.map((row) => names.map((name) => String(row[name])));
    print(`   $ faultline sql "${sql}"\n${indent(table(names, cells))}`);
    process.stdout.write('\n');
  }
  print('   How a verdict is made of these numbers: docs/decisions/0012-verdicts.md');
}
