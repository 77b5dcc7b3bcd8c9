// The verdict on two sides of counts, without the outages that others had as well.
import type { Store } from '../../base/store.ts';
import { type Block, NOTABLE } from './clustering.ts';
import type { Sum, Unit } from './counts.ts';
import { type Kind, type Outage, outside, readOutages } from './outages.ts';
import { type Judgement, judge, type SideRuns } from './verdict.ts';

/** A verdict, and the bursts that were left out of it. */
export interface Judged extends Judgement {
  outages: Outage[];
}

/**
 * Judges all runs first. Only where bursts make a difference it is read whether others had them too:
 * then these are left out of both sides, and what remains is judged.
 */
export async function judgeSides(
  store: Store,
  agent: string,
  unit: Unit,
  kind: Kind,
  { before, after }: { before: Sum; after: Sum },
): Promise<Judged> {
  const sides = [before, after].map(runsOf) as [SideRuns, SideRuns];
  const judgement = judge(...sides);
  const isClear = judgement.verdict === judgement.unclustered;
  if (isClear || judgement.design_effect < NOTABLE) return { ...judgement, outages: [] };
  const outages = await readOutages(store, agent, unit, kind, [before.blocks, after.blocks]);
  if (outages.length === 0) return { ...judgement, outages };
  const [left, right] = sides.map((side) => without(side, outages)) as [SideRuns, SideRuns];
  return { ...judge(left, right), unclustered: judgement.unclustered, outages };
}

const runsOf = ({ runs, failed_runs, blocks }: Sum): SideRuns => ({
  trials: runs,
  failed: failed_runs,
  blocks,
});

/** A run that lies in two blocks is one of `trials`: so those of the blocks that are left out are taken away. */
function without({ trials, failed, blocks = [] }: SideRuns, outages: readonly Outage[]): SideRuns {
  const left = outside(blocks, outages);
  const total = (all: readonly Block[], of: (block: Block) => number) =>
    all.reduce((sum, block) => sum + of(block), 0);
  const gone = (of: (block: Block) => number) => total(blocks, of) - total(left, of);
  const failedLeft = Math.max(0, failed - gone((block) => block.failed));
  return {
    trials: Math.max(failedLeft, trials - gone((block) => block.runs)),
    failed: failedLeft,
    blocks: left,
  };
}
