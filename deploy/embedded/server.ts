/**
 * The child process: owns the data folder and answers HTTP.
 *
 * States: waiting (for the parent's start message), serving, draining (a stop message came, or the
 * parent is gone), ended. It never outlives its parent: the IPC channel closing is a stop. Signals
 * meant for a whole process group are ignored while the parent is there, because the parent still
 * has rows to deliver when it gets them.
 */
import type { AddressInfo } from 'node:net';
import { Engine } from './engine.ts';
import { emptyTmp, folderOf } from './folder.ts';
import { createFront } from './front.ts';
import { DRAIN_MS, STOP_MS } from './limits.ts';
import type { FailureReason, StartedMessage, StartMessage, StopMessage } from './messages.ts';

let stop: (() => Promise<void>) | undefined;
let ending = false;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (!process.connected) void end();
  });
}
process.on('disconnect', () => void end());
process.on('message', (message: StartMessage | StopMessage) => {
  if (message.kind === 'stop') void end();
  else void start(message);
});
if (!process.send) {
  process.stderr.write(
    'This is the embedded engine\'s child process; start it with "faultline start".\n',
  );
  process.exit(2);
}

async function start({ dataDir, host, port, password }: StartMessage): Promise<void> {
  const folder = folderOf(dataDir);
  let engine: Engine;
  try {
    engine = await Engine.open(folder.data, folder.configFile);
    await emptyTmp(folder);
    // Rows to insert are named to the engine by a plain file name, relative to this.
    process.chdir(folder.tmp);
  } catch (error) {
    return fail(isMissing(error) ? 'engine-missing' : 'engine-refused', error);
  }
  const server = createFront({ engine, password, tmpDir: folder.tmp });
  stop = async () => {
    server.close();
    server.closeIdleConnections();
    await engine.close(DRAIN_MS);
    server.closeAllConnections();
  };
  server.once('error', (error) => fail('port', error));
  server.listen(port, host, () => {
    tell({ kind: 'ready', port: (server.address() as AddressInfo).port });
  });
}

function fail(reason: FailureReason, error: unknown): void {
  tell({ kind: 'failed', reason, detail: error instanceof Error ? error.message : String(error) });
}

function tell(message: StartedMessage): void {
  if (process.connected) process.send?.(message);
}

/** chDB says so in its own words when there is no build for the platform. */
function isMissing(error: unknown): boolean {
  const { code } = error as { code?: string };
  return (
    code === 'ERR_MODULE_NOT_FOUND' ||
    code === 'MODULE_NOT_FOUND' ||
    code === 'CHDB_PLATFORM' ||
    code === 'CHDB_ABI' ||
    code === 'ERR_DLOPEN_FAILED'
  );
}

async function end(): Promise<void> {
  if (ending) return;
  ending = true;
  // Whatever hangs, nothing is lost: every acknowledged insert is synced already.
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), STOP_MS - 3_000).unref();
  try {
    await stop?.();
  } finally {
    process.exit(0);
  }
}
