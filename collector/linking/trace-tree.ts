// The parts of agents in a trace, one inside the other, whatever spans are missing in between: which is a
// run, which a node, and which is only another span of one of these.
import { eachInSteps, type Steps } from '../decode/turns.ts';
import type { FailureRow, TraceSpanRow } from '../rows/rows.ts';
import { TOP } from './ancestors.ts';
import { contains, type Interval, intervalOf, lengthOf } from './interval.ts';

/**
 * `run`: the outermost. `node`: a node's attempt. `through`: more of the part around it, without a name of
 * its own.
 */
export type Standing = 'run' | 'node' | 'through';

export interface TracePart {
  row: TraceSpanRow;
  interval: Interval;
  /** The part around it. */
  parent: TracePart | undefined;
  children: TracePart[];
  standing: Standing;
  /** A run that is a node as well: an agent without nodes. */
  isNode: boolean;
  /** It is the run, or more of it: no node is between. */
  isOfRun: boolean;
  /** The outermost part around it, or itself. */
  root: TracePart | undefined;
  /** The session that it or the nearest around it reports; '' without. */
  session: string;
  nodeId: string;
  /** No span that is still to come can be around it. */
  isPlaced: boolean;
}

/** Above so many, times are not compared to find what is around a span whose parent is missing. */
export const MOST_TIMED = 2_000;
/** Spans that are looked at from one up. */
export const MAX_DEPTH = 512;
const PARTS = new Set(['graph', 'agent', 'node', 'step']);

export class TraceTree {
  readonly parts: TracePart[] = [];
  /** Outermost parts, the earliest first. */
  readonly roots: TracePart[] = [];
  private readonly bySpan = new Map<string, TracePart>();
  private readonly parents = new Map<string, string>();
  private readonly tops = new Set<string>();

  private constructor() {}

  /**
   * @param spans of the trace
   * @param failures of the trace: they name spans around them as well
   */
  static *of(spans: readonly TraceSpanRow[], failures: readonly FailureRow[]): Steps<TraceTree> {
    const tree = new TraceTree();
    yield* tree.addParents([...spans, ...failures]);
    yield* eachInSteps(spans, (row) => {
      if (row.is_top === 1) tree.tops.add(row.span_id);
      if (PARTS.has(row.part)) tree.parts.push(partOf(row));
    });
    tree.parts.sort(byStart);
    yield;
    yield* tree.placeParts();
    return tree;
  }

  private *addParents(rows: readonly (TraceSpanRow | FailureRow)[]): Steps<void> {
    // What a span says of itself goes before what others say of it.
    yield* eachInSteps(rows, (row) => this.addParent(row.span_id, row.parent_span_id));
    yield* eachInSteps(rows, (row) => {
      let child = row.span_id;
      for (const parent of row.ancestor_span_ids) {
        this.addParent(child, parent);
        child = parent;
      }
    });
  }

  private *placeParts(): Steps<void> {
    const { parts } = this;
    yield* eachInSteps(parts, (part) => this.bySpan.set(part.row.span_id, part));
    yield* eachInSteps(parts, (part) => this.place(part));
    yield* breakCircles(parts);
    yield* eachInSteps(parts, (part) => {
      if (part.parent === undefined) this.roots.push(part);
      else part.parent.children.push(part);
    });
    for (const root of this.roots) yield* standBelow(root);
  }

  part(spanId: string): TracePart | undefined {
    return this.bySpan.get(spanId);
  }

  /** The innermost part around a span that is none itself. */
  around(span: { span_id: string; timestamp: string; duration_ns: string }): TracePart | undefined {
    const { part, isWhole } = this.above(span.span_id);
    return part ?? (isWhole ? undefined : this.byTime(intervalOf(span), undefined));
  }

  /** Ids of the spans around one, the innermost first, as far as they are known. */
  *spansAround(spanId: string): Generator<string> {
    const seen = new Set([spanId]);
    let span = this.parents.get(spanId);
    while (span !== undefined && span !== TOP && !seen.has(span) && seen.size <= MAX_DEPTH) {
      yield span;
      seen.add(span);
      span = this.parents.get(span);
    }
  }

  private addParent(child: string, parent: string): void {
    if (parent !== '' && parent !== child && !this.parents.has(child))
      this.parents.set(child, parent);
  }

  private place(part: TracePart): void {
    const { part: parent, isWhole } = this.above(part.row.span_id);
    part.parent = parent ?? (isWhole ? undefined : this.byTime(part.interval, part));
    part.isPlaced = isWhole || parent !== undefined;
  }

  /** The nearest part above a span, and whether all that is above is known. */
  private above(spanId: string): { part: TracePart | undefined; isWhole: boolean } {
    if (this.tops.has(spanId)) return { part: undefined, isWhole: true };
    let last = spanId;
    for (const id of this.spansAround(spanId)) {
      const part = this.bySpan.get(id);
      if (part !== undefined) return { part, isWhole: true };
      if (this.tops.has(id)) return { part: undefined, isWhole: true };
      last = id;
    }
    return { part: undefined, isWhole: this.parents.get(last) === TOP };
  }

