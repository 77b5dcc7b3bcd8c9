// Engines for tests. To start one takes longer than most tests, so one that a test file has left is emptied
// and given to the next file of the same worker.
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { type RunningEngine, startEngine } from '../../deploy/engine/index.ts';
import { ENGINE_FOLDER } from './engine-folder.ts';

const left: RunningEngine[] = [];

/** An engine without tables. Whoever is done with it leaves it. */
export async function takeEngine(): Promise<RunningEngine> {
  const before = left.pop();
  if (before) return before;
  const dataDir = await mkdtemp(join(process.env[ENGINE_FOLDER]!, 'engine-'));
  return startEngine({ dataDir, port: 0 });
}

export async function leaveEngine(engine: RunningEngine): Promise<void> {
  const client = createClient({
    url: engine.url,
    ...engine.writer,
    log: { level: ClickHouseLogLevel.OFF },
  });
  try {
    await client.command({ query: 'DROP DATABASE IF EXISTS faultline SYNC' });
    await client.command({ query: 'CREATE DATABASE faultline' });
    left.push(engine);
  } catch {
    // A test has ended it.
    await engine.stop();
  } finally {
    await client.close();
  }
}
