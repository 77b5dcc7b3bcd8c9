// All agents and how they fare.

import type { Agent } from '../../questions/agents/agents.ts';
import { api } from '../api.ts';
import { counted, number } from '../format.ts';
import { useLive } from '../live.ts';
import { STATES, State } from '../parts/badges.tsx';
import { Pages } from '../parts/pages.tsx';
import { ForeignText, Time } from '../parts/text.tsx';
import { Title } from '../parts/title.tsx';
import { filter, to } from '../route.ts';

/** On one page. */
const AT_ONCE = 100;

export function AgentsView({ find }: { find: string }) {
  return (
    <>
      <Title tab="Agents">Agents</Title>
      <div class="filters">
        <label>
          Name{' '}
          <input
            data-filter
            type="search"
            value={find}
            onInput={(event) => filter({ find: event.currentTarget.value })}
          />
        </label>
      </div>
      <Pages
        name={`agents ${find}`}
        ask={(cursor) => api.agents({ find, limit: AT_ONCE, ...(cursor && { cursor }) })}
        none={find === '' ? <NoAgent /> : 'No agent has this in its name.'}
      >
        {(agents) => <Agents agents={agents} find={find} />}
      </Pages>
    </>
  );
}

/** What arrived all the same, and was not understood. */
function NoAgent() {
  const skipped = useLive('skipped spans', api.skippedSpans).data?.hint;
  return (
    <>
      No agent was seen yet. Send spans to the collector.
      {skipped && (
        <>
          {' '}
          <ForeignText text={skipped} />
        </>
      )}
    </>
  );
}

interface AgentsProps {
  agents: Agent[];
  find: string;
}

function Agents({ agents, find }: AgentsProps) {
  // Counting them takes longer: the list does not wait for it.
  const withStates = useLive(`agents with states ${find}`, () =>
    api.agents({ find, limit: AT_ONCE, states: 'true' }),
  );
  const states = new Map(withStates.data?.items.map((agent) => [agent.agent_id, agent.states]));
  return (
    <ul class="rows">
      {agents.map((agent) => (
        <li key={agent.agent_id}>
          <h2>
            {agent.agent_id ? (
              <a data-row href={to.agent(agent.agent_id)}>
                <ForeignText text={agent.agent_id} />
              </a>
            ) : (
              <span class="quiet">Spans that name no agent</span>
            )}
          </h2>
          <p>
            {counted(agent.failures, 'failure')} · {counted(agent.attempts, 'attempt')} ·{' '}
            {counted(agent.runs, 'run')} · seen <Time at={agent.last_seen} />
          </p>
          <GroupStates states={states.get(agent.agent_id)} />
        </li>
      ))}
    </ul>
  );
}

function GroupStates({ states }: { states: Agent['states'] }) {
  if (!states) return null;
  const shown = STATES.filter((state) => states[state]);
  const all = shown.reduce((sum, state) => sum + states[state]!, 0);
  return (
    <p class="badges">
      {counted(all, 'group')}
      {shown.map((state) => (
        <span key={state}>
          {number(states[state]!)} <State state={state} />
        </span>
      ))}
    </p>
  );
}
