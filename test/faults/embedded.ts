// What faults of the embedded engine have in common: statements to it, its tables after it has ended.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Collector } from './collector.ts';
import { count, type Outcome } from './fault.ts';
import type { Acknowledged } from './sender.ts';
import { Server } from './server.ts';
import type { World } from './world.ts';

/** Of the user that may write. */
export async function readPassword(dataDir: string): Promise<string> {
  return (await readFile(join(dataDir, 'writer-password'), 'utf8')).trim();
}

/** Merges all parts of the failures into one. Resolves in any case: the engine may end meanwhile. */
export async function merge({ clickhouse }: Collector, dataDir: string): Promise<void> {
  const password = await readPassword(dataDir);
  const headers = { 'X-ClickHouse-User': 'faultline', 'X-ClickHouse-Key': password };
  const body = 'OPTIMIZE TABLE faultline.failures FINAL';
  await fetch(clickhouse, { method: 'POST', headers, body }).catch(() => {});
}

/** Resolves when ClickHouse has confirmed all that was in the queue. */
export function emptied(world: World, { otlpHttp }: Collector): Promise<void> {
  return world.until('the queue is empty', async () => {
    const text = await (await fetch(`${otlpHttp}/metrics`)).text();
    return /^faultline_queue_entries 0$/m.test(text);
  });
}

/** Counts in a data folder that nothing has open. */
export async function countEmbedded(dataDir: string, acknowledged: Acknowledged): Promise<Outcome> {
  const server = await Server.open(dataDir);
  try {
    return await count(server, acknowledged);
  } finally {
    await server.stop();
  }
}
