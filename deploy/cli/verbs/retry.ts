// The verb that says whether to try a failed node again.

import type { Command } from 'commander';
import { oneLine, percent } from '../../../query/base/text.ts';
import type { RetryAdvice, RetryCounts } from '../../../query/questions/advice/question.ts';
import { answer, filters, service } from '../service.ts';
import { examples } from '../terminal/help.ts';

export function addRetryVerb(program: Command): void {
  examples(
    service(program.command('retry')),
    'faultline retry --agent invoice-agent --node fetch_rates --error-type ECONNRESET --attempt 2',
    'faultline retry --agent invoice-agent --node fetch_rates --run run-17 --json',
  )
    .description('whether to try a failed node again: chance, usual wait, how the node does')
    .requiredOption('--agent <id>', 'the agent')
    .requiredOption('--node <id>', 'the node that failed')
    .option('--fingerprint <fp>', 'the failure as a group')
    .option('--error-type <type>', 'the type of the error')
    .option('--class <class>', 'why it failed')
    .option('--attempt <n>', 'the attempt that failed (default 1)')
    .option('--max-attempts <n>', 'after this attempt there is none')
    .option('--run <id>', 'take the rest from the newest failure of the node in this run')
    .option('--max-age <seconds>', 'how old the counts may be; 0 = count again (default 300)')
    .action(
      answer(async (history, { agent, ...flags }: { agent: string }) => {
        const value = await history.retryAdvice(agent, filters(flags));
        return { value, text: describeAdvice(value) };
      }),
    );
}

function describeAdvice(advice: RetryAdvice): string {
  const { considered, node, chance, interval, wait_ms } = advice;
  const [low, high] = interval.map(percent);
  const lines: [string, string][] = [
    ['advice', advice.advice.replace('_', ' ')],
    ['why', advice.reason],
    ['chance', chance === null ? 'unknown' : `${percent(chance)}, with 95 % in [${low}, ${high}]`],
    [
      'wait',
      wait_ms ? `median ${wait_ms.median} ms, 90th percentile ${wait_ms.p90} ms` : 'unknown',
    ],
    ['class', advice.class ?? 'unknown'],
    ...considered.map((counts): [string, string] => ['counted', countsText(counts)]),
    [
      'node',
      `${node.failure_count} of ${node.attempts} attempts failed since ${node.since.slice(0, 19)}, ` +
        `${node.consecutive_failures} in a row, last at ${node.last_failure_at ?? 'no time'}`,
    ],
    ['age', `${advice.age_ms} ms`],
  ];
  return lines.map(([name, text]) => `${name.padEnd(8)} ${oneLine(text)}`).join('\n');
}

const countsText = ({ basis, failures, retried, succeeded, ...rest }: RetryCounts): string =>
  `${basis}: ${failures} failures, ${succeeded} of ${retried} retries succeeded, ` +
  `${rest.not_retried} not retried, ${rest.pending} pending`;
