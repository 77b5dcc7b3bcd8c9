// `faultline demo`: the whole loop on a real graph, step by step.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { langGraphSnapshot } from '../../instrumentation/index.ts';
import type { Failure, History } from '../../query/index.ts';
import { verify } from '../../query/verify/verify.ts';
import { print, table } from '../cli/terminal/output.ts';
import { describeEvolutionAdvice } from '../cli/verbs/advise.ts';
import { describeVerified } from '../cli/verbs/verified.ts';
import { commandRunner } from '../verify/command.ts';
import { indent, onStage, type StageOptions, step } from './stage.ts';

const agentFolder = new URL('./agent/', import.meta.url);
const agentId = 'invoice-agent';
const policies = fileURLToPath(new URL('policies.json', agentFolder));
const INVOICES = 4;
/** How often each invoice is run: once would be too few runs to say anything. */
const TIMES = 20;
const FAILURES_SHOWN = 4;
const records =
  'SELECT agent_id, node_id, error_type, count() AS failures, evolution_triggered, resolution FROM failure_records GROUP BY ALL ORDER BY node_id';

/** Runs the loop once; with `keepRunning` everything stays up until a signal comes. */
export function demo(options: StageOptions): Promise<void> {
  requireLangGraph();
  return onStage(
    {
      policies,
      show: (history, running) => showTheLoop(history, running.otlpHttp),
      lookAround: (url) => [
        `npx faultline recent --agent ${agentId} --url ${url}`,
        `npx faultline brief --agent ${agentId} --url ${url}`,
        `npx faultline advise --agent ${agentId} --url ${url}`,
        `npx faultline sql "SELECT agent_id, node_id, error_type, evolution_triggered, resolution FROM failure_records" --url ${url}`,
      ],
    },
    options,
  );
}

/** @throws {Error} if the agent's framework, an optional dependency, is not installed */
function requireLangGraph(): void {
  try {
    createRequire(import.meta.url).resolve('@langchain/langgraph');
  } catch {
    throw new Error(
      'the demo runs a LangGraph.js agent, which is not installed: npm install @langchain/langgraph @langchain/core, or try --story fix-ledger',
    );
  }
}

async function showTheLoop(history: History, collector: string): Promise<void> {
  step(2, 'Run: a LangGraph.js agent, instrumented from the outside');
  await runAgent('graph-v1.js', collector);

  await allStored(history, 1);
  step(3, 'Capture: what stands in ClickHouse now');
  const { items } = await history.recentFailures({ agent: agentId, limit: 100 });
  const failures = items.reverse();
  const fatal = failures.find((failure) => failure.disposition === 'terminal');
  if (!fatal) throw new Error('the demo agent did not fail as it should: nothing ended a run');
  print(indent(failureTable(failures.slice(0, FAILURES_SHOWN))));
  print(`   … the first ${FAILURES_SHOWN} of ${failures.length}`);
  const detail = await history.failure(fatal.failure_id);
  print(
    [
      `   The run-ending one, ${fatal.failure_id}, in full:`,
      `     input     ${fatal.input_context}`,
      `     state     ${fatal.graph_state}`,
      `     graph     ${detail.graph_snapshot?.nodes.join(', ') ?? 'unknown'}`,
      `     evolution ${detail.evolution ? detail.evolution.evolution_id : 'none yet'}`,
    ].join('\n'),
  );

  step(4, 'Read: what the Queen learns before she changes the graph');
  print(indent((await history.brief(agentId)).markdown));

  step(5, 'Advise: should she change it now?');
  print(
    `   The policies let it evolve for bad data, which would otherwise be for a person to decide:`,
  );
  print(indent(readFileSync(policies, 'utf8')));
  await advise(history);

  step(6, 'Evolve: she changes the graph and says what she did and why');
  const { buildGraph } = (await import(new URL('graph-v2.js', agentFolder).href)) as {
    buildGraph: () => Parameters<typeof langGraphSnapshot>[0];
  };
  const snapshot = langGraphSnapshot(buildGraph());
  const evolution = await history.recordEvolution({
    agent_id: agentId,
    resolution:
      'Check each invoice before it is parsed; send those without a total to manual review.',
    strategy: 'add_node',
    rationale:
      'The run-ending failure came of an invoice without a total; the flaky rates service recovers by retry.',
    target_failures: [fatal.failure_id],
    graph: JSON.parse(snapshot.body),
  });
  const after = await history.graph(evolution.graph_snapshot_ref);
  const before = new Set(detail.graph_snapshot?.nodes);
  print(
    [
      `   evolution ${evolution.evolution_id}`,
      `     from    ${evolution.from_ref}`,
      `     to      ${evolution.graph_snapshot_ref}`,
      `     added   ${after.nodes.filter((node) => !before.has(node)).join(', ')}`,
      `     fix     ${evolution.resolution}`,
    ].join('\n'),
  );

  step(7, 'Verify: the input that failed, on the graph as it was and on the evolved one');
  for (const graph of ['graph-v1.js', 'graph-v2.js']) {
    await verifyAgent(history, graph, evolution.evolution_id);
  }

  step(8, 'Run again: the same invoices through the evolved graph');
  await runAgent('graph-v2.js', collector);

  await allStored(history, 2);
  step(9, 'Remember: the next time she reads this');
  print(indent((await history.brief(agentId)).markdown));
  print(`   ${records}`);
  const { columns, rows } = await history.sql(records);
  const names = columns.map((column) => column.name);
  print(
    indent(
      table(
        names,
        rows.map((row) => names.map((name) => String(row[name]))),
      ),
    ),
  );

  step(10, 'Advise: and now?');
  await advise(history);
}

