// The groups of an agent: what fails, in which state, how often lately, what was tried.
import { useMemo } from 'preact/hooks';
import type { Group, GroupState } from '../../questions/groups/schemas.ts';
import { api } from '../api.ts';
import { counted } from '../format.ts';
import { useLive } from '../live.ts';
import { Judged, STATES, State } from '../parts/badges.tsx';
import { Choice } from '../parts/choice.tsx';
import { Pages } from '../parts/pages.tsx';
import { Code, ForeignText, Id, Time } from '../parts/text.tsx';
import { AgentTitle } from '../parts/title.tsx';
import { Trend } from '../parts/trend.tsx';
import { to } from '../route.ts';

export interface GroupFilters {
  agent: string;
  node: string;
  state: string;
  since: string;
}

export function GroupsView({ agent, node, state, since }: GroupFilters) {
  const filters = { agent, node, state: state as GroupState | '', since };
  return (
    <>
      <AgentTitle agent={agent} view="groups" />
      <Filters agent={agent} node={node} state={state} since={since} />
      <Pages
        name={JSON.stringify(filters)}
        ask={(cursor) =>
          api.groups({ ...filters, sort: 'impact', trend: 'true', ...(cursor && { cursor }) })
        }
        none="No group fits."
      >
        {(groups) => (
          <ul class="rows">
            {groups.map((group) => (
              <GroupRow key={group.fingerprint} group={group} />
            ))}
          </ul>
        )}
      </Pages>
    </>
  );
}

const SINCE = [
  ['', 'ever'],
  ['1h', 'in the last hour'],
  ['24h', 'in the last day'],
  ['7d', 'in the last week'],
  ['30d', 'in the last 30 days'],
] as const;

function Filters({ agent, node, state, since }: GroupFilters) {
  const nodes = useLive(`nodes ${agent}`, () => api.nodes(agent), true);
  const known = useMemo(
    () => [
      ...new Set([
        ...(node ? [node] : []),
        ...(nodes.data?.items ?? []).map((item) => item.node_id),
      ]),
    ],
    [nodes.data, node],
  );
  const isListed = SINCE.some(([value]) => value === since);
  const times = isListed ? SINCE : [[since, `since ${since}`] as const, ...SINCE];
  const all = ['', 'all'] as const;
  const same = (name: string) => [name, name] as const;
  return (
    <div class="filters">
      <Choice label="Node" name="node" value={node} options={[all, ...known.map(same)]} isFirst />
      <Choice label="State" name="state" value={state} options={[all, ...STATES.map(same)]} />
      <Choice label="Failed" name="since" value={since} options={times} />
    </div>
  );
}

/** What it costs on the version in use. */
function Lost({ impact }: { impact: NonNullable<Group['impact']> }) {
  if (impact.is_recovered) return <p class="quiet">Recovered without losing a run: leave it.</p>;
  if (impact.runs_lost_now === 0) return <p class="quiet">Ends no run of the version in use.</p>;
  return (
    <p>
      <strong>Ends {counted(impact.runs_lost_now, 'run')}</strong> of {impact.runs_now} on the
      version in use{impact.share_now === null ? '' : ` (${(100 * impact.share_now).toFixed(1)} %)`}
    </p>
  );
}

function GroupRow({ group }: { group: Group }) {
  const { fingerprint, state, node_id, error_type, template, last_evolution, hourly } = group;
  return (
    <li>
      <h2>
        <a data-row href={to.group(fingerprint)}>
          <ForeignText text={error_type} none="error" />
        </a>
      </h2>
      <p class="clamp">
        <Code text={template || '(no message)'} />
      </p>
      <p class="badges">
        <State state={state} />
        <span class="badge">{group.class}</span>
        {node_id ? (
          <span>
            in <ForeignText text={node_id} />
          </span>
        ) : (
          <span class="quiet">the graph as a whole</span>
        )}
        <Id name={fingerprint} />
      </p>
      <p>
        {counted(group.failures, 'failure')} in {counted(group.runs, 'run')}, last{' '}
        <Time at={group.last_seen} />
      </p>
      {group.impact && <Lost impact={group.impact} />}
      {hourly && <Trend hourly={hourly} />}
      {last_evolution && (
        <p>
          Last fix: <ForeignText text={last_evolution.resolution} />{' '}
          {last_evolution.verdict && <Judged verdict={last_evolution.verdict} />}
        </p>
      )}
      {group.contradiction && (
        <p class="warn">
          <bdi>{group.contradiction}</bdi>
        </p>
      )}
    </li>
  );
}
