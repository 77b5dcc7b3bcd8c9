// The table `alerts`: what is to be sent, what was sent, and since when each rule is in use.
import { z } from 'zod';
import { type ClickHouse, connectClickHouse } from '../../collector/serving/clickhouse.ts';
import { storedForm } from '../base/cursor.ts';
import { ALERT_STATUSES } from '../base/states.ts';
import type { ClickHouseOptions, Store } from '../base/store.ts';
import { ALERT_CHANGES, type AlertChange } from '../questions/alerts/question.ts';

const stored = z.object({
  timestamp: z.string(),
  alert_id: z.string(),
  receiver: z.string(),
  rule: z.string(),
  change: z.enum(ALERT_CHANGES),
  agent_id: z.string(),
  fingerprint: z.string(),
  since: z.string(),
  episode: z.string(),
  status: z.enum(ALERT_STATUSES),
  tries: z.coerce.number(),
  last_error: z.string(),
  updated_at: z.string(),
  payload: z.string(),
  revision: z.coerce.number(),
});
/** An alert for one receiver; `payload` is the text that it is sent. */
export type Delivery = z.infer<typeof stored>;

/** A delivery and when it is to be tried; milliseconds since 1970. */
export interface Due {
  delivery: Delivery;
  dueAt: number;
}

/** What is stored as pending for a receiver. */
export interface Pending {
  /** Those that are due first. */
  first: Due[];
  /** How many there are in all. */
  count: number;
}

const pendingRow = stored.extend({ due_at: z.coerce.number(), pending: z.coerce.number() });

const sentRow = z.object({
  rule: z.string(),
  change: z.enum(ALERT_CHANGES),
  fingerprint: z.string(),
  episode: z.string(),
  since: z.string(),
});
/** What was sent about a group, or waits to be. */
export type Sent = z.infer<typeof sentRow>;

const began = z.object({ rule: z.string(), timestamp: z.string() });

/** Fingerprints that are named in one question, so that its address is not too long. */
const AT_ONCE = 200;
const TIMEOUT_MS = 10_000;

/** Methods reject when ClickHouse does not answer. */
export class AlertLog {
  readonly #store: Store;
  readonly #writer: ClickHouse;

  /** @param writer as whom to write */
  constructor(store: Store, writer: ClickHouseOptions) {
    this.#store = store;
    this.#writer = connectClickHouse({
      ...writer,
      application: 'faultline-alerts',
      request_timeout: TIMEOUT_MS,
    });
  }

  /** What waits for a receiver, at most `limit` of it; with the pauses between its tries. */
  async pending(
    receiver: string,
    { firstMs: first_ms, longestMs: longest_ms }: { firstMs: number; longestMs: number },
    limit: number,
  ): Promise<Pending> {
    const asked = { receiver, first_ms, longest_ms, limit };
    const rows = await this.#store.rows('alerts_pending', asked, pendingRow);
    return {
      first: rows.map(({ due_at, pending: _, ...delivery }) => ({ delivery, dueAt: due_at })),
      count: rows[0]?.pending ?? 0,
    };
  }

  /** Alerts that wait for a receiver that is none of these, at most `limit`. */
  homeless(receivers: readonly string[], limit: number): Promise<Delivery[]> {
    return this.#store.rows('alerts_homeless', { receivers, limit }, stored);
  }

  /** What was sent about some groups. */
  async sentAbout(fingerprints: readonly string[]): Promise<Sent[]> {
    const sent: Sent[] = [];
    for (let at = 0; at < fingerprints.length; at += AT_ONCE) {
      const some = fingerprints.slice(at, at + AT_ONCE);
      sent.push(...(await this.#store.rows('alerts_told', { fingerprints: some }, sentRow)));
    }
    return sent;
  }

  /** Since when each rule is in use, by name; those that are new begin now. */
  async began(rules: readonly string[], now: string): Promise<Map<string, string>> {
    const known = await this.#store.rows('alert_rules', {}, began);
    const since = new Map(known.map(({ rule, timestamp }) => [rule, timestamp]));
    const fresh = rules.filter((rule) => !since.has(rule));
    await this.#insert(
      fresh.map((rule) => ({
        timestamp: storedForm(now),
        alert_id: `rule:${rule}`,
        rule,
        status: 'began',
        updated_at: storedForm(now),
      })),
    );
    for (const rule of fresh) since.set(rule, now);
    return since;
  }

  /** Stores deliveries, or what became of them; they are on disk when this resolves. */
  save(deliveries: readonly Delivery[]): Promise<void> {
    return this.#insert(
      deliveries.map((one) => ({
        ...one,
        timestamp: storedForm(one.timestamp),
        since: storedForm(one.since),
        updated_at: storedForm(one.updated_at),
      })),
    );
  }

  close(): Promise<void> {
    return this.#writer.close();
  }

  async #insert(values: object[]): Promise<void> {
    if (values.length === 0) return;
    await this.#writer.insert({ table: 'alerts', values, format: 'JSONEachRow' });
  }
}

/** A delivery that waits for its first try. */
export function toDeliver(
  about: Pick<Delivery, 'alert_id' | 'rule' | 'agent_id' | 'fingerprint' | 'since' | 'episode'> & {
    change: AlertChange;
    receiver: string;
    payload: string;
  },
  now: string,
): Delivery {
  return {
    ...about,
    timestamp: now,
    status: 'pending',
    tries: 0,
    last_error: '',
    updated_at: now,
    revision: 0,
  };
}
