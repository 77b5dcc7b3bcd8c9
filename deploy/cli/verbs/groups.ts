// The verbs about groups of failures.

import { type Command, Option } from 'commander';
import { GROUP_STATES } from '../../../query/base/states.ts';
import { oneLine, percent } from '../../../query/base/text.ts';
import type {
  Group,
  GroupChange,
  GroupDetail,
  GroupEvent,
  GroupsPage,
} from '../../../query/questions/groups/schemas.ts';
import { costWords, lostWords } from '../../../query/questions/impact/text.ts';
import type { NameFlags } from '../names-on-record.ts';
import { answer, filters, type ListFlags, list, type ServiceOptions, service } from '../service.ts';
import { examples } from '../terminal/help.ts';
import { table } from '../terminal/output.ts';
import { meaning } from '../terminal/style.ts';

/** As in the examples of help. */
const GROUP = 'v1:6cb0b897b6d74af13483f2927786a906';

/** How a search that ended before the list did is gone on with; '' for any other page. */
const searchedText = ({ searched, next_cursor }: GroupsPage): string =>
  searched === undefined
    ? ''
    : `\n${searched} fingerprints were looked at; go on with --cursor ${next_cursor}`;

/** Adds the verbs that list groups, show one, and say something about one. */
export function addGroupVerbs(program: Command): void {
  addList(program);
  addDetail(program);
  for (const change of CHANGES) addChange(program, change);
}

function addList(program: Command): void {
  examples(
    list(program, 'groups', 'groups of failures with their state, those that failed last first'),
    'faultline groups --agent invoice-agent --sort impact',
    'faultline groups --state regressed --since 24h --watch',
  )
    .option('--agent <id>', 'only this agent')
    .option('--node <id>', 'only groups of this node')
    .option('--class <class>', 'only this failure class, as tool.timeout')
    .option('--text <text>', 'only those with this in a message, in upper or lower case')
    .addOption(new Option('--state <state>', 'only groups in this state').choices(GROUP_STATES))
    .addOption(
      new Option('--sort <by>', 'impact: what ends most runs of the agent now comes first').choices(
        ['last_seen', 'impact'],
      ),
    )
    .action(
      answer(async (history, flags: ListFlags & NameFlags) => {
        const value = await history.groups(filters(flags));
        const more = searchedText(value);
        if (value.items.length > 0) return { value, text: describeGroups(value.items) + more };
        if (more !== '') return { value, text: `no groups so far${more}` };
        const { emptyListText } = await import('../names-on-record.ts');
        return { value, text: await emptyListText(history, 'no groups', flags) };
      }),
    );
}

function addDetail(program: Command): void {
  examples(service(program.command('group <fingerprint>')), `faultline group ${GROUP}`)
    .description('one group: members, what was said and tried, versions, hours')
    .action((fingerprint: string, options: ServiceOptions) =>
      answer(async (history) => {
        const value = await history.group(fingerprint);
        const last = await history.failure(value.last_failure_id);
        const { fingerprintOf } = await import('../fingerprint.ts');
        return { value, text: describeGroup(value, fingerprintOf(last).why) };
      })(options),
    );
}

/** A verb that says something about a group. */
interface ChangeVerb {
  kind: GroupChange['kind'];
  description: string;
  /** Arguments of an example. */
  example: string;
  /** The argument behind the fingerprint, and the field of the change that it is. */
  argument?: readonly [name: string, field: 'other_fingerprint' | 'value'];
}

