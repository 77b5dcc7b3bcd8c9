// What was tried against a group and what it did.

import type { Evolution } from '../../questions/evolutions/schemas.ts';
import type { GroupDetail } from '../../questions/groups/schemas.ts';
import type { Effect } from '../../questions/ledger/schemas.ts';
import { EffectDrawn } from '../parts/effect.tsx';
import { ForeignText, Time } from '../parts/text.tsx';
import { to } from '../route.ts';

export function Fixes({ group }: { group: GroupDetail }) {
  return (
    <>
      <h2>Fixes</h2>
      {group.effects.length === 0 && <p class="quiet">No evolution targets it.</p>}
      <ul class="rows">
        {group.effects.map((effect, index) => (
          <Fix key={effect.evolution_id} effect={effect} evolution={group.evolutions[index]!} />
        ))}
      </ul>
    </>
  );
}

function Fix({ effect, evolution }: { effect: Effect; evolution: Evolution }) {
  const { evolution_id, resolution, status, author, timestamp } = evolution;
  const { from_ref, graph_snapshot_ref } = evolution;
  return (
    <li>
      <h3>
        <a href={to.evolution(evolution_id)}>
          <ForeignText text={resolution} none={evolution_id} />
        </a>
      </h3>
      <p>
        {status} by <ForeignText text={author} none="somebody" /> <Time at={timestamp} />
        {from_ref && graph_snapshot_ref && (
          <>
            {' · '}
            <a href={to.compare(from_ref, graph_snapshot_ref)}>what it changed</a>
          </>
        )}
      </p>
      <EffectDrawn effect={effect} />
    </li>
  );
}
