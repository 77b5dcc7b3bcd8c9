import type { Registry } from 'prom-client';
import type { QueueStats } from '../queue/index.ts';
import { type Measure, measure } from '../serving/measure.ts';

/** Adds the metrics of the queue, read at most once a scrape. */
export function addQueueMetrics(
  registry: Registry,
  stats: () => QueueStats,
  maxBytes: number,
): void {
  const add = (
    type: Measure['type'],
    name: string,
    help: string,
    read: (queue: QueueStats) => number,
  ): void => measure(registry, { type, name, help, read: () => read(stats()) });

  add(
    'gauge',
    'faultline_queue_bytes',
    'Bytes of rows that wait for ClickHouse, without dead letters.',
    (queue) => queue.bytes,
  );
  add(
    'gauge',
    'faultline_queue_max_bytes',
    'Bytes of rows, dead letters included, above which senders have to wait.',
    () => maxBytes,
  );
  add(
    'gauge',
    'faultline_queue_entries',
    'Entries that wait for ClickHouse; a request is one, or several if it is large.',
    (queue) => queue.entries,
  );
  add(
    'gauge',
    'faultline_queue_oldest_age_seconds',
    'How long the oldest waiting entry has waited; 0 when none waits.',
    (queue) => queue.oldestAgeMs / 1000,
  );
  add(
    'gauge',
    'faultline_queue_shards_away',
    'Shards of the cluster that are away: their rows wait by themselves.',
    (queue) => queue.awayShards,
  );
  add(
    'gauge',
    'faultline_dead_letters',
    'Rows that ClickHouse refused and that nobody has replayed or dropped yet.',
    (queue) => queue.deadLetters,
  );
  add(
    'gauge',
    'faultline_dead_letter_bytes',
    'Bytes of the dead letters; they count towards the queue.',
    (queue) => queue.deadLetterBytes,
  );
  add(
    'counter',
    'faultline_refused_rows_total',
    'Rows that ClickHouse refused; each became a dead letter.',
    (queue) => queue.refusedRows,
  );
  add(
    'counter',
    'faultline_inserted_rows_total',
    'Rows that ClickHouse confirmed.',
    (queue) => queue.rows,
  );
  add(
    'counter',
    'faultline_batches_total',
    'Batches that left the queue.',
    (queue) => queue.batches,
  );
  add(
    'counter',
    'faultline_batch_retries_total',
    'Times that a batch could not be inserted and had to wait.',
    (queue) => queue.retries,
  );
}
