// What a reader has to know of bursts: where the verdict says less because of them, and why.
import { quoteId } from '../../base/quote.ts';
import { burstsIn, NOTABLE } from './clustering.ts';
import type { Sum } from './counts.ts';
import type { Judged } from './judged.ts';
import type { Outage } from './outages.ts';

const HOUR_MS = 3_600_000;

/** Short sentences; none where runs fail independently. */
export function burstNotes(judged: Judged, before: Sum, after: Sum): string[] {
  const { verdict, unclustered, design_effect, outages } = judged;
  const isSame = verdict === unclustered;
  const notes = outages.length > 0 ? [outageNote(outages)] : [];
  if (design_effect < NOTABLE && isSame) return notes;
  const sides = [sideIn('before', before), sideIn('after', after)].filter((side) => side !== '');
  notes.push(`Runs fail together in bursts: ${sides.join('; ')}.`);
  if (design_effect >= NOTABLE) {
    notes.push(`${design_effect.toFixed(1)} failed runs count as one independent one.`);
  }
  if (verdict === 'insufficient_exposure' && !isSame) {
    notes.push(
      `Independent runs would make it ${unclustered}, but an outage that fell on one side looks the same.`,
    );
  }
  return notes;
}

function outageNote(outages: readonly Outage[]): string {
  const failed = outages.reduce((sum, one) => sum + one.failed_runs, 0);
  const elsewhere = outages.reduce((sum, one) => sum + one.elsewhere, 0);
  const agents = [...new Set(outages.flatMap((one) => one.agents))].filter((name) => name !== '');
  const others = agents.length === 0 ? 'other nodes' : agents.slice(0, 3).map(quoteId).join(', ');
  const bursts = outages.length === 1 ? 'a burst' : `${outages.length} bursts`;
  return (
    `Left out: ${bursts} with ${failed} failed runs in which ${others} failed likewise ` +
    `(${elsewhere} runs), as in an outage of what they share.`
  );
}

function sideIn(name: string, { failed_runs, blocks }: Sum): string {
  if (failed_runs === 0) return '';
  const bursts = burstsIn(blocks);
  if (bursts.length === 0) return `${failed_runs} ${name}`;
  const inBursts = bursts.reduce((sum, burst) => sum + burst.failed_runs, 0);
  const longest = Math.max(...bursts.map(({ since, until }) => until - since));
  const seen = blocks.at(-1)!.since - blocks[0]!.since;
  return (
    `${inBursts} of ${failed_runs} ${name} within ${bursts.length} ` +
    `${bursts.length === 1 ? 'burst' : 'bursts'} of up to ${hours(longest)} in ${hours(seen)}`
  );
}

const hours = (ms: number): string => `${(ms / HOUR_MS).toFixed(1)} h`;
