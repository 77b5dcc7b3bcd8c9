// verify_fix: how to run the failing inputs on a changed graph, and what that came to so far. The command is
// the caller's to run: nothing is started from here.
import { z } from 'zod';
import { quoteData, quoteId } from '../../base/quote.ts';
import type { Verification } from '../../questions/verifications/schemas.ts';
import { verifiedText } from '../../questions/verifications/text.ts';
import { excerpt } from '../data.ts';
import { type NextStep, tool } from '../tool.ts';
import { filters } from './fields.ts';

const ITEMS = 20;
/** What needs no quotes in a shell. */
const PLAIN = /^[\w@%+=:,./-]+$/;

const resultOutput = z.object({
  failure_id: z.string(),
  fingerprint: z.string(),
  node: z.string(),
  result: z.string(),
  basis: z.string(),
  runs: z.number(),
  failed_runs: z.number(),
  error: z.string(),
  reason: z.string(),
});

const shortResult = (item: Verification): z.infer<typeof resultOutput> => ({
  failure_id: item.failure_id,
  fingerprint: item.fingerprint,
  node: excerpt(item.node_id, 128),
  result: item.result,
  basis: item.basis,
  runs: item.runs,
  failed_runs: item.failed_runs,
  error: excerpt([item.error_type, item.error_message].filter(Boolean).join(': '), 200),
  reason: excerpt(item.reason, 200),
});

const countsOf = (items: readonly Verification[]) => {
  const counts = { fixed: 0, still_failing: 0, other_failure: 0, not_run: 0 };
  for (const { result } of items) counts[result]++;
  return counts;
};

export const verifyFix = tool({
  name: 'verify_fix',
  title: 'Verify a fix before it ships',
  description:
    'After a change, before it ships: the command that runs the failing inputs on it, and the results of ' +
    'its last run. Name the evolution, or the groups are all of the agent.',
  input: z.strictObject({
    agent: filters.agent,
    evolution: filters.evolution.optional(),
    group: filters.group.optional(),
  }),
  output: z.object({
    command: z.string(),
    verified_at: z.string().nullable(),
    counts: z.record(z.string(), z.number()),
    items: z.array(resultOutput),
  }),
  async ask(history, { agent, evolution, group }) {
    if (evolution !== undefined) await history.evolution(evolution);
    const page = await history.verifications({
      agent,
      ...(evolution !== undefined && { evolution }),
      ...(group !== undefined && { fingerprint: group }),
      limit: 500,
    });
    const last = page.items[0];
    const batch = page.items.filter(({ batch_id }) => batch_id === last?.batch_id);
    const counts = countsOf(batch);
    const items = [...batch].sort(byWeight).slice(0, ITEMS).map(shortResult);
    const command = commandOf(agent, evolution, group);
    const text = [
      `Run ${quoteData(command, 600)} with the command that runs one case on the changed graph in the ` +
        'place of COMMAND: it gets the input as JSON on standard input, and FAULTLINE_REPLAY is set.',
      last === undefined
        ? 'Nothing was verified yet.'
        : `Last verified ${last.timestamp.slice(0, 19)}Z: ${verifiedText(counts)}.`,
      ...items.filter(({ result }) => result !== 'fixed').map(resultLine),
    ].join('\n');
    return {
      text,
      data: { command, verified_at: last?.timestamp ?? null, counts, items },
      next: nextOf(items),
    };
  },
});

function commandOf(agent: string, evolution?: string, group?: string): string {
  const flags = [
    ['--agent', agent],
    ...(evolution === undefined ? [] : [['--evolution', evolution]]),
    ...(group === undefined ? [] : [['--group', group]]),
  ].map(([flag, value = '']) => `${flag} ${inShell(value)}`);
  return `faultline verify ${flags.join(' ')} -- COMMAND`;
}

/** Ids come from outside: quoted, so that no shell reads anything into them. */
const inShell = (text: string): string =>
  PLAIN.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;

const WEIGHTS = ['still_failing', 'other_failure', 'not_run', 'fixed'];
const byWeight = (one: Verification, other: Verification): number =>
  WEIGHTS.indexOf(one.result) - WEIGHTS.indexOf(other.result);

function resultLine(item: z.infer<typeof resultOutput>): string {
  const what = item.error || item.reason;
  return (
    `- **${item.result}** node ${quoteId(item.node || 'unknown')}, failure ${quoteId(item.failure_id || 'none')}` +
    `, ${item.failed_runs} of ${item.runs} runs failed${what ? `: ${quoteData(what, 201)}` : ''}`
  );
}

function nextOf(items: readonly z.infer<typeof resultOutput>[]): NextStep[] {
  const failing = items.find(({ result, failure_id }) => result !== 'fixed' && failure_id !== '');
  if (failing === undefined) return [];
  return [
    {
      tool: 'get_failure',
      arguments: { failure: failing.failure_id },
      why: 'shows the failure and its input',
    },
  ];
}
