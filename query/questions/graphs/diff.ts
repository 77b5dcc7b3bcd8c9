// What is different between two graph snapshots. Pure.

/** A changed value as JSON text, cut; null where there is none. */
export interface Change {
  key: string;
  old: string | null;
  new: string | null;
}

/** What was added to a list of named things, removed from it and changed in it. */
export interface ItemDiff {
  added: string[];
  removed: string[];
  changed: { id: string; changes: Change[] }[];
}

export interface BodyDiff {
  /** Whether both are graphs of nodes and edges; otherwise `graph` holds all that is known. */
  known_shape: boolean;
  nodes: ItemDiff;
  edges: ItemDiff;
  /** Changes outside of nodes and edges. */
  graph: Change[];
  notes: string[];
}

type Fields = Record<string, unknown>;

const VALUE_CHARACTERS = 160;
const DEPTH = 4;
const unchanged: ItemDiff = { added: [], removed: [], changed: [] };

/**
 * Compares two snapshots by their JSON texts. What is not of the shape `{nodes: [{id}], edges: [{source,
 * target}]}` is compared by its top-level keys, and what is no JSON not at all; `notes` says so.
 */
export function diffBodies(from: string, to: string): BodyDiff {
  const [old, next] = [parsed(from), parsed(to)];
  const nothing = { known_shape: false, nodes: unchanged, edges: unchanged, graph: [] };
  if (old === undefined || next === undefined) {
    const both = old === undefined && next === undefined;
    const which = both ? 'Neither of the snapshots is JSON' : 'One of the snapshots is no JSON';
    return { ...nothing, notes: [`${which}: nothing can be compared.`] };
  }
  const [oldGraph, nextGraph] = [graphOf(old), graphOf(next)];
  if (!oldGraph || !nextGraph) {
    const notes = [
      'Not both snapshots are graphs of nodes and edges: only top-level keys are compared.',
    ];
    const fields = (value: unknown): Fields => (isFields(value) ? value : { '': value });
    return { ...nothing, graph: changesBetween(fields(old), fields(next), 0), notes };
  }
  return {
    known_shape: true,
    nodes: diffItems(oldGraph.nodes, nextGraph.nodes),
    edges: diffItems(oldGraph.edges, nextGraph.edges),
    graph: changesBetween(oldGraph.rest, nextGraph.rest, DEPTH),
    notes: [],
  };
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isName = (value: unknown): value is string | number =>
  typeof value === 'string' || typeof value === 'number';

interface Graph {
  nodes: Map<string, Fields>;
  edges: Map<string, Fields>;
  rest: Fields;
}

function graphOf(value: unknown): Graph | undefined {
  if (!isFields(value)) return undefined;
  const { nodes, edges = [], ...rest } = value;
  if (!Array.isArray(nodes) || !Array.isArray(edges)) return undefined;
  if (!nodes.every((node) => isFields(node) && isName(node.id))) return undefined;
  if (!edges.every((edge) => isFields(edge) && isName(edge.source) && isName(edge.target))) {
    return undefined;
  }
  return {
    nodes: named(nodes, ({ id }) => String(id)),
    edges: named(edges, ({ source, target }) => `${source}->${target}`),
    rest,
  };
}

/** Things by their names; the second of one name is `name#2`. */
function named(items: Fields[], nameOf: (item: Fields) => string): Map<string, Fields> {
  const found = new Map<string, Fields>();
  const seen = new Map<string, number>();
  for (const item of items) {
    const name = nameOf(item);
    const times = (seen.get(name) ?? 0) + 1;
    seen.set(name, times);
    found.set(times === 1 ? name : `${name}#${times}`, item);
  }
  return found;
}

function diffItems(old: Map<string, Fields>, next: Map<string, Fields>): ItemDiff {
  const changed = [...next].flatMap(([id, item]) => {
    const before = old.get(id);
    const changes = before ? changesBetween(before, item, DEPTH) : [];
    return changes.length > 0 ? [{ id, changes }] : [];
  });
  return {
    added: [...next.keys()].filter((id) => !old.has(id)).sort(),
    removed: [...old.keys()].filter((id) => !next.has(id)).sort(),
    changed: changed.sort((one, other) => (one.id < other.id ? -1 : 1)),
  };
}

/** Changed keys; of objects within, as `outer.inner`, `depth` objects deep. */
function changesBetween(old: Fields, next: Fields, depth: number): Change[] {
  const keys = [...new Set([...Object.keys(old), ...Object.keys(next)])].sort();
  return keys.flatMap((key): Change[] => {
    const [before, after] = [own(old, key), own(next, key)];
    if (canonical(before) === canonical(after)) return [];
    if (depth > 0 && isFields(before) && isFields(after)) {
      return changesBetween(before, after, depth - 1).map((change) => ({
        ...change,
        key: `${key}.${change.key}`,
      }));
    }
    return [{ key, ...excerpts(canonical(before), canonical(after)) }];
  });
}

const own = (fields: Fields, key: string): unknown =>
  Object.hasOwn(fields, key) ? fields[key] : undefined;

/** JSON text with sorted keys, undefined for what is not there. */
function canonical(value: unknown): string | undefined {
  const sorted = (_key: string, item: unknown) =>
    isFields(item)
      ? Object.fromEntries(Object.entries(item).sort(([one], [other]) => (one < other ? -1 : 1)))
      : item;
  return JSON.stringify(value, sorted);
}

/** Both texts around the place where they begin to differ. */
function excerpts(old: string | undefined, next: string | undefined): Omit<Change, 'key'> {
  let same = 0;
  while (old && next && same < old.length && old[same] === next[same]) same += 1;
  const start = same > VALUE_CHARACTERS / 2 ? same - VALUE_CHARACTERS / 4 : 0;
  const cut = (text: string | undefined) =>
    text === undefined
      ? null
      : `${start ? '…' : ''}${text.slice(start, start + VALUE_CHARACTERS)}${text.length > start + VALUE_CHARACTERS ? '…' : ''}`;
  return { old: cut(old), new: cut(next) };
}
