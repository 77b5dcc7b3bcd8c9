// `verify()`: cases of the groups that a change targets, run again on the changed graph before it ships.
import { hash, randomUUID } from 'node:crypto';
import type { VerificationResult } from '../../instrumentation/semconv/index.ts';
import { InvalidInputError, UnavailableError } from '../base/errors.ts';
import { describePartial } from '../base/partial.ts';
import { type History, noticingPartial } from '../history.ts';
import { exactInterval } from '../questions/advice/interval.ts';
import type { VerificationsInput } from '../questions/verifications/schemas.ts';
import { type Judgement, judge } from './judge.ts';
import { type PlannedCase, planOf, type Scope } from './plan.ts';
import type { Replay, Runner } from './replay.ts';
import { type Shrunk, shrink } from './shrink.ts';

/** Which cases are run, and how often. */
export interface VerifyOptions extends Scope {
  /** How often each case is run, for failures that do not come every time. @default 1 */
  repeat?: number | undefined;
  /** Whether to find the smallest part that still fails, of one input a group that fails every time. @default false */
  shrink?: boolean | undefined;
  /** Whether the results are recorded. @default true */
  record?: boolean | undefined;
  /** Called with each result as soon as it is there. */
  onResult?: ((verified: VerifiedInput) => void) | undefined;
}

/** What became of one case. */
export interface VerifiedInput extends Omit<Judgement, 'result' | 'basis'> {
  verification_id: string;
  kind: 'case' | 'guard';
  /** Id of the group; '' for an input that has to stay good. */
  group: string;
  fingerprint: string;
  node_id: string;
  failure_id: string;
  input: string;
  input_digest: string;
  graph_snapshot_ref: string;
  result: VerificationResult;
  basis: Judgement['basis'] | '';
  runs: number;
  failed_runs: number;
  /** In which the share of failing runs lies with 95 %; 0 to 1 if it was not run. */
  interval: [low: number, high: number];
  /** The smallest part of the input that still fails, where that was looked for. */
  smallest?: Shrunk;
}

/** What a verification came to. */
export interface Verified {
  agent_id: string;
  batch_id: string;
  evolution_id: string;
  /** No case fails as before, and nothing new fails. */
  ok: boolean;
  counts: Record<VerificationResult, number>;
  items: VerifiedInput[];
}

const MOST_REPEATS = 1000;

/**
 * Runs the cases of the groups that a change targets, and inputs that have to stay good, one after the other,
 * and records what became of each.
 *
 * @param run runs an input once on the changed graph, see {@link Runner}
 * @throws {NotFoundError} for an agent, a group or an evolution that is not stored
 * @throws {InvalidInputError} for a group or an evolution of another agent, and for an evolution that targets
 *   no group
 * @throws {UnavailableError} while a shard is away: without its cases nothing would be verified
 */
export async function verify(
  history: History,
  { repeat = 1, record = true, shrink: shrinks = false, onResult, ...scope }: VerifyOptions,
  run: Runner,
): Promise<Verified> {
  if (!Number.isInteger(repeat) || repeat < 1 || repeat > MOST_REPEATS) {
    throw new InvalidInputError('repeat', `expected a whole number from 1 to ${MOST_REPEATS}`);
  }
  const plan = await planOf(
    noticingPartial(history, (partial) => {
      throw new UnavailableError(`cases may be missing: ${describePartial(partial)}`);
    }),
    scope,
  );
  const items: VerifiedInput[] = [];
  const shrunk = new Set<string>();
  for (const planned of plan) {
    const verified =
      planned.unfit === undefined ? await replay(planned, repeat, run) : left(planned);
    const failsAlways = verified.result === 'still_failing' && verified.failed_runs === repeat;
    if (shrinks && failsAlways && !shrunk.has(planned.group)) {
      shrunk.add(planned.group);
      verified.smallest = await shrink(planned.input, failsAs(planned, verified, run));
    }
    items.push(verified);
    onResult?.(verified);
  }
  const verified = summaryOf(scope, items);
  if (record && items.length > 0) await history.recordVerifications(recordOf(verified));
  return verified;
}

