// One group with all that is known of it, and what can be said about it.

import type { FailureDetail } from '../../questions/failures/schemas.ts';
import type { GroupDetail } from '../../questions/groups/schemas.ts';
import { api } from '../api.ts';
import { counted, number } from '../format.ts';
import { useLive } from '../live.ts';
import { Answered } from '../parts/answer.tsx';
import { State } from '../parts/badges.tsx';
import { CopyPrompt } from '../parts/copy-prompt.tsx';
import { Block, Code, Facts, ForeignText, Id, Time, Wide } from '../parts/text.tsx';
import { Title } from '../parts/title.tsx';
import { Trend } from '../parts/trend.tsx';
import { to } from '../route.ts';
import { Actions } from './actions.tsx';
import { Fixes } from './fixes.tsx';
import { Cases, Occurrences } from './occurrences.tsx';

export function GroupView({ fingerprint, member }: { fingerprint: string; member: string }) {
  const answer = useLive(`group ${fingerprint}`, () => api.group(fingerprint));
  return (
    <Answered answer={answer}>
      {(group) => (
        <>
          <Head group={group} />
          <Fixes group={group} />
          <Actions key={fingerprint} group={group} onChanged={answer.refresh} />
          <LastFailure failureId={group.last_failure_id} />
          <Occurrences group={group} member={member} />
          <Cases fingerprint={group.fingerprint} />
          <Members group={group} />
          <Proposals group={group} />
          <Events group={group} />
        </>
      )}
    </Answered>
  );
}

function Head({ group }: { group: GroupDetail }) {
  const { annotation, contradiction } = group;
  return (
    <>
      <p>
        <a href={to.agent(group.agent_id)}>
          <ForeignText text={group.agent_id} />
        </a>
        {group.node_id && (
          <>
            {' / '}
            <a href={to.agent(group.agent_id, { node: group.node_id })}>
              <ForeignText text={group.node_id} />
            </a>
          </>
        )}
      </p>
      <Title tab={`${group.error_type || 'Group'} in ${group.node_id || 'graph'}`.slice(0, 80)}>
        <ForeignText text={group.error_type} none="error" />
      </Title>
      <p class="template">
        <Code text={group.template || '(no message)'} />
      </p>
      <CopyPrompt agent={group.agent_id} group={group.fingerprint} />
      <p class="badges">
        <State state={group.state} />
        <span class="badge">{group.class}</span>
        <Id name={group.fingerprint} />
      </p>
      <p>
        {group.state} since <Time at={group.since} />: <ForeignText text={group.why} />
      </p>
      {annotation && (
        <p>
          Class said by <ForeignText text={annotation.author} /> <Time at={annotation.timestamp} />
          {annotation.reason && ': '}
          <ForeignText text={annotation.reason} />
        </p>
      )}
      {contradiction && (
        <p class="warn">
          <bdi>{contradiction}</bdi>
        </p>
      )}
      <Trend hourly={group.hourly} />
      <Facts
        facts={[
          ['Failures', number(group.failures)],
          ['Runs', number(group.runs)],
          ['Distinct inputs', number(group.inputs)],
          ['First seen', <Time key="first" at={group.first_seen} />],
          ['Last seen', <Time key="last" at={group.last_seen} />],
          ['Level', group.level],
        ]}
      />
      <Versions group={group} />
    </>
  );
}

function Versions({ group: { versions, node_id } }: { group: GroupDetail }) {
  const known = versions.filter(({ graph_snapshot_ref }) => graph_snapshot_ref);
  if (known.length === 0) return null;
  return (
    <>
      <h2>Versions that it failed on</h2>
      <ul>
        {known.map((version, at) => {
          const before = known[at + 1]?.graph_snapshot_ref;
          return (
            <li key={version.graph_snapshot_ref}>
              <a href={to.graph(version.graph_snapshot_ref, node_id)}>
                <Id name={version.graph_snapshot_ref} />
              </a>{' '}
              {counted(version.failures, 'failure')}, last <Time at={version.last_seen} />
              {before && (
                <>
                  {' · '}
                  <a href={to.compare(before, version.graph_snapshot_ref)}>
                    compare with {before.slice(0, 17)}
                  </a>
                </>
              )}
            </li>
          );
        })}
      </ul>
    </>
  );
}

