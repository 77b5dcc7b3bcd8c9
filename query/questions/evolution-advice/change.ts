// What the last change asks for: to be taken back, to be waited for, or nothing. Pure.
import betaCdf from '@stdlib/stats-base-dists-beta-cdf';
import { quoteId } from '../../base/quote.ts';
import { percent } from '../../base/text.ts';
import { BLOCK_MS, type Block } from '../ledger/clustering.ts';
import type { Effect } from '../ledger/schemas.ts';
import { type Judgement, judge, type SideRuns } from '../ledger/verdict.ts';
import { firstThat, lostIn, sum } from './lost-runs.ts';
import { LASTING_MS, later, type Terms } from './problem.ts';
import type { AdvisedChange, EvolutionAdvice } from './question.ts';

/** A verdict is waited for as long as it could have come in so many times the runs of a perfect fix. */
const PATIENCE = 2;
const LEAST_PATIENCE = 20;
/** A fix that surely leaves more than this of the failures has not mended it: nothing more is waited for. */
const MENDED = 0.2;
/** Chance of as many failures, had the fix mended it, below which nothing more is waited for. No verdict stands on it. */
const UNLIKELY = 0.05;
const MOST_PATIENCE = 500;

/** Runs of a version by time. */
export interface VersionRuns {
  /** `failed` are runs lost for any reason. */
  all: readonly Block[];
  /** `failed` leaves out what passes by itself, and outages. */
  own: readonly Block[];
}

/** What is known of the change by which the version in use came. */
export interface Change {
  /** null where no evolution is on record for it. */
  evolution_id: string | null;
  timestamp: string;
  resolution: string;
  from_ref: string;
  graph_snapshot_ref: string;
  before: VersionRuns;
  after: VersionRuns;
  /** On the groups that it targets. */
  effects: readonly Pick<Effect, 'fingerprint' | 'verdict' | 'before' | 'after' | 'interval'>[];
}

/** What is to be done because of a change, before any problem is looked at. */
export type Decision = Pick<EvolutionAdvice, 'advice' | 'because' | 'reason' | 'again'> &
  Partial<Pick<EvolutionAdvice, 'fingerprint' | 'revert_to'>>;

/** The change with the verdict on all runs. */
export function describeChange(change: Change): AdvisedChange {
  const { before, after, effects, ...known } = change;
  const { verdict, ratio, interval } = judgeOwn(change);
  return {
    ...known,
    before: lostIn(before.all),
    after: lostIn(after.all),
    verdict,
    ratio,
    interval,
    targets: effects.map(({ fingerprint, verdict: one }) => ({ fingerprint, verdict: one })),
  };
}

/** Whether more runs are lost than before, as far as the counts go: no proof of harm, but no ground to build on. */
export const looksWorse = (change: Change): boolean => (judgeOwn(change).ratio ?? 1) > 1;

/** What the change asks for; undefined where it stands in the way of nothing. */
export function adviseOnChange(change: Change, terms: Terms): Decision | undefined {
  return harm(change, terms) ?? pending(change, terms);
}

function harm(change: Change, terms: Terms): Decision | undefined {
  const harmed = harmedRuns(change) ?? harmedTarget(change);
  if (!harmed) return undefined;
  const { from_ref, evolution_id } = change;
  const name = evolution_id === null ? 'The version in use' : `Evolution ${quoteId(evolution_id)}`;
  const reason = `${name} made it worse: ${harmed.words}.`;
  const rest = { fingerprint: harmed.fingerprint, again: { after_runs: null, ...later(terms, 0) } };
  return from_ref === ''
    ? {
        advice: 'ask',
        because: 'change_harms',
        reason: `${reason} The version before it is not known.`,
        ...rest,
      }
    : {
        advice: 'revert',
        because: 'change_harms',
        reason: `${reason} Go back to ${quoteId(from_ref)}.`,
        revert_to: from_ref,
        ...rest,
      };
}

/** More runs are lost than before, from the change on. */
function harmedRuns({ before, after }: Change) {
  const judged = judge(sideOf(before.own), sideOf(after.own));
  const isOwn = judged.verdict === 'harmful' && beganAtOnce(after.own);
  // What passes by itself is the change's doing only if it does not pass.
  const judgedAll = judge(sideOf(before.all), sideOf(after.all));
  const lasts = lengthOf(after.all) >= LASTING_MS && judgedAll.design_effect < 1.5;
  const isAll = judgedAll.verdict === 'harmful' && lasts && beganAtOnce(after.all);
  if (!isOwn && !isAll) return undefined;
  const [old, now] = isOwn
    ? [lostIn(before.own), lostIn(after.own)]
    : [lostIn(before.all), lostIn(after.all)];
  return {
    fingerprint: null,
    words:
      `${now.runs_lost} of ${now.runs} runs lost since (${percent(now.share!)}), ` +
      `${old.runs_lost} of ${old.runs} before (${percent(old.share!)}), ${ratioWords(isOwn ? judged : judgedAll)}`,
  };
}

/** A group that it targets ends more runs than before, and no other runs were saved for it. */
function harmedTarget({ effects, before, after }: Change) {
  const effect = effects.find(
    (one) => one.verdict === 'harmful' && one.after.terminal_runs > 0 && beganAtOnce(after.own),
  );
  const [old, now] = [lostIn(before.own), lostIn(after.own)];
  if (!effect || (old.share !== null && now.share !== null && now.share <= old.share))
    return undefined;
  return {
    fingerprint: effect.fingerprint,
    words:
      `${quoteId(effect.fingerprint)}, which it targets, failed in ${effect.after.failed_runs} of ` +
      `${effect.after.runs} runs since, in ${effect.before.failed_runs} of ${effect.before.runs} before`,
  };
}