async function replay(planned: PlannedCase, repeat: number, run: Runner): Promise<VerifiedInput> {
  const judged: Judgement[] = [];
  let ref = '';
  for (let times = 0; times < repeat; times++) {
    const replayed: Replay = await run({
      input: planned.input,
      ...(planned.case && { case: planned.case }),
    });
    ref ||= replayed.spans?.ref ?? '';
    judged.push(judge(replayed, planned.case, planned.fingerprints));
  }
  const worst =
    judged.find(({ result }) => result === 'still_failing') ??
    judged.find(({ result }) => result === 'other_failure') ??
    judged[0]!;
  const failed = judged.filter(({ result }) => result !== 'fixed').length;
  return { ...described(planned, ref), ...worst, ...counted(repeat, failed) };
}

/** Whether an input fails as the case does. */
function failsAs(planned: PlannedCase, verified: VerifiedInput, run: Runner) {
  return async (input: string): Promise<boolean> => {
    const replayed = await run({ input, ...(planned.case && { case: planned.case }) });
    const { result, error_type } = judge(replayed, planned.case, planned.fingerprints);
    return result === 'still_failing' && error_type === verified.error_type;
  };
}

/** What could not be run. */
const left = (planned: PlannedCase): VerifiedInput => ({
  ...described(planned, ''),
  result: 'not_run',
  basis: '',
  error_type: '',
  error_message: '',
  error_fingerprint: '',
  reason: planned.unfit ?? '',
  ...counted(0, 0),
});

const counted = (runs: number, failed_runs: number) => ({
  runs,
  failed_runs,
  interval: exactInterval(runs, failed_runs),
});

function described({ kind, group, input, case: failed }: PlannedCase, ref: string) {
  return {
    verification_id: randomUUID(),
    kind,
    group,
    fingerprint: failed?.fingerprint ?? group,
    node_id: failed?.node ?? '',
    failure_id: failed?.failure_id ?? '',
    input,
    input_digest: failed?.input_digest ?? (input === '' ? '' : hash('sha256', input)),
    graph_snapshot_ref: ref,
  };
}

function summaryOf({ agent, evolution }: Scope, items: VerifiedInput[]): Verified {
  const counts = { fixed: 0, still_failing: 0, other_failure: 0, not_run: 0 };
  for (const { result } of items) counts[result]++;
  return {
    agent_id: agent,
    batch_id: randomUUID(),
    evolution_id: evolution ?? '',
    ok: counts.still_failing + counts.other_failure === 0,
    counts,
    items,
  };
}

/** What is recorded of a verification. */
export function recordOf({
  agent_id,
  batch_id,
  evolution_id,
  items,
}: Verified): VerificationsInput {
  return {
    agent_id,
    batch_id,
    ...(evolution_id && { evolution_id }),
    items: items.map((item) => ({
      verification_id: item.verification_id,
      kind: item.kind,
      result: item.result,
      runs: item.runs,
      failed_runs: item.failed_runs,
      ...(item.basis && { basis: item.basis }),
      ...(item.fingerprint && { fingerprint: item.fingerprint }),
      ...(item.node_id && { node_id: item.node_id }),
      ...(/^[0-9a-f]{64}$/.test(item.input_digest) && { input_digest: item.input_digest }),
      ...(item.failure_id && { failure_id: item.failure_id }),
      ...(/^sha256:/.test(item.graph_snapshot_ref) && {
        graph_snapshot_ref: item.graph_snapshot_ref,
      }),
      ...(item.reason && { reason: item.reason }),
      ...(item.error_type && { error_type: item.error_type.slice(0, 512) }),
      ...(item.error_message && { error_message: item.error_message.slice(0, 16_384) }),
      ...(item.error_fingerprint && { error_fingerprint: item.error_fingerprint }),
    })),
  };
}