const CHANGES: readonly ChangeVerb[] = [
  {
    kind: 'resolve',
    description: 'say that a group is fixed',
    example: `${GROUP} --evolution 4a44890a-a29a-4fae-80b1-cd2ba99bab7e`,
  },
  {
    kind: 'ignore',
    description: 'say that nobody wants to hear of a group',
    example: `${GROUP} --reason "a test account" --author ada`,
  },
  {
    kind: 'reopen',
    description: 'take back that a group is resolved or ignored',
    example: GROUP,
  },
  {
    kind: 'merge',
    description: 'put a group into another one',
    example: `${GROUP} v1:0f343b0931126a20f133d67c2b018a3b --reason "one cause"`,
    argument: ['<into>', 'other_fingerprint'],
  },
  {
    kind: 'split',
    description: 'take a fingerprint out of its group: undoes a merge',
    example: GROUP,
  },
  {
    kind: 'accept',
    description: 'say that a group is one problem with the one that it looks like: merges them',
    example: GROUP,
    argument: ['[other]', 'other_fingerprint'],
  },
  {
    kind: 'dismiss',
    description: 'say that a group is not one problem with the one that it looks like',
    example: GROUP,
    argument: ['[other]', 'other_fingerprint'],
  },
  {
    kind: 'annotate',
    description: "say which class a group has; '' takes it back",
    example: `${GROUP} tool.timeout`,
    argument: ['<class>', 'value'],
  },
  {
    kind: 'note',
    description: 'write down something about a group',
    example: `${GROUP} "only since the supplier changed its form"`,
    argument: ['<text>', 'value'],
  },
];

interface ChangeFlags extends ServiceOptions {
  reason?: string;
  author?: string;
  id?: string;
  evolution?: string;
}

function addChange(program: Command, { kind, description, example, argument }: ChangeVerb): void {
  const verb = service(
    program.command(`${kind} <fingerprint>${argument ? ` ${argument[0]}` : ''}`),
  );
  examples(verb, `faultline ${kind} ${example}`)
    .description(description)
    .option('--reason <text>', 'why')
    .addOption(
      new Option('--author <who>', "who says so; else git's user.name, or the user").env(
        'FAULTLINE_AUTHOR',
      ),
    )
    .option('--id <uuid>', 'id of the event: said again with it, nothing changes');
  if (kind === 'resolve') verb.option('--evolution <id>', 'the evolution that fixed it');
  verb.action((fingerprint: string, ...more: unknown[]) => {
    const value = argument ? (more[0] as string | undefined) : undefined;
    const flags = more[argument ? 1 : 0] as ChangeFlags;
    return recordChange(fingerprint, flags, {
      kind,
      ...(argument && value !== undefined && { [argument[1]]: value }),
      ...(flags.evolution && { evolution_id: flags.evolution }),
    } as GroupChange);
  });
}

function recordChange(fingerprint: string, flags: ChangeFlags, what: GroupChange): Promise<void> {
  const { reason, author, id } = flags;
  return answer(async (history) => {
    const { personAtTerminal } = await import('../author.ts');
    const value = await history.changeGroup(fingerprint, {
      ...what,
      author: author || (await personAtTerminal()),
      ...(reason ? { reason } : {}),
      ...(id ? { event_id: id } : {}),
    });
    const { state, fingerprint: group } = await history.group(fingerprint);
    return { value, text: `${describeEvent(value)}\n${group} is ${state} now` };
  })(flags);
}

function describeGroups(groups: readonly Group[]): string {
  const hasImpact = groups.some(({ impact }) => impact !== undefined);
  const columns = [
    { name: 'last seen', whole: true, optional: true },
    { name: 'state', whole: true, style: meaning },
    { name: 'agent', optional: true },
    { name: 'node', optional: true },
    { name: 'class', optional: true },
    ...(hasImpact ? [{ name: 'lost now', whole: true }] : []),
    'failures',
    { name: 'runs', optional: true },
    { name: 'group', whole: true },
    { name: 'what', least: 20 },
  ];
  const rows = groups.map((group) => [
    group.last_seen.slice(0, 19),
    group.state,
    group.agent_id,
    group.node_ids.map((node) => node || group.level).join(', '),
    group.class + (group.contradiction ? ' (!)' : ''),
    ...(hasImpact ? [lostText(group)] : []),
    String(group.failures),
    String(group.runs),
    group.fingerprint + (group.fingerprints.length > 1 ? ` +${group.fingerprints.length - 1}` : ''),
    `${group.error_type}: ${group.template}`,
  ]);
  return table(columns, rows);
}

