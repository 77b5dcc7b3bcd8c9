// A graph difference as Markdown. All names and values in it come from outside and are quoted.
import { quoteData, quoteId } from '../../base/quote.ts';
import type { Change, ItemDiff } from './diff.ts';
import type { GraphDiff } from './schemas.ts';

type Facts = Omit<GraphDiff, 'text'>;

const LINES_OF_A_LIST = 50;
const VALUE_CHARACTERS = 200;

/** Says in lines what is different. */
export function describeDiff(diff: Facts): string {
  const { nodes, edges, graph, groups } = diff;
  const same = diff.from === diff.to ? ['The two are the same version.'] : [];
  const lines = [
    `# Graph ${shortRef(diff.from)} to ${shortRef(diff.to)}`,
    ...[...same, ...diff.notes].map((note) => `\n${note}`),
    ...section('Nodes', itemLines(nodes)),
    ...section('Edges', itemLines(edges)),
    ...section('Graph', graph.map(changeLine)),
    ...section('Failures', [
      ...groups.new.map((group) => groupLine('new', group)),
      ...groups.gone.map((group) => groupLine('gone', group)),
      ...groups.unchanged.map((group) => groupLine('on both', group)),
    ]),
  ];
  const differs = [nodes, edges].some((items) => itemLines(items).length > 0) || graph.length > 0;
  if (!differs && same.length + diff.notes.length === 0) lines.push('\nThe graphs are the same.');
  return `${lines.join('\n')}\n`;
}

const shortRef = (ref: string): string => quoteId(ref.slice(0, 'sha256:'.length + 12));

function section(title: string, lines: string[]): string[] {
  if (lines.length === 0) return [];
  const more = lines.length - LINES_OF_A_LIST;
  return [
    `\n## ${title}\n`,
    ...lines.slice(0, LINES_OF_A_LIST).map((line) => `- ${line}`),
    ...(more > 0 ? [`- and ${more} more`] : []),
  ];
}

function itemLines({ added, removed, changed }: ItemDiff): string[] {
  return [
    ...added.map((id) => `added ${quoteId(id)}`),
    ...removed.map((id) => `removed ${quoteId(id)}`),
    ...changed.flatMap(({ id, changes }) =>
      changes.map((change) => `changed ${quoteId(id)}: ${changeLine(change)}`),
    ),
  ];
}

function changeLine({ key, old, new: next }: Change): string {
  const value = (text: string | null) =>
    text === null ? 'nothing' : quoteData(plainText(text), VALUE_CHARACTERS);
  return `${quoteId(key)} from ${value(old)} to ${value(next)}`;
}

/** A whole JSON string without its own quotation marks; anything else as it is. */
function plainText(json: string): string {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'string' ? value : json;
  } catch {
    return json;
  }
}

function groupLine(what: string, group: Facts['groups']['new'][number]): string {
  const where = group.node_id ? ` in node ${quoteId(group.node_id)}` : '';
  const untried =
    what === 'gone' && group.attempts_to === 0 ? ', whose node was not tried since' : '';
  return (
    `${what}: ${quoteId(group.error_type || 'error')}${where}, ${group.failures_from} failures before ` +
    `and ${group.failures_to} after in ${group.attempts_to} attempts, ${quoteId(group.fingerprint)}${untried}`
  );
}
