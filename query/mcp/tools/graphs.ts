// diff_graphs: what is different between two versions of a graph.
import { z } from 'zod';
import { snapshotRef } from '../../base/fields.ts';
import { excerpt } from '../data.ts';
import { linesOf } from '../pages.ts';
import { tool } from '../tool.ts';
import { offset } from './fields.ts';

const PART_CHARS = 8000;
const NAMES = 50;

const names = z.object({
  added: z.array(z.string()),
  removed: z.array(z.string()),
  changed: z.array(z.string()),
});
const groups = z.array(
  z.object({ fingerprint: z.string(), node_id: z.string(), error_type: z.string() }),
);

export const diffGraphs = tool({
  name: 'diff_graphs',
  title: 'Compare graph versions',
  description:
    'What is different between two versions of a graph (sha256:…): nodes, edges, values, and which groups ' +
    'are new, gone or on both. Use it to see what an evolution changed, or what changed when a failure ' +
    'began.',
  input: z.strictObject({
    from: snapshotRef,
    to: snapshotRef,
    offset,
  }),
  output: z.object({
    known_shape: z.boolean(),
    nodes: names,
    edges: names,
    groups: z.object({ new: groups, gone: groups, unchanged: groups }),
    next_offset: z.number().nullable(),
  }),
  async ask(history, { from, to, offset: start = 0 }) {
    const diff = await history.diffGraphs(from, to);
    const { part, next_offset } = linesOf(diff.text, start, PART_CHARS);
    const short = (item: typeof diff.nodes) => ({
      added: item.added.slice(0, NAMES).map(name),
      removed: item.removed.slice(0, NAMES).map(name),
      changed: item.changed.slice(0, NAMES).map(({ id }) => name(id)),
    });
    const few = (items: typeof diff.groups.new) =>
      items.slice(0, 20).map((group) => ({
        fingerprint: group.fingerprint,
        node_id: name(group.node_id),
        error_type: name(group.error_type),
      }));
    return {
      text: part,
      data: {
        known_shape: diff.known_shape,
        nodes: short(diff.nodes),
        edges: short(diff.edges),
        groups: {
          new: few(diff.groups.new),
          gone: few(diff.groups.gone),
          unchanged: few(diff.groups.unchanged),
        },
        next_offset,
      },
      next:
        next_offset === null
          ? []
          : [
              {
                tool: 'diff_graphs',
                arguments: { from, to, offset: next_offset },
                why: 'shows more',
              },
            ],
    };
  },
});

const name = (text: string): string => excerpt(text, 60);
