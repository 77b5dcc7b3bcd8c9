// The verb that says whether to change an agent now.
import type { Command } from 'commander';
import { oneLine, percent } from '../../../query/base/text.ts';
import type {
  AdvisedProblem,
  EvolutionAdvice,
  LostRuns,
} from '../../../query/questions/evolution-advice/question.ts';
import { answer, service } from '../service.ts';
import { examples } from '../terminal/help.ts';
import { table } from '../terminal/output.ts';
import { meaning } from '../terminal/style.ts';

export function addAdviseVerb(program: Command): void {
  examples(
    service(program.command('advise')),
    'faultline advise --agent invoice-agent',
    'faultline advise --agent invoice-agent --json | jq -r .advice',
  )
    .description('whether to change an agent now: evolve, wait, revert or ask a person')
    .requiredOption('--agent <id>', 'the agent')
    .action(
      answer(async (history, { agent }: { agent: string }) => {
        const value = await history.evolutionAdvice(agent);
        return { value, text: describeEvolutionAdvice(value) };
      }),
    );
}

export function describeEvolutionAdvice(advice: EvolutionAdvice): string {
  const { version, change, again, considered } = advice;
  const lines: [string, string][] = [
    ['why', advice.reason],
    ...(advice.fingerprint ? [['group', advice.fingerprint] as [string, string]] : []),
    ...(advice.revert_to ? [['go back to', advice.revert_to] as [string, string]] : []),
    ['ask again', againText(again)],
    ['in use', `${version.graph_snapshot_ref || 'unknown version'}: ${lostText(version)}`],
    ...(change
      ? [
          [
            'change',
            `${change.evolution_id ?? 'not recorded'}: ${change.verdict}; before ${lostText(change.before)}, ` +
              `after ${lostText(change.after)}`,
          ] as [string, string],
        ]
      : []),
  ];
  const text = [
    `${'advice'.padEnd(10)} ${meaning(advice.advice)} (${advice.because})`,
    ...lines.map(([name, value]) => `${name.padEnd(10)} ${oneLine(value)}`),
  ].join('\n');
  return considered.length > 0 ? `${text}\n\n${problemTable(considered)}` : text;
}

function problemTable(problems: readonly AdvisedProblem[]): string {
  return table(
    [
      'advice',
      { name: 'lost', whole: true },
      'node',
      'error',
      { name: 'group', whole: true },
      'why',
    ],
    problems.map((one) => [
      one.advice,
      `${one.lost.runs_lost} of ${one.lost.runs}`,
      one.node_id,
      one.error_type,
      one.fingerprint,
      one.reason,
    ]),
  );
}

const lostText = ({ runs, runs_lost, share }: LostRuns): string =>
  `${runs_lost} of ${runs} runs lost${share === null ? '' : ` (${percent(share)})`}`;

function againText({ after_runs, at }: EvolutionAdvice['again']): string {
  const ways = [
    after_runs === null ? '' : `after ${after_runs} more runs`,
    at === null ? '' : `at ${at.slice(0, 19)}Z`,
  ].filter(Boolean);
  return ways.join(', or ') || 'when it is done';
}
