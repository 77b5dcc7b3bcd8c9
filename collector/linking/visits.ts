// Attempts of one visit of a node: the same node again because it failed.
import type { TracePart } from './trace-tree.ts';

/** The attempts of each visit, in the order of their starts. */
export function visitsOf(nodes: readonly TracePart[]): TracePart[][] {
  const visits: TracePart[][] = [];
  const byKey = new Map<string, TracePart[]>();
  for (const nodesOfOne of groups(nodes, placeOf).values()) {
    let last: TracePart | undefined;
    for (const node of nodesOfOne) {
      const key = keyOf(node);
      const known = key === undefined ? undefined : byKey.get(key);
      if (known !== undefined) known.push(node);
      else if (key === undefined && last !== undefined && isRetry(last, node)) {
        visits.at(-1)!.push(node);
      } else {
        const visit = [node];
        visits.push(visit);
        if (key !== undefined) byKey.set(key, visit);
      }
      last = node;
    }
  }
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

function groups<T>(items: readonly T[], keyOfItem: (item: T) => string): Map<string, T[]> {
  const found = new Map<string, T[]>();
  for (const item of items) {
    const group = found.get(keyOfItem(item));
    if (group) group.push(item);
    else found.set(keyOfItem(item), [item]);
  }
  return found;
}
