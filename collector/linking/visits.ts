// Attempts of one visit of a node: the same node again because it failed.
import { eachInSteps, type Steps } from '../decode/turns.ts';
import type { TracePart } from './trace-tree.ts';

/** The attempts of each visit, in the order of their starts. */
export function* visitsOf(nodes: readonly TracePart[]): Steps<TracePart[][]> {
  const visits: TracePart[][] = [];
  const byKey = new Map<string, TracePart[]>();
  const lastOfPlace = new Map<string, { node: TracePart; visit: TracePart[] }>();
  yield* eachInSteps(nodes, (node) => {
    const place = placeOf(node);
    const key = keyOf(node);
    const last = lastOfPlace.get(place);
    let visit = key === undefined ? undefined : byKey.get(key);
    if (key === undefined && last && isRetry(last.node, node)) visit = last.visit;
    if (visit) visit.push(node);
    else {
      visit = [node];
      visits.push(visit);
      if (key !== undefined) byKey.set(key, visit);
    }
    lastOfPlace.set(place, { node, visit });
  });
  return visits;
}

/** Which attempt of its visit it is, counted from 1. */
export function attemptOf(node: TracePart, visit: readonly TracePart[]): number {
  return node.row.attempt || visit.indexOf(node) + 1;
}

/** Without a key: it failed, and the same node began again after its end, with no other node between. */
function isRetry(before: TracePart, after: TracePart): boolean {
  if (before.row.state !== 'failed' || after.interval.start < before.interval.end) return false;
  const siblings = after.parent?.children ?? [];
  return !siblings.some(
    (other) =>
      other !== before &&
      other !== after &&
      other.isNode &&
      other.interval.start >= before.interval.end &&
      other.interval.start < after.interval.start,
  );
}

function keyOf(node: TracePart): string | undefined {
  const { visit_key } = node.row;
  return visit_key === '' ? undefined : `${placeOf(node)}\n${visit_key}`;
}

/** Where a node stands: attempts of one visit stand in one place. */
function placeOf(node: TracePart): string {
  return `${node.parent?.row.span_id ?? ''}\n${node.nodeId}`;
}