/** What came later than the change by itself, as a slow drift does, is not of it. */
function beganAtOnce(blocks: readonly Block[]): boolean {
  const half = sum(blocks, ({ runs }) => runs) / 2;
  let held = 0;
  const from = blocks.findIndex((block) => {
    held += block.runs;
    return held >= half;
  });
  const [first, second] = [blocks.slice(0, from + 1), blocks.slice(from + 1)];
  const { share, runs } = lostIn(blocks);
  const before = blocks.findIndex(({ failed }) => failed > 0);
  const good = sum(blocks.slice(0, Math.max(0, before)), (block) => block.runs);
  if (runs > 0 && (1 - share!) ** good < 0.01) return false;
  return second.length === 0 || judge(sideOf(first), sideOf(second)).verdict !== 'harmful';
}

/** The verdict that is still awaited, as long as runs can bring it. */
function pending(change: Change, terms: Terms): Decision | undefined {
  const { evolution_id, effects, before, after } = change;
  if (evolution_id === null) return undefined;
  const versionRuns = lostIn(after.all).runs;
  const open = effects
    .filter(({ verdict }) => verdict === 'insufficient_exposure')
    .map((one) => ({
      fingerprint: one.fingerprint,
      old: { trials: one.before.runs, failed: one.before.failed_runs },
      runs: one.after.runs,
      failed: one.after.failed_runs,
      interval: one.interval,
    }))
    .filter((one) => !isNoCure(one.old, { trials: one.runs, failed: one.failed }, one.interval));
  const sides =
    effects.length > 0
      ? open
      : judgeOwn(change).verdict === 'insufficient_exposure'
        ? [{ fingerprint: null, old: sideOf(before.own), runs: versionRuns, failed: 0 }]
        : [];
  const awaited = sides.flatMap((side) => {
    const needed = runsToJudge(side.old);
    if (needed === null || versionRuns >= patienceOf(needed)) return [];
    return [{ ...side, more: runsLeft(side, patienceOf(needed) - versionRuns) }];
  });
  const [first] = awaited;
  if (!first) return undefined;
  const what = first.fingerprint === null ? 'runs lost' : quoteId(first.fingerprint);
  return {
    advice: 'wait',
    because: 'change_not_judged',
    reason:
      `Evolution ${quoteId(evolution_id)} has too few runs to be judged: ${what} in ${first.failed} of ${first.runs} runs since, ` +
      `${Math.round(first.old.failed)} of ${Math.round(first.old.trials)} before. ` +
      `If it goes on like this, ${first.more} more runs will do.`,
    fingerprint: first.fingerprint,
    again: { after_runs: first.more, ...later(terms, LASTING_MS) },
  };
}

/** Whether a fix has not mended it, as far as can be seen at this look: enough to go on, not for a verdict. */
function isNoCure(
  old: Pick<SideRuns, 'trials' | 'failed'>,
  { trials, failed }: Pick<SideRuns, 'trials' | 'failed'>,
  [low]: Judgement['interval'],
): boolean {
  if (low > MENDED) return true;
  if (failed === 0 || trials < LEAST_PATIENCE) return false;
  const mended = Math.min(1, (MENDED * (old.failed + 1)) / (old.trials + 2));
  // The chance of at least so many failures in so many runs, as an incomplete beta function.
  return betaCdf(mended, failed, Math.max(0, trials - failed) + 1) < UNLIKELY;
}

/** Runs that are still waited for, if those to come fail as those since the change; at most `most`. */
function runsLeft(
  { old, runs, failed }: { old: SideRuns; runs: number; failed: number },
  most: number,
): number {
  const isJudged = (more: number) => {
    const trials = runs + more;
    const share = runs === 0 ? 0 : failed / runs;
    const side = { trials, failed: Math.round(share * trials) };
    const { verdict, interval } = judge(old, side);
    return verdict !== 'insufficient_exposure' || isNoCure(old, side, interval);
  };
  return firstThat(isJudged, 1, Math.max(1, most)) ?? Math.max(1, most);
}

const patienceOf = (needed: number): number =>
  Math.min(MOST_PATIENCE, Math.max(LEAST_PATIENCE, PATIENCE * needed));

/** Runs after a change without a failure that make it `effective`; null where no number would. */
export const runsToJudge = (before: SideRuns): number | null =>
  before.failed === 0
    ? null
    : firstThat((trials) => judge(before, { trials, failed: 0 }).verdict === 'effective', 1, 2000);

const judgeOwn = ({ before, after }: Change): Judgement =>
  judge(sideOf(before.own), sideOf(after.own));

export const sideOf = (blocks: readonly Block[]): SideRuns => ({
  trials: sum(blocks, ({ runs }) => runs),
  failed: sum(blocks, ({ failed }) => failed),
  blocks,
});

function lengthOf(blocks: readonly Block[]): number {
  const bad = blocks.filter(({ failed }) => failed > 0);
  return bad.length === 0 ? 0 : bad.at(-1)!.since - bad[0]!.since + BLOCK_MS;
}

function ratioWords({ ratio, interval: [low, high] }: Judgement): string {
  const bounds = `${low.toFixed(1)} to ${high === null ? 'any' : high.toFixed(1)} times`;
  return ratio === null
    ? `at least ${low.toFixed(1)} times`
    : `${ratio.toFixed(1)} times (${bounds})`;
}
