// A failure in its run: what failed when, what followed from what, and how it went on.
import type { Cascade, Member } from '../../questions/cascade/question.ts';
import { api } from '../api.ts';
import { counted, duration } from '../format.ts';
import { useLive } from '../live.ts';
import { Answered } from '../parts/answer.tsx';
import { Facts, ForeignText, Id, Time } from '../parts/text.tsx';
import { Title } from '../parts/title.tsx';
import { to } from '../route.ts';
import { FailureTexts } from './group.tsx';
import { RunTimeline } from './run-timeline.tsx';

export function FailureView({ failureId }: { failureId: string }) {
  const cascade = useLive(`cascade ${failureId}`, () => api.cascade(failureId));
  const failure = useLive(`failure ${failureId}`, () => api.failure(failureId), true);
  return (
    <>
      <Answered answer={failure}>
        {(it) => (
          <>
            <p>
              <a href={to.agent(it.agent_id)}>
                <ForeignText text={it.agent_id} none="no agent" />
              </a>
              {' / '}
              <a href={to.group(it.fingerprint)}>its group</a>
            </p>
            <Title tab={`${it.error_type || 'Failure'} in ${it.node_id || 'graph'}`.slice(0, 80)}>
              <ForeignText text={it.error_type} none="Failure" /> in{' '}
              <ForeignText text={it.node_id} none="the graph" />
            </Title>
            <Facts
              facts={[
                ['When', <Time key="when" at={it.timestamp} />],
                ['Run', <ForeignText key="run" text={it.run_id} none="not reported" />],
                ['Session', <ForeignText key="session" text={it.session_id} none="not reported" />],
                ['Attempt', it.max_attempts ? `${it.attempt} of ${it.max_attempts}` : it.attempt],
                ['Class', it.class],
                ['Site', it.site || 'not reported'],
                ['Then', it.disposition || 'not reported'],
                ['Took', duration(it.duration_ns / 1e6)],
                [
                  'Graph',
                  it.graph_snapshot_ref ? (
                    <a key="graph" href={to.graph(it.graph_snapshot_ref, it.node_id)}>
                      <Id name={it.graph_snapshot_ref} />
                    </a>
                  ) : (
                    'not reported'
                  ),
                ],
                [
                  'Trace',
                  it.trace_url ? (
                    <a key="trace" href={it.trace_url} rel="noreferrer" target="_blank">
                      <Id name={it.trace_id} />
                    </a>
                  ) : (
                    <Id key="trace" name={it.trace_id} />
                  ),
                ],
                [
                  'Evolved by',
                  it.evolution ? (
                    <a key="evolution" href={to.evolution(it.evolution.evolution_id)}>
                      <ForeignText text={it.evolution.evolution_id} />
                    </a>
                  ) : (
                    'nothing yet'
                  ),
                ],
              ]}
            />
          </>
        )}
      </Answered>
      <h2>Its run</h2>
      <Answered answer={cascade}>{(run) => <Run cascade={run} asked={failureId} />}</Answered>
      <h2>What it said</h2>
      <Answered answer={failure}>{(it) => <FailureTexts failure={it} />}</Answered>
    </>
  );
}

function Run({ cascade, asked }: { cascade: Cascade; asked: string }) {
  const { run, left_out, notes, root_certain } = cascade;
  return (
    <>
      <p>
        {counted(cascade.failures.length, 'failure')}
        {run && (
          <>
            , started <Time at={run.started_at} />,{' '}
            {run.ended_at ? (
              <>
                ended as <strong>{run.outcome}</strong> after{' '}
                {duration(Date.parse(run.ended_at) - Date.parse(run.started_at))}
              </>
            ) : (
              'not ended'
            )}
          </>
        )}
        .{!root_certain && ' A step on the way to the root may be a coincidence.'}
      </p>
      <RunTimeline cascade={cascade} asked={asked} />
      <ol class="rows cascade">
        {cascade.failures.map((member, at) => (
          <Step
            key={member.failure_id}
            member={member}
            number={at + 1}
            marks={marksOf(member, cascade, asked)}
            numberOf={(id) => cascade.failures.findIndex((other) => other.failure_id === id) + 1}
          />
        ))}
      </ol>
      <Consequences cascade={cascade} />
      {left_out.failures + left_out.attempts > 0 && (
        <p class="quiet">
          Left out: {counted(left_out.failures, 'failure')} and{' '}
          {counted(left_out.attempts, 'attempt')}.
        </p>
      )}
      {notes.map((note) => (
        <p class="quiet" key={note}>
          <bdi>{note}</bdi>
        </p>
      ))}
    </>
  );
}

function marksOf({ failure_id }: Member, cascade: Cascade, asked: string): string[] {
  return [
    ...(failure_id === asked ? ['this one'] : []),
    ...(failure_id === cascade.root_failure_id ? ['root'] : []),
    ...(failure_id === cascade.run?.ended_by ? ['ended the run'] : []),
  ];
}

function Step({
  member,
  number,
  marks,
  numberOf,
}: {
  member: Member;
  number: number;
  marks: string[];
  numberOf: (failureId: string) => number;
}) {
  const { failure_id, node_id, level, attempt, follows, went_on, evidence } = member;
  return (
    <li class={marks.includes('this one') ? 'asked' : undefined}>
      <h3>
        {number}.{' '}
        <a data-row href={to.failure(failure_id)}>
          <ForeignText text={member.error_type} none="error" />
        </a>{' '}
        in <ForeignText text={node_id} none="the graph" />
      </h3>
      <p class="badges">
        {marks.map((mark) => (
          <span class="badge mark" key={mark}>
            {mark}
          </span>
        ))}
        <span class="badge">{member.class}</span>
        <span>
          {level}
          {attempt > 0 && `, attempt ${attempt}`}
        </span>
        <Time at={member.timestamp} />
      </p>
      <p>
        <ForeignText text={member.error_message} none="no message" />
      </p>
      <ul>
        {follows.map((from) => (
          <li key={from.failure_id}>
            follows from {numberOf(from.failure_id) || 'an earlier one'}
            {!from.certain && ' perhaps'}: <ForeignText text={from.why} />
          </li>
        ))}
        <li>
          then <strong>{went_on.how.replaceAll('_', ' ')}</strong>:{' '}
          <ForeignText text={went_on.why} />
        </li>
        {evidence.told.map((one) => (
          <li key={`${one.kind} ${one.key}`}>
            {one.kind} <ForeignText text={one.key} />: <ForeignText text={one.text} />
          </li>
        ))}
      </ul>
    </li>
  );
}

function Consequences({ cascade: { consequences, failures } }: { cascade: Cascade }) {
  if (consequences.length === 0) return null;
  return (
    <>
      <h3>What failed only because of them</h3>
      <ul>
        {consequences.map((it) => {
          const from = failures.findIndex(({ failure_id }) => failure_id === it.failure_id) + 1;
          return (
            <li key={`${it.what} ${it.span_id}`}>
              {it.what === 'run' ? 'the run' : `attempt ${it.attempt} of `}
              {it.what === 'attempt' && <ForeignText text={it.node_id} none="a node" />}
              {from > 0 && `, of ${from}`}
            </li>
          );
        })}
      </ul>
    </>
  );
}
