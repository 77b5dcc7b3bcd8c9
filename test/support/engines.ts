// Engines for tests. To start one takes longer than most tests, so one that a test file has left is emptied
// and given to the next file of the same worker.
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { type EmbeddedClickHouse, startEmbedded } from '../../deploy/embedded/index.ts';
import { ENGINE_FOLDER } from './engine-folder.ts';

const left: EmbeddedClickHouse[] = [];

/** An engine without tables. Whoever is done with it leaves it. */
export async function takeEngine(): Promise<EmbeddedClickHouse> {
  const before = left.pop();
  if (before) return before;
  const dataDir = await mkdtemp(join(process.env[ENGINE_FOLDER]!, 'engine-'));
  return startEmbedded({ dataDir, port: 0 });
}

export async function leaveEngine(engine: EmbeddedClickHouse): Promise<void> {
  const client = createClient({
    url: engine.url,
    ...engine.writer,
    log: { level: ClickHouseLogLevel.OFF },
  });
  try {
    await client.command({ query: 'DROP DATABASE IF EXISTS faultline SYNC' });
    left.push(engine);
  } catch {
    // A test has ended it.
    await engine.stop();
  } finally {
    await client.close();
  }
}
