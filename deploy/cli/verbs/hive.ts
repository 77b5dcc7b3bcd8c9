// `faultline hive watch` and `faultline hive brief`: Hive's failures into the memory, and the memory to
// Hive's Queen.

import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { oneLine } from '../../../query/base/text.ts';
import { asking, type ServiceOptions, service } from '../service.ts';
import { examples } from '../terminal/help.ts';
import { print, printJson } from '../terminal/output.ts';

interface WatchFlags {
  agent?: string;
  graph?: string;
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
    .option('--graph <file>', 'the graph as JSON, or an agent.json: tells dead ends and versions')
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
    .addOption(
      new Option('--hive-token <token>', "shared secret of Hive's desktop server").env(
        'FAULTLINE_HIVE_TOKEN',
      ),
    )
    .option('--max-tokens <n>', 'the most tokens of the brief', '1500')
    .option('--dry-run', 'print what would be sent', false)
    .action(brief);
}

async function watch(dir: string, flags: WatchFlags): Promise<void> {
  const { watchHive } = await import('../../hive/index.ts');
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
  const totals = await watchHive({
    dir: folder,
    endpoint: { url, headers, compression: usualCompression(url) },
    stateFile: resolve(flags.state ?? (await usualState(folder, url, flags.agent))),
    agentId: flags.agent,
    graphFile: flags.graph,
    once: flags.once,
    say: (file, trouble) => console.error(`faultline: ${oneLine(`${file}: ${trouble}`)}`),
    signal: ending.signal,
  }).catch((error: unknown) => {
    // Told to end while it waited for the collector: the rest is sent the next time.
    if (ending.signal.aborted) return undefined;
    throw error;
  });
  if (!totals) return;
  const { runs, attempts, failures } = totals;
  if (flags.json) printJson(totals);
  else print(`sent ${runs} runs, ${attempts} node attempts, ${failures} failures`);
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