/** Runs of the version in use that a group ended. */
function lostText({ impact }: Group): string {
  if (!impact) return '-';
  if (impact.is_recovered) return 'recovered';
  const share = impact.share_now === null ? '' : ` (${percent(impact.share_now)})`;
  return `${impact.runs_lost_now} of ${impact.runs_now}${share}`;
}

/** @param same what distinguishes its last failure */
function describeGroup(group: GroupDetail, same: string): string {
  const { last_evolution: fix, annotation, impact } = group;
  const lines: [string, string][] = [
    ['group', group.fingerprint],
    ['state', `${group.state} since ${group.since.slice(0, 19)}`],
    ['why', group.why],
    ['same', same],
    ['agent', group.agent_id],
    ['where', group.node_ids.map((node) => (node ? `node ${node}` : group.level)).join(', ')],
    ['class', group.class + (annotation ? `, annotated by ${annotation.author}` : '')],
    ...(group.contradiction ? [['', group.contradiction] as [string, string]] : []),
    ['what', `${group.error_type}: ${group.template}`],
    ['counts', `failures ${group.failures}, runs ${group.runs}, distinct inputs ${group.inputs}`],
    ...(impact
      ? [
          ['impact', lostWords(impact)] as [string, string],
          ['cost', costWords(impact)] as [string, string],
        ]
      : []),
    ['seen', `${group.first_seen} to ${group.last_seen}`],
    ['last', group.last_failure_id],
    ['last fix', fix ? `${fix.evolution_id} (${fix.status}): ${fix.resolution}` : 'none yet'],
  ];
  return [
    ...lines.map(([name, text]) => `${name.padEnd(12)} ${oneLine(text)}`),
    ...titled(
      'members',
      group.members.map(
        (one) =>
          `${one.fingerprint}, ${one.node_id || group.level}, ${one.failures} failures, ` +
          (one.joined ? `since ${one.joined.slice(0, 19)}` : 'names the group'),
      ),
    ),
    ...titled(
      'looks like (accept or dismiss)',
      group.proposals.map(
        (one) => `${one.fingerprint} and ${one.other_fingerprint}: ${one.reason}; ${one.evidence}`,
      ),
    ),
    ...titled(
      'versions',
      group.versions.map(
        (one) =>
          `${one.graph_snapshot_ref || 'unknown'}: ${one.failures} failures, ` +
          `${one.first_seen.slice(0, 19)} to ${one.last_seen.slice(0, 19)}`,
      ),
    ),
    ...titled(
      'fixes',
      group.effects.map(
        ({ evolution_id, verdict, before, after }) =>
          `${evolution_id} ${verdict}: ${before.failed_runs}/${before.runs} runs before, ${after.failed_runs}/${after.runs} after`,
      ),
    ),
    ...titled('said', group.events.filter(({ kind }) => kind !== 'propose').map(describeEvent)),
    ...titled(
      'failures by the hour',
      group.hourly.map(({ hour, failures }) => `${hour.slice(0, 16)} ${failures}`),
    ),
  ].join('\n');
}

function describeEvent(event: GroupEvent): string {
  const { kind, fingerprint, other_fingerprint, value, evolution_id, reason, author } = event;
  const what = [
    other_fingerprint && `into ${other_fingerprint}`,
    value,
    evolution_id && `with evolution ${evolution_id}`,
    reason && `(${reason})`,
  ];
  return oneLine(
    [event.timestamp.slice(0, 19), kind, fingerprint, 'by', author, ...what]
      .filter(Boolean)
      .join(' '),
  );
}

function titled(title: string, lines: string[]): string[] {
  if (lines.length === 0) return [];
  return ['', title, ...lines.map((line) => `  ${oneLine(line)}`)];
}
