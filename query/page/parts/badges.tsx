// States and verdicts as words with a mark: never by colour alone.

import type { GroupState } from '../../questions/groups/schemas.ts';
import type { Verdict } from '../../questions/ledger/schemas.ts';

const MARKS: Record<GroupState, string> = {
  regressed: '↩',
  escalating: '↗',
  new: '✱',
  ongoing: '•',
  resolved: '✓',
  ignored: '⊘',
};
/** All states, the most urgent first. */
export const STATES = Object.keys(MARKS) as GroupState[];

export function State({ state }: { state: GroupState }) {
  return (
    <span class={`badge ${state}`}>
      <span aria-hidden="true">{MARKS[state]} </span>
      {state}
    </span>
  );
}

const VERDICTS: Record<Verdict, string> = {
  effective: '✓ effective',
  ineffective: '= ineffective',
  harmful: '✗ harmful',
  insufficient_exposure: '… too few runs',
};

export function Judged({ verdict }: { verdict: Verdict }) {
  return <span class={`badge ${verdict}`}>{VERDICTS[verdict]}</span>;
}