  /** The shortest part that ran around all of the interval, when no other ran beside it. */
  private byTime(interval: Interval, self: TracePart | undefined): TracePart | undefined {
    if (this.parts.length > MOST_TIMED) return undefined;
    let found: TracePart | undefined;
    for (const part of this.parts) {
      if (part === self || !contains(part.interval, interval)) continue;
      if (lengthOf(part.interval) === lengthOf(interval)) continue;
      if (found === undefined || contains(found.interval, part.interval)) found = part;
      else if (!contains(part.interval, found.interval)) return undefined;
    }
    return found;
  }
}

function partOf(row: TraceSpanRow): TracePart {
  return {
    row,
    interval: intervalOf(row),
    parent: undefined,
    children: [],
    standing: 'through',
    isNode: false,
    isOfRun: false,
    root: undefined,
    session: row.session_id,
    nodeId: '',
    isPlaced: false,
  };
}

/** Spans that name each other as parents: one of them is the outermost. */
function breakCircles(parts: readonly TracePart[]): Steps<void> {
  const passed = new Map<TracePart, TracePart>();
  return eachInSteps(parts, (start) => {
    let part: TracePart | undefined = start;
    for (; part !== undefined && !passed.has(part); part = part.parent) passed.set(part, start);
    if (part !== undefined && passed.get(part) === start) part.parent = undefined;
  });
}

function byStart(a: TracePart, b: TracePart): number {
  if (a.interval.start !== b.interval.start) return a.interval.start < b.interval.start ? -1 : 1;
  if (a.interval.end !== b.interval.end) return a.interval.end > b.interval.end ? -1 : 1;
  return a.row.span_id < b.row.span_id ? -1 : 1;
}

/** Says what the root and all below it stand for. */
function* standBelow(root: TracePart): Steps<void> {
  const isRun = root.row.part !== 'node';
  root.standing = isRun ? 'run' : 'node';
  root.root = root;
  root.nodeId = root.row.node_id;
  root.isNode = !isRun;
  root.isOfRun = isRun;
  const hasNamed = hasNamedParts(root);
  yield* eachInSteps(allBelow(root), (part) => stand(part, root, hasNamed));
  const isAlone = root.row.part === 'agent' && !hasNodes(root);
  if (isRun && isAlone && root.nodeId !== '') root.isNode = true;
}

function stand(part: TracePart, root: TracePart, hasNamed: boolean): void {
  const around = part.parent!;
  part.root = root;
  part.session ||= around.session;
  part.nodeId = nodeIdOf(part, root);
  part.isNode = isNode(part, around, root, hasNamed);
  part.standing = part.isNode ? 'node' : 'through';
  part.isOfRun = !part.isNode && around.isOfRun;
  // What goes on inside belongs to the node around it.
  if (!part.isNode) part.nodeId = around.nodeId;
}

function isNode(part: TracePart, around: TracePart, root: TracePart, hasNamed: boolean): boolean {
  const { row, nodeId } = part;
  if (nodeId === '') return false;
  const { isOfRun } = around;
  if (row.part === 'node') {
    return !(around.isNode && around.nodeId === nodeId && around.row.visit_key === row.visit_key);
  }
  // The same agent or graph again, under another span.
  if (nodeId === around.nodeId || (isOfRun && nodeId === nameOf(root))) return false;
  if (row.part !== 'step') return true;
  return isOfRun && !hasNamed && row.name !== root.row.name;
}

function nameOf({ row }: TracePart): string {
  return row.agent_name || row.node_id;
}

/** Below the run are nodes or agents that have names, so that its steps are only what is between. */
function hasNamedParts(root: TracePart): boolean {
  for (const { row } of allBelow(root)) {
    if (row.part !== 'step' && row.node_id !== '' && row.node_id !== nameOf(root)) return true;
  }
  return false;
}

function hasNodes(root: TracePart): boolean {
  for (const part of allBelow(root)) if (part.isNode) return true;
  return false;
}

/** Each after the part around it. */
function* allBelow(root: TracePart): Generator<TracePart> {
  const left = [root];
  for (let part = left.pop(); part !== undefined; part = left.pop()) {
    if (part !== root) yield part;
    // There may be more than a call takes arguments.
    for (const child of part.children) left.push(child);
  }
}

/** `validate` of `OrderFlow.validate` below `OrderFlow.run`. */
function nodeIdOf({ row }: TracePart, root: TracePart): string {
  if (row.part !== 'step') return row.node_id;
  const dot = row.node_id.lastIndexOf('.');
  const prefix = row.node_id.slice(0, dot + 1);
  return dot > 0 && root.row.name.startsWith(prefix) ? row.node_id.slice(dot + 1) : row.node_id;
}

/** The outermost part around a part, or itself. */
export function rootOf(part: TracePart): TracePart {
  return part.root ?? part;
}

/** The innermost node that a part is or lies in. */
export function nodeAround(part: TracePart | undefined): TracePart | undefined {
  let around = part;
  while (around !== undefined && !around.isNode) around = around.parent;
  return around;
}
