// Graph snapshots and the difference between two.
import { z } from 'zod';
import { count, instant } from '../../base/fields.ts';

export const graphSnapshot = z.object({
  ref: z.string(),
  graph_id: z.string(),
  agent_id: z.string(),
  body: z.string(),
  nodes: z.array(z.string()),
  edges: z.array(z.string()),
  first_seen: instant,
  last_seen: instant,
});
/** A version of a graph: `ref` is the address of its body. */
export type GraphSnapshot = z.infer<typeof graphSnapshot>;

/** A changed value as JSON text, cut; null where there is none. */
const change = z.object({
  key: z.string(),
  old: z.string().nullable(),
  new: z.string().nullable(),
});
const changed = z.object({ id: z.string(), changes: z.array(change) });
const itemDiff = z.object({
  added: z.array(z.string()),
  removed: z.array(z.string()),
  changed: z.array(changed),
});
const versionGroup = z.object({
  agent_id: z.string(),
  fingerprint: z.string(),
  node_id: z.string(),
  error_type: z.string(),
  class: z.string(),
  failures_from: count,
  failures_to: count,
  /** Attempts of the group's node on the newer version: without any, a group that is gone says nothing. */
  attempts_to: count,
});

/** What is different between two snapshots of a graph, and in what fails on them. */
export const graphDiff = z.object({
  from: z.string(),
  to: z.string(),
  /** Whether both are graphs of nodes and edges; otherwise `graph` holds all that is known. */
  known_shape: z.boolean(),
  nodes: itemDiff,
  /** Edges are named `source->target`. */
  edges: itemDiff,
  /** Changes outside of nodes and edges. */
  graph: z.array(change),
  groups: z.object({
    new: z.array(versionGroup),
    gone: z.array(versionGroup),
    unchanged: z.array(versionGroup),
  }),
  notes: z.array(z.string()),
  /** The same as Markdown, with all values quoted. */
  text: z.string(),
});
/** What differs between two versions, and what fails on which. */
export type GraphDiff = z.infer<typeof graphDiff>;
