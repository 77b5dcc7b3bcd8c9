// `faultline hive watch` and `faultline hive brief`: Hive's failures into the memory, and the memory to
// Hive's Queen.

import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { oneLine } from '../../../query/base/text.ts';
import type { RunOfHive } from '../../hive/index.ts';
import { asking, type ServiceOptions, service } from '../service.ts';
import { examples } from '../terminal/help.ts';
import { print, printJson } from '../terminal/output.ts';

const BRIEF_TOKENS = 1500;

interface WatchFlags {
  agent?: string;
  graph?: string[];
  briefTo?: string;
  briefSession?: string;
  hiveToken?: string;
  queryUrl: string;
  queryToken?: string;
  url: string;
  token?: string;
  state?: string;
  once: boolean;
  json?: boolean;
}

interface BriefFlags extends ServiceOptions {
  session: string;
  agent: string;
  hiveUrl: string;
  hiveToken?: string;
  maxTokens: string;
  dryRun: boolean;
}

/** Adds the verbs to the program. */
export function addHiveVerbs(program: Command): void {
  const hive = program.command('hive').description('failures of Hive, and the brief for its Queen');
  examples(
    hive.command('watch'),
    'faultline hive watch ~/.hive',
    'faultline hive watch ~/.hive --agent invoice-agent --graph agent.json --once',
  )
    .argument('<dir>', "folder of Hive's event dumps and session logs, such as ~/.hive")
    .description('follows what Hive writes and sends it as spans')
    .option('--agent <id>', 'agent id of all runs; without it the id of the graph')
    .option(
      '--graph <file...>',
      'graphs as JSON, or agent.json files (default: those found in the folder)',
    )
    .addOption(
      new Option('--url <url>', 'the collector (OTLP over HTTP)')
        .default('http://127.0.0.1:4318')
        .env('FAULTLINE_OTLP_ENDPOINT'),
    )
    .addOption(
      new Option('--token <token>', 'bearer token of the collector').env('FAULTLINE_INGEST_TOKEN'),
    )
    .option('--state <file>', 'where to remember how far it came (default: in ./.faultline)')
    .option('--once', 'read what is there and end', false)
    .addOption(
      new Option(
        '--brief-to <url>',
        "Hive's server: hand its Queen the agent's brief when a run fails or asks her for help",
      ).env('FAULTLINE_BRIEF_TO'),
    )
    .option('--brief-session <id>', 'the session of that server (default: the one with the agent)')
    .addOption(hiveToken())
    .addOption(
      new Option('--query-url <url>', 'the query service, for briefs')
        .default('http://127.0.0.1:4320')
        .env('FAULTLINE_URL'),
    )
    .addOption(
      new Option('--query-token <token>', 'bearer token of the query service').env(
        'FAULTLINE_TOKEN',
      ),
    )
    .option('--json', 'print JSON')
    .action(watch);
  examples(
    service(hive.command('brief')),
    'faultline hive brief --session session-1 --agent invoice-agent --dry-run',
  )
    .description("puts the agent's brief where Hive's Queen reads it on her next turn")
    .requiredOption('--session <id>', "the session of Hive's server")
    .requiredOption('--agent <id>', 'the agent that is to be evolved')
    .addOption(
      new Option('--hive-url <url>', "Hive's server")
        .default('http://127.0.0.1:8787')
        .env('FAULTLINE_HIVE_URL'),
    )
    .addOption(hiveToken())
    .option('--max-tokens <n>', 'the most tokens of the brief', String(BRIEF_TOKENS))
    .option('--dry-run', 'print what would be sent', false)
    .action(brief);
}

const hiveToken = () =>
  new Option('--hive-token <token>', "shared secret of Hive's desktop server").env(
    'FAULTLINE_HIVE_TOKEN',
  );

async function watch(dir: string, flags: WatchFlags): Promise<void> {
  const { QueenBriefs, watchHive } = await import('../../hive/index.ts');
  const { tracesUrl, usualCompression } = await import(
    '../../../instrumentation/delivery/environment.ts'
  );
  const folder = resolve(dir);
  const url = tracesUrl(flags.url, '--url');
  const ending = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => ending.abort(new Error(signal)));
  }
  const headers = flags.token ? { authorization: `Bearer ${flags.token}` } : {};
  const say = (file: string, trouble: string) =>
    console.error(`faultline: ${oneLine(`${file}: ${trouble}`)}`);
  const { briefTo: hiveUrl, briefSession: session, hiveToken, queryUrl, queryToken } = flags;
  const query = { url: queryUrl, ...(queryToken && { token: queryToken }) };
  const briefOf = (run: RunOfHive) => briefAfter(query, run, ending.signal);
  const briefs = hiveUrl
    ? new QueenBriefs({ hiveUrl, hiveToken, session, briefOf, say })
    : undefined;
  const totals = await watchHive({
    dir: folder,
    endpoint: { url, headers, compression: usualCompression(url) },
    stateFile: resolve(flags.state ?? (await usualState(folder, url, flags.agent))),
    agentId: flags.agent,
    graphFiles: flags.graph,
    once: flags.once,
    say,
    sent: (facts) => briefs?.note(facts),
    looked: async () => briefs?.hand(),
    signal: ending.signal,
  }).catch((error: unknown) => {
    // A signal ended it while it waited for the collector: the rest is sent the next time.
    if (ending.signal.aborted) return undefined;
    throw error;
  });
  if (!totals) return;
  const { runs, attempts, failures } = totals;
  if (flags.json) printJson(briefs ? { ...totals, briefs: briefs.handed } : totals);
  else print(`sent ${runs} runs, ${attempts} node attempts, ${failures} failures`);
}

/** How long a failure may take from the collector to the query service. */
const READABLE_WITHIN_MS = 20_000;

/** The brief as soon as it can know how the run went. */
async function briefAfter(
  query: ServiceOptions,
  { agentId, runId }: RunOfHive,
  signal: AbortSignal,
): Promise<string> {
  const { setTimeout: pause } = await import('node:timers/promises');
  return asking(query, async (history) => {
    const until = Date.now() + READABLE_WITHIN_MS;
    const isReadable = async () =>
      (await history.recentFailures({ agent: agentId, run: runId, limit: 1 })).items.length > 0;
    while (Date.now() < until && !(await isReadable())) {
      await pause(500, undefined, { signal });
    }
    const { markdown } = await history.brief(agentId, { max_tokens: BRIEF_TOKENS });
    return markdown;
  });
}

/** One state for each folder, collector and agent. */
async function usualState(folder: string, url: string, agent = ''): Promise<string> {
  const { createHash } = await import('node:crypto');
  const key = createHash('sha256').update(`${folder}\n${url}\n${agent}`).digest('hex');
  return `.faultline/hive-${key.slice(0, 12)}.json`;
}

async function brief(flags: BriefFlags): Promise<void> {
  const { pushToQueen, queenMessage } = await import('../../../query/alerts/queen.ts');
  const options = { max_tokens: Number(flags.maxTokens) };
  const { markdown } = await asking(flags, (history) => history.brief(flags.agent, options));
  const message = queenMessage(flags.agent, markdown);
  if (flags.dryRun) {
    if (flags.json) printJson({ message });
    else print(message);
    return;
  }
  const { session, hiveUrl, hiveToken } = flags;
  const answer = await pushToQueen({ session, url: hiveUrl, token: hiveToken, message });
  if (flags.json) printJson(answer);
  else print(`the Queen of session ${oneLine(session)} has it: ${oneLine(answer.status)}`);
}
