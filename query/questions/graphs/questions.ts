// Graph snapshots: one, or the difference between two.
import { z } from 'zod';
import { NotFoundError } from '../../base/errors.ts';
import { snapshotRef } from '../../base/fields.ts';
import { question } from '../../base/question.ts';
import { graphDiff, graphSnapshot } from './schemas.ts';
import { diffVersions } from './versions.ts';

export const graph = question({
  summary: 'One graph snapshot by its address',
  path: '/graphs/:id',
  of: { ref: z.string() },
  ids: { ref: 'version' },
  output: graphSnapshot,
  async answer({ ref }, { store }) {
    const [found] = await store.rows('snapshot_by_ref', { ref }, graphSnapshot);
    if (!found) throw new NotFoundError('ref', ref);
    return found;
  },
});

/** What is different between two snapshots, and in what fails on them. */
export const diffGraphs = question({
  summary: 'What is different between two graph snapshots, and in what fails on them',
  path: '/graphs/diff',
  input: z.strictObject({ from: snapshotRef, to: snapshotRef }),
  args: ['from', 'to'],
  ids: { from: 'version', to: 'version' },
  output: graphDiff,
  answer: ({ from, to }, { store }) => diffVersions(store, from, to),
});