/** What `faultline advise` prints. */
async function advise(history: History): Promise<void> {
  print(`   $ faultline advise --agent ${agentId}`);
  print(indent(describeEvolutionAdvice(await history.evolutionAdvice(agentId))));
}

/** What `faultline verify` does; only what the evolved graph comes to is recorded. */
async function verifyAgent(history: History, graph: string, evolution: string): Promise<void> {
  const command = ['node', '--import', 'faultline/register', 'app.js', '--graph', `./${graph}`];
  print(`   $ faultline verify --agent ${agentId} --evolution … -- ${command.join(' ')} --replay`);
  const run = commandRunner({
    command: [process.execPath, ...command.slice(1), '--replay'],
    timeoutMs: 60_000,
    cwd: fileURLToPath(agentFolder),
    env: { OTEL_SERVICE_NAME: agentId, FAULTLINE_DEBUG: '0' },
  });
  const record = graph === 'graph-v2.js';
  const { items } = await verify(history, { agent: agentId, evolution, record }, run);
  print(indent(items.map(describeVerified).join('\n')));
}

/** Runs the agent in a process of its own, which knows nothing of Faultline. */
async function runAgent(graph: string, collector: string): Promise<void> {
  const args = ['--import', 'faultline/register', 'app.js', '--graph', `./${graph}`];
  args.push('--times', String(TIMES));
  print(`   $ node ${args.join(' ')}`);
  const child = spawn(process.execPath, args, {
    // The package's own name resolves from its own folder.
    cwd: fileURLToPath(agentFolder),
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env,
      OTEL_EXPORTER_OTLP_ENDPOINT: collector,
      OTEL_SERVICE_NAME: agentId,
      // The demo says itself what is recorded.
      FAULTLINE_DEBUG: '0',
    },
  });
  let ran = false;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    ran = true;
    print(indent(text));
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  print(`   (exit code ${code})`);
  if (!ran) throw new Error(`the demo's agent ended with exit code ${code} before its first run`);
}

/** Waits until every run of the agent's processes has ended in ClickHouse; each sends its ends last. */
async function allStored(history: History, processes: number): Promise<void> {
  const ended = "SELECT toUInt32(countIf(outcome != '')) AS ended FROM graph_runs";
  for (let tries = 0; tries < 200; tries++) {
    const { rows } = await history.sql(ended);
    if (Number(rows[0]?.ended) >= processes * INVOICES * TIMES) return;
    await wait(50);
  }
  throw new Error('the runs of the demo agent did not reach ClickHouse within 10 s');
}

function failureTable(failures: Failure[]): string {
  return table(
    ['failure', 'node', 'attempt', 'then', 'error', 'message'],
    failures.map((failure) => [
      failure.failure_id,
      failure.node_id,
      `${failure.attempt}/${failure.max_attempts || '?'}`,
      failure.disposition,
      failure.error_type,
      failure.error_message,
    ]),
  );
}
