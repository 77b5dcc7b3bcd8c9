// Reads what the mapping needs from ClickHouse: one file of sql/ a question.
import { readFileSync } from 'node:fs';
import type { ClickHouse } from '../serving/clickhouse.ts';
import type { KnownEvent } from './changes.ts';
import type { FirstFailure } from './member.ts';

const folder = new URL('./sql/', import.meta.url);
const read = (name: string): string => readFileSync(new URL(`${name}.sql`, folder), 'utf8');
const statements = {
  fingerprints: read('fingerprints'),
  firstFailures: read('first_failures'),
  events: read('events'),
};

/** Fingerprints that are mapped: of more, those that failed last. */
const MAX_FINGERPRINTS = 10_000;
/** Names of a question: they stand in the URL, where Node takes 16 KiB of headers in all. */
const MAX_ASKED = 100;

export interface KnownFingerprint {
  fingerprint: string;
  agent_id: string;
  first_seen: string;
}

/** Times are ClickHouse's texts. */
export class MappingStore {
  readonly #client: ClickHouse;
  readonly #signal: AbortSignal;

  constructor(client: ClickHouse, signal: AbortSignal) {
    this.#client = client;
    this.#signal = signal;
  }

  fingerprints(): Promise<KnownFingerprint[]> {
    return this.#select(statements.fingerprints, { limit: MAX_FINGERPRINTS });
  }

  /** The first failure of each, where it is still kept. */
  firstFailures(known: readonly KnownFingerprint[]): Promise<FirstFailure[]> {
    return this.#each(known, (some) =>
      this.#select<FirstFailure>(statements.firstFailures, {
        agents: [...new Set(some.map(({ agent_id }) => agent_id))],
        fingerprints: some.map(({ fingerprint }) => fingerprint),
        times: some.map(({ first_seen }) => first_seen),
      }),
    );
  }

  events(agents: readonly string[]): Promise<KnownEvent[]> {
    return this.#each(agents, (some) =>
      this.#select<KnownEvent>(statements.events, { agents: some }),
    );
  }

  async #each<Item, Row>(
    all: readonly Item[],
    ask: (some: Item[]) => Promise<Row[]>,
  ): Promise<Row[]> {
    const rows: Row[] = [];
    for (let i = 0; i < all.length; i += MAX_ASKED) {
      rows.push(...(await ask(all.slice(i, i + MAX_ASKED))));
    }
    return rows;
  }

  async #select<Row>(query: string, query_params: Record<string, unknown>): Promise<Row[]> {
    const result = await this.#client.query({
      query,
      query_params,
      format: 'JSONEachRow',
      abort_signal: this.#signal,
      clickhouse_settings: { final: 0 },
    });
    return result.json<Row>();
  }
}
