// Changes of agents' graphs: what was tried, what it did, and the way to record another.
import { z } from 'zod';
import { keyset, pageFrom } from '../../base/cursor.ts';
import { InvalidInputError, NotFoundError } from '../../base/errors.ts';
import { flag, page, pageOf } from '../../base/fields.ts';
import { question } from '../../base/question.ts';
import { evolutionEffects, listedEvolution } from '../ledger/schemas.ts';
import { evolutionInput, evolution as evolutionRow } from './schemas.ts';

/**
 * Evolutions, newest first. `effects` adds what each did to the groups that it targets, for a whole page in
 * as many statements an agent as for one evolution. As in the brief, a run that was under way when another
 * evolution of the page came counts once before that moment and once after it.
 */
export const evolutions = question({
  summary: 'Evolutions, newest first',
  path: '/evolutions',
  input: z.strictObject({
    agent: z.string().min(1).optional(),
    node: z.string().min(1).optional().describe('Evolutions that target a failure of this node'),
    effects: flag.optional().describe('With what each did to the groups that it targets'),
    ...page(),
  }),
  output: pageOf(listedEvolution),
  async answer({ agent = '', node, effects, ...page }, { store }) {
    const filter = { agent, ...keyset(page, () => true) };
    const rows = node
      ? await store.rows('evolutions_of_node', { ...filter, node }, evolutionRow)
      : await store.rows('evolutions', filter, evolutionRow);
    const found = pageFrom(rows, page.limit, ({ timestamp, evolution_id: id }) => ({
      timestamp,
      id,
    }));
    if (!effects) return found;
    const { withEffects } = await import('../ledger/tried-fixes.ts');
    return { ...found, items: await withEffects(store, found.items) };
  },
});

const of = { evolution_id: z.string() };

export const evolution = question({
  summary: 'One evolution',
  path: '/evolutions/:id',
  ids: { evolution_id: 'evolution' },
  of,
  output: evolutionRow,
  async answer({ evolution_id }, { store }) {
    const [found] = await store.rows('evolution_by_id', { evolution_id }, evolutionRow);
    if (!found) throw new NotFoundError('evolution_id', evolution_id);
    return found;
  },
});

/** What an evolution did to each group that it targets or touched, counted again. */
export const effects = question({
  summary: 'What an evolution did to the groups that it targets or touched',
  path: '/evolutions/:id/effects',
  ids: { evolution_id: 'evolution' },
  of,
  output: evolutionEffects,
  async answer({ evolution_id }, { store }) {
    const { effectsOfEvolution } = await import('../ledger/evolution-effects.ts');
    return effectsOfEvolution(store, evolution_id);
  },
});

/** Resolves when it can be read back. */
export const recordEvolution = question({
  summary: "Remember a change of an agent's graph",
  path: '/evolutions',
  ids: {
    target_fingerprints: 'group',
    target_failures: 'failure',
    from_ref: 'version',
    graph_snapshot_ref: 'version',
  },
  changes: true,
  input: evolutionInput,
  output: evolutionRow,
  async answer(input, { store, otlp }) {
    if (!otlp) {
      throw new InvalidInputError(
        'otlp',
        'connect() needs the collector to record an evolution, --role query its --collector-url',
      );
    }
    const { sendEvolution } = await import('./send.ts');
    return sendEvolution(store, otlp, input);
  },
});
