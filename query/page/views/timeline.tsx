// Why an agent became what it is: its versions, evolutions and groups in order.
import type { ComponentChildren } from 'preact';
import type { TimelineEvent } from '../../questions/timeline/question.ts';
import { api } from '../api.ts';
import { counted } from '../format.ts';
import { Judged } from '../parts/badges.tsx';
import { Choice } from '../parts/choice.tsx';
import { Pages } from '../parts/pages.tsx';
import { ForeignText, Id, Time } from '../parts/text.tsx';
import { AgentTitle } from '../parts/title.tsx';
import { to } from '../route.ts';

const SINCE = [
  ['', 'all'],
  ['24h', 'the last day'],
  ['7d', 'the last week'],
  ['30d', 'the last 30 days'],
] as const;

export function TimelineView({ agent, since }: { agent: string; since: string }) {
  return (
    <>
      <AgentTitle agent={agent} view="timeline" />
      <div class="filters">
        <Choice label="Of" name="since" value={since} options={SINCE} isFirst />
      </div>
      <Pages
        name={`timeline ${since} ${agent}`}
        ask={(cursor) => api.timeline(agent, { since, ...(cursor && { cursor }) })}
        none="Nothing happened yet."
      >
        {(events) => (
          <ol class="events line-of-time">
            {events.map((event) => (
              <li key={keyOf(event)} class={event.kind}>
                <Time at={event.timestamp} exact /> {described(event)}
              </li>
            ))}
          </ol>
        )}
      </Pages>
    </>
  );
}

function keyOf(event: TimelineEvent): string {
  switch (event.kind) {
    case 'evolution':
      return `evolution ${event.evolution_id}`;
    case 'group_event':
      return `said ${event.event_id}`;
    case 'version_first_seen':
      return `version ${event.graph_snapshot_ref}`;
    default:
      return `${event.kind} ${event.fingerprint} ${event.timestamp}`;
  }
}

function described(event: TimelineEvent): ComponentChildren {
  switch (event.kind) {
    case 'version_first_seen':
      return (
        <p>
          Version{' '}
          <a data-row href={to.graph(event.graph_snapshot_ref)}>
            <Id name={event.graph_snapshot_ref} />
          </a>{' '}
          was first seen
          {event.nodes.length > 0 && ` with ${counted(event.nodes.length, 'node')}`}
        </p>
      );
    case 'evolution':
      return <Evolved event={event} />;
    case 'group_appeared':
    case 'group_vanished':
      return (
        <p>
          <a data-row href={to.group(event.fingerprint)}>
            <ForeignText text={event.error_type} none="error" />
          </a>{' '}
          in <ForeignText text={event.node_id} none="the graph" />{' '}
          {event.kind === 'group_appeared'
            ? `appeared (${counted(event.failures, 'failure')} since)`
            : `did not come back in ${counted(event.attempts_since, 'attempt')}`}
        </p>
      );
    case 'group_event':
      return (
        <p>
          <ForeignText text={event.author} none="Somebody" />: <strong>{event.change}</strong>{' '}
          <a data-row href={to.group(event.fingerprint)}>
            <Id name={event.fingerprint} />
          </a>{' '}
          <ForeignText text={event.value} /> <ForeignText text={event.reason} />
        </p>
      );
  }
}

function Evolved({ event }: { event: Extract<TimelineEvent, { kind: 'evolution' }> }) {
  const { from_ref, graph_snapshot_ref, verdicts } = event;
  return (
    <>
      <p>
        Evolution {event.status} by <ForeignText text={event.author} none="somebody" />:{' '}
        <a data-row href={to.evolution(event.evolution_id)}>
          <ForeignText text={event.resolution} none={event.evolution_id} />
        </a>
      </p>
      {event.rationale && (
        <p class="quiet">
          <ForeignText text={event.rationale} />
        </p>
      )}
      <p class="badges">
        {verdicts.map(({ fingerprint, verdict }) => (
          <a key={fingerprint} href={to.group(fingerprint)}>
            <Judged verdict={verdict} />
          </a>
        ))}
        {from_ref && graph_snapshot_ref && (
          <a href={to.compare(from_ref, graph_snapshot_ref)}>what it changed</a>
        )}
      </p>
    </>
  );
}
