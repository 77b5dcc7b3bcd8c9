// The history over ClickHouse, in the process that asks.
import { z } from 'zod';
import { decodeCursor, encodeCursor, type Place, storedForm } from './base/cursor.ts';
import { InvalidInputError, NotFoundError } from './base/errors.ts';
import { parseInput } from './base/input.ts';
import {
  agentsQuery,
  briefQuery,
  evolution,
  evolutionsQuery,
  type Failure,
  failure,
  failuresQuery,
  graphDiffQuery,
  graphSnapshot,
  type Page,
  sqlInput,
} from './base/schemas.ts';
import { type ClickHouseOptions, Store } from './base/store.ts';
import type { History } from './history.ts';
import { retryQuestions } from './questions/advice/advice.ts';
import { readAgents } from './questions/agents/agents.ts';
import { alertsQuestions } from './questions/alerts/alerts.ts';
import { writeBrief } from './questions/brief/brief.ts';
import { cascadeQuestions } from './questions/cascade/questions.ts';
import { casesQuestions } from './questions/cases/cases.ts';
import { type OtlpOptions, recordEvolution } from './questions/evolutions/evolutions.ts';
import { diffVersions } from './questions/graphs/versions.ts';
import { groupsQuestions } from './questions/groups/questions.ts';
import { effectsOfEvolution } from './questions/ledger/evolution-effects.ts';
import { withEffects } from './questions/ledger/tried.ts';
import { nodesQuestions } from './questions/nodes/nodes.ts';
import { similarQuestions } from './questions/similar/questions.ts';
import { timelineQuestions } from './questions/timeline/timeline.ts';

export interface ConnectOptions {
  clickhouse: ClickHouseOptions;
  /**
   * Base address of the collector's OTLP/HTTP receiver, through which evolutions are recorded, as in
   * `http://127.0.0.1:4318`. Without it `recordEvolution` is refused.
   */
  otlp?: OtlpOptions;
}

const sqlRowLimit = 10_000;
const latest: Place = {
  timestamp: '2262-01-01 00:00:00',
  id: 'ffffffff-ffff-ffff-ffff-ffffffffffff',
};
const beginning = '1970-01-01 00:00:00';

/** The page's first place and the time it goes back to, as the SQL files name them. */
function keyset(
  options: {
    cursor?: string | undefined;
    since?: string | undefined;
    limit: number;
  },
  isId: (id: string) => boolean,
) {
  const before = options.cursor ? decodeCursor(options.cursor, isId) : latest;
  return {
    since: options.since ? storedForm(options.since) : beginning,
    before_timestamp: before.timestamp,
    before_id: before.id,
    // One more than asked for tells whether there is a next page.
    limit: options.limit + 1,
  };
}

/** A day before the page's end, in the stored form. */
function dayBeforeEndOf({ before_timestamp }: { before_timestamp: string }): string {
  const end = Math.min(Date.now(), Date.parse(`${before_timestamp.replace(' ', 'T')}Z`));
  return storedForm(new Date(end - 86_400_000).toISOString());
}

function pageFrom<T extends { timestamp: string }>(
  rows: T[],
  limit: number,
  id: (row: T) => string,
): Page<T> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  const next_cursor =
    rows.length > limit && last ? encodeCursor({ timestamp: last.timestamp, id: id(last) }) : null;
  return { items, next_cursor };
}

/** Opens the history that stands in a ClickHouse database. Nothing is asked before the first call. */
export function connect({ clickhouse, otlp }: ConnectOptions): History {
  const store = new Store(clickhouse);

  const history: History = {
    ...cascadeQuestions(store),
    ...similarQuestions(store),
    ...groupsQuestions(store, otlp),
    ...alertsQuestions(store),
    ...retryQuestions(store),
    ...casesQuestions(store),
    ...nodesQuestions(store),
    ...timelineQuestions(store),
    async agents(options = {}) {
      const { states } = parseInput(agentsQuery, options);
      return { items: await readAgents(store, states === true), next_cursor: null };
    },

    async recentFailures(options = {}) {
      const {
        agent = '',
        node = '',
        fingerprint = '',
        run = '',
        ...page
      } = parseInput(failuresQuery, options);
      const bounds = keyset(page, isUuid);
      const failuresSince = (since: string) => {
        const params = { agent, node, fingerprint, run, ...bounds, since };
        return store.rows('recent_failures', params, failure);
      };
      // The last day mostly has a page of them, and then no other has to be read.
      const dayBefore = dayBeforeEndOf(bounds);
      let rows: Failure[] = [];
      if (!fingerprint && !run && bounds.since < dayBefore) rows = await failuresSince(dayBefore);
      if (rows.length < bounds.limit) rows = await failuresSince(bounds.since);
      return pageFrom(rows, page.limit, (row) => row.failure_id);
    },

    async failure(failureId) {
      const failure_id = parseUuid('failure_id', failureId);
      const [found] = await store.rows('failure_by_id', { failure_id }, failure);
      if (!found) throw new NotFoundError('failure_id', failureId);
      const [snapshots, evolutions] = await Promise.all([
        store.rows('snapshot_by_ref', { ref: found.graph_snapshot_ref }, graphSnapshot),
        store.rows(
          'evolution_of_failure',
          {
            failure_id,
            agent: found.agent_id,
            fingerprint: found.fingerprint,
            timestamp: storedForm(found.timestamp),
          },
          evolution,
        ),
      ]);
      return { ...found, graph_snapshot: snapshots[0] ?? null, evolution: evolutions[0] ?? null };
    },

    async evolutions(options = {}) {
      const { agent = '', node, effects, ...page } = parseInput(evolutionsQuery, options);
      const filter = { agent, ...keyset(page, () => true) };
      const rows = node
        ? await store.rows('evolutions_of_node', { ...filter, node }, evolution)
        : await store.rows('evolutions', filter, evolution);
      const { items, next_cursor } = pageFrom(rows, page.limit, (row) => row.evolution_id);
      return { items: effects ? await withEffects(store, items) : items, next_cursor };
    },

    async evolution(evolutionId) {
      const [found] = await store.rows('evolution_by_id', { evolution_id: evolutionId }, evolution);
      if (!found) throw new NotFoundError('evolution_id', evolutionId);
      return found;
    },

    effects: (evolutionId) => effectsOfEvolution(store, evolutionId),

    async recordEvolution(input) {
      if (!otlp) {
        throw new InvalidInputError('otlp', 'connect() needs the collector to record an evolution');
      }
      return recordEvolution(store, otlp, input);
    },

    async brief(agentId, options = {}) {
      return writeBrief(store, agentId, parseInput(briefQuery, options));
    },

    async graph(ref) {
      const [found] = await store.rows('snapshot_by_ref', { ref }, graphSnapshot);
      if (!found) throw new NotFoundError('ref', ref);
      return found;
    },

    async diffGraphs(from, to) {
      const refs = parseInput(graphDiffQuery, { from, to });
      return diffVersions(store, refs.from, refs.to);
    },

    async sql(sql, params = {}) {
      const input = parseInput(sqlInput, { sql, params });
      return store.sql(input.sql, input.params ?? {}, sqlRowLimit);
    },

    close: () => store.close(),
  };
  return history;
}

const isUuid = (text: string): boolean => z.guid().safeParse(text).success;

function parseUuid(field: string, text: string): string {
  const parsed = z.guid().safeParse(text);
  if (parsed.success) return parsed.data;
  throw new InvalidInputError(field, `expected a UUID, got ${JSON.stringify(text.slice(0, 100))}`);
}
