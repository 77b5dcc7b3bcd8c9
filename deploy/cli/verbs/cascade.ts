// How a cascade looks in a terminal.
import { oneLine } from '../../../query/base/text.ts';
import type { Cascade, Member } from '../../../query/questions/cascade/question.ts';

const MESSAGE = 160;

export function describeCascade(cascade: Cascade): string {
  const { run, failures, consequences, notes } = cascade;
  const names = new Map(failures.map((one, index) => [one.failure_id, `#${index + 1}`]));
  const name = (id: string | null): string => (id === null ? 'unknown' : (names.get(id) ?? id));
  const sure = cascade.root_certain ? '' : ' (perhaps: a step may be a coincidence)';
  const labelled: [string, string][] = [
    ['run', `${cascade.run_id}, ${runText(run)}`],
    ['first', name(cascade.first_failure_id)],
    ['root', `${name(cascade.root_failure_id)}${sure}`],
    ...(run?.ended_by ? [['ended by', name(run.ended_by)] as [string, string]] : []),
  ];
  const followed = consequences.map((one): [string, string] => {
    const what = one.what === 'run' ? 'the run' : `${one.node_id}, attempt ${one.attempt}`;
    const by = one.by ? ` (${one.by})` : '';
    return ['failed too', `${what}, because of ${name(one.failure_id)}${by}`];
  });
  return [
    ...labelled.map(labelledLine),
    '',
    ...failures
      .flatMap((one) => memberLines(one, name, one.failure_id === cascade.failure_id))
      .map(indented),
    '',
    ...[...followed, ...notes.map((note): [string, string] => ['note', note])].map(labelledLine),
  ].join('\n');
}

const labelledLine = ([label, text]: [string, string]): string =>
  `${label.padEnd(12)} ${oneLine(text)}`;

function runText(run: Cascade['run']): string {
  if (!run) return 'which no span reported';
  const outcome = run.outcome || 'not ended';
  return `${outcome}, ${run.started_at} to ${run.ended_at ?? 'now'}`;
}

function memberLines(one: Member, name: (id: string) => string, isSelected: boolean): string[] {
  const where = one.node_id ? `${one.node_id}, attempt ${one.attempt}` : one.level;
  const { went_on, evidence } = one;
  return [
    `${isSelected ? '>' : ' '} ${name(one.failure_id)} ${one.timestamp} ${one.level} ${where}: ${one.class}, ${one.error_type}: ${one.error_message.slice(0, MESSAGE)}`,
    `    ${one.failure_id}`,
    ...one.follows.map(
      ({ failure_id, by, certain, why }) =>
        `    followed from ${name(failure_id)} by ${by}${certain ? '' : ', perhaps'}: ${why}`,
    ),
    `    then ${went_on.how}: ${went_on.why}${went_on.failure_id ? ` (${name(went_on.failure_id)})` : ''}`,
    ...(evidence.operations.length > 0
      ? [`    below: ${evidence.operations.map(name).join(', ')}`]
      : []),
    ...evidence.told.map(
      ({ kind, key, text }) => `    evidence (${kind}) ${key}: ${text.slice(0, MESSAGE)}`,
    ),
  ];
}

/** A harmless line that keeps its indent. */
function indented(line: string): string {
  const indent = /^ */.exec(line)![0];
  return indent + oneLine(line.slice(indent.length));
}
