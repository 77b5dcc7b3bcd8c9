// Arguments that tools have in common. A thing has the same name in every tool: agent, node, group, failure,
// run, evolution; versions of a graph are from and to.
import { z } from 'zod';
import { classAndText, failureId, fingerprint, page, storedName } from '../../base/fields.ts';

const { since, cursor } = page();

export const filters = {
  agent: storedName,
  node: storedName,
  group: fingerprint.describe('fingerprint, or its first digits'),
  failure: failureId,
  evolution: storedName,
  run: storedName,
  error_type: storedName,
  class: storedName,
  text: classAndText.text.describe('part of a message'),
  since: since.describe('ISO time, or how long ago: 30m, 24h, 7d'),
  cursor,
};

/** How many items, within what one answer can bear. */
export const limitOf = (most: number, usual: number) =>
  z.coerce.number().int().min(1).max(most).default(usual);

/** Where a long text is read on. */
export const offset = z.coerce.number().int().min(0).max(1e9).optional();

export const effectOutput = z.object({
  fingerprint: z.string(),
  verdict: z.string(),
  failed_runs_before: z.string(),
  failed_runs_after: z.string(),
  rate_ratio: z.number().nullable(),
  interval: z.tuple([z.number(), z.number().nullable()]),
});
