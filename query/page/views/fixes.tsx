// What was tried against a group and what it did.
import type { GroupDetail } from '../../groups/schemas.ts';
import type { Effect } from '../../schemas.ts';
import { api } from '../api.ts';
import { useLive } from '../live.ts';
import { EffectDrawn } from '../parts/effect.tsx';
import { Said, Time } from '../parts/text.tsx';
import { to } from '../route.ts';

export function Fixes({ group }: { group: GroupDetail }) {
  return (
    <>
      <h2>Fixes</h2>
      {group.effects.length === 0 && <p class="quiet">No evolution targets it.</p>}
      <ul class="rows">
        {group.effects.map((effect) => (
          <Fix key={`${effect.evolution_id} ${effect.fingerprint}`} effect={effect} />
        ))}
      </ul>
    </>
  );
}

function Fix({ effect }: { effect: Effect }) {
  const { evolution_id } = effect;
  const { data } = useLive(`evolution ${evolution_id}`, () => api.evolution(evolution_id), true);
  return (
    <li>
      <h3>
        <a href={to.evolution(evolution_id)}>
          <Said text={data?.resolution ?? evolution_id} none={evolution_id} />
        </a>
      </h3>
      {data && (
        <p>
          {data.status} by <Said text={data.author} none="somebody" /> <Time at={data.timestamp} />
          {data.from_ref && data.graph_snapshot_ref && (
            <>
              {' · '}
              <a href={to.compare(data.from_ref, data.graph_snapshot_ref)}>what it changed</a>
            </>
          )}
        </p>
      )}
      <EffectDrawn effect={effect} />
    </li>
  );
}
