// The verb that runs failing inputs again on a changed graph, before it ships.
import { readFile, writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { InvalidInputError } from '../../../query/base/errors.ts';
import type { History } from '../../../query/history.ts';
import type { Verified } from '../../../query/verify/verify.ts';
import { asking, type ServiceOptions, service } from '../service.ts';
import { examples } from '../terminal/help.ts';
import { print, printJson } from '../terminal/output.ts';
import { describeVerified, summaryOf } from './verified.ts';

interface VerifyFlags extends ServiceOptions {
  agent: string;
  group: string[];
  evolution?: string;
  limit: string;
  repeat: string;
  timeout: string;
  good?: string;
  resolved?: boolean;
  junit?: string;
  shrink?: boolean;
}

export function addVerifyVerb(program: Command): void {
  const collect = (value: string, before: string[]) => [...before, value];
  examples(
    service(program.command('verify')),
    'faultline verify --agent invoice-agent -- node app.js --replay',
    'faultline verify --agent invoice-agent --evolution 4a44890a-a29a-4fae-80b1-cd2ba99bab7e \\\n' +
      '      --repeat 5 --junit verify.xml -- python app.py --replay',
  )
    .description('run failing inputs again on a changed graph before it ships')
    .argument('<command...>', 'runs one case: its input is JSON on standard input')
    .requiredOption('--agent <id>', 'the agent')
    .option('--group <fp>', 'only cases of this group (repeatable)', collect, [])
    .option('--evolution <id>', 'the change: its targets are run, and the results stored with it')
    .option('--limit <n>', 'how many cases at most', '50')
    .option('--repeat <n>', 'how often to run each, for failures that come now and then', '1')
    .option('--timeout <time>', 'when to stop one run: seconds, or 90s, 5m', '60')
    .option('--good <file>', 'inputs that have to stay good, as JSON lines')
    .option('--resolved', 'run inputs of resolved groups too: earlier fixes have to hold')
    .option('--junit <file>', 'write the results as a JUnit file')
    .option('--shrink', 'find the smallest part of a failing input that still fails')
    .action((command: string[], flags: VerifyFlags) =>
      asking(flags, async (history) => {
        if (!(await verifyWith(history, command, flags))) process.exitCode = 1;
      }),
    );
}

/** Whether all is well. */
async function verifyWith(
  history: History,
  command: string[],
  flags: VerifyFlags,
): Promise<boolean> {
  const timeoutMs = millisecondsOf(flags.timeout);
  const good = flags.good === undefined ? [] : await linesOf(flags.good);
  const { commandRunner, stopAll } = await import('../../verify/command.ts');
  const { recordOf, verify } = await import('../../../query/verify/verify.ts');
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      stopAll();
      process.exit(1);
    });
  }
  process.once('exit', stopAll);
  const run = commandRunner({ command, timeoutMs });
  const began = performance.now();
  const verified = await verify(
    history,
    {
      agent: flags.agent,
      groups: flags.group,
      evolution: flags.evolution || undefined,
      limit: Number(flags.limit),
      repeat: Number(flags.repeat),
      good,
      resolved: flags.resolved,
      shrink: flags.shrink,
      record: false,
      onResult: (item) => {
        if (!flags.json) print(describeVerified(item));
      },
    },
    run,
  );
  if (flags.junit) await writeJunit(flags.junit, verified, (performance.now() - began) / 1000);
  if (flags.json) printJson(verified);
  else print(summaryOf(verified));
  // At the end: what was found is shown even if it cannot be stored.
  if (verified.items.length > 0) await history.recordVerifications(recordOf(verified));
  return verified.ok;
}

function millisecondsOf(text: string): number {
  const found = /^(\d+(?:\.\d+)?)(s|m|h)?$/.exec(text);
  const factor = { s: 1, m: 60, h: 3600 }[found?.[2] ?? 's'] ?? 1;
  const seconds = Number(found?.[1]) * factor;
  if (seconds > 0 && seconds <= 86_400) return seconds * 1000;
  throw new InvalidInputError(
    'timeout',
    `expected seconds, or 90s, 5m or 1h, got ${JSON.stringify(text)}`,
  );
}

async function linesOf(file: string): Promise<string[]> {
  const text = await readFile(file, 'utf8').catch((error: Error) => {
    throw new InvalidInputError('good', `${file} cannot be read: ${error.message}`);
  });
  return text.split('\n').filter((line) => line.trim() !== '');
}

async function writeJunit(file: string, verified: Verified, seconds: number): Promise<void> {
  const { junitOf } = await import('../../verify/junit.ts');
  await writeFile(file, junitOf(verified, seconds)).catch((error: Error) => {
    throw new InvalidInputError('junit', `${file} cannot be written: ${error.message}`);
  });
}