function LastFailure({ failureId }: { failureId: string }) {
  const answer = useLive(`failure ${failureId}`, () => api.failure(failureId), true);
  return (
    <>
      <h2>The last failure</h2>
      <p>
        <a href={to.failure(failureId)}>What followed from what in its run</a>
      </p>
      <Answered answer={answer}>{(failure) => <FailureTexts failure={failure} />}</Answered>
    </>
  );
}

/** All texts of a failure, each in a box of its own. */
export function FailureTexts({ failure }: { failure: FailureDetail }) {
  const texts: [string, string][] = [
    ['Message', failure.error_message],
    ['Input', failure.input_context],
    ['Stack trace', failure.stack_trace],
    ['Evidence', failure.evidence === '{}' ? '' : failure.evidence],
    ['State of the graph', failure.graph_state],
  ];
  const { redactions, truncated } = failure;
  return (
    <>
      {texts.map(([label, text]) =>
        text ? (
          <div key={label}>
            <h3>{label}</h3>
            <Block label={label} text={text} />
          </div>
        ) : null,
      )}
      {Object.keys(redactions).length > 0 && (
        <p class="quiet">
          Removed before it was stored:{' '}
          {Object.entries(redactions)
            .map(([kind, times]) => `${times} × ${kind}`)
            .join(', ')}
        </p>
      )}
      {truncated.length > 0 && <p class="quiet">Cut: {truncated.join(', ')}</p>}
    </>
  );
}

function Members({ group }: { group: GroupDetail }) {
  return (
    <>
      <h2>Why these are one group</h2>
      <p>
        A fingerprint stands for one agent, node, type of error, the words of the message without
        its values, and the functions in the stack trace.
        {group.members.length > 1 && ' These fingerprints were merged:'}
      </p>
      <Wide label="Fingerprints of the group">
        <table>
          <thead>
            <tr>
              <th>Fingerprint</th>
              <th>Node</th>
              <th>Type</th>
              <th>Template</th>
              <th>Failures</th>
              <th>Joined</th>
            </tr>
          </thead>
          <tbody>
            {group.members.map((member) => (
              <tr key={member.fingerprint}>
                <td>
                  <Id name={member.fingerprint} />
                </td>
                <td>
                  <ForeignText text={member.node_id} none="graph" />
                </td>
                <td>
                  <ForeignText text={member.error_type} none="–" />
                </td>
                <td>
                  <ForeignText text={member.template} none="–" />
                </td>
                <td>{number(member.failures)}</td>
                <td>{member.joined ? <Time at={member.joined} /> : '–'}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Wide>
    </>
  );
}

function Proposals({ group }: { group: GroupDetail }) {
  if (group.proposals.length === 0) return null;
  return (
    <>
      <h2>Looks like</h2>
      <ul class="events">
        {group.proposals.map((one) => (
          <li key={one.fingerprint + one.other_fingerprint}>
            <Id
              name={one.fingerprint === group.fingerprint ? one.other_fingerprint : one.fingerprint}
            />{' '}
            <ForeignText text={one.reason} /> <ForeignText text={one.evidence} />
          </li>
        ))}
      </ul>
    </>
  );
}

function Events({ group: { events } }: { group: GroupDetail }) {
  if (events.length === 0) return null;
  return (
    <>
      <h2>What was said about it</h2>
      <ol class="events">
        {events.map((event) => (
          <li key={event.event_id}>
            <Time at={event.timestamp} /> <ForeignText text={event.author} none="somebody" />:{' '}
            <strong>{event.kind}</strong> <ForeignText text={event.value} />{' '}
            {event.other_fingerprint && <Id name={event.other_fingerprint} />}{' '}
            {event.evolution_id && (
              <a href={to.evolution(event.evolution_id)}>
                <ForeignText text={event.evolution_id} />
              </a>
            )}{' '}
            <ForeignText text={event.reason} />
          </li>
        ))}
      </ol>
    </>
  );
}
