// One evolution: what was changed and why, and what it did to each group.
import type { Evolution } from '../../questions/evolutions/schemas.ts';
import type { EvolutionEffects } from '../../questions/ledger/schemas.ts';
import { api } from '../api.ts';
import { counted, duration, share } from '../format.ts';
import { useLive } from '../live.ts';
import { Answered } from '../parts/answer.tsx';
import { EffectDrawn } from '../parts/effect.tsx';
import { Facts, ForeignText, Id, Time, Wide } from '../parts/text.tsx';
import { Title } from '../parts/title.tsx';
import { to } from '../route.ts';

export function EvolutionView({ evolutionId }: { evolutionId: string }) {
  const evolution = useLive(`evolution ${evolutionId}`, () => api.evolution(evolutionId));
  const effects = useLive(`effects ${evolutionId}`, () => api.effects(evolutionId));
  return (
    <>
      <Answered answer={evolution}>{(it) => <Details evolution={it} />}</Answered>
      <Answered answer={effects}>{(it) => <Did effects={it} />}</Answered>
    </>
  );
}

function Details({ evolution: it }: { evolution: Evolution }) {
  return (
    <>
      <p>
        <a href={to.timeline(it.agent_id)}>
          <ForeignText text={it.agent_id} />
        </a>
      </p>
      <Title tab={`Evolution ${it.evolution_id.slice(0, 40)}`}>
        <ForeignText text={it.resolution} none={it.evolution_id} />
      </Title>
      <Facts
        facts={[
          ['Id', <ForeignText key="id" text={it.evolution_id} />],
          ['Status', it.status],
          ['Set off by', it.trigger],
          ['By', <ForeignText key="by" text={it.author} none="not reported" />],
          ['When', <Time key="when" at={it.timestamp} />],
          ['Strategy', <ForeignText key="strategy" text={it.strategy} none="not reported" />],
          ['Why', <ForeignText key="why" text={it.rationale} none="not reported" />],
        ]}
      />
      {it.from_ref && it.graph_snapshot_ref && (
        <p>
          <a href={to.compare(it.from_ref, it.graph_snapshot_ref)}>What it changed in the graph</a>
        </p>
      )}
    </>
  );
}

function Did({ effects: { items, side_effects, verified, notes } }: { effects: EvolutionEffects }) {
  return (
    <>
      {verified && <Verified verified={verified} />}
      <h2>What it did</h2>
      {items.length === 0 && <p class="quiet">It targets no group and touched none.</p>}
      <ul class="rows">
        {items.map((effect) => (
          <li key={effect.fingerprint}>
            <h3>
              <a data-row href={to.group(effect.fingerprint)}>
                Group <Id name={effect.fingerprint} />
              </a>{' '}
              {effect.node_ids.map((node) => (
                <ForeignText key={node} text={node} />
              ))}
            </h3>
            {!effect.targeted && <p class="quiet">Not targeted: it changed the group's node.</p>}
            <EffectDrawn effect={effect} />
          </li>
        ))}
      </ul>
      <SideEffects side={side_effects} />
      {notes.map((note) => (
        <p class="quiet" key={note}>
          <bdi>{note}</bdi>
        </p>
      ))}
    </>
  );
}

function Verified({ verified: it }: { verified: NonNullable<EvolutionEffects['verified']> }) {
  return (
    <>
      <h2>Before it shipped</h2>
      <Facts
        facts={[
          ['Run on its cases', <Time key="when" at={it.timestamp} />],
          ['Fixed', String(it.fixed)],
          ['Still failing', String(it.still_failing)],
          ['Other failures', String(it.other_failure)],
          ['Not run', String(it.not_run)],
        ]}
      />
    </>
  );
}

function SideEffects({ side: { new_groups, nodes } }: { side: EvolutionEffects['side_effects'] }) {
  return (
    <>
      {new_groups.length > 0 && (
        <>
          <h2>Groups that are new since</h2>
          <ul>
            {new_groups.map((group) => (
              <li key={group.fingerprint}>
                <a href={to.group(group.fingerprint)}>
                  <ForeignText text={group.error_type} none="error" />
                </a>{' '}
                in <ForeignText text={group.node_id} none="the graph" />,{' '}
                {counted(group.failures, 'failure')}
              </li>
            ))}
          </ul>
        </>
      )}
      {nodes.length > 0 && (
        <>
          <h2>Nodes before and after</h2>
          <Wide label="Nodes before and after">
            <table>
              <thead>
                <tr>
                  <th>Node</th>
                  <th>Succeeded before</th>
                  <th>after</th>
                  <th>Median before</th>
                  <th>after</th>
                </tr>
              </thead>
              <tbody>
                {nodes.map(({ node_id, before, after }) => (
                  <tr key={node_id}>
                    <td>
                      <ForeignText text={node_id} />
                    </td>
                    {[before, after].map((side, at) => (
                      <td key={at === 0 ? 'before' : 'after'}>
                        {side ? share(side.success_rate) : '–'}
                      </td>
                    ))}
                    {[before, after].map((side, at) => (
                      <td key={at === 0 ? 'before' : 'after'}>
                        {side ? duration(side.median_duration_ns / 1e6) : '–'}
                      </td>
                    ))}
                  </tr>
                ))}
              </tbody>
            </table>
          </Wide>
        </>
      )}
    </>
  );
}
